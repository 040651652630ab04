"""What happened to one patient, by date and by protocol day. Day 0 is the graft, or its planned day until then."""

from collections.abc import Iterable
from datetime import date, datetime

from pydantic import JsonValue

from ledger.decisions.own_calendar import own_schedule
from ledger.decisions.standing import day_zero_on
from ledger.patient.donors import BloodGroupDetermined
from ledger.patient.events import DeathRecorded, PatientOffStudy
from ledger.patient.evolution import evolve
from ledger.patient.outcomes import OutcomeRecorded
from ledger.patient.state import Patient
from ledger.patient.transplant import ConditioningGiven, ProphylaxisGiven
from ledger.patient.visits import VisitRecorded
from ledger.protocol.calendar import ScheduledItem
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record
from ledger.trial.signatures import RecordSigned
from ledger.types import Day, Event, Instant
from ledger.world import World
from projections.base import TextOf, View, is_late, no_text, occurred_by, patient_of
from projections.signatures import Manifestation, SignatureOf, signatures_of
from projections.titles import title


class Entry(View):
    """One fact about the patient."""

    position: int
    stream: str
    type: str
    """The stored name of the event."""
    title: str
    occurred_at: Instant
    recorded_at: Instant
    occurred_on: Day
    """The calendar day at the patient's site."""
    protocol_day: int | None
    """From day 0; null where day 0 is not even planned."""
    late: bool
    """Recorded more than 24 hours after it happened."""
    corrected_by: int | None
    """The position that replaces it; this entry no longer counts."""
    corrects: int | None
    conflicts_with: int | None
    """The position that it contradicts; this entry does not count, and a query is open."""
    actor: str
    role: str
    site: str | None
    source: str | None
    """The system that reported."""
    facts: dict[str, JsonValue]
    """The event's content; free texts as commitments."""
    signature: Manifestation | None
    """Who signed it, where it is signed."""


class TimelineDay(View):
    """A line of the day table."""

    on: Day
    protocol_day: int | None
    scheduled: tuple[str, ...]
    """What the patient's own calendar has for the day: by the day table, the donor and the backbone."""
    positions: tuple[int, ...]
    """The entries of the day."""


class Timeline(View):
    """One patient's facts in the order in which they happened."""

    patient: str
    day_zero_on: Day | None
    day_zero_is_actual: bool
    """The graft was infused; otherwise day 0 is the planned one."""
    entries: tuple[Entry, ...]
    days: tuple[TimelineDay, ...]


def patient_timeline(
    world: World,
    records: Iterable[Record],
    number: str,
    *,
    as_of_occurred: datetime | None = None,
    text: TextOf = no_text,
) -> Timeline:
    """A patient's timeline, out of records that hold the patient's stream and the cohorts' (others are passed over).

    `as_of_occurred`: what had happened by then, in the light of all that is known. The world gives the site's days and
    the protocol.
    """
    about = [each for each in records if patient_of(each) == number and not isinstance(each.event, RecordSigned)]
    if as_of_occurred is not None:
        about = list(occurred_by(about, as_of_occurred))
    patient = _patient(about, number)
    zero = day_zero_on(patient)
    corrected = {record.corrects: record.position for record in about if record.corrects is not None}
    signed = signatures_of(world, text)
    entries = [_entry(world, record, number, zero, corrected.get(record.position), signed) for record in about]
    entries.sort(key=lambda entry: (entry.occurred_on, entry.occurred_at, entry.position))
    protocol = world.protocol()
    return Timeline(
        patient=number,
        day_zero_on=zero,
        day_zero_is_actual=patient.transplant is not None,
        entries=tuple(entries),
        days=_days(entries, patient, protocol) if protocol else (),
    )


def _patient(about: Iterable[Record], number: str) -> Patient:
    patient = Patient(number)
    for record in about:
        if record.patient == number:
            patient = evolve(patient, record)
    return patient


def _entry(
    world: World, record: Record, number: str, zero: date | None, corrected_by: int | None, signed: SignatureOf
) -> Entry:
    on = _stated_day(record.event) or world.patient_day(number, record.occurred_at)
    return Entry(
        position=record.position,
        stream=record.stream,
        type=record.event.NAME,
        title=title(record.event),
        occurred_at=record.occurred_at,
        recorded_at=record.recorded_at,
        occurred_on=on,
        protocol_day=(on - zero).days if zero else None,
        late=is_late(record),
        corrected_by=corrected_by,
        corrects=record.corrects,
        conflicts_with=record.conflicts_with,
        actor=record.actor.id,
        role=record.actor.role,
        site=record.actor.site,
        source=record.source.system if record.source else None,
        facts=record.event.model_dump(mode="json"),
        signature=signed(record.position),
    )


def _stated_day(event: Event) -> date | None:
    """The day that an event itself states, where it is known by the day only."""
    match event:
        case DeathRecorded(died_on=on) | PatientOffStudy(off_on=on) | VisitRecorded(visited_on=on):
            return on
        case OutcomeRecorded(outcome=outcome):
            return outcome.on
        case ConditioningGiven(given_on=on) | ProphylaxisGiven(given_on=on) | BloodGroupDetermined(sampled_on=on):
            return on
        case _:
            return None


def _days(entries: Iterable[Entry], patient: Patient, protocol: ProtocolDocument) -> tuple[TimelineDay, ...]:
    """Every day on which something happened or, once day 0 is planned, the patient's own calendar has something."""
    happened: dict[date, list[int]] = {}
    for entry in entries:
        happened.setdefault(entry.occurred_on, []).append(entry.position)
    zero = day_zero_on(patient)
    planned: dict[date, list[str]] = {}
    for item in own_schedule(patient, protocol, zero) if zero else ():
        planned.setdefault(item.on, []).append(_line(item))
    return tuple(
        TimelineDay(
            on=on,
            protocol_day=(on - zero).days if zero else None,
            scheduled=tuple(planned.get(on, ())),
            positions=tuple(happened.get(on, ())),
        )
        for on in sorted({*happened, *planned})
    )


def _line(item: ScheduledItem) -> str:
    """A line of the day table; an infusion and the graft by their names."""
    dosed = item.kind not in ("infusion", "graft")
    line = f"{item.what} {item.dose} {item.unit}" if dosed else item.what
    return f"{line}, {item.condition.replace('_', ' ')}" if dosed and item.condition else line
