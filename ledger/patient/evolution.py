"""How each event changes what a patient amounts to. Evolving refuses nothing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ledger.patient import (
    agreement_state,
    donors_state,
    follow_up_state,
    infusion_record_state,
    reporting_state,
    review_state,
    transplant_state,
    ward_state,
)
from ledger.patient import events as e
from ledger.patient import infusions as i
from ledger.patient.kept import without
from ledger.patient.safety_evolution import SAFETY_STEPS
from ledger.patient.state import Infusion, Noted, Patient
from ledger.record import Record
from ledger.types import Event, changed


def _screened(patient: Patient, event: e.PatientScreened, record: Record) -> Patient:
    eligible_under = None if record.corrects is not None else patient.eligible_under
    entered = Noted(record.position, record.occurred_at, event)
    return changed(patient, screened=event, entered=entered, eligible_under=eligible_under)


def _consented(patient: Patient, event: e.ConsentGiven, record: Record) -> Patient:
    consents = without(patient.consents, record.corrects).set(record.position, event)
    return changed(patient, consents=consents)


def _assented(patient: Patient, event: e.AssentGiven, record: Record) -> Patient:
    return changed(patient, assents=without(patient.assents, record.corrects).set(record.position, event))


def _finding(patient: Patient, event: e.ScreeningFindingRecorded, record: Record) -> Patient:
    return changed(patient, findings=without(patient.findings, record.corrects).set(record.position, event))


def _attested(patient: Patient, event: e.CriterionAssessed, record: Record) -> Patient:
    return changed(patient, attested=patient.attested.set(event.criterion, (record.position, event.met)))


def _determined(patient: Patient, event: e.InvestigatorDeterminationSigned, record: Record) -> Patient:
    said = patient.determinations.set(event.criterion, (record.position, event.met))
    return changed(patient, determinations=said)


def _eligible(patient: Patient, event: e.EligibilityConfirmed, record: Record) -> Patient:
    return changed(patient, eligible_under=event.protocol_version, checklist_hash=event.checklist_hash)


def _screen_failed(patient: Patient, event: e.ScreenFailed, record: Record) -> Patient:
    return changed(patient, screen_failed=True, failed_by=event.criteria)


def _enrolled(patient: Patient, event: e.PatientEnrolled, record: Record) -> Patient:
    return changed(patient, enrolled=event, enrolled_at=record.occurred_at)


def _assigned(patient: Patient, event: e.DoseLevelAssigned | e.DoseLevelReassigned, record: Record) -> Patient:
    return changed(patient, level=event.level, sentinel=event.sentinel)


def _cancelled(patient: Patient, event: e.AssignmentCancelled, record: Record) -> Patient:
    return changed(patient, level=None, sentinel=False)


def _dose_planned(patient: Patient, event: i.DosePlanned, record: Record) -> Patient:
    return changed(patient, doses=patient.doses.set(event.ordinal, event))


def _readiness(patient: Patient, event: i.ReadinessAssessed, record: Record) -> Patient:
    noted = Noted(record.position, record.occurred_at, event)
    return changed(patient, readiness=patient.readiness.set(event.ordinal, noted))


def _authorised(patient: Patient, event: i.InfusionAuthorised, record: Record) -> Patient:
    return changed(patient, authorised=patient.authorised.set(event.ordinal, event))


def _with_infusion(patient: Patient, ordinal: int, **changes: Any) -> Patient:
    infusion = patient.infusions.get(ordinal) or Infusion(ordinal)
    return changed(patient, infusions=patient.infusions.set(ordinal, changed(infusion, **changes)))


def _started(patient: Patient, event: i.InfusionStarted, record: Record) -> Patient:
    return _with_infusion(patient, event.ordinal, started=event)


def _completed(patient: Patient, event: i.InfusionCompleted, record: Record) -> Patient:
    return _with_infusion(patient, event.ordinal, completed=event)


def _omitted(patient: Patient, event: i.InfusionOmitted, record: Record) -> Patient:
    return _with_infusion(patient, event.ordinal, omitted=event)


def _deviated(patient: Patient, event: e.ProtocolDeviationRecorded, record: Record) -> Patient:
    return changed(patient, deviations=patient.deviations + 1)


def _died(patient: Patient, event: e.DeathRecorded, record: Record) -> Patient:
    return changed(patient, death=Noted(record.position, record.occurred_at, event))


def _off_study(patient: Patient, event: e.PatientOffStudy, record: Record) -> Patient:
    return changed(patient, off_study=Noted(record.position, record.occurred_at, event))


PARTS: Mapping[str, Mapping[type[Event], Callable[[Any, Any, Record], Any]]] = MappingProxyType(
    {
        "agreement": agreement_state.STEPS,
        "donors": donors_state.STEPS,
        "treatment": transplant_state.STEPS,
        "around": infusion_record_state.STEPS,
        "review": review_state.STEPS,
        "ward": ward_state.STEPS,
        "follow_up": follow_up_state.STEPS,
    }
)
"""Members of a patient that evolve by themselves: the member's name, and the steps that its own file lists."""


def _within(member: str, step: Callable[[Any, Any, Record], Any]) -> Callable[[Patient, Any, Record], Patient]:
    """A step of one member as a step of the patient."""

    def evolved(patient: Patient, event: Event, record: Record) -> Patient:
        return changed(patient, **{member: step(getattr(patient, member), event, record)})

    return evolved


PATIENT_EVOLUTION: Mapping[type[Event], Callable[[Patient, Any, Record], Patient]] = MappingProxyType(
    {
        e.PatientScreened: _screened,
        e.ConsentGiven: _consented,
        e.AssentGiven: _assented,
        e.ScreeningFindingRecorded: _finding,
        e.CriterionAssessed: _attested,
        e.InvestigatorDeterminationSigned: _determined,
        e.EligibilityConfirmed: _eligible,
        e.ScreenFailed: _screen_failed,
        e.PatientEnrolled: _enrolled,
        e.DoseLevelAssigned: _assigned,
        e.DoseLevelReassigned: _assigned,
        e.AssignmentCancelled: _cancelled,
        i.DosePlanned: _dose_planned,
        i.ReadinessAssessed: _readiness,
        i.InfusionAuthorised: _authorised,
        i.InfusionStarted: _started,
        i.InfusionCompleted: _completed,
        i.InfusionOmitted: _omitted,
        e.ProtocolDeviationRecorded: _deviated,
        e.DeathRecorded: _died,
        e.PatientOffStudy: _off_study,
        **SAFETY_STEPS,
        **{kind: _within(member, step) for member, steps in PARTS.items() for kind, step in steps.items()},
    }
)


FURTHER: Final = frozenset(
    {
        e.PatientEnrolled,
        e.DoseLevelAssigned,
        e.DoseLevelReassigned,
        i.DosePlanned,
        i.InfusionAuthorised,
        i.InfusionStarted,
        i.InfusionCompleted,
        i.InfusionOmitted,
    }
)
"""What leads, or shows that it led, further than screening."""


def evolve(patient: Patient, record: Record) -> Patient:
    """The patient after one more record of the stream. What contradicts the record is kept apart from it, but was
    received by the sponsor like everything else."""
    if record.conflicts_with is None:
        patient = PATIENT_EVOLUTION[type(record.event)](patient, record.event, record)
    return changed(
        patient,
        version=record.stream_version,
        reporting=reporting_state.observed(patient.reporting, record),
        review=review_state.observed(patient.review, record),
    )
