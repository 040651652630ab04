"""What can happen to a patient: screening, consent, enrolment, the dose level, and the way out.

Infusions stand in `infusions.py`, safety in `safety.py`, and so on; `listed.py` has all events of a patient.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from ledger.eligibility.findings import Finding
from ledger.types import (
    Commitment,
    Day,
    Event,
    Instant,
    Level,
    Line,
    Name,
    PatientNumber,
    Phase,
    Several,
    Sha256,
)

Criterion = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{1,2}[a-z]?$")]
BirthMonth = Annotated[str, StringConstraints(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$")]
Capacity = Literal["patient", "representative"]


class PatientScreened(Event):
    """A patient entered screening under a pseudonymous number."""

    NAME: ClassVar[str] = "patient.screened.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()

    number: PatientNumber
    site: Name
    birth_year_month: BirthMonth
    sex: Literal["female", "male"]


class ConsentGiven(Event):
    """Informed consent was signed by the patient or a legal representative (I1, A.3-2)."""

    NAME: ClassVar[str] = "patient.consent-given.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("form_version", "capacity", "signed_at")
    WHEN: ClassVar[str | None] = "signed_at"

    form_version: Line
    capacity: Capacity
    signed_at: Instant
    relation: Line | None
    obtained_by: Name
    copy_given: bool
    witness: bool


class AssentGiven(Event):
    """A minor agreed."""

    NAME: ClassVar[str] = "patient.assent-given.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("form_version", "signed_at")
    WHEN: ClassVar[str | None] = "signed_at"

    form_version: Line
    signed_at: Instant


class ScreeningFindingRecorded(Event):
    """A finding of screening, in the words and units of the vocabulary, and the day at the site of its finding."""

    NAME: ClassVar[str] = "patient.screening-finding-recorded.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("word", "found_on")

    finding: Finding
    found_on: Day

    @property
    def word(self) -> str:
        """What was looked for."""
        return self.finding.finding


class CriterionAssessed(Event):
    """Whether one eligibility criterion is met, and on what."""

    NAME: ClassVar[str] = "patient.criterion-assessed.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("criterion",)

    criterion: Criterion
    met: bool
    inputs: Commitment | None


class InvestigatorDeterminationSigned(Event):
    """The investigator decided a criterion of which the protocol makes him the arbiter."""

    NAME: ClassVar[str] = "patient.investigator-determination-signed.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("criterion",)

    criterion: Criterion
    met: bool
    rationale: Commitment


class EligibilityConfirmed(Event):
    """The investigator signed the checklist under a protocol version."""

    NAME: ClassVar[str] = "patient.eligibility-confirmed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("checklist_hash", "protocol_version")

    checklist_hash: Sha256
    protocol_version: int


class ScreenFailed(Event):
    """The patient does not take part."""

    NAME: ClassVar[str] = "patient.screen-failed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()

    criteria: Several[Criterion]


class PatientEnrolled(Event):
    """The patient takes part and counts towards the enrolment cap (P1, A.3-20)."""

    NAME: ClassVar[str] = "patient.enrolled.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()

    phase: Phase
    planned_transplant_on: Day


class DoseLevelAssigned(Event):
    """The patient's dose level. `sentinel`: observed before the next patient of the level is dosed."""

    NAME: ClassVar[str] = "patient.dose-level-assigned.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()

    level: Level
    sentinel: bool


class DoseLevelReassigned(Event):
    """A conditioned patient on a held level was moved to a lower open one, before the first infusion."""

    NAME: ClassVar[str] = "patient.dose-level-reassigned.v1"

    from_level: Level
    level: Level
    sentinel: bool


class AssignmentCancelled(Event):
    """The assignment ended before the first infusion."""

    NAME: ClassVar[str] = "patient.assignment-cancelled.v1"

    level: Level
    cause: Line


class ProtocolDeviationRecorded(Event):
    """What happened broke a rule. The fact stands; this says so."""

    NAME: ClassVar[str] = "patient.protocol-deviation-recorded.v1"

    rule: Line
    kind: Line
    importance: Literal["important", "other"]


class DeathRecorded(Event):
    """The patient died."""

    NAME: ClassVar[str] = "patient.death-recorded.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()

    died_on: Day
    cause: Literal["relapse", "other", "unknown"]


class PatientOffStudy(Event):
    """The patient's participation ended."""

    NAME: ClassVar[str] = "patient.off-study.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()

    cause: Literal["completed", "withdrawal", "lost-to-follow-up", "death", "other"]
    off_on: Day


PARTICIPATION_EVENTS: tuple[type[Event], ...] = (
    PatientScreened,
    ConsentGiven,
    AssentGiven,
    ScreeningFindingRecorded,
    CriterionAssessed,
    InvestigatorDeterminationSigned,
    EligibilityConfirmed,
    ScreenFailed,
    PatientEnrolled,
    DoseLevelAssigned,
    DoseLevelReassigned,
    AssignmentCancelled,
    ProtocolDeviationRecorded,
    DeathRecorded,
    PatientOffStudy,
)
