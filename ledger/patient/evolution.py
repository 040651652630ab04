"""How each event changes what a patient amounts to. Evolving refuses nothing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from immutables import Map

from ledger.patient import events as e
from ledger.patient import infusions as i
from ledger.patient import review_state, ward_state
from ledger.patient import safety as s
from ledger.patient import ward as w
from ledger.patient.state import RULED, AdverseEvent, Infusion, Noted, Patient, Ruling
from ledger.record import Record
from ledger.types import Event, changed


def _screened(patient: Patient, event: e.PatientScreened, record: Record) -> Patient:
    eligible_under = None if record.corrects is not None else patient.eligible_under
    entered = Noted(record.position, record.occurred_at, event)
    return changed(patient, screened=event, entered=entered, eligible_under=eligible_under)


def _consented(patient: Patient, event: e.ConsentGiven, record: Record) -> Patient:
    consents = _without(patient.consents, record.corrects).set(record.position, event)
    return changed(patient, consents=consents)


def _assented(patient: Patient, event: e.AssentGiven, record: Record) -> Patient:
    return changed(patient, assents=_without(patient.assents, record.corrects).set(record.position, event))


def _without(facts: Map[int, Any], position: int | None) -> Map[int, Any]:
    return facts if position is None or position not in facts else facts.delete(position)


def _consent_withdrawn(patient: Patient, event: e.ConsentWithdrawn, record: Record) -> Patient:
    return changed(patient, withdrawn=event.scope)


def _finding(patient: Patient, event: e.ScreeningFindingRecorded, record: Record) -> Patient:
    return changed(patient, findings=_without(patient.findings, record.corrects).set(record.position, event))


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


def _unchanged(patient: Patient, event: Event, record: Record) -> Patient:
    return patient


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


def _transplanted(patient: Patient, event: i.TransplantPerformed, record: Record) -> Patient:
    return changed(patient, transplant=Noted(record.position, record.occurred_at, event))


def _deviated(patient: Patient, event: e.ProtocolDeviationRecorded, record: Record) -> Patient:
    return changed(patient, deviations=patient.deviations + 1)


def _died(patient: Patient, event: e.DeathRecorded, record: Record) -> Patient:
    return changed(patient, death=Noted(record.position, record.occurred_at, event))


def _off_study(patient: Patient, event: e.PatientOffStudy, record: Record) -> Patient:
    return changed(patient, off_study=Noted(record.position, record.occurred_at, event))


def _adverse_event(patient: Patient, event: s.AdverseEventReported, record: Record) -> Patient:
    known = patient.adverse_events.get(event.adverse_event)
    if known is None:
        known = AdverseEvent(event.adverse_event, record.position, event)
    known = changed(known, report=event, ctcae_grade=event.ctcae_grade, serious=event.serious or known.serious)
    events = patient.adverse_events.set(event.adverse_event, known)
    return changed(patient, adverse_events=events, opinions=_without_opinions(patient, known.subject))


def _with_adverse_event(patient: Patient, number: int, **changes: Any) -> Patient:
    """An adverse event otherwise than before; what was signed of it so far no longer says what stands (G.4-9)."""
    known = patient.adverse_events.get(number)
    if known is None:
        return patient
    events = patient.adverse_events.set(number, changed(known, **changes))
    return changed(patient, adverse_events=events, opinions=_without_opinions(patient, known.subject))


def _without_opinions(patient: Patient, subject: str) -> Map[str, tuple[s.DltOpinionSigned, ...]]:
    return patient.opinions.delete(subject) if subject in patient.opinions else patient.opinions


def _adverse_event_updated(patient: Patient, event: s.AdverseEventUpdated, record: Record) -> Patient:
    said = {
        "ctcae_grade": event.ctcae_grade,
        "serious": event.serious,
        "ended_at": event.ended_at,
        "outcome": event.outcome,
    }
    return _with_adverse_event(patient, event.adverse_event, **{k: v for k, v in said.items() if v is not None})


def _toxicity(patient: Patient, event: s.ToxicityAssessed, record: Record) -> Patient:
    known = patient.adverse_events.get(event.adverse_event)
    if known is None:
        return patient
    assessments = _without(known.assessments, record.corrects).set(record.position, event)
    rest = {"confirmed": known.confirmed, "regraded": known.regraded}
    kept = {name: _without(held, record.corrects) for name, held in rest.items()}
    return _with_adverse_event(patient, event.adverse_event, assessments=assessments, **kept)


def _regraded(patient: Patient, event: w.ToxicityRegraded, record: Record) -> Patient:
    """The grade of an assessment as the record has it; what was confirmed before was confirmed of another."""
    known = patient.adverse_events.get(event.adverse_event)
    assessed = known.assessments.get(event.assessment) if known else None
    if known is None or assessed is None:
        return patient
    graded = event.model_dump(exclude={"adverse_event", "assessment", "taken"})
    return _with_adverse_event(
        patient,
        event.adverse_event,
        assessments=known.assessments.set(event.assessment, assessed.model_copy(update=graded)),
        confirmed=_without(known.confirmed, event.assessment),
        regraded=known.regraded.set(event.assessment, event),
    )


def _grade_confirmed(patient: Patient, event: s.GradeConfirmed, record: Record) -> Patient:
    known = patient.adverse_events.get(event.adverse_event)
    if known is None or event.assessment not in known.assessments:
        return patient
    confirmed = known.confirmed.set(event.assessment, event.grade)
    return _with_adverse_event(patient, event.adverse_event, confirmed=confirmed)


def _attributed(patient: Patient, event: s.AttributionAssessed, record: Record) -> Patient:
    known = patient.adverse_events.get(event.adverse_event)
    if known is None:
        return patient
    attributions = known.attributions.set(event.assessor, event.relation)
    return _with_adverse_event(patient, event.adverse_event, attributions=attributions)


def _candidate(patient: Patient, event: s.CandidateDltRaised, record: Record) -> Patient:
    return changed(patient, candidates=patient.candidates.set(event.subject, record.position))


def _candidate_ruled(patient: Patient, event: s.CandidateDltRuled, record: Record) -> Patient:
    return changed(patient, candidates=patient.candidates.set(event.subject, RULED))


def _opinion(patient: Patient, event: s.DltOpinionSigned, record: Record) -> Patient:
    opinions = (*patient.opinions.get(event.subject, ()), event)
    return changed(patient, opinions=patient.opinions.set(event.subject, opinions))


def _ruled(patient: Patient, event: s.DltAdjudicated, record: Record) -> Patient:
    known = patient.rulings.get(event.subject)
    if known is not None and known.event.revision >= event.revision:
        return patient
    number = int(event.subject.rpartition("/")[2]) if event.subject.startswith("adverse-event/") else 0
    known_event = patient.adverse_events.get(number)
    grades = known_event.grades if known_event else (0, 0)
    rulings = patient.rulings.set(event.subject, Ruling(record.position, event, grades))
    return changed(patient, rulings=rulings, opinions=_without_opinions(patient, event.subject))


PARTS: Mapping[str, Mapping[type[Event], Callable[[Any, Any, Record], Any]]] = MappingProxyType(
    {
        "review": review_state.STEPS,
        "ward": ward_state.STEPS,
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
        e.ConsentWithdrawn: _consent_withdrawn,
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
        i.IdentityVerified: _unchanged,
        i.InfusionAuthorised: _authorised,
        i.InfusionStarted: _started,
        i.InfusionCompleted: _completed,
        i.InfusionOmitted: _omitted,
        i.TransplantPerformed: _transplanted,
        e.ProtocolDeviationRecorded: _deviated,
        e.DeathRecorded: _died,
        e.PatientOffStudy: _off_study,
        s.AdverseEventReported: _adverse_event,
        s.AdverseEventUpdated: _adverse_event_updated,
        s.ToxicityAssessed: _toxicity,
        s.GradeConfirmed: _grade_confirmed,
        w.ToxicityRegraded: _regraded,
        s.AttributionAssessed: _attributed,
        s.CandidateDltRaised: _candidate,
        s.CandidateDltRuled: _candidate_ruled,
        s.DltOpinionSigned: _opinion,
        s.DltAdjudicated: _ruled,
        **{kind: _within(member, step) for member, steps in PARTS.items() for kind, step in steps.items()},
    }
)


def evolve(patient: Patient, record: Record) -> Patient:
    """The patient after one more record of the stream. What contradicts the record is kept apart from it."""
    if record.conflicts_with is None:
        patient = PATIENT_EVOLUTION[type(record.event)](patient, record.event, record)
    return changed(patient, version=record.stream_version, review=review_state.observed(patient.review, record))
