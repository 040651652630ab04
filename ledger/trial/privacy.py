"""What happens to the free texts of a trial: all those about one patient erased, or one of them redacted. Two people
each: one asks, another confirms. The commitments stay in the log; what they were to is destroyed.

The texts that these events hold themselves are the trial's own, and are not erased with the patient's."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from ledger.types import Commitment, Count, Event, PatientNumber, Position, Several, Sha256

LegalBasis = Literal[
    "gdpr-17-request", "gdpr-17-unlawful", "gdpr-9-consent-withdrawn", "152-fz-21-request", "152-fz-21-purpose-ended"
]
"""Why a person's texts have to go: GDPR, articles 9 and 17; 152-FZ, article 21."""

RedactionReason = Literal["names-a-person", "contact-details", "health-of-another-person", "other-identifier"]

Subject = Annotated[str, StringConstraints(pattern=r"^(patient/[0-9A-Z-]{1,16}|quarantine/[1-9][0-9]{0,9})$")]
"""Whom texts are about: a patient, or a quarantined report that named nobody whom the ledger knew."""


class ErasureRequested(Event):
    """Somebody who answers for it asked that the free texts about a patient be destroyed, and on which ground."""

    NAME: ClassVar[str] = "trial.erasure-requested.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("erasure",)

    erasure: int = Field(ge=1)
    patient: PatientNumber
    legal_basis: LegalBasis
    explanation: Commitment


class TextErased(Event):
    """A second person confirmed it: the texts about these subjects that stand before this event are destroyed, with
    their salts and keys. `commitments_sha256` is over their commitments, as 32 bytes each, in ascending order."""

    NAME: ClassVar[str] = "trial.text-erased.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("erasure",)

    erasure: int = Field(ge=1)
    patient: PatientNumber
    subjects: Several[Subject]
    texts_count: Count
    commitments_sha256: Sha256
    legal_basis: LegalBasis


class RedactionRequested(Event):
    """Somebody found in one text what should not be there: in the field of an event, or in its reason."""

    NAME: ClassVar[str] = "trial.redaction-requested.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("redaction",)

    redaction: int = Field(ge=1)
    about: Position
    commitment: Sha256
    cause: RedactionReason


class TextRedacted(Event):
    """A second person confirmed it: the text behind this commitment is destroyed, with its salt."""

    NAME: ClassVar[str] = "trial.text-redacted.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("redaction",)

    redaction: int = Field(ge=1)
    about: Position
    commitment: Sha256
    cause: RedactionReason


PRIVACY_EVENTS: tuple[type[Event], ...] = (ErasureRequested, TextErased, RedactionRequested, TextRedacted)
