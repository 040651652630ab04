"""What can happen to a patient's safety: adverse events, their grades, attribution, candidate DLTs and rulings."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from ledger.protocol.safety import Category
from ledger.types import Commitment, Count, Event, Grade, Instant, Line, Name, Ordinal, Position, Role, Several

Toxicity = Literal["CRS", "ICANS"]
Subject = Annotated[str, StringConstraints(pattern=r"^(adverse-event/[1-9][0-9]{0,3}|omission/[1-9]|death)$")]
"""What a DLT ruling is about: an adverse event, an infusion omitted for a reaction, or a death in the window."""

Outcome = Literal["recovered", "recovering", "not-recovered", "recovered-with-sequelae", "fatal", "unknown"]

CandidateCause = Literal["grade", "needs-adjudication", "serious-ungraded", "omitted-for-reaction", "death-in-window"]
AdverseEventNumber = Annotated[int, Field(ge=1, le=9999)]


class AdverseEventReported(Event):
    """An adverse event, as reported. Its number is the patient's next.

    `term` is the reporter's word, `ctcae_term` the one of CTCAE 5.0 by which `ctcae_grade` is given. `received_at`:
    when the sponsor received it, where that was not by its recording. `suspect_product` is the lot that is suspected.
    """

    NAME: ClassVar[str] = "patient.adverse-event-reported.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("term", "onset_at")
    WHEN: ClassVar[str | None] = "onset_at"

    adverse_event: AdverseEventNumber
    term: Line
    toxicity: Toxicity | None
    category: Category | None
    ctcae_term: Line | None
    ctcae_grade: Grade | None
    haematologic: bool
    serious: bool
    onset_at: Instant
    relative_to_infusion: Ordinal | None
    suspect_product: Name | None
    site_aware_at: Instant | None
    received_at: Instant | None
    narrative: Commitment | None


class AdverseEventUpdated(Event):
    """What became of an adverse event. `null` leaves what was known."""

    NAME: ClassVar[str] = "patient.adverse-event-updated.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("adverse_event",)

    adverse_event: AdverseEventNumber
    ctcae_grade: Grade | None
    serious: bool | None
    ended_at: Instant | None
    outcome: Outcome | None
    action: Line | None
    site_aware_at: Instant | None
    received_at: Instant | None


class ToxicityAssessed(Event):
    """One assessment of CRS or ICANS: the findings, and the grade that the scale's table gives for them.

    A null grade needs adjudication, between `at_least_grade` and `at_most_grade`. The grade of the event is the
    highest of its assessments.
    """

    NAME: ClassVar[str] = "patient.toxicity-assessed.v1"
    WHEN: ClassVar[str | None] = "assessed_at"

    adverse_event: AdverseEventNumber
    toxicity: Toxicity
    assessed_at: Instant
    age_at_assessment_years: Count
    findings: dict[str, Any]
    scale: Line
    table_version: Line
    computed_grade: Grade | None
    at_least_grade: Grade
    at_most_grade: Grade
    needs_adjudication: Several[Line]
    ward_sheet: Position | None = None
    """The ward sheet that it was made of, by rule."""


class GradeConfirmed(Event):
    """The investigator confirmed the grade of an assessment, or gave another with the reason why."""

    NAME: ClassVar[str] = "patient.grade-confirmed.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("assessment",)

    adverse_event: AdverseEventNumber
    assessment: Count
    grade: Grade
    differs_because: Commitment | None


class AttributionAssessed(Event):
    """Whether an adverse event is associated with the intervention. *Unlikely* and *unrelated* count from the second
    signature on."""

    NAME: ClassVar[str] = "patient.attribution-assessed.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("adverse_event", "assessor")

    adverse_event: AdverseEventNumber
    relation: Literal["definite", "probable", "possible", "unlikely", "unrelated"]
    rationale: Commitment | None
    assessor: Name


class CandidateDltRaised(Event):
    """By rule: what is on record may be a DLT. It counts as one for every permission until it is ruled."""

    NAME: ClassVar[str] = "patient.candidate-dlt-raised.v1"

    subject: Subject
    cause: CandidateCause


class DltOpinionSigned(Event):
    """One of the signatures that the ruling *not a DLT* needs."""

    NAME: ClassVar[str] = "patient.dlt-opinion-signed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("subject", "revision", "member")

    subject: Subject
    revision: int = Field(ge=1)
    member: Name
    role: Role
    rationale: Commitment


class DltAdjudicated(Event):
    """It was ruled whether a toxicity was dose-limiting. The highest revision counts (P7)."""

    NAME: ClassVar[str] = "patient.dlt-adjudicated.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("subject", "revision")

    subject: Subject
    is_dlt: bool
    revision: int = Field(ge=1)
    toxicity: Toxicity | None
    grade: Grade | None
    rationale: Commitment | None


class CandidateDltRuled(Event):
    """By rule: the candidate is no longer open."""

    NAME: ClassVar[str] = "patient.candidate-dlt-ruled.v1"

    subject: Subject
    is_dlt: bool


SAFETY_EVENTS: tuple[type[Event], ...] = (
    AdverseEventReported,
    AdverseEventUpdated,
    ToxicityAssessed,
    GradeConfirmed,
    AttributionAssessed,
    CandidateDltRaised,
    DltOpinionSigned,
    DltAdjudicated,
    CandidateDltRuled,
)
