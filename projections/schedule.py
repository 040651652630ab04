"""A patient's own calendar: what is planned for which date, what of it has happened, and the follow-up visits.

It follows from day 0, planned at first, perhaps planned anew, and actual with the graft; from the type of the donor;
and from the backbone that was chosen. What is still open of these stands as a condition. A visit is *overdue* when its
window is over, it was neither made nor reported as missed, and the follow-up has not ended.
"""

from collections.abc import Iterator
from datetime import date

from ledger.decisions.own_calendar import DoneAs, done, key_of, moved, own_schedule
from ledger.decisions.standing import day_zero_on
from ledger.patient.events import DeathRecorded, PatientOffStudy
from ledger.patient.state import Patient
from ledger.protocol import calendar
from ledger.protocol.calendar import Moved, ScheduledItem, Visit
from ledger.protocol.document import ProtocolDocument
from ledger.types import Day
from ledger.world import World
from projections.base import View


class PlannedItem(ScheduledItem):
    """What is planned for a date, and what became of it."""

    done_on: Day | None
    """The day on which it was given."""
    done_as: DoneAs | None


class PatientSchedule(View):
    """A patient's calendar, seen on a day."""

    patient: str
    on: Day
    """The day on which it is seen."""
    day_zero_on: Day | None
    """The calendar day of the graft, or the planned one; null before the enrolment: then nothing is planned."""
    day_zero_is_actual: bool
    planned_day_zero_on: Day | None
    items: tuple[PlannedItem, ...]
    moved: tuple[Moved, ...]
    """What was still to come and is on another date now than was planned at the enrolment."""
    follow_up_ended_on: Day | None
    """By death, by leaving the study, or by withdrawing from all participation."""
    visits: tuple[Visit, ...]
    """From the actual day 0, as the protocol document plans them."""


def patient_schedule(world: World, protocol: ProtocolDocument, number: str, on: date) -> PatientSchedule:
    """The calendar of a patient who is on record, under a protocol version."""
    patient = world.patients[number]
    day_zero = day_zero_on(patient)
    grafted_on = patient.transplant.at.date() if patient.transplant else None
    planned_on = patient.enrolled.planned_transplant_on if patient.enrolled else None
    return PatientSchedule(
        patient=number,
        on=on,
        day_zero_on=day_zero,
        day_zero_is_actual=grafted_on is not None,
        planned_day_zero_on=planned_on,
        items=tuple(_items(patient, protocol, day_zero)) if day_zero else (),
        moved=_moved(patient, protocol),
        follow_up_ended_on=ended_on(patient),
        visits=visits_of(patient, protocol, on),
    )


def _items(patient: Patient, protocol: ProtocolDocument, day_zero: date) -> Iterator[PlannedItem]:
    became = dict(done(patient))
    for item in own_schedule(patient, protocol, day_zero):
        done_on, done_as = became.get(key_of(item), (None, None))
        yield PlannedItem(**dict(item), done_on=done_on, done_as=done_as)


def _moved(patient: Patient, protocol: ProtocolDocument) -> tuple[Moved, ...]:
    """Between the plan at the enrolment and the present one; what was over when the day was moved moves no more."""
    day_zero, planned_on = day_zero_on(patient), patient.enrolled.planned_transplant_on if patient.enrolled else None
    if day_zero is None or planned_on is None:
        return ()
    told = patient.transplant or (patient.treatment.reschedules[-1] if patient.treatment.reschedules else None)
    return moved(patient, protocol, planned_on, day_zero, told.at.date() if told else None)


def ended_on(patient: Patient) -> date | None:
    """The day on which the follow-up ended: by death, by leaving the study, by withdrawing from everything."""
    withdrawn_at = patient.agreement.ended_at
    ends: list[date] = [withdrawn_at.date()] if withdrawn_at else []
    for noted in (patient.death, patient.off_study):
        match noted and noted.event:
            case DeathRecorded(died_on=day) | PatientOffStudy(off_on=day):
                ends.append(day)
            case _:
                pass
    return min(ends, default=None)


def visits_of(patient: Patient, protocol: ProtocolDocument, on: date) -> tuple[Visit, ...]:
    """The follow-up visits of a patient as they stand on a day; none before the graft."""
    if patient.transplant is None:
        return ()
    return calendar.follow_up(
        protocol,
        patient.transplant.at.date(),
        today=on,
        visited=patient.follow_up.visited,
        missed=patient.follow_up.missed_days,
        ended_on=ended_on(patient),
    )
