"""A protocol version as a document: everything that differs between trials, and nothing that is code.

The document is closed and strict, holds no float, and is put into the log as canonical JSON. Its parts check
themselves; what must agree between parts is checked in `consistency.py`. All arithmetic is exact.
"""

from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from ledger.errors import Unknown
from ledger.protocol.consistency import faults
from ledger.protocol.design import DesignParameters
from ledger.protocol.dosing import DoseOrderRules, Infusions, Ladder, PlannedInfusion
from ledger.protocol.eligibility import Consent, Consenter, DonorRules, Eligibility
from ledger.protocol.follow_up import FollowUp
from ledger.protocol.monitoring import Monitoring
from ledger.protocol.rules import Interpretation, Rule
from ledger.protocol.safety import (
    DltDefinition,
    DltWindow,
    Evaluability,
    PhaseTwo,
    Quorum,
    ReviewHolds,
    SafetyClocks,
    Sentinel,
    Stopping,
)
from ledger.protocol.terms import Days, Distinct, HeadCount, Hours, Percent, Statement
from ledger.protocol.treatment import Readiness, ReleaseLimits, ScheduledDose, ScheduleTolerance
from ledger.types import Day, Frozen, Line, Name, Phase, Several, exact


class NoSuchLevel(Unknown):
    """A dose level that is not on the ladder of this protocol version."""

    rule = "P3"


class NoSuchInfusion(Unknown):
    """An infusion that this protocol version does not plan."""

    rule = "P5"


class Objectives(Frozen):
    """What the trial is to find out. Endpoints are listed where the protocol states any (P2)."""

    primary: Statement
    secondary: Several[Statement]
    endpoints: Several[Statement]


class ProtocolDocument(Frozen):
    """One version of a trial's protocol."""

    title: Line
    sponsor: Line
    registry_id: Name
    protocol_number: Name
    phases: Distinct[Phase] = Field(min_length=1)
    planned_start_on: Day | None
    planned_completion_on: Day | None
    objectives: Objectives
    cell_product: Line
    enrolment_cap: HeadCount

    ladder: Ladder
    infusions: Infusions
    design: DesignParameters
    dose_order: DoseOrderRules
    weight_valid_days: Days
    weight_change_alert_percent: Percent
    overdose_percent: Annotated[int, Field(ge=100, le=1000)]
    authorisation_valid_hours: Hours
    reservation_days: Days

    dlt: DltDefinition
    dlt_window: DltWindow
    evaluability: Evaluability
    sentinel: Sentinel
    review_holds: ReviewHolds
    stopping: Stopping
    quorum: Quorum
    phase_2: PhaseTwo | None
    safety_clocks: SafetyClocks
    monitoring: Monitoring
    follow_up_years: Annotated[int, Field(ge=0, le=30)]
    follow_up: FollowUp

    eligibility: Eligibility
    consent: Consent
    donor: DonorRules
    schedule: Several[ScheduledDose]
    schedule_tolerance: ScheduleTolerance
    readiness: Readiness
    release_limits: ReleaseLimits

    rules: Several[Rule]
    interpretations: Several[Interpretation]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "ProtocolDocument":
        if found := tuple(faults(self)):
            raise ValueError("; ".join(found))
        return self

    def levels(self) -> tuple[int, ...]:
        """All dose levels, the reserve included, from the lowest."""
        return tuple(step.level for step in self.ladder.levels)

    @property
    def bottom(self) -> int:
        return self.ladder.levels[0].level

    @property
    def top(self) -> int:
        return self.ladder.levels[-1].level

    @property
    def start(self) -> int:
        return self.ladder.start_level

    def is_reserve(self, level: int) -> bool:
        """Whether a level is held in reserve, to be opened only from above."""
        return level in self.ladder.reserve_levels

    def level_total(self, level: int) -> Fraction:
        """Cells per kg of all infusions together; `NoSuchLevel` off the ladder."""
        if not self.bottom <= level <= self.top:
            raise NoSuchLevel(f"level {level}")
        return exact(self.ladder.levels[level - self.bottom].total_cells_per_kg)

    def ordinals(self) -> tuple[int, ...]:
        """The infusions of a patient, in order."""
        return tuple(infusion.ordinal for infusion in self.infusions)

    @property
    def last_ordinal(self) -> int:
        return self.infusions[-1].ordinal

    def infusion(self, ordinal: int) -> PlannedInfusion:
        """The plan of an infusion; `NoSuchInfusion` where none is planned."""
        if not 1 <= ordinal <= self.last_ordinal:
            raise NoSuchInfusion(f"infusion {ordinal}")
        return self.infusions[ordinal - 1]

    def share(self, ordinal: int) -> Fraction:
        """The part of a level's total that an infusion gives."""
        return exact(self.infusion(ordinal).share)

    def planned_cells_per_kg(self, level: int, ordinal: int) -> Fraction:
        """The exact dose of one infusion: the level's total times the infusion's share."""
        return self.level_total(level) * self.share(ordinal)

    def day_of(self, ordinal: int) -> int:
        """The planned protocol day of an infusion."""
        return self.infusion(ordinal).planned_day

    def window_of(self, ordinal: int) -> tuple[int, int]:
        """The first and the last protocol day on which an infusion does not deviate."""
        infusion = self.infusion(ordinal)
        return infusion.first_day, infusion.last_day

    def scheduled_on(self, day: int) -> tuple[ScheduledDose, ...]:
        """What the day table lists for a protocol day, conditional doses and alternatives included."""
        return tuple(dose for dose in self.schedule if day in dose.days)

    def consent_required(self, age_years: int) -> frozenset[Consenter]:
        """Whose signatures a patient of so many completed years needs."""
        return self.consent.required(age_years)

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    def interpretation(self, interpretation_id: str) -> Interpretation | None:
        return next((each for each in self.interpretations if each.id == interpretation_id), None)
