"""What is reported around an infusion: interruptions with their causes, and the vital signs."""

from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field

from ledger import refusals as no
from ledger.decisions.docket import AlreadySo, Decisions, Docket, Follows, PatientCommand, Reports, asks, report
from ledger.decisions.permits import in_plan
from ledger.decisions.screening import several
from ledger.patient import infusion_record as r
from ledger.patient.state import Patient
from ledger.types import Event, Instant, Ordinal, Several, exact


class RecordInterruption(PatientCommand):
    """Report that an infusion was interrupted, and why."""

    ordinal: Ordinal
    interrupted_at: Instant
    cause: r.InterruptionCause


class RecordResumption(PatientCommand):
    """Report that an interrupted infusion went on."""

    ordinal: Ordinal
    resumed_at: Instant


class RecordInfusionVitals(PatientCommand):
    """Report vital signs around an infusion, one or several readings."""

    ordinal: Ordinal
    readings: Annotated[Several[r.VitalSigns], Field(min_length=1, max_length=200)]


def record_interruption(docket: Docket, command: RecordInterruption) -> Follows:
    """Stored whenever it is said to have been; outside the infusion as reported, it raises a query."""
    patient = _of(docket, command.patient, command.ordinal)
    event = r.InfusionInterrupted(**command.model_dump(exclude={"patient"}))
    return _within(docket, patient, event, command.ordinal, command.interrupted_at)


def record_resumption(docket: Docket, command: RecordResumption) -> Follows:
    """As an interruption is."""
    patient = _of(docket, command.patient, command.ordinal)
    event = r.InfusionResumed(**command.model_dump(exclude={"patient"}))
    return _within(docket, patient, event, command.ordinal, command.resumed_at)


def _of(docket: Docket, number: str, ordinal: int) -> Patient:
    patient = docket.patient(number)
    in_plan(docket, ordinal)
    return patient


def _within(docket: Docket, patient: Patient, event: Event, ordinal: int, at: datetime) -> Follows:
    follows = report(docket, patient.stream, event)
    if isinstance(follows, AlreadySo) or follows[0].conflicts_with is not None:
        return follows
    infusion = patient.infusions.get(ordinal)
    begun = infusion.started.started_at if infusion and infusion.started else None
    ended = infusion.completed.ended_at if infusion and infusion.completed else None
    if (begun is None or begun <= at) and (ended is None or at <= ended):
        return follows
    return (*follows, *asks(docket, patient, "outside the infusion as reported"))


def record_infusion_vitals(docket: Docket, command: RecordInfusionVitals) -> Follows:
    """Readings that can be true: something was measured, saturation is at most 100 %, diastolic at most systolic."""
    patient = _of(docket, command.patient, command.ordinal)
    for signs in command.readings:
        _can_be_true(signs)
    readings = tuple(
        r.InfusionVitalsRecorded(ordinal=command.ordinal, **signs.model_dump()) for signs in command.readings
    )
    return several(docket, patient, readings)


def _can_be_true(signs: r.VitalSigns) -> None:
    measured = signs.model_dump(exclude={"taken_at"})
    if all(each is None for each in measured.values()):
        raise no.FindingsContradict("nothing was measured")
    if signs.spo2_percent is not None and exact(signs.spo2_percent) > 100:
        raise no.FindingsContradict("spo2_percent")
    if None not in (signs.systolic_mmhg, signs.diastolic_mmhg) and signs.diastolic_mmhg > signs.systolic_mmhg:  # type: ignore[operator]
        raise no.FindingsContradict("diastolic_mmhg")


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RecordInterruption: record_interruption,
        RecordResumption: record_resumption,
        RecordInfusionVitals: record_infusion_vitals,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "infusion-interruption": RecordInterruption,
        "infusion-resumption": RecordResumption,
        "infusion-vitals": RecordInfusionVitals,
    }
)
