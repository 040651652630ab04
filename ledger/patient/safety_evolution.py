"""How what is said of a patient's adverse events changes what the patient amounts to. Evolving refuses nothing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from immutables import Map

from ledger.patient import reporting as r
from ledger.patient import safety as s
from ledger.patient import ward as w
from ledger.patient.kept import without
from ledger.patient.state import RULED, AdverseEvent, Patient, Ruling
from ledger.record import Record
from ledger.types import Event, changed


def _adverse_event(patient: Patient, event: s.AdverseEventReported, record: Record) -> Patient:
    number = event.adverse_event
    known = patient.adverse_events.get(number)
    if known is None:
        known = AdverseEvent(number, record.position, event, event.ctcae_grade, event.serious)
    else:
        known = changed(known, report=event, ctcae_grade=event.ctcae_grade, serious=event.serious or known.serious)
    events = patient.adverse_events.set(number, known)
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
    assessments = without(known.assessments, record.corrects).set(record.position, event)
    rest = {"confirmed": known.confirmed, "regraded": known.regraded}
    kept = {name: without(held, record.corrects) for name, held in rest.items()}
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
        confirmed=without(known.confirmed, event.assessment),
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


def _classified(patient: Patient, event: r.SaeClassified, record: Record) -> Patient:
    """What the sponsor calls serious is serious; what was signed of the event before no longer says what stands."""
    known = patient.adverse_events.get(event.adverse_event)
    if known is None:
        return patient
    criteria = frozenset(event.criteria)
    if known.serious or not event.serious:
        events = patient.adverse_events.set(known.number, changed(known, criteria=criteria))
        return changed(patient, adverse_events=events)
    return _with_adverse_event(patient, known.number, serious=True, criteria=criteria)


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


def _elsewhere(patient: Patient, event: Event, record: Record) -> Patient:
    """What concerns the reporting alone (`reporting_state.py`)."""
    return patient


SAFETY_STEPS: Mapping[type[Event], Callable[[Patient, Any, Record], Patient]] = MappingProxyType(
    {
        s.AdverseEventReported: _adverse_event,
        s.AdverseEventUpdated: _adverse_event_updated,
        s.ToxicityAssessed: _toxicity,
        s.GradeConfirmed: _grade_confirmed,
        w.ToxicityRegraded: _regraded,
        s.AttributionAssessed: _attributed,
        r.SaeClassified: _classified,
        r.SponsorInformed: _elsewhere,
        r.ExpeditedReportSubmitted: _elsewhere,
        r.PregnancyReported: _elsewhere,
        s.CandidateDltRaised: _candidate,
        s.CandidateDltRuled: _candidate_ruled,
        s.DltOpinionSigned: _opinion,
        s.DltAdjudicated: _ruled,
    }
)
