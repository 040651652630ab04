"""Visits, contacts, and the end of the follow-up: reports, each broken rule a deviation (domain P14)."""

from collections.abc import Callable, Iterator
from datetime import date
from types import MappingProxyType
from typing import Final, TypeVar

from ledger import refusals as no
from ledger.decisions.consent import against_collecting
from ledger.decisions.docket import (
    Decisions,
    Docket,
    Follows,
    PatientCommand,
    Reports,
    judged_report,
    query,
    report,
)
from ledger.errors import LedgerError
from ledger.patient import visits as v
from ledger.patient.events import PatientOffStudy
from ledger.patient.state import Patient
from ledger.protocol.calendar import follow_up_ends_on, visit_days
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.follow_up import Assessment
from ledger.protocol.terms import Days, Distinct
from ledger.types import Day, Event, Instant

E = TypeVar("E", bound=Event)


class RecordVisit(PatientCommand):
    """Report a visit, planned for a protocol day or unscheduled (null), and what was assessed."""

    visit: Days | None
    visited_on: Day
    kind: v.VisitKind
    performed: Distinct[Assessment] = ()


class ReportMissedVisit(PatientCommand):
    """Report that a planned visit was not made, and why."""

    visit: Days
    cause: v.MissedBecause


class RecordContactAttempt(PatientCommand):
    """Report an attempt to reach the patient or the family."""

    attempted_at: Instant
    means: v.ContactMeans
    reached: bool


def record_visit(docket: Docket, command: RecordVisit) -> Follows:
    """A visit outside its window is a deviation; one that was reported as missed raises a query."""
    patient = docket.patient(command.patient)
    _planned(docket, command.visit)
    event = v.VisitRecorded(**command.model_dump(exclude={"patient"}))
    follows = judged(docket, patient, event, against_visit)
    return _asking(docket, patient, event, follows, _missed_at(patient, command.visit))


def report_missed_visit(docket: Docket, command: ReportMissedVisit) -> Follows:
    """A missed visit is a fact; one that was made, too, raises a query."""
    patient = docket.patient(command.patient)
    _planned(docket, command.visit)
    event = v.VisitMissed(visit=command.visit, cause=command.cause)
    made = (at for at, visit in patient.follow_up.visits.items() if visit.visit == command.visit)
    return _asking(docket, patient, event, report(docket, patient.stream, event), next(made, None))


def _planned(docket: Docket, visit: int | None) -> None:
    """`NotInProtocol` for a visit that no version of the protocol has."""
    versions = docket.world.trial.versions.values()
    if visit is not None and not any(version.document.follow_up.visit(visit) for version in versions):
        raise no.NotInProtocol(f"visit of day {visit}")


def _missed_at(patient: Patient, visit: int | None) -> int | None:
    return next((at for at, missed in patient.follow_up.missed.items() if missed.visit == visit), None)


def _asking(docket: Docket, patient: Patient, event: Event, follows: Follows, beside: int | None) -> Follows:
    """The report, with a query on another that cannot be true beside it."""
    if beside is None or not isinstance(follows, tuple) or follows[0].conflicts_with is not None:
        return follows
    return (*follows, *query(docket, patient.stream, beside, event))


def record_contact_attempt(docket: Docket, command: RecordContactAttempt) -> Follows:
    patient = docket.patient(command.patient)
    return report(docket, patient.stream, v.ContactAttempted(**command.model_dump(exclude={"patient"})))


def judged(
    docket: Docket,
    patient: Patient,
    event: E,
    against: Callable[[Patient, ProtocolDocument, E], Iterator[LedgerError]],
) -> Follows:
    """A report with a deviation, not an important one, for each rule that it breaks."""
    protocol = docket.protocol()
    return judged_report(docket, patient.stream, event, lambda said: against(patient, protocol, said), "other")


def against_visit(patient: Patient, protocol: ProtocolDocument, event: v.VisitRecorded) -> Iterator[LedgerError]:
    """A planned visit is made within so many days of its protocol day, counted from the graft; none is made after a
    withdrawal from all participation (X1)."""
    yield from against_collecting(patient, event.visited_on)
    planned = protocol.follow_up.visit(event.visit) if event.visit is not None else None
    if planned is None or patient.transplant is None:
        return
    _, from_on, through_on = visit_days(planned, patient.transplant.at.date())
    if not from_on <= event.visited_on <= through_on:
        yield no.VisitOutsideWindow(f"visit of day {event.visit}")


def against_leaving(patient: Patient, protocol: ProtocolDocument, event: PatientOffStudy) -> Iterator[LedgerError]:
    """*Completed* means that the follow-up is over; *lost* that somebody tried to reach the patient."""
    if event.cause == "completed" and not follow_up_over(patient, protocol, event.off_on):
        yield no.FollowUpNotOver(f"patient {patient.number}")
    if event.cause == "lost-to-follow-up" and not patient.follow_up.contacts:
        yield no.NoContactAttempted(f"patient {patient.number}")


def follow_up_over(patient: Patient, protocol: ProtocolDocument, on: date) -> bool:
    """Whether the years of follow-up have passed since the graft, or the last planned visit was made, by a day."""
    if patient.transplant is None:
        return False
    day_zero = patient.transplant.at.date()
    last = max((visit.day for visit in protocol.follow_up.visits), default=None)
    visited_on = patient.follow_up.visited.get(last) if last is not None else None
    return on >= follow_up_ends_on(protocol, day_zero) or (visited_on is not None and visited_on <= on)


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RecordVisit: record_visit,
        ReportMissedVisit: report_missed_visit,
        RecordContactAttempt: record_contact_attempt,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "visit": RecordVisit,
        "missed-visit": ReportMissedVisit,
        "contact-attempt": RecordContactAttempt,
    }
)
