"""Trials at a point of their story, written as trialists write outcomes, and what a test asks of them.

`told("1NNT 2N")` is a trial in which three patients were treated at level 1, one of them with a DLT, and then one at
level 2. Where the story needs another level, or a fourth slot, what the design advises was decided, signed by the
quorum and circulated. Patients are numbered 001, 002, ... in the order of the letters:

    N   treated as planned, the window closed and complete
    T   infusion 1, then CRS of grade 3 that was ruled a DLT; infusion 2 omitted
    P   treated as planned, 14 days ago or longer; the window runs
    A   placed and not dosed yet
    II  instead of a level: every window is closed, the result of phase I declared, and phase II entered. Before the
        next patient the committee reviews the last DLT, and lifts its hold.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

from ledger.cohort.state import Member, Window
from ledger.decisions import setup
from ledger.decisions.dlt import RuleOnDlt
from ledger.decisions.dose_outcomes import advised_outcome
from ledger.decisions.given import OmitInfusion
from ledger.decisions.holds import LiftHold
from ledger.decisions.standing import advice
from ledger.designs.base import Advice
from ledger.errors import LedgerError
from ledger.patient.events import ProtocolDeviationRecorded
from ledger.patient.safety import CandidateDltRaised
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.record import Source
from ledger.trial.events import TrialDeviationRecorded
from ledger.trial.state import Hold
from ledger.types import Event
from ledger.world import World
from tests import patients as p
from tests.bench import COMMITTEE, PI, SPONSOR, Bench, nct07256210, opened_trial

E = TypeVar("E", bound=Event)

COHORT = re.compile(r"(0|[1-9][0-9]?)([NTPA]+)")


def trial() -> Bench:
    """The bundled trial with its start level open and nobody in it. Everything asked of it is asked twice."""
    return _opened().copy()


@cache
def _opened() -> Bench:
    return opened_trial(nct07256210(), Bench(twice=True))


def trial_from(at: datetime) -> Bench:
    """The same trial, begun at another instant."""
    return opened_trial(nct07256210(), Bench(twice=True, now=at))


def changed_protocol(**changes: object) -> ProtocolDocument:
    """The bundled protocol, but for some members, as JSON."""
    return ProtocolDocument.model_validate({**nct07256210().model_dump(mode="json"), **changes})


def trial_with(**changes: object) -> Bench:
    """A trial under the bundled protocol, but for the changes."""
    return opened_trial(changed_protocol(**changes), Bench(twice=True))


def amend(bench: Bench, document: ProtocolDocument, effective_in_days: int = 0) -> None:
    """A further protocol version: proposed, approved by ethics and by a second person."""
    number = len(bench.world.trial.versions) + 1
    day = bench.now.date()
    version = setup.ProposeProtocolVersion(
        version=number,
        effective_on=day + timedelta(days=effective_in_days),
        document=document.model_dump(mode="json"),
    )
    bench.ask(version, SPONSOR)
    bench.ask(setup.RecordEthicsApproval(version=number, body="Local ethics committee", approved_on=day), SPONSOR)
    digest = bench.world.trial.versions[number].sha256
    bench.ask(setup.ApproveProtocolVersion(version=number, document_sha256=digest), PI)


def source(system: str, audit_id: str) -> Source:
    """A machine with the entry of its own audit trail."""
    return Source(system, audit_id)


def told(outcomes: str) -> Bench:
    """The bundled trial at the end of a story."""
    return _told(outcomes).copy()


@cache
def _told(outcomes: str) -> Bench:
    before, _, last = outcomes.rpartition(" ")
    return go_on(told(before) if before else trial(), last)


def go_on(bench: Bench, cohort: str) -> Bench:
    """The story goes on at a level, or in phase II."""
    if cohort == "II":
        return enter_phase_two(bench)
    found = COHORT.fullmatch(cohort)
    assert found is not None, cohort
    level, completed = int(found[1]), []
    for letter in found[2]:
        let_in(bench, level)
        number = f"{len(bench.world.patients) + 1:03}"
        p.screen(bench, number)
        p.place(bench, number, level)
        p.prepare_lot(bench, number)
        if letter in "NP":
            treated(bench, number)
        if letter == "T":
            with_dlt(bench, number)
        completed += [number] if letter == "N" else []
    for number in completed:
        p.close_window(bench, number)
    return bench


def let_in(bench: Bench, level: int) -> None:
    """The level is open and has a free slot, by the decisions that the design advises. In phase II no review is due."""
    if bench.world.trial.phase == "II":
        lift(bench, "phase-two-dlt")
        return
    for _ in range(3):
        cohort = bench.world.cohort(level)
        if cohort.opened and cohort.free_slots(bench.now.date(), "I") > 0:
            return
        p.decide(bench, *advised_outcome(says(bench), bench.world))
    raise AssertionError(f"level {level} has no slot: {says(bench)}")


def treated(bench: Bench, number: str) -> None:
    """Given the planned infusions on their days, and observed for 14 days after the last."""
    p.dose_all(bench, number)
    bench.pass_days(14)


def with_dlt(bench: Bench, number: str) -> None:
    """Infusion 1, and two days later a reaction that is ruled a DLT; infusion 2 omitted; 14 days pass.

    Infusion 1 of level 3 is the whole dose of level 2: the committee rules that the DLT does not count there.
    """
    p.authorise(bench, number, 1)
    p.infuse(bench, number, 1)
    bench.pass_days(2)
    p.rule(bench, number, p.reaction(bench, number))
    bench.ask(OmitInfusion(patient=number, ordinal=2, cause="reaction-or-its-treatment"))
    lift(bench, "dlt-at-lower-dose")
    bench.pass_days(14)


def lift(bench: Bench, cause: str) -> None:
    """The committee has reviewed every hold of a cause."""
    for hold, standing in bench.world.trial.holds.items():
        if standing.cause == cause and not standing.lifted:
            bench.ask(LiftHold(hold=hold, review=bench.seal("reviewed")), COMMITTEE)


def close_windows(bench: Bench) -> None:
    """Every window that still runs comes to its end."""
    for _, cohort in sorted(bench.world.cohorts.items()):
        for number, found in sorted(cohort.members.items(), key=lambda each: each[0]):
            if found.window is not None and found.window.running:
                _rule_on_the_rest(bench, number)
                p.close_window(bench, number)


def _rule_on_the_rest(bench: Bench, number: str) -> None:
    """An infusion omitted for the reaction that was ruled a DLT is ruled on with it."""
    for subject in candidates(bench, number):
        rationale = bench.seal("the same reaction")
        bench.ask(RuleOnDlt(patient=number, subject=subject, is_dlt=True, revision=1, rationale=rationale))


def enter_phase_two(bench: Bench) -> Bench:
    """Phase I has ended with a recommended dose, and phase II is entered there."""
    close_windows(bench)
    p.decide(bench, *advised_outcome(says(bench), bench.world))
    p.decide(bench, "enter_phase_two", bench.world.trial.rp2d)
    return bench


def says(bench: Bench) -> Advice:
    """What the design advises."""
    return advice(bench.world, bench.docket().protocol())


def member(bench: Bench, number: str) -> Member:
    """The patient in the cohort of the level."""
    level = bench.world.patients[number].level
    assert level is not None
    return bench.world.cohort(level).members[number]


def window(bench: Bench, number: str) -> Window:
    found = member(bench, number).window
    assert found is not None
    return found


def patient(bench: Bench, number: str) -> Patient:
    return bench.world.patients[number]


def candidates(bench: Bench, number: str) -> tuple[str, ...]:
    return bench.world.patients[number].open_candidates


def holds(bench: Bench) -> list[Hold]:
    """The holds in force."""
    return [hold for _, hold in sorted(bench.world.trial.holds.items()) if not hold.lifted]


def only(kind: type[E], events: Iterable[Event]) -> E:
    """The one event of a kind."""
    (found,) = (event for event in events if isinstance(event, kind))
    return found


def has(kind: type[Event], events: Iterable[Event]) -> bool:
    return any(isinstance(event, kind) for event in events)


def deviations(events: Iterable[Event]) -> set[str]:
    """The rules that what was reported broke, by the names of their refusals."""
    return {event.kind for event in events if isinstance(event, ProtocolDeviationRecorded | TrialDeviationRecorded)}


def named(*refusals: type[LedgerError]) -> set[str]:
    return {refusal.__name__ for refusal in refusals}


def raised(events: Iterable[Event]) -> dict[str, str]:
    """The candidate DLTs that were raised, with their causes."""
    return {event.subject: event.cause for event in events if isinstance(event, CandidateDltRaised)}


def replayed(bench: Bench) -> World:
    """The state, folded from the records alone."""
    world = World()
    for record in bench.records:
        world = world.apply(record)
    return world
