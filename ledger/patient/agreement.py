"""What can happen to a consent once it is given: withdrawn, denied by a minor, or to be given again."""

from typing import ClassVar, Literal

from pydantic import Field

from ledger.protocol.eligibility import Consenter
from ledger.protocol.terms import Distinct
from ledger.types import Commitment, Day, Event, Instant, Line

Scope = Literal["treatment", "all-participation"]


class ConsentWithdrawn(Event):
    """Consent was taken back: for treatment only, or for everything but what the law demands to keep (X1)."""

    NAME: ClassVar[str] = "patient.consent-withdrawn.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("scope",)

    scope: Scope


class DissentRecorded(Event):
    """A minor said no. It stands until the minor agrees (A.3-2)."""

    NAME: ClassVar[str] = "patient.dissent-recorded.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("said_at",)
    WHEN: ClassVar[str | None] = "said_at"

    said_at: Instant
    account: Commitment | None


class ReconsentRequired(Event):
    """A new form is to be signed by a day, by those of the capacities whose signatures the patient's age needs."""

    NAME: ClassVar[str] = "patient.reconsent-required.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("form_version",)

    form_version: Line
    capacities: Distinct[Consenter] = Field(min_length=1)
    due_on: Day


AGREEMENT_EVENTS: tuple[type[Event], ...] = (ConsentWithdrawn, DissentRecorded, ReconsentRequired)
