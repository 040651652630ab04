"""The safety clocks: by when the sponsor has to report what, for each adverse event, and how that stands at a moment.

Due dates are read from the facts, never recorded (safety-3, domain G.5). The numbers are those of the protocol; where
it was amended since the sponsor first knew of an event, the shortest of every number holds: nothing moves a date later.
"""

from collections.abc import Iterator
from datetime import datetime
from math import floor
from typing import Final

from ledger.clocks.expedited import Clock, ClockKind, Fact, Received, Standing, TrulyReceived, clocks_of
from ledger.clocks.facts import Told, facts_of_report
from ledger.patient.state import AdverseEvent, Patient
from ledger.protocol.safety import SafetyClocks
from ledger.trial.state import Quarantined
from ledger.types import Day, Instant
from ledger.world import World
from projections.base import View

OPEN: Final[frozenset[Standing]] = frozenset({"running", "overdue"})


class ClockView(View):
    """One due date."""

    kind: ClockKind
    from_at: Instant
    """Day 0: when the information was received, or the site knew."""
    due_on: Day
    due_at: Instant | None
    """For a clock that counts hours: the instant; the others end with their day."""
    left: str
    """What is left, such as `3 days` or `11 hours`; of what is overdue, since when; empty where it is met."""
    standing: Standing
    met_at: Instant | None
    why: str
    receipt: int | None
    """Of new information: the position of the record that it came with."""


class EventClocks(View):
    """The clocks of one adverse event, of a patient or in quarantine; the first due first."""

    patient: str | None
    adverse_event: int | None
    quarantine: int | None
    """The number of a quarantined report, which belongs to no patient yet and was received all the same."""
    term: str
    onset_at: Instant
    received_first_at: Instant
    qualifies_now: bool
    """Serious, unexpected and suspected by what is known now. Where it is not any more, what runs still stands."""
    clocks: tuple[ClockView, ...]


class DueReport(View):
    """A clock that nothing has met, for the worklist."""

    patient: str | None
    adverse_event: int | None
    quarantine: int | None
    term: str
    kind: ClockKind
    due_on: Day
    left: str
    standing: Standing


def safety_clocks(world: World, now: datetime) -> tuple[EventClocks, ...]:
    """Every adverse event that has a clock, by patient; then the reports in quarantine."""
    return tuple(each for each in (*_of_patients(world, now), *_in_quarantine(world, now)) if each.clocks)


def reports_due(world: World, now: datetime) -> tuple[DueReport, ...]:
    """What is not met, the first due first."""
    waiting = [
        DueReport(
            patient=each.patient,
            adverse_event=each.adverse_event,
            quarantine=each.quarantine,
            term=each.term,
            kind=clock.kind,
            due_on=clock.due_on,
            left=clock.left,
            standing=clock.standing,
        )
        for each in safety_clocks(world, now)
        for clock in each.clocks
        if clock.standing in OPEN
    ]
    return tuple(sorted(waiting, key=lambda due: due.due_on))


def clocks_of_event(world: World, patient: Patient, number: int, now: datetime) -> tuple[ClockView, ...]:
    """The clocks of one adverse event."""
    return _views(world, patient.reporting.case(number).facts, now)


def _of_patients(world: World, now: datetime) -> Iterator[EventClocks]:
    for number, patient in world.patients.in_order():
        for _, event in sorted(patient.adverse_events.items()):
            yield _of_event(world, number, patient, event, now)


def _of_event(world: World, number: str, patient: Patient, event: AdverseEvent, now: datetime) -> EventClocks:
    facts = patient.reporting.case(event.number).facts
    return EventClocks(
        patient=number,
        adverse_event=event.number,
        quarantine=None,
        term=event.report.term,
        onset_at=event.report.onset_at,
        received_first_at=_received_first(facts),
        qualifies_now=patient.reporting.case(event.number).said.qualifies,
        clocks=_views(world, facts, now),
    )


def _in_quarantine(world: World, now: datetime) -> Iterator[EventClocks]:
    for number, found in sorted(world.trial.quarantine.items()):
        if not found.resolved:
            yield _quarantined(world, number, found, now)


def _quarantined(world: World, number: int, found: Quarantined, now: datetime) -> EventClocks:
    facts = tuple(facts_of_report(Told.of(found.report), 0, found.recorded_at))
    says = next(fact.says for fact in facts if isinstance(fact, Received))
    return EventClocks(
        patient=None,
        adverse_event=None,
        quarantine=number,
        term=found.report.term,
        onset_at=found.report.onset_at,
        received_first_at=_received_first(facts),
        qualifies_now=says.qualifies,
        clocks=_views(world, facts, now),
    )


def _received_first(facts: tuple[Fact, ...]) -> datetime:
    return min(fact.at for fact in facts if isinstance(fact, Received | TrulyReceived))


def _views(world: World, facts: tuple[Fact, ...], now: datetime) -> tuple[ClockView, ...]:
    rules = _rules(world, _received_first(facts), now) if facts else None
    return tuple(clock_view(clock, now) for clock in clocks_of(facts, rules)) if rules else ()


def _rules(world: World, since: datetime, now: datetime) -> SafetyClocks | None:
    """Of all versions in force from then to now, the shortest of every number; before the first one, that one's."""
    approved = [version for version in world.trial.versions.values() if version.approved_at is not None]
    at_first = world.trial.protocol_on(since.date()) or min(approved, key=lambda each: each.effective_on, default=None)
    if at_first is None:
        return None
    later = [each for each in approved if since.date() < each.effective_on <= now.date()]
    stated = [each.document.safety_clocks.model_dump() for each in (at_first, *later)]
    return SafetyClocks.model_validate({name: min(numbers[name] for numbers in stated) for name in stated[0]})


def clock_view(clock: Clock, now: datetime) -> ClockView:
    """How a clock stands at a moment."""
    standing = clock.standing(now)
    return ClockView(
        kind=clock.kind,
        from_at=clock.from_at,
        due_on=clock.due_on,
        due_at=clock.due_at,
        left=_left(clock, now) if standing in OPEN else "",
        standing=standing,
        met_at=clock.met_at,
        why=clock.reason,
        receipt=clock.receipt,
    )


def _left(clock: Clock, now: datetime) -> str:
    """Whole hours or days until it is due, today included in neither; `overdue by` what has passed since."""
    if clock.due_at is not None:
        count, unit = floor((clock.due_at - now).total_seconds() / 3600), "hour"
    else:
        count, unit = (clock.due_on - now.astimezone(clock.from_at.tzinfo).date()).days, "day"
    text = f"{abs(count)} {unit}{'' if abs(count) == 1 else 's'}"
    return f"overdue by {text}" if count < 0 else text
