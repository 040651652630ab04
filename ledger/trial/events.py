"""What can happen to a trial: its protocol, its people, its sites and what waits for a patient.

Dose decisions, holds and what they lead to stand in `dosing.py`; together they are the events of the trial aggregate.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from ledger.protocol.safety import Category
from ledger.types import (
    Commitment,
    Day,
    Event,
    Frozen,
    Grade,
    Instant,
    Line,
    Name,
    Ordinal,
    PatientNumber,
    Role,
    Sha256,
)

UtcOffset = Annotated[str, StringConstraints(pattern=r"^[+-](0[0-9]|1[0-4]):[0-5][0-9]$")]


class TrialRegistered(Event):
    """The ledger of a trial begins. `training` marks a ledger that holds no real patient."""

    NAME: ClassVar[str] = "trial.registered.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()

    trial_id: Name
    title: Line
    sponsor: Line
    origin: Line
    event_schema: Line
    training: bool


class ProtocolVersionProposed(Event):
    """A protocol version is on the table, whole, with the day from which it would hold."""

    NAME: ClassVar[str] = "trial.protocol-version-proposed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("version",)

    version: int = Field(ge=1)
    document: dict[str, Any]
    document_sha256: Sha256
    effective_on: Day


class EthicsApprovalRecorded(Event):
    """An ethics committee approved a protocol version."""

    NAME: ClassVar[str] = "trial.ethics-approval-recorded.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("version", "body")

    body: Line
    version: int = Field(ge=1)
    approved_on: Day


class ProtocolVersionApproved(Event):
    """A second person approved the proposed version: from its day on it holds."""

    NAME: ClassVar[str] = "trial.protocol-version-approved.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("version",)

    version: int = Field(ge=1)
    document_sha256: Sha256


class ProtocolInterpretationRecorded(Event):
    """A reading of an ambiguous line of the protocol was signed by two people; this is the second signature."""

    NAME: ClassVar[str] = "trial.protocol-interpretation-recorded.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("item",)

    item: Line
    reading: Line
    basis: Commitment


class ProtocolInterpretationProposed(Event):
    """A reading of an ambiguous line of the protocol was signed by its author and waits for a second person."""

    NAME: ClassVar[str] = "trial.protocol-interpretation-proposed.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("item",)

    item: Line
    reading: Line
    basis: Commitment


class SiteOpened(Event):
    """A site may take part. Its calendar days are those of `utc_offset`."""

    NAME: ClassVar[str] = "trial.site-opened.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("site",)

    site: Name
    utc_offset: UtcOffset


class SourceRegistered(Event):
    """A machine may report for a site."""

    NAME: ClassVar[str] = "trial.source-registered.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("system",)

    system: Name
    site: Name
    zone: Line


class TrainingRecord(Frozen):
    """What is on file of a person's training for a role: where it is kept, and the day on which it was completed."""

    reference: Line
    completed_on: Day


class RoleDelegated(Event):
    """A role was delegated to a person at a site for a time; `site` is null for roles of the whole trial.

    `training`: null where it was not asked, in version 1 and of the sponsor's person who registered the trial.
    """

    NAME: ClassVar[str] = "trial.role-delegated.v2"
    KEY: ClassVar[tuple[str, ...] | None] = ("person", "role", "site", "from_on", "to_on")

    person: Name
    role: Role
    site: Name | None
    from_on: Day
    to_on: Day | None
    training: TrainingRecord | None


class RoleRevoked(Event):
    """A delegation ended before its time."""

    NAME: ClassVar[str] = "trial.role-revoked.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("person", "role", "site", "ends_on")

    person: Name
    role: Role
    site: Name | None
    ends_on: Day


class EnrolmentClosed(Event):
    """No further patient is enrolled, by a person's decision (A.3-20)."""

    NAME: ClassVar[str] = "trial.enrolment-closed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()

    cause: Line


class ReportQuarantined(Event):
    """A safety report named a patient whom the ledger does not know. It is kept whole; someone has to resolve it."""

    NAME: ClassVar[str] = "trial.report-quarantined.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("patient_as_reported", "term", "onset_at")
    WHEN: ClassVar[str | None] = "onset_at"

    quarantine: int = Field(ge=1)
    patient_as_reported: Line
    term: Line
    toxicity: Literal["CRS", "ICANS"] | None = None
    category: Category | None = None
    ctcae_term: Line | None = None
    ctcae_grade: Grade | None = None
    haematologic: bool = False
    onset_at: Instant
    serious: bool
    relative_to_infusion: Ordinal | None = None
    suspect_product: Name | None = None
    site_aware_at: Instant | None = None
    received_at: Instant | None = None
    narrative: Commitment | None


class QuarantineResolved(Event):
    """A quarantined report was found to belong to a patient, or to none."""

    NAME: ClassVar[str] = "trial.quarantine-resolved.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("quarantine",)

    quarantine: int = Field(ge=1)
    patient: PatientNumber | None
    resolution: Commitment


class TrialDeviationRecorded(Event):
    """A decision on record broke a rule of the trial."""

    NAME: ClassVar[str] = "trial.deviation-recorded.v1"

    rule: Line
    kind: Line


SETUP_EVENTS: tuple[type[Event], ...] = (
    TrialRegistered,
    ProtocolVersionProposed,
    EthicsApprovalRecorded,
    ProtocolVersionApproved,
    ProtocolInterpretationRecorded,
    ProtocolInterpretationProposed,
    SiteOpened,
    SourceRegistered,
    RoleDelegated,
    RoleRevoked,
    EnrolmentClosed,
    ReportQuarantined,
    QuarantineResolved,
    TrialDeviationRecorded,
)
