"""A patient's own calendar: what is planned for which date, what of it has happened, and the follow-up visits.

It follows from day 0, planned at first and actual with the graft. The log holds neither the donor's type nor the
backbone that was chosen: doses that depend on these are listed with their condition. A visit is *overdue* when its
window is over, it was neither made nor reported as missed, and the follow-up has not ended.
"""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from ledger.decisions.standing import day_zero_on
from ledger.patient.events import DeathRecorded, PatientOffStudy
from ledger.patient.state import Patient
from ledger.protocol import calendar
from ledger.protocol.calendar import Moved, ScheduledItem, Visit
from ledger.protocol.document import ProtocolDocument
from ledger.types import Day
from ledger.world import World
from projections.base import View

DoneAs = Literal["given", "omitted"]


class PlannedItem(ScheduledItem):
    """What is planned for a date; of the infusions and the graft, also what became of it."""

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
    """From the day of the graft: what is on another date than was planned at the enrolment."""
    follow_up_ended_on: Day | None
    """By death, or by leaving the study."""
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
        moved=_moved(protocol, planned_on, grafted_on),
        follow_up_ended_on=ended_on(patient),
        visits=visits_of(patient, protocol, on),
    )


def _items(patient: Patient, protocol: ProtocolDocument, day_zero: date) -> Iterator[PlannedItem]:
    done: dict[str, tuple[date | None, DoneAs]] = {
        f"infusion {ordinal}": (infusion.given_on, "given" if infusion.given_on else "omitted")
        for ordinal, infusion in patient.infusions.items()
        if infusion.given_on or infusion.omitted
    }
    if patient.transplant:
        done[calendar.GRAFT] = (patient.transplant.at.date(), "given")
    for item in calendar.schedule(protocol, day_zero):
        done_on, done_as = done.get(item.what, (None, None))
        yield PlannedItem(**dict(item), done_on=done_on, done_as=done_as)


def _moved(protocol: ProtocolDocument, planned_on: date | None, grafted_on: date | None) -> tuple[Moved, ...]:
    if planned_on is None or grafted_on is None:
        return ()
    before, after = (calendar.schedule(protocol, day_zero) for day_zero in (planned_on, grafted_on))
    return calendar.moved(before, after, today=grafted_on)


def ended_on(patient: Patient) -> date | None:
    """The day on which the follow-up ended, by death or by leaving the study."""
    ends: list[date] = []
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
