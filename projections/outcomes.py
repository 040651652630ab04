"""What became of a patient, by the day: every outcome in force."""

from datetime import date

from ledger.patient.events import ScreeningFindingRecorded
from ledger.patient.outcomes import Mrd, Outcome, OutcomeRecorded
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.types import Day
from ledger.world import World
from projections.base import View


class OutcomeView(View):
    """An outcome, and the position that holds it."""

    position: int
    on: Day
    protocol_day: int | None
    """From the graft; null until it is on record."""
    shown: str
    """In words."""
    outcome: Outcome
    above_threshold: bool | None
    """Of MRD: whether more was found than the protocol's threshold for the disease; null where either is not known."""


class PatientOutcomes(View):
    """What became of a patient."""

    patient: str
    grafted_on: Day | None
    disease: str | None
    """As found in screening."""
    outcomes: tuple[OutcomeView, ...]
    """By day, then in the order in which they were recorded."""


def patient_outcomes(world: World, protocol: ProtocolDocument, number: str) -> PatientOutcomes:
    """The outcomes of a patient who is on record, under a protocol version."""
    patient = world.patients[number]
    grafted_on = patient.transplant.at.date() if patient.transplant else None
    recorded = sorted(patient.follow_up.outcomes.items(), key=lambda entry: (entry[1].outcome.on, entry[0]))
    threshold = mrd_threshold(patient, protocol)
    return PatientOutcomes(
        patient=number,
        grafted_on=grafted_on,
        disease=disease_of(patient),
        outcomes=tuple(_outcome(position, event, grafted_on, threshold) for position, event in recorded),
    )


def _outcome(position: int, event: OutcomeRecorded, grafted_on: date | None, threshold: str | None) -> OutcomeView:
    outcome = event.outcome
    judged = isinstance(outcome, Mrd) and threshold is not None
    return OutcomeView(
        position=position,
        on=outcome.on,
        protocol_day=(outcome.on - grafted_on).days if grafted_on else None,
        shown=event.shown,
        outcome=outcome,
        above_threshold=outcome.is_above(threshold) if judged and isinstance(outcome, Mrd) and threshold else None,
    )


def disease_of(patient: Patient) -> str | None:
    """The disease, by the newest finding of screening."""
    found = [(each.found_on, at, each) for at, each in patient.findings.items() if each.word == "disease"]
    newest: ScreeningFindingRecorded | None = max(found, key=lambda each: each[:2])[2] if found else None
    return newest.finding.shown if newest is not None else None


def mrd_threshold(patient: Patient, protocol: ProtocolDocument) -> str | None:
    """The percentage above which MRD is positive in the patient's disease (I2)."""
    disease, rule = disease_of(patient), protocol.eligibility.disease
    known = rule.of(disease) if rule is not None and disease is not None else None
    return known.mrd_percent_above if known is not None else None
