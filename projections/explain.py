"""Why a level takes patients, or does not: rule by rule, with what the rule looked at and where in the log that stands.

The verdicts are those of the rules that refuse a reservation; here only their inputs are gathered.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions.expansion import treated
from ledger.decisions.permits import against_full, against_placing
from ledger.decisions.standing import outcomes
from ledger.designs.listed import design_of
from ledger.errors import LedgerError
from ledger.patient import safety as s
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record
from ledger.trial import dosing as t
from ledger.types import Event
from ledger.world import World
from projections.base import View
from projections.broken import title_of
from projections.cohorts import LevelState, state_of
from projections.levels import home_day

COUNTS: Final = ("assignment", "window", "evaluability", "dlt", "candidate")

GROUNDS: Mapping[type[Event], str] = MappingProxyType(
    {
        c.CohortOpened: "opening",
        c.CohortExpanded: "slots",
        c.ExpansionOpened: "slots",
        c.CohortReopened: "exceeded",
        c.CohortExceeded: "exceeded",
        c.SlotReserved: "reservation",
        c.ReservationReleased: "reservation",
        c.SlotAssigned: "assignment",
        c.SlotVacated: "assignment",
        c.DltWindowOpened: "window",
        c.DltWindowReplanned: "window",
        c.DltWindowClosed: "window",
        c.EvaluabilityDetermined: "evaluability",
        c.ReceivedDoseCounted: "evaluability",
        c.ReceivedDoseUncounted: "evaluability",
        c.DltCounted: "dlt",
        c.DltUncounted: "dlt",
        s.CandidateDltRaised: "candidate",
        s.CandidateDltRuled: "candidate",
        s.DltAdjudicated: "ruling",
        t.DoseDecisionTaken: "decision",
        t.HoldApplied: "hold",
        t.HoldLifted: "hold",
        t.MtdDeclared: "result",
        t.MtdNotReached: "result",
        t.MtdSuperseded: "result",
        t.PhaseEntered: "result",
        t.TrialStoppedPrematurely: "stop",
    }
)
"""What an event is a ground of."""


class RuleView(View):
    """One rule about a level."""

    rule: str
    refusal: str
    title: str
    """What it says where it is broken."""
    kept: bool | None
    """Null: not asked, since a broader rule is broken already."""
    detail: str | None
    """How it is broken."""
    inputs: dict[str, JsonValue]
    """What it looked at."""
    positions: tuple[int, ...]
    """Where in the log that stands."""


class Explanation(View):
    """Why a level takes patients now, or does not."""

    level: int
    state: LevelState
    takes_patients: bool
    because: tuple[str, ...]
    """What the design says, in sentences."""
    rules: tuple[RuleView, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the gathering of inputs needs."""

    world: World
    protocol: ProtocolDocument
    level: int
    grounds: Mapping[tuple[str, int | None], tuple[int, ...]]

    def at(self, *kinds: str, level: int | None) -> tuple[int, ...]:
        return tuple(sorted(chain.from_iterable(self.grounds.get((kind, level), ()) for kind in kinds)))


def explain(world: World, records: Iterable[Record], level: int, now: datetime) -> Explanation:
    """A level of the ladder, rule by rule; the records are the log (or all but what no rule looks at) of this world."""
    version = world.trial.protocol_on(home_day(world, now))
    if version is None or level not in version.document.levels():
        raise no.NoSuchCohort(f"level {level}")
    protocol, cohort = version.document, world.cohort(level)
    against = (*against_placing(world, protocol, level), *against_full(world, cohort, home_day(world, now)))
    broken: dict[type[LedgerError], LedgerError] = {type(error): error for error in against}
    asked = _Asked(world, protocol, level, grounds(world, records))
    rules = [kind for kind in RULES if kind not in (ONLY_PHASE_ONE if world.trial.phase == "II" else ONLY_PHASE_TWO)]
    kinds = (*rules, *(kind for kind in broken if kind not in rules))
    return Explanation(
        level=level,
        state=state_of(cohort),
        takes_patients=not broken,
        because=design_of(protocol.design).explain(outcomes(world, protocol)),
        rules=tuple(_rule(kind, broken, RULES.get(kind, _unlisted)(asked)) for kind in kinds),
    )


def grounds(world: World, records: Iterable[Record]) -> dict[tuple[str, int | None], tuple[int, ...]]:
    """The positions of the events that rules look at, by kind of ground and level; none for the whole trial."""
    found: defaultdict[tuple[str, int | None], list[int]] = defaultdict(list)
    for record in records:
        kind = GROUNDS.get(type(record.event))
        if kind is not None:
            found[kind, _level_of(world, record)].append(record.position)
    return {key: tuple(positions) for key, positions in found.items()}


def _level_of(world: World, record: Record) -> int | None:
    """The level that an event is about: of its stream, of its patient, of the hold or decision."""
    if record.level is not None:
        return record.level
    if record.patient is not None:
        return world.patients[record.patient].level if record.patient in world.patients else None
    match record.event:
        case t.HoldApplied(level=level) | t.DoseDecisionTaken(to_level=level):
            return level
        case t.HoldLifted(hold=hold) if hold in world.trial.holds:
            return world.trial.holds[hold].level
        case _:
            return None


Gathered = tuple[dict[str, JsonValue], tuple[int, ...]]


def _rule(kind: type[LedgerError], broken: Mapping[type[LedgerError], LedgerError], gathered: Gathered) -> RuleView:
    error = broken.get(kind)
    broader = BROADER.get(kind)
    return RuleView(
        rule=kind.rule,
        refusal=kind.__name__,
        title=title_of(kind),
        kept=None if broader in broken else error is None,
        detail=error.detail if error else None,
        inputs=gathered[0],
        positions=gathered[1],
    )


def _unlisted(asked: _Asked) -> Gathered:  # noqa: ARG001 - one signature for every rule
    """Of a rule that is newer than this page."""
    return {}, ()


def _stopped(asked: _Asked) -> Gathered:
    return {"stopped": asked.world.trial.stopped}, asked.at("stop", level=None)


def _trial_holds(asked: _Asked) -> Gathered:
    holds = asked.world.trial.holds.items()
    standing: list[JsonValue] = [number for number, hold in sorted(holds) if hold.scope == "trial" and not hold.lifted]
    return {"holds": standing}, asked.at("hold", level=None)


def _level_holds(asked: _Asked) -> Gathered:
    reaching = {n: hold for n, hold in asked.world.trial.holds.items() if (hold.level or 0) <= asked.level}
    levels = sorted({hold.level for hold in reaching.values() if hold.scope == "level" and hold.level is not None})
    standing: list[JsonValue] = [n for n, hold in sorted(reaching.items()) if hold.scope == "level" and not hold.lifted]
    return {"holds": standing}, tuple(position for level in levels for position in asked.at("hold", level=level))


def _exceeded(asked: _Asked) -> Gathered:
    cohort = asked.world.cohort(asked.level)
    return {"exceeded": cohort.exceeded, "dlt": cohort.dlts}, asked.at("exceeded", "dlt", level=asked.level)


def _candidates(asked: _Asked) -> Gathered:
    told = outcomes(asked.world, asked.protocol).at(asked.level)
    return {"dlt": told.dlt, "candidates": told.candidates}, asked.at("dlt", "candidate", "ruling", level=asked.level)


def _result(asked: _Asked) -> Gathered:
    trial = asked.world.trial
    return {"mtd": trial.mtd, "mtd_not_reached": trial.mtd_not_reached}, asked.at("result", level=None)


def _recommended(asked: _Asked) -> Gathered:
    return {"rp2d": asked.world.trial.rp2d}, asked.at("result", level=None)


def _boundary(asked: _Asked) -> Gathered:
    told = treated(asked.world, asked.protocol, asked.world.cohort(asked.level))
    inputs: dict[str, JsonValue] = {
        "treated": told.patients,
        "observed": told.observed,
        "dlt": told.dlts,
        "candidates": told.candidates,
    }
    return inputs, asked.at("assignment", "window", "dlt", "candidate", level=asked.level)


def _opening(asked: _Asked) -> Gathered:
    cohort = asked.world.cohort(asked.level)
    inputs: dict[str, JsonValue] = {"opened": cohort.opened, "decision": cohort.decision}
    return inputs, asked.at("opening", "decision", level=asked.level)


def _advice(asked: _Asked) -> Gathered:
    told = outcomes(asked.world, asked.protocol)
    levels: dict[str, JsonValue] = {
        str(level): {
            "evaluable": tally.evaluable,
            "dlt": tally.dlt,
            "pending": tally.pending,
            "candidates": tally.candidates,
            "exceeded": tally.exceeded,
        }
        for level, tally in sorted(told.levels.items())
    }
    positions = (asked.at(*COUNTS, "exceeded", level=level) for level in told.levels)
    return {"levels": levels}, tuple(sorted(chain.from_iterable(positions)))


def _slots(asked: _Asked) -> Gathered:
    cohort = asked.world.cohort(asked.level)
    inputs: dict[str, JsonValue] = {
        "slots": cohort.slots,
        "evaluable": cohort.evaluable,
        "pending": cohort.pending,
        "phase_two_slots": cohort.expansion.slots if cohort.expansion else None,
        "phase_two_placed": len(cohort.members_of("II")),
        "reservations": {number: expires_on.isoformat() for number, expires_on in sorted(cohort.reservations.items())},
    }
    grounds_of_slots = ("opening", "slots", "reservation", "assignment", "evaluability", "dlt")
    return inputs, asked.at(*grounds_of_slots, level=asked.level)


RULES: Mapping[type[LedgerError], Callable[[_Asked], Gathered]] = MappingProxyType(
    {
        no.TrialStopped: _stopped,
        no.TrialHeld: _trial_holds,
        no.LevelHeld: _level_holds,
        no.CohortExceededIsShut: _exceeded,
        no.CandidatesHoldLevel: _candidates,
        no.BoundaryCrossed: _boundary,
        no.NotTheRecommendedDose: _recommended,
        no.PhaseOneComplete: _result,
        no.CohortNotOpen: _opening,
        no.LevelNotAdvised: _advice,
        no.NoFreeSlot: _slots,
    }
)
"""Every rule about placing a patient at a level, in the order in which they are asked."""

ONLY_PHASE_ONE: Final = (no.PhaseOneComplete, no.CohortNotOpen, no.LevelNotAdvised)
ONLY_PHASE_TWO: Final = (no.BoundaryCrossed, no.NotTheRecommendedDose)
"""Rules that are asked in one phase only."""

BROADER: Mapping[type[LedgerError], type[LedgerError]] = MappingProxyType(
    {
        no.LevelHeld: no.TrialHeld,
        no.CandidatesHoldLevel: no.CohortExceededIsShut,
        no.BoundaryCrossed: no.CandidatesHoldLevel,
    }
)
"""Rules that are not asked where a broader one is broken."""
