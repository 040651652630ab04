"""What can happen to the reporting of a patient's safety: how serious an adverse event is, when the sponsor learnt of
it, what was sent to whom, and pregnancies."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.patient.safety import AdverseEventNumber
from ledger.protocol.safety import Relation
from ledger.types import Commitment, Count, Day, Event, Instant, Line, Name, Several

SeriousnessCriterion = Literal[
    "death",
    "life-threatening",
    "hospitalisation",
    "disability",
    "congenital-anomaly",
    "important-medical-event",
]
"""What makes an adverse event serious (ICH E2A, II.B)."""

Assessed = Literal["definite", "probable", "possible", "unlikely", "unrelated"]
ReportKind = Literal["urgent", "complete", "further"]
"""`urgent` is the first word on what is fatal or life-threatening, `complete` the whole, `further` what is new."""

ReportedTo = Literal["authority", "ethics-committee", "investigators"]
Pregnant = Literal["patient", "partner"]
PregnancyOutcome = Literal["live-birth", "congenital-anomaly", "stillbirth", "miscarriage", "termination", "unknown"]
Revision = Annotated[int, Field(ge=1, le=9999)]


class SaeClassified(Event):
    """The sponsor classified an adverse event: serious by which criteria, expected or not against which reference
    safety information, suspected or not. The highest revision is in force.

    `received_at` is when the sponsor received the information that this rests on. `investigator_causality` is the
    strongest that investigators had signed by then. Null is *not said*, which counts as unexpected and suspected.
    """

    NAME: ClassVar[str] = "patient.sae-classified.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("adverse_event", "revision")

    adverse_event: AdverseEventNumber
    revision: Revision
    serious: bool
    criteria: Several[SeriousnessCriterion]
    expected: bool | None
    reference_safety_information: Name | None
    investigator_causality: Relation
    sponsor_causality: Assessed | None
    received_at: Instant
    rationale: Commitment | None


class SponsorInformed(Event):
    """The sponsor received information on an adverse event.

    With `about`, the position of a record: what that record holds was truly received then. Without: it is further
    information, which no other record holds.
    """

    NAME: ClassVar[str] = "patient.sponsor-informed.v1"
    WHEN: ClassVar[str | None] = "received_at"

    adverse_event: AdverseEventNumber
    about: Count | None
    received_at: Instant
    information: Commitment | None


class ExpeditedReportSubmitted(Event):
    """A report on an adverse event was sent. `reference` is the number that it has at the recipient's."""

    NAME: ClassVar[str] = "patient.expedited-report-submitted.v1"
    WHEN: ClassVar[str | None] = "submitted_at"

    adverse_event: AdverseEventNumber
    kind: ReportKind
    to: ReportedTo
    recipient: Line
    reference: Line | None
    submitted_at: Instant


class PregnancyReported(Event):
    """A pregnancy of the patient, or of the patient's partner, as known on a day; said anew when more is known."""

    NAME: ClassVar[str] = "patient.pregnancy-reported.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("pregnant", "known_on")

    pregnant: Pregnant
    known_on: Day
    expected_birth_on: Day | None
    outcome: PregnancyOutcome | None
    received_at: Instant | None
    narrative: Commitment | None


REPORTING_EVENTS: tuple[type[Event], ...] = (
    SaeClassified,
    SponsorInformed,
    ExpeditedReportSubmitted,
    PregnancyReported,
)
