"""What would happen next: the tree of the coming cohort, what the design does on average, the boundary of phase II.

All three foresee and permit nothing. They look at the counts and the protocol alone: what a hold, a stop or the cap
forbids is on the escalation board. The questions of the design have a ladder of true rates for an answer to rest on;
nobody knows these rates.
"""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, Literal

from pydantic import Field

from ledger.decisions.expansion import expansion_slots, treated
from ledger.decisions.standing import outcomes
from ledger.designs.boundaries import boundary_report, of_protocol
from ledger.designs.characteristics import Ladder
from ledger.designs.listed import design_of
from ledger.designs.operating import Enrolment, operating_characteristics
from ledger.designs.reading import FULL_SLOTS
from ledger.designs.tree import transition_tree, tree_json, tree_text
from ledger.protocol.document import ProtocolDocument
from ledger.refusals import NoPhaseTwo, RatesDoNotFit
from ledger.world import World
from projections.base import View
from projections.escalation import AdviceCode

RATES_PATTERN: Final = r"^(0(\.[0-9]{1,4})?|1(\.0{1,4})?)(,(0(\.[0-9]{1,4})?|1(\.0{1,4})?)){0,19}$"
"""True rates from 0 to 1 with at most four decimals, with commas between."""

BOUNDARY_RATES: Final = "0.10,0.20,0.33,0.45"
WORST_START: Final = (1, FULL_SLOTS)
"""With more DLTs of six a level is not recommended."""


class StepView(View):
    """What the design says on some counts."""

    code: AdviceCode
    line: str
    level: int | None = None
    slots: int | None = None
    """Of *treat*: the total that the level is filled to."""
    top: int | None = None
    """Of *MTD not reached*: the tolerated top level."""
    pending: int | None = None
    candidates: int | None = None
    then: "StepView | None" = None
    """Of *await*: the step that the counts ask for."""


class CountsView(View):
    """The counts of a level."""

    evaluable: int
    dlt: int
    pending: int
    candidates: int
    exceeded: bool


class UndecidedView(View):
    """At one level, who may still turn out to have a DLT."""

    level: int
    pending: int
    ruled_next: int
    """Candidate DLTs of others than the pending patients."""
    joining: int
    """Patients who may still join the level."""
    patients: int


class OutcomeView(View):
    """So many DLTs among the undecided of a level."""

    level: int
    dlts: int
    among: int


class BranchView(View):
    """One outcome of the coming cohort, and what it leads to."""

    dlts: tuple[OutcomeView, ...]
    after: "TreeView"


class TreeView(View):
    """What the design says on some counts, and what may follow from them."""

    advice: StepView
    explanation: tuple[str, ...]
    levels: dict[str, CountsView]
    undecided: tuple[UndecidedView, ...]
    branches: tuple[BranchView, ...]


class WhatNext(View):
    """The dose-transition tree of the coming cohort, from the outcomes as they stand."""

    position: int | None
    """The last event that it rests on; null for a protocol without a ledger."""
    depth: int
    """How many cohorts it looks ahead."""
    stopped: str | None
    """Why the trial has stopped; what the design says then is history."""
    phase_one_over: bool
    tree: TreeView
    text: str
    """The same tree in lines; outcomes in a row that lead to the same share one."""


def what_next(world: World, protocol: ProtocolDocument, depth: int) -> WhatNext:
    """Every outcome of the coming cohort, and with depth 2 of the one after it, with what the design would say."""
    tree = transition_tree(design_of(protocol.design), outcomes(world, protocol), depth)
    return WhatNext(
        position=world.size - 1 if world.size else None,
        depth=depth,
        stopped=world.trial.stopped,
        phase_one_over=world.trial.phase_one_over,
        tree=TreeView.model_validate_json(json.dumps(tree_json(tree))),
        text=tree_text(tree),
    )


class Chance(View):
    """A number: the exact fraction, and rounded for display. A simulated one has its standard error."""

    exact: str
    rounded: str
    standard_error: str | None = None


class EndingView(View):
    """How a trial may end, and how likely that is."""

    ending: StepView
    probability: Chance


class CapView(View):
    """How the design stands to a cap on the number of patients."""

    patients: int
    below: Chance
    exactly: Chance
    above: Chance


class DesignCharacteristics(View):
    """What the protocol's design does on average under true DLT rates, every patient evaluable and none replaced."""

    enrolment: Enrolment
    start: int
    rates: dict[str, str]
    """By level, the reserve included."""
    method: Literal["exact", "simulation"]
    """Exact on ladders of up to five levels; else simulated from a seed, with standard errors."""
    seed: int | None = None
    trials: int | None = None
    paths: int | None = None
    """How many courses a trial can take; of an exact answer."""
    endings: tuple[EndingView, ...]
    patients: dict[str, Chance]
    """How likely each number of patients is."""
    expected_patients: Chance
    expected_dlts: Chance
    cap: CapView


def rates_of(text: str) -> tuple[Fraction, ...]:
    """The rates that a text of `RATES_PATTERN` names."""
    return tuple(map(Fraction, text.split(",")))


def characteristics(
    protocol: ProtocolDocument, rates: Sequence[Fraction], *, cap: int | None, enrolment: Enrolment, seed: int
) -> DesignCharacteristics:
    """The operating characteristics under one true rate a level; `RatesDoNotFit` where there are more, or fewer."""
    if len(rates) != len(protocol.levels()):
        raise RatesDoNotFit(f"{len(rates)} rates for {len(protocol.levels())} levels")
    report = operating_characteristics(
        design_of(protocol.design),
        Ladder(tuple(rates), bottom=protocol.bottom, start=protocol.start),
        cap=protocol.enrolment_cap if cap is None else cap,
        enrolment=enrolment,
        seed=seed,
    )
    return DesignCharacteristics.model_validate_json(json.dumps(report))


class BoundaryStart(View):
    """The counts at the recommended dose from which phase II goes on."""

    treated: int
    dlts: int
    assumed: bool
    """There is no recommended dose yet: as many as it may begin with, at worst."""


class BoundaryView(View):
    """When phase II stops for toxicity, and how likely that is under true rates."""

    counts_phase_1_at_rp2d: bool
    hold_at_every_dlt: bool
    rp2d: int | None
    start: BoundaryStart
    within: int
    """How many more patients the enrolment cap leaves."""
    steps: tuple[str, ...]
    """So many DLTs of so many treated at the recommended dose stop."""
    least_dlts: dict[str, int | None]
    """By the number treated; null where no count stops."""
    stops: dict[str, Chance] = Field(default_factory=dict)
    """By the true rate: how likely the boundary is crossed within those patients."""


def boundary(world: World, protocol: ProtocolDocument, rates: Sequence[Fraction]) -> BoundaryView:
    """The boundary that the protocol states; `NoPhaseTwo` where it states none."""
    phase = protocol.phase_2
    if phase is None:
        raise NoPhaseTwo("the protocol ends with phase I")
    start, within = _start(world, protocol, counts_phase_1=phase.counts_phase_1_at_rp2d)
    table = of_protocol(phase.boundary, max(protocol.enrolment_cap, start.treated + within))
    report = boundary_report(table, rates, treated=start.treated, dlts=start.dlts, more=within)
    return BoundaryView(
        counts_phase_1_at_rp2d=phase.counts_phase_1_at_rp2d,
        hold_at_every_dlt=phase.hold_at_every_dlt,
        rp2d=world.trial.rp2d,
        start=start,
        within=within,
        steps=tuple(report["steps"]),
        least_dlts=report["least_dlts"],
        stops={rate: _chance(shown) for rate, shown in report["stops"].items()},
    )


def _chance(shown: Mapping[str, Any]) -> Chance:
    return Chance(exact=shown["exact"], rounded=shown["rounded"])


def _start(world: World, protocol: ProtocolDocument, *, counts_phase_1: bool) -> tuple[BoundaryStart, int]:
    """What phase II begins with, or goes on from, and how many more patients the cap leaves it."""
    rp2d = world.trial.rp2d
    if rp2d is None:
        dlts, patients = WORST_START if counts_phase_1 else (0, 0)
        return BoundaryStart(treated=patients, dlts=dlts, assumed=True), max(0, protocol.enrolment_cap - FULL_SLOTS)
    told, placed = treated(world, protocol, world.cohort(rp2d)), world.cohort(rp2d).members_of("II")
    dosed = sum(number in world.patients and world.patients[number].dosed for number in placed)
    left = max(0, expansion_slots(world, protocol, rp2d) - dosed)
    return BoundaryStart(treated=told.patients, dlts=told.dlts, assumed=False), left
