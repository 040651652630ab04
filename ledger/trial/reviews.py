"""What can happen to a trial's safety as a whole: reviews, and what adverse events are expected."""

from typing import ClassVar, Literal

from pydantic import Field

from ledger.types import Commitment, Day, Event, Frozen, Instant, Name, Role, Several, Sha256

Recommendation = Literal["resume", "stay-held", "amend-protocol", "stop"]


class ReferenceSafetyInformationApproved(Event):
    """A version of the reference safety information: the list against which an adverse event is expected or not. From
    `effective_on` it is the one in force."""

    NAME: ClassVar[str] = "trial.reference-safety-information-approved.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("version",)

    version: Name
    effective_on: Day
    document_sha256: Sha256


class Attendee(Frozen):
    """Who took part in a review, in which role, and whether a conflict of interest was declared."""

    person: Name
    role: Role
    conflict_of_interest: bool


class SafetyReviewHeld(Event):
    """Safety was reviewed: who took part, about which holds, and what was recommended. The minutes are named by their
    hash. Its number is the trial's next."""

    NAME: ClassVar[str] = "trial.safety-review-held.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("held_at",)
    WHEN: ClassVar[str | None] = "held_at"

    review: int = Field(ge=1)
    held_at: Instant
    attendees: Several[Attendee] = Field(min_length=1)
    conflicts: Commitment | None
    minutes_sha256: Sha256
    about_holds: Several[int]
    recommendation: Recommendation
    rationale: Commitment | None


REVIEW_EVENTS: tuple[type[Event], ...] = (ReferenceSafetyInformationApproved, SafetyReviewHeld)
