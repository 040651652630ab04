"""What surrounds the cells: the day table of conditioning and prophylaxis, readiness for an infusion, release."""

from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from ledger.protocol.eligibility import DonorType
from ledger.protocol.terms import Days, Distinct, Hours, PositiveGrade, ProtocolDay, Word
from ledger.types import Amount, Frozen, Name, Ordinal, Several, exact

DoseUnit = Literal["mg/m2", "g/m2", "mg/kg", "Gy"]


class ScheduledDose(Frozen):
    """One agent of the day table: its dose per day, and its days (P9, P10, P12).

    `only_if_donor` makes it conditional on the donor's type. Of the agents of one `choice`, exactly one is given.
    """

    treatment: Literal["conditioning_1", "conditioning_2", "gvhd_prophylaxis"]
    agent: Word
    dose_per_day: Amount
    unit: DoseUnit
    route: Literal["IV", "PO", "irradiation"]
    days: Distinct[ProtocolDay] = Field(min_length=1)
    only_if_donor: DonorType | None = None
    choice: Word | None = None

    @property
    def course_dose(self) -> Fraction:
        """The dose of all its days together, in its unit."""
        return exact(self.dose_per_day) * len(self.days)


class ScheduleTolerance(Frozen):
    """How far a dose given may be from the day table without being a deviation: in percent of the dose, and in days."""

    dose_percent: int = Field(ge=0, le=100)
    days: int = Field(ge=0, le=30)


class SteroidEquivalent(Frozen):
    """How much of an agent does what the table's other doses do."""

    agent: Word
    dose_mg: Amount


class Readiness(Frozen):
    """The checks before an infusion. `oxygen_valid_hours` holds for vital signs too.

    The steroid dose is the sum of any rolling 24 hours within the lookback; exactly the maximum passes, as does
    exactly the maximum of oxygen. The non-haematological check is made for the ordinals listed.
    """

    valid_hours: Hours
    oxygen_valid_hours: Hours
    steroid_lookback_hours: Hours
    steroid_prednisone_mg_per_kg_per_day_max: Amount
    steroid_table_version: Name
    steroid_equivalents: Several[SteroidEquivalent] = Field(min_length=1)
    infection_lookback_hours: Hours
    nonhaematologic_grade_min: PositiveGrade
    nonhaematologic_ordinals: Distinct[Ordinal]
    oxygen_l_per_min_max: Amount

    @model_validator(mode="after")
    def _table_is_whole(self) -> "Readiness":
        agents = [equivalent.agent for equivalent in self.steroid_equivalents]
        if len(set(agents)) < len(agents) or "prednisone" not in agents:
            raise ValueError("the steroid table names prednisone, and each agent once")
        if any(exact(equivalent.dose_mg) == 0 for equivalent in self.steroid_equivalents):
            raise ValueError("an equivalent dose is more than 0")
        return self

    def prednisone_mg(self, agent: str, dose_mg: Fraction) -> Fraction | None:
        """The prednisone equivalent of a dose; nothing where the table does not know the agent."""
        table = {equivalent.agent: exact(equivalent.dose_mg) for equivalent in self.steroid_equivalents}
        return dose_mg * table["prednisone"] / table[agent] if agent in table else None


class ReleaseTest(Frozen):
    """What a product is tested for, by the name that its results carry."""

    test: Word


class MeasuredLimit(ReleaseTest):
    """A release test with a number; where it says so, the sum over a patient's infusions is what is limited."""

    comparison: Literal["below", "at_most", "at_least", "above"]
    limit: Amount
    summed_over_infusions: bool

    def met(self, measured: Fraction) -> bool:
        """Whether a measured quantity is within the limit."""
        limit = exact(self.limit)
        match self.comparison:
            case "below":
                return measured < limit
            case "at_most":
                return measured <= limit
            case "at_least":
                return measured >= limit
            case "above":
                return measured > limit


class ExpectedFinding(ReleaseTest):
    """A release test with a finding."""

    expected: Word


class LateFinding(ExpectedFinding):
    """A finding that comes only after a conditional release."""

    due_after_days: Days


class ReleaseLimits(Frozen):
    """What a cell product must fulfil to be released."""

    measured: Several[MeasuredLimit]
    findings: Several[ExpectedFinding]
    late_findings: Several[LateFinding]

    @model_validator(mode="after")
    def _each_once(self) -> "ReleaseLimits":
        tests: list[ReleaseTest] = [*self.measured, *self.findings, *self.late_findings]
        if len({each.test for each in tests}) < len(tests):
            raise ValueError("a release test is listed twice")
        return self
