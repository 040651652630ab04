"""What was seen and given on the ward: the sheets day by day with the grades computed of them, and the medication.

A sheet shows its own grades, as far as what was said goes, with the medication on record. Where a part was not done, or
a sign is in doubt, the grade needs adjudication or is a least one; the day's assessment stays due until it is whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import get_args

from pydantic import JsonValue

from ledger.decisions.assessments import BaselineState, assessed_on, baseline_state
from ledger.decisions.patient_effects import membership
from ledger.decisions.standing import day_zero_on, scheduled_days
from ledger.decisions.toxicity import age_at, capd_baseline, of_sheet, with_record
from ledger.decisions.toxicity_effects import open_event
from ledger.grading.ward_sheet import hypotensive
from ledger.patient.evolution import evolve
from ledger.patient.safety import Toxicity
from ledger.patient.state import Patient
from ledger.patient.ward import WardSheetRecorded
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record
from ledger.types import Day, Instant
from ledger.world import World
from projections.base import View, is_late


class SheetGrade(View):
    """The grade of one toxicity from one sheet."""

    toxicity: Toxicity
    grade: int | None
    """Null: needs adjudication, between the two bounds."""
    at_least: int
    at_most: int
    needs_adjudication: tuple[str, ...]
    whole: bool
    """Everything was asked that the table needs: the sheet stands for the assessment of its day."""
    adverse_event: int | None
    """The adverse event in which it is assessed."""


class SheetView(View):
    """One look at a patient."""

    position: int
    assessed_at: Instant
    recorded_by: str
    late: bool
    """Entered more than 24 hours after the patient was seen."""
    seen: dict[str, JsonValue]
    """As measured; null was not asked."""
    hypotension: bool
    """Below the limit for the age, or low for this patient."""
    grades: tuple[SheetGrade, ...]
    """None before the first infusion."""
    sedatives_on_record: tuple[str, ...]
    """Running then by the medication on record; they lower no grade."""


class WardDay(View):
    """A day on the ward, or a day of the schedule without one."""

    on: Day
    protocol_day: int | None
    scheduled: bool
    """CRS and ICE/CAPD are to be assessed on it."""
    missing: tuple[Toxicity, ...]
    """Of a scheduled day that is past: what was not assessed."""
    sheets: tuple[SheetView, ...]


class WardHistory(View):
    """A patient's ward sheets, by day."""

    patient: str
    capd_baseline: int | None
    baseline: BaselineState | None
    """Of a child who is assessed by CAPD."""
    days: tuple[WardDay, ...]


class MedicationView(View):
    """A medicine that was given."""

    position: int
    agent: str
    acts_as: str
    dose: str | None
    dose_unit: str | None
    route: str
    purpose: str
    given_at: Instant
    continuous: bool
    ended_at: Instant | None
    """Null of what is continuous: still running."""
    in_steroid_table: bool | None
    """Of a steroid: whether the protocol's table converts it. If not, readiness counts on a person."""


def ward_history(
    world: World, records: Iterable[Record], number: str, today: date, protocol: ProtocolDocument
) -> WardHistory:
    """The history of a patient who is on record; `records` hold the patient's stream."""
    patient, baseline = world.patients[number], capd_baseline(world.patients[number])
    sheets: dict[date, list[SheetView]] = {}
    by_position = {record.position: record for record in records if isinstance(record.event, WardSheetRecorded)}
    for position, seen in patient.ward.by_time():
        shown = _sheet(patient, by_position[position], seen, protocol)
        sheets.setdefault(seen.assessed_at.date(), []).append(shown)
    member, zero, assessed = membership(world, patient), day_zero_on(patient), assessed_on(patient)
    window = member.window if member else None
    scheduled = set(scheduled_days(patient, window, protocol)) if window else set()
    days = sorted({*sheets, *(day for day in scheduled if day <= today)})
    return WardHistory(
        patient=number,
        capd_baseline=baseline,
        baseline=baseline_state(patient, baseline, today),
        days=tuple(
            WardDay(
                on=day,
                protocol_day=(day - zero).days if zero else None,
                scheduled=day in scheduled,
                missing=_missing(day, scheduled, today, assessed),
                sheets=tuple(sheets.get(day, ())),
            )
            for day in days
        ),
    )


def _missing(day: date, scheduled: set[date], today: date, assessed: Mapping[date, set[str]]) -> tuple[Toxicity, ...]:
    if day not in scheduled or day >= today:
        return ()
    return tuple(each for each in get_args(Toxicity) if each not in assessed.get(day, set()))


def _sheet(patient: Patient, record: Record, seen: WardSheetRecorded, protocol: ProtocolDocument) -> SheetView:
    since, at = patient.first_infusion_at, seen.assessed_at
    graded = since is not None and at >= since
    return SheetView(
        position=record.position,
        assessed_at=at,
        recorded_by=record.actor.id,
        late=is_late(record),
        seen=seen.sheet.model_dump(mode="json"),
        hypotension=hypotensive(seen.sheet, *age_at(patient, at.date())),
        grades=tuple(_grades(patient, record.position, seen, protocol)) if graded else (),
        sedatives_on_record=tuple(
            sorted({given.agent for _, given in patient.ward.running(at) if given.acts_as == "sedative"})
        ),
    )


def _grades(
    patient: Patient, position: int, seen: WardSheetRecorded, protocol: ProtocolDocument
) -> Iterator[SheetGrade]:
    whole = {
        "CRS": seen.sheet.crs_is_whole,
        "ICANS": seen.sheet.icans_is_whole(patient.age_on(seen.assessed_at.date())),
    }
    for toxicity in get_args(Toxicity):
        findings = of_sheet(patient, seen.sheet, seen.assessed_at, toxicity)
        if findings is None:
            continue
        event = open_event(patient, toxicity, seen.assessed_at)
        onset_on = min(event.began_at, seen.assessed_at).date() if event else seen.assessed_at.date()
        result = with_record(patient, findings, seen.assessed_at, onset_on, protocol)
        yield SheetGrade(
            toxicity=toxicity,
            grade=result.grade,
            at_least=result.at_least,
            at_most=result.at_most,
            needs_adjudication=result.needs_adjudication,
            whole=whole[toxicity],
            adverse_event=_assessed_in(patient, position, toxicity),
        )


def grades_at_once(stream: Iterable[Record], position: int, protocol: ProtocolDocument) -> tuple[SheetGrade, ...]:
    """The grades of the sheet at a position, with what the records of the patient's stream know up to the last."""
    known, sheet = None, None
    for record in stream:
        known = evolve(known or Patient(record.patient or ""), record)
        if record.position == position and isinstance(record.event, WardSheetRecorded):
            sheet = record.event
    if known is None or sheet is None or known.first_infusion_at is None:
        return ()
    return tuple(_grades(known, position, sheet, protocol)) if sheet.assessed_at >= known.first_infusion_at else ()


def _assessed_in(patient: Patient, position: int, toxicity: Toxicity) -> int | None:
    found = (
        event.number
        for event in patient.adverse_events.values()
        for assessed in event.assessments.values()
        if (assessed.ward_sheet, assessed.toxicity) == (position, toxicity)
    )
    return next(found, None)


def medication(world: World, number: str, protocol: ProtocolDocument) -> tuple[MedicationView, ...]:
    """Everything that is on record as given, in the order in which it was given."""
    ward = world.patients[number].ward
    table = {equivalent.agent for equivalent in protocol.readiness.steroid_equivalents}
    return tuple(
        MedicationView(
            position=position,
            **given.model_dump(exclude={"to_at"}),
            ended_at=ward.ended_at(given) if given.continuous else given.given_at,
            in_steroid_table=given.agent in table if given.acts_as == "corticosteroid" else None,
        )
        for position, given in sorted(ward.medication.items(), key=lambda each: (each[1].given_at, each[0]))
    )
