"""What a protocol says about toxicity: what is dose-limiting, for how long it is watched for, and what follows."""

from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from ledger.protocol.terms import Days, Distinct, HeadCount, Hours, Percent, PositiveGrade, ProtocolDay, Word
from ledger.types import Exact, Frozen, Level, Name, Role, Several, exact

Toxicity = Literal["CRS", "ICANS"]
Relation = Literal["definite", "probable", "possible", "unlikely", "unrelated", "missing"]
Category = Literal["infusion-reaction", "anaphylaxis", "sinusoidal-obstruction", "other"]
"""The kinds of adverse events that the review holds tell apart (A.3-19)."""


class DltDefinition(Frozen):
    """A toxicity of this kind and at least this grade is dose-limiting, in a relation that counts as associated
    (P7, A.3-26).

    For so many hours an antipyretic, a steroid or an anticytokine that was given for another reason may hide a fever.
    """

    toxicities: Distinct[Toxicity] = Field(min_length=1)
    minimum_grade: PositiveGrade
    scale: Literal["ASTCT"]
    table_version: Name
    associated_relations: Distinct[Relation] = Field(min_length=1)
    fever_masked_hours: Hours


class DltWindow(Frozen):
    """From the start of infusion 1 to so many days after the last infusion given, that day included (A.3-6).

    The scheduled assessments are daily up to a day after each infusion, then at an interval to the end.
    """

    days_after_last_infusion: Days
    daily_assessment_days: Days
    later_assessment_interval_days: Days


class Evaluability(Frozen):
    """When a patient without a DLT counts, the only reasons not to count, and how many of those in a row hold."""

    minimum_percent_of_plan: Percent
    not_evaluable_reasons: Distinct[Word] = Field(min_length=1)
    consecutive_not_evaluable_hold: HeadCount


class Sentinel(Frozen):
    """How long the first patient of a cohort is observed after the last infusion before the next is infused."""

    observation_days: Days
    one_at_a_time_after_dlt: bool


class ReviewHolds(Frozen):
    """What is no DLT and yet holds a level, and all above, until it is reviewed (a death holds the trial) (A.3-19)."""

    infusion_reaction_minimum_grade: PositiveGrade
    other_related_nonhaematologic_minimum_grade: PositiveGrade
    acute_gvhd_minimum_grade: PositiveGrade
    gvhd_and_death_through_day: ProtocolDay
    severe_sinusoidal_obstruction: bool
    primary_graft_failure: bool
    positive_late_sterility: bool


class Stopping(Frozen):
    """So many DLTs at this level stop the study (P8, A.3-5)."""

    level: Level
    dlt_count: HeadCount


class Quorum(Frozen):
    """How many distinct people of each role decide on a dose (A.3-27)."""

    principal_investigator: HeadCount
    medical_monitor: HeadCount
    safety_committee: HeadCount
    unanimous_to_escalate: bool

    def seats(self) -> dict[Role, int]:
        """The number of people needed, by role."""
        return {
            "principal_investigator": self.principal_investigator,
            "medical_monitor": self.medical_monitor,
            "safety_committee": self.safety_committee,
        }


def _rate(text: str) -> str:
    if not 0 < exact(text) <= 1:
        raise ValueError("a rate is more than 0 and at most 1")
    return text


class RateBoundary(Frozen):
    """Stop when the DLTs are at least this part of all treated, once so many are treated."""

    kind: Literal["rate"]
    dlt_rate: Annotated[Exact, AfterValidator(_rate)]
    from_treated_count: HeadCount

    def crossed(self, dlt_count: int, treated_count: int) -> bool:
        return treated_count >= self.from_treated_count and dlt_count >= exact(self.dlt_rate) * treated_count


class BoundaryStep(Frozen):
    """So many DLTs among at most so many treated."""

    dlt_count: HeadCount
    through_treated_count: HeadCount


def _steps_rise(steps: tuple[BoundaryStep, ...]) -> tuple[BoundaryStep, ...]:
    for below, above in pairwise(steps):
        if below.dlt_count >= above.dlt_count or below.through_treated_count >= above.through_treated_count:
            raise ValueError("the steps rise in DLTs and in treated patients")
    return steps


class TableBoundary(Frozen):
    """Stop at the DLT count of the first step that reaches as far as the treated; past the last step, at its count.

    A Pocock-type or a Bayesian boundary is printed as such a table, so its probabilities need no computing here.
    """

    kind: Literal["table"]
    steps: Annotated[Several[BoundaryStep], Field(min_length=1), AfterValidator(_steps_rise)]

    def crossed(self, dlt_count: int, treated_count: int) -> bool:
        reaching = (step for step in self.steps if treated_count <= step.through_treated_count)
        return dlt_count >= next(reaching, self.steps[-1]).dlt_count


Boundary: TypeAlias = Annotated[RateBoundary | TableBoundary, Field(discriminator="kind")]


class PhaseTwo(Frozen):
    """What follows at the recommended dose, and when it stops for toxicity (A.3-22).

    `first_is_sentinel`: its first patient is observed before the next is infused, as in a cohort of phase I.
    """

    design: Literal["descriptive_expansion"]
    first_is_sentinel: bool
    hold_at_every_dlt: bool
    counts_phase_1_at_rp2d: bool
    boundary: Boundary


class SafetyClocks(Frozen):
    """Due dates of expedited reports, from the sponsor's receipt of qualifying information as day 0."""

    serious_unexpected_days: Days
    fatal_or_life_threatening_days: Days
    fatal_or_life_threatening_follow_up_days: Days
    new_information_days: Days
    investigator_to_sponsor_hours: Hours
