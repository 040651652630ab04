"""What can happen to a trial's dosing: holds, dose decisions, and what phase I ends with, and phase II."""

from typing import ClassVar, Final, Literal

from pydantic import Field

from ledger.protocol.terms import Word
from ledger.types import (
    Commitment,
    Count,
    Event,
    Frozen,
    Grade,
    Instant,
    Level,
    Line,
    Name,
    PatientNumber,
    Phase,
    Position,
    Role,
    Several,
    Sha256,
)

Outcome = Literal[
    "escalate",
    "expand",
    "reopen",
    "stay",
    "de_escalate",
    "hold",
    "stop",
    "declare_mtd",
    "declare_mtd_not_reached",
    "enter_phase_two",
]
"""What a dose decision may say (domain G.4-3)."""

HoldScope = Literal["trial", "level"]
HoldCause = Literal[
    "level-exceeded",
    "lower-level-unsettled",
    "mtd-superseded",
    "dose-without-permission",
    "consecutive-not-evaluable",
    "death",
    "dlt-at-lower-dose",
    "dose-decision",
    "late-sterility",
    "phase-two-dlt",
    "phase-two-boundary",
    "infusion-reaction",
    "related-toxicity",
    "acute-gvhd",
    "primary-graft-failure",
    "severe-sos",
    "safety-concern",
    "logistics",
    "other",
]

REVIEW_CAUSES: Final[frozenset[HoldCause]] = frozenset(
    {
        "death",
        "late-sterility",
        "infusion-reaction",
        "related-toxicity",
        "acute-gvhd",
        "primary-graft-failure",
        "severe-sos",
    }
)
"""What is no DLT and yet holds until it is reviewed (A.3-19)."""


class HoldApplied(Event):
    """Exposure stops: in the trial, or at a level and above. `automatic` = by rule, with no person needed.

    `patient` is whose death, DLT in phase II, adverse event, outcome, or dose without permission, set the hold; of an
    adverse event, with its number. `grade` is the highest that it, or the outcome, might have then.
    """

    NAME: ClassVar[str] = "trial.hold-applied.v1"

    hold: int = Field(ge=1)
    scope: HoldScope
    level: Level | None
    cause: HoldCause
    automatic: bool
    patient: PatientNumber | None = None
    adverse_event: int | None = None
    grade: Grade | None = None


class HoldLifted(Event):
    """The committee lifted a hold after review. `safety_review` is the review that it rests on, where it needs one."""

    NAME: ClassVar[str] = "trial.hold-lifted.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("hold",)

    hold: int = Field(ge=1)
    review: Commitment
    safety_review: int | None = None


class PatientBasis(Frozen):
    """What a decision knew of one patient."""

    patient: PatientNumber
    level: Level
    phase: Phase
    evaluable: bool | None
    dlt: bool
    candidate: bool


class DoseDecisionProposed(Event):
    """A dose decision was put to the committee on frozen inputs: `basis`, and the hash of the dossier that shows them.

    `data_cut_off` is the number of events that the dossier rests on. `override` is why the outcome is more
    cautious than the design's advice.
    """

    NAME: ClassVar[str] = "trial.dose-decision-proposed.v1"

    decision: int = Field(ge=1)
    from_level: Level | None
    outcome: Outcome
    to_level: Level | None
    design_advice: Line
    inputs_hash: Sha256
    data_cut_off: Count
    basis: Several[PatientBasis]
    override: Commitment | None


class DoseDecisionSigned(Event):
    """A member of the quorum voted on exactly what the dossier's hash names."""

    NAME: ClassVar[str] = "trial.dose-decision-signed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("decision", "member")

    decision: int = Field(ge=1)
    member: Name
    role: Role
    vote: Literal["agree", "disagree"]
    meaning: Line
    dossier_hash: Sha256


class DoseDecisionTaken(Event):
    """The quorum agreed. `on_paper`: taken outside the ledger and entered afterwards."""

    NAME: ClassVar[str] = "trial.dose-decision-taken.v1"

    decision: int = Field(ge=1)
    outcome: Outcome
    to_level: Level | None
    on_paper: bool


class DecisionBasisSuperseded(Event):
    """A fact that a decision rested on is no longer on record as it was then. The decision stays in history."""

    NAME: ClassVar[str] = "trial.decision-basis-superseded.v1"

    decision: int = Field(ge=1)
    patient: PatientNumber


class NoticeAcknowledged(Event):
    """A party - ward, cell laboratory, pharmacy - has taken note of the event at a position; `by` is who did."""

    NAME: ClassVar[str] = "trial.notice-acknowledged.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("about", "party", "by")
    WHEN: ClassVar[str | None] = "acknowledged_at"

    about: Position
    party: Word
    by: Name
    acknowledged_at: Instant


class MtdDeclared(Event):
    """The maximum tolerated dose by the design on the decision's inputs."""

    NAME: ClassVar[str] = "trial.mtd-declared.v1"

    level: Level
    decision: int = Field(ge=1)


class MtdNotReached(Event):
    """The top level was tolerated: no MTD within the ladder."""

    NAME: ClassVar[str] = "trial.mtd-not-reached.v1"

    top_level: Level
    decision: int = Field(ge=1)


class Rp2dSelected(Event):
    """The recommended phase II dose."""

    NAME: ClassVar[str] = "trial.rp2d-selected.v1"

    level: Level
    decision: int = Field(ge=1)


class MtdSuperseded(Event):
    """What is known now no longer supports the declaration. It stays in history."""

    NAME: ClassVar[str] = "trial.mtd-superseded.v1"

    level: Level
    decision: int = Field(ge=1)


class Rp2dWithdrawn(Event):
    """The recommended phase II dose no longer stands."""

    NAME: ClassVar[str] = "trial.rp2d-withdrawn.v1"

    level: Level


class PhaseEntered(Event):
    """Further patients are treated at the recommended dose. A recommended dose that is withdrawn ends the phase."""

    NAME: ClassVar[str] = "trial.phase-entered.v1"

    phase: Literal["II"]
    level: Level
    decision: int = Field(ge=1)


class TrialStoppedPrematurely(Event):
    """The trial stops for good, by the named criterion."""

    NAME: ClassVar[str] = "trial.stopped-prematurely.v1"

    criterion: Line
    decision: int | None


DOSING_EVENTS: tuple[type[Event], ...] = (
    HoldApplied,
    HoldLifted,
    DoseDecisionProposed,
    DoseDecisionSigned,
    DoseDecisionTaken,
    DecisionBasisSuperseded,
    NoticeAcknowledged,
    MtdDeclared,
    MtdNotReached,
    Rp2dSelected,
    MtdSuperseded,
    Rp2dWithdrawn,
    PhaseEntered,
    TrialStoppedPrematurely,
)
