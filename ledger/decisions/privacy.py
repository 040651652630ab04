"""Erasing the free texts about a patient, and redacting one text into which an identifier slipped.

Both take two people, each a medical monitor (for the sponsor, the controller) or a principal investigator (who knows
the person behind the number). Doses, grades, DLTs and dates are not texts and are never erased: the analysis of safety
needs them (regulation 536/2014, article 58; GDPR, article 17(3)).
"""

from collections.abc import Iterable
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.docket import AlreadySo, Command, Decisions, Docket, Follows, PatientCommand
from ledger.record import TRIAL, Entry, Record, patient_stream
from ledger.trial import privacy as e
from ledger.trial.events import QuarantineResolved, ReportQuarantined
from ledger.types import Commitment, Event, Line, Position
from ledger.world import World, free_texts

REASON: Final = "reason"
"""The name by which a request means the reason of an event and none of its fields."""


class RequestErasure(PatientCommand):
    """Ask that every free text about a patient be destroyed."""

    legal_basis: e.LegalBasis
    explanation: Commitment


class ConfirmErasure(PatientCommand):
    """Confirm, as a second person, that the texts about a patient are destroyed. It cannot be undone."""

    erasure: int


class RequestRedaction(Command):
    """Ask that one text be destroyed: a member of an event, or its `reason`."""

    about: Position
    member: Line
    cause: e.RedactionReason


class ConfirmRedaction(Command):
    """Confirm, as a second person, that one text is destroyed. It cannot be undone."""

    redaction: int


def request_erasure(docket: Docket, command: RequestErasure) -> Follows:
    """An erasure that is asked for or done already, with nothing to erase since, is on record."""
    docket.signer("medical_monitor", "principal_investigator")
    patient, privacy = docket.patient(command.patient), docket.world.trial.privacy
    before = privacy.erasure_of(patient.number)
    if before is not None and before[1].done is None:
        return AlreadySo(before[1].asked_at_position)
    if not docket.archive.texts_about(subjects_of(docket.world, patient.number)):
        if before is not None and before[1].done is not None:
            return AlreadySo(before[1].done)
        raise no.NothingToErase(f"patient {patient.number}")
    number = len(privacy.erasures) + 1
    return (Entry(TRIAL, e.ErasureRequested(erasure=number, **command.model_dump())),)


def confirm_erasure(docket: Docket, command: ConfirmErasure) -> Follows:
    """By another person than the one who asked. The texts are those on record now."""
    asked = docket.world.trial.privacy.erasures.get(command.erasure)
    if asked is None or asked.patient != command.patient:
        raise no.NoSuchRequest(f"erasure {command.erasure}")
    docket.signer("medical_monitor", "principal_investigator")
    if asked.done is not None:
        return AlreadySo(asked.done)
    if asked.asked_by == docket.asked.by.id:
        raise no.OnePersonAlone(f"erasure {command.erasure}")
    subjects = subjects_of(docket.world, asked.patient)
    texts = docket.archive.texts_about(subjects)
    event = e.TextErased.model_validate(
        {
            "erasure": command.erasure,
            "patient": asked.patient,
            "subjects": subjects,
            "texts_count": len(texts),
            "commitments_sha256": commitments_hash(texts),
            "legal_basis": asked.legal_basis,
        }
    )
    return (Entry(TRIAL, event),)


def request_redaction(docket: Docket, command: RequestRedaction) -> Follows:
    """Of a text that an event commits to and that is still there. The text is named by its event and member."""
    if command.about >= docket.world.size:
        raise no.NoSuchRecord(f"position {command.about}")
    commitment = commitment_in(docket.archive.record(command.about), command.member)
    if commitment is None:
        raise no.NoSuchText(f"position {command.about}")
    before = docket.world.trial.privacy.redaction_of(commitment)
    if before is not None:
        return AlreadySo(before.asked_at_position if before.done is None else before.done)
    if not docket.archive.is_kept(commitment):
        raise no.NoSuchText(f"position {command.about}")
    number = len(docket.world.trial.privacy.redactions) + 1
    event = e.RedactionRequested(redaction=number, about=command.about, commitment=commitment, cause=command.cause)
    return (Entry(TRIAL, event),)


def confirm_redaction(docket: Docket, command: ConfirmRedaction) -> Follows:
    """By another person than the one who asked."""
    asked = docket.world.trial.privacy.redactions.get(command.redaction)
    if asked is None:
        raise no.NoSuchRequest(f"redaction {command.redaction}")
    docket.signer("medical_monitor", "principal_investigator")
    if asked.done is not None:
        return AlreadySo(asked.done)
    if asked.asked_by == docket.asked.by.id:
        raise no.OnePersonAlone(f"redaction {command.redaction}")
    event = e.TextRedacted.model_validate(
        {
            "redaction": command.redaction,
            "about": asked.about,
            "commitment": asked.commitment,
            "cause": asked.cause,
        }
    )
    return (Entry(TRIAL, event),)


def commitment_in(record: Record, member: str) -> str | None:
    """The commitment that an event holds under a member's name, or as its reason."""
    if member == REASON and REASON not in free_texts(type(record.event)):
        return record.reason
    found: str | None = getattr(record.event, member) if member in free_texts(type(record.event)) else None
    return found


def commitments_hash(commitments: Iterable[str]) -> str:
    """SHA-256, in hex, over the commitments as 32 bytes each, in ascending order."""
    return sha256(b"".join(bytes.fromhex(each) for each in sorted(commitments))).hexdigest()


def subjects_of(world: World, patient: str) -> tuple[str, ...]:
    """Whom the texts about a patient are kept for: the patient, and the quarantined reports that were found to be on
    the patient."""
    quarantine = world.trial.quarantine
    found = (number for number, report in sorted(quarantine.items()) if report.patient == patient)
    return (patient_stream(patient), *(quarantine_subject(number) for number in found))


def quarantine_subject(number: int) -> str:
    return f"quarantine/{number}"


def subject_of_event(event: Event) -> str | None:
    """Whom the text of an event is about, where the event itself says it: a report on nobody whom the ledger knew."""
    if isinstance(event, ReportQuarantined | QuarantineResolved):
        return quarantine_subject(event.quarantine)
    return None


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RequestErasure: request_erasure,
        ConfirmErasure: confirm_erasure,
        RequestRedaction: request_redaction,
        ConfirmRedaction: confirm_redaction,
    }
)
