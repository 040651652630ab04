"""Who is followed: the visits that are due or overdue, what of one is not on record, when a patient was last seen.

The follow-up runs from the actual day 0 through the protocol's years; death or leaving the study ends it.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from ledger.patient.events import PatientOffStudy
from ledger.patient.occasions import Assessed
from ledger.patient.state import Patient
from ledger.protocol.calendar import Visit, follow_up_ends_on
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.follow_up import Assessment
from ledger.types import Day
from ledger.world import World
from projections.base import View
from projections.schedule import ended_on, visits_of

State = Literal["running", "over", "ended"]
"""*Over*: its years have passed, and nobody has reported that the patient left the study."""


class OpenVisit(Visit):
    """A visit that was made, with what is not on record of it."""

    not_recorded: tuple[Assessment, ...]
    """Planned or reported as done, with no outcome of the visit's days."""


class FollowUpRow(View):
    """A grafted patient."""

    patient: str
    day_zero_on: Day
    ends_on: Day
    state: State
    ended_on: Day | None
    ended_by: str | None
    """*death*, or why the patient left the study."""
    last_seen_on: Day
    """The last day on which the patient is known to have been alive."""
    attempts_since: int
    """Attempts to reach somebody after that day, none of which did."""
    next_visit: Visit | None
    due: tuple[Visit, ...]
    overdue: tuple[Visit, ...]
    incomplete: tuple[OpenVisit, ...]


def follow_up(world: World, protocol: ProtocolDocument, now: datetime) -> tuple[FollowUpRow, ...]:
    """Every grafted patient: first those with the oldest overdue visit, then those with a due one, then by number."""
    rows = [
        _row(patient, protocol, world.patient_day(number, now))
        for number, patient in world.patients.in_order()
        if patient.transplant is not None
    ]
    return tuple(sorted(rows, key=_urgency))


def _urgency(row: FollowUpRow) -> tuple[date, date, str]:
    overdue = min((visit.through_on for visit in row.overdue), default=date.max)
    return overdue, min((visit.through_on for visit in row.due), default=date.max), row.patient


def _row(patient: Patient, protocol: ProtocolDocument, today: date) -> FollowUpRow:
    assert patient.transplant is not None, patient.number
    day_zero, ended, seen_on = patient.transplant.at.date(), ended_on(patient), last_seen_on(patient)
    ends_on, visits = follow_up_ends_on(protocol, day_zero), visits_of(patient, protocol, today)
    return FollowUpRow(
        patient=patient.number,
        day_zero_on=day_zero,
        ends_on=ends_on,
        state="ended" if ended is not None else ("over" if today >= ends_on else "running"),
        ended_on=ended,
        ended_by=_ended_by(patient),
        last_seen_on=seen_on,
        attempts_since=sum(
            each.attempted_at.date() > seen_on and not each.reached for each in patient.follow_up.contacts.values()
        ),
        next_visit=next((visit for visit in visits if visit.status == "ahead"), None),
        due=tuple(visit for visit in visits if visit.status == "due"),
        overdue=tuple(visit for visit in visits if visit.status == "overdue"),
        incomplete=tuple(_incomplete(patient, visits)),
    )


def _ended_by(patient: Patient) -> str | None:
    if patient.death is not None:
        return "death"
    left = patient.off_study.event if patient.off_study else None
    return left.cause if isinstance(left, PatientOffStudy) else None


def _incomplete(patient: Patient, visits: tuple[Visit, ...]) -> Iterator[OpenVisit]:
    """The visits that were made and of which an assessment has no outcome on record."""
    performed = {visit.visit: visit.performed for visit in patient.follow_up.visits.values()}
    for visit in visits:
        wanted = dict.fromkeys((*visit.assess, *performed.get(visit.day, ())))
        missing = tuple(each for each in wanted if not _recorded(patient, visit, each))
        if visit.status == "done" and missing:
            yield OpenVisit(**dict(visit), not_recorded=missing)


def _recorded(patient: Patient, visit: Visit, assessment: Assessment) -> bool:
    """An outcome of the visit's days, or of its own day; of what happens once, any up to then."""
    last = max(visit.through_on, visit.visited_on or visit.through_on)
    first = min(visit.from_on, visit.visited_on or visit.from_on)
    return any(
        outcome.on <= last and (outcome.on >= first or not isinstance(outcome, Assessed))
        for outcome in (recorded.outcome for recorded in patient.follow_up.outcomes.values())
        if outcome.kind == assessment
    )


def last_seen_on(patient: Patient) -> date:
    """The last day on which a grafted patient is known to have been alive, by what is on record.

    A death is not a day alive. Leaving the study is one, unless by death, by loss or for a reason that is not told.
    """
    assert patient.transplant is not None, patient.number
    known = patient.follow_up
    days = [patient.transplant.at.date()]
    days += [infusion.given_on for infusion in patient.infusions.values() if infusion.given_on]
    days += [visit.visited_on for visit in known.visits.values()]
    days += [contact.attempted_at.date() for contact in known.contacts.values() if contact.reached]
    days += [recorded.outcome.on for recorded in known.outcomes.values()]
    left = patient.off_study.event if patient.off_study else None
    if isinstance(left, PatientOffStudy) and left.cause in ("completed", "withdrawal"):
        days.append(left.off_on)
    return max(days)
