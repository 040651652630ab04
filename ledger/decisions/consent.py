"""Consent through time: who has to have signed what on a day, a minor's no, and a new form to be signed again."""

from collections.abc import Iterator
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from pydantic import Field

from ledger import refusals as no
from ledger.decisions.docket import (
    AlreadySo,
    Command,
    Decisions,
    Docket,
    Follows,
    PatientCommand,
    Reports,
    decided,
    report,
)
from ledger.errors import Refused
from ledger.patient import agreement as a
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.eligibility import Consenter
from ledger.protocol.terms import Distinct
from ledger.types import Commitment, Day, Instant, Line

Broken = Iterator[Refused]


class RecordDissent(PatientCommand):
    """Record that a minor said no."""

    said_at: Instant
    account: Commitment | None = None


class RequireReconsent(Command):
    """Ask for a new form to be signed by a day, by everyone whom it concerns."""

    form_version: Line
    capacities: Distinct[Consenter] = Field(min_length=1)
    due_on: Day


def consent_valid(patient: Patient, protocol: ProtocolDocument, on: date) -> bool:
    """Whether a patient may be treated by consent: not withdrawn, and signed by all, in every form that is due."""
    return patient.withdrawn is None and signed_by_all(patient, protocol, on)


def follow_up_agreed(patient: Patient, protocol: ProtocolDocument, on: date) -> bool:
    """Whether a patient is followed by consent: a withdrawal from treatment leaves it as it was (X1)."""
    return patient.withdrawn != "all-participation" and signed_by_all(patient, protocol, on)


def signed_by_all(patient: Patient, protocol: ProtocolDocument, on: date) -> bool:
    """Whether everyone has signed whom the age asks for, and every new form whose day has passed."""
    return signed_for_age(patient, protocol, on) and not any(
        form.due_on < on for form in unsigned_forms(patient, protocol, on)
    )


def signed_for_age(patient: Patient, protocol: ProtocolDocument, on: date) -> bool:
    """Whether everyone whose signature the patient's age demands has signed, at an age at which it counts.

    Age bands and majority as the protocol document says (domain I1, A.3-2): a signature of the patient counts for the
    band of the age at which it was given and for lower ones; that of a representative counts while one is required.
    """
    required = protocol.consent_required(patient.age_on(on))
    return all(_signed(patient, protocol, capacity, required, on) for capacity in required)


def _signed(patient: Patient, protocol: ProtocolDocument, capacity: str, required: frozenset[str], on: date) -> bool:
    for consent in patient.consents.values():
        if consent.capacity != capacity or consent.signed_at.date() > on:
            continue
        then = protocol.consent_required(patient.age_on(consent.signed_at.date()))
        if capacity == "representative" or then == required:
            return True
    return False


def unsigned_forms(patient: Patient, protocol: ProtocolDocument, on: date) -> Iterator[a.ReconsentRequired]:
    """The new forms that somebody whose signature the age needs has not signed by a day.

    A form that was asked for later stands for the earlier ones of the same capacity.
    """
    required = protocol.consent_required(patient.age_on(on))
    forms = [told.event for told in patient.agreement.forms]
    for place, form in enumerate(forms):
        for capacity in sorted(required & set(form.capacities)):
            enough = {later.form_version for later in forms[place:] if capacity in later.capacities}
            if not any(
                each.capacity == capacity and each.form_version in enough and each.signed_at.date() <= on
                for each in patient.consents.values()
            ):
                yield form
                break


def minor_dissents(patient: Patient, protocol: ProtocolDocument, on: date) -> bool:
    """Whether a minor's no stands: said by a day, not followed by an assent or by an own consent, and said by one who
    is still no adult on that day. Nothing new is done against it, whatever a representative signed (A.3-2)."""
    said_at = patient.agreement.dissented_at
    if said_at is None or said_at.date() > on or "representative" not in protocol.consent_required(patient.age_on(on)):
        return False
    agreed = [assent.signed_at for assent in patient.assents.values()]
    agreed += [each.signed_at for each in patient.consents.values() if each.capacity == "patient"]
    return not any(at > said_at for at in agreed)


def against_consent(patient: Patient, protocol: ProtocolDocument, on: date) -> Broken:
    """Why nothing new is done with a patient, by what those concerned have said."""
    if not consent_valid(patient, protocol, on):
        yield no.ConsentNotValid(f"patient {patient.number}")
    if minor_dissents(patient, protocol, on):
        yield no.MinorDissents(f"patient {patient.number}")


def against_collecting(patient: Patient, at: datetime | date) -> Broken:
    """Why nothing is found out about a patient for the trial any more: of a day, from the next one on. What concerns
    safety, and what was given, is kept in any case."""
    ended_at = patient.agreement.ended_at
    if ended_at is None:
        return
    if at > ended_at if isinstance(at, datetime) else at > ended_at.date():
        yield no.ParticipationEnded(f"patient {patient.number}")


def record_dissent(docket: Docket, command: RecordDissent) -> Follows:
    """A fact. Of an adult it is stored too, and changes nothing."""
    patient = docket.patient(command.patient)
    return report(docket, patient.stream, a.DissentRecorded(**command.model_dump(exclude={"patient"})))


def require_reconsent(docket: Docket, command: RequireReconsent) -> Follows:
    """On every patient who takes part and has signed an earlier form; by a principal investigator, at the own site.

    Who comes later signs what is approved by then.
    """
    docket.signer("medical_monitor", "principal_investigator")
    event = a.ReconsentRequired(**command.model_dump())
    concerned = [p for _, p in docket.world.patients.in_order() if _concerned(docket, p)]
    if not concerned:
        raise no.NobodyConcerned(command.form_version)
    answers = [decided(docket, patient.stream, event, ()) for patient in concerned]
    entries = tuple(entry for answer in answers if isinstance(answer, tuple) for entry in answer)
    return entries or next(answer for answer in answers if isinstance(answer, AlreadySo))


def _concerned(docket: Docket, patient: Patient) -> bool:
    if patient.screened is None or docket.asked.by.site not in (None, patient.screened.site):
        return False
    left = patient.screen_failed or patient.off_study or patient.death or patient.withdrawn == "all-participation"
    return bool(patient.consents) and not left


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RecordDissent: record_dissent,
        RequireReconsent: require_reconsent,
    }
)

REPORTS: Final[Reports] = MappingProxyType({"dissent": RecordDissent})
