"""Who may take part, and who must agree. A threshold names the criterion that it decides."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ledger.protocol.terms import (
    AgeBand,
    CriterionId,
    Days,
    Distinct,
    InterpretationId,
    RuleId,
    Statement,
    Years,
    band_at,
    cover_every_age,
)
from ledger.types import Amount, Frozen, Name, Several, exact

Consenter = Literal["patient", "representative"]
DonorType = Literal["haploidentical", "matched_related"]


class AgeRule(Frozen):
    """From so many months of age until below a birthday. Under the flag's age a signed interpretation is needed."""

    rule: RuleId
    min_months: int = Field(ge=0, le=1800)
    below_age_years: Years
    flag_below_years: Years | None
    flag_interpretation: InterpretationId | None

    @model_validator(mode="after")
    def _makes_sense(self) -> "AgeRule":
        if self.min_months >= 12 * self.below_age_years:
            raise ValueError("the lowest age is not below the highest")
        if (self.flag_below_years is None) != (self.flag_interpretation is None):
            raise ValueError("a flag names an age and the interpretation it waits for")
        return self


class Criterion(Frozen):
    """One line of the checklist and who answers it: the ledger, a person who attests, or a signed determination."""

    id: CriterionId
    kind: Literal["inclusion", "exclusion"]
    text: Statement
    assessed_by: Literal["computed", "attested", "determination"]


class Threshold(Frozen):
    """Something measured that decides a criterion."""

    criterion: CriterionId


class DiseaseThreshold(Frozen):
    """One disease: refractory after at least so many regimens, or residual disease above a percentage.

    `rule` is the part of the criterion that states it, such as `I2b`; null where the criterion has no parts.
    """

    disease: Name
    rule: RuleId | None = None
    induction_regimens_min: int = Field(ge=1, le=9)
    salvage_regimens_min: int = Field(ge=1, le=9)
    mrd_percent_above: Amount

    def mrd_positive(self, percent: Fraction) -> bool:
        """Whether residual disease is above the threshold; exactly on it is not."""
        return percent > exact(self.mrd_percent_above)


class DiseaseStates(Threshold):
    diseases: Several[DiseaseThreshold] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> "DiseaseStates":
        if len({threshold.disease for threshold in self.diseases}) < len(self.diseases):
            raise ValueError("a disease is listed twice")
        return self

    def of(self, disease: str) -> DiseaseThreshold | None:
        return next((threshold for threshold in self.diseases if threshold.disease == disease), None)


class InstrumentBand(AgeBand):
    instrument: Literal["Lansky", "Karnofsky"]


class Performance(Threshold):
    minimum_percent: int = Field(ge=0, le=100)
    instruments: Annotated[Several[InstrumentBand], Field(min_length=1), AfterValidator(cover_every_age)]

    def instrument_at(self, age_years: int) -> Literal["Lansky", "Karnofsky"]:
        return band_at(self.instruments, age_years).instrument


class Renal(Threshold):
    """Clearance or filtration rate. The bedside Schwartz estimate is factor x height in cm / creatinine."""

    minimum_ml_per_min_per_1_73_m2: Amount
    schwartz_factor_mg_per_dl: Amount
    schwartz_factor_umol_per_l: Amount
    schwartz_from_age_years: Years
    schwartz_below_age_years: Years


class Liver(Threshold):
    """Multiples of the upper limit of normal (ULN)."""

    bilirubin_uln_max: Amount
    gilbert_exempt: bool
    alt_uln_max: Amount
    ast_uln_max: Amount


class Heart(Threshold):
    lvef_percent_min: Amount


class Lung(Threshold):
    """Forced vital capacity in percent of predicted; below an age, saturation on room air where it cannot be done."""

    fvc_percent_of_predicted_min: Amount
    spo2_percent_min: Amount
    spo2_below_age_years: Years


class LifeExpectancy(Threshold):
    minimum_weeks: int = Field(ge=1, le=520)


class Washout(Threshold):
    """Calendar months since the last cellular therapy."""

    cellular_therapy_months: int = Field(ge=1, le=120)


class Infections(Threshold):
    """Infections of which none may be there."""

    findings: Distinct[Literal["active_hbv", "active_hcv", "active_hiv", "uncontrolled_infection"]] = Field(
        min_length=1
    )


class Pregnancy(Threshold):
    """From which age a girl is tested (earlier after menarche), and for how many days a test without finding holds."""

    test_from_age_years: Years
    test_valid_days: Days


class Eligibility(Frozen):
    """The checklist and its thresholds; a threshold that a protocol does not have is null."""

    age: AgeRule
    criteria: Several[Criterion] = Field(min_length=1)
    disease: DiseaseStates | None = None
    performance: Performance | None = None
    renal: Renal | None = None
    liver: Liver | None = None
    heart: Heart | None = None
    lung: Lung | None = None
    life_expectancy: LifeExpectancy | None = None
    washout: Washout | None = None
    infections: Several[Infections] = Field(default=())
    pregnancy: Pregnancy | None = None

    @model_validator(mode="after")
    def _belong_together(self) -> "Eligibility":
        ids = [criterion.id for criterion in self.criteria]
        if len(set(ids)) < len(ids):
            raise ValueError("a criterion is listed twice")
        for threshold in self.thresholds():
            if threshold.criterion not in ids:
                raise ValueError("a threshold names a criterion that is not listed")
        return self

    def thresholds(self) -> Iterator[Threshold]:
        """All thresholds that the protocol has."""
        organs = (self.renal, self.liver, self.heart, self.lung)
        rest = (self.life_expectancy, self.washout, *self.infections, self.pregnancy)
        possible = (self.disease, self.performance, *organs, *rest)
        return (threshold for threshold in possible if threshold is not None)

    def criterion(self, criterion_id: str) -> Criterion | None:
        return next((criterion for criterion in self.criteria if criterion.id == criterion_id), None)


class ConsentBand(AgeBand):
    """Whose signatures an age needs; all of them."""

    required: Distinct[Consenter] = Field(min_length=1)


class Consent(Frozen):
    """Who signs at which age. Passing a majority age opens a task to consent again (I1, A.3-2).

    `criterion` is the line of the checklist that valid consent meets; null where there is none.
    """

    criterion: CriterionId | None = None
    bands: Annotated[Several[ConsentBand], Field(min_length=1), AfterValidator(cover_every_age)]
    majority_ages_years: Distinct[Years]

    def required(self, age_years: int) -> frozenset[Consenter]:
        return frozenset(band_at(self.bands, age_years).required)


class DonorRules(Frozen):
    """Which donors there may be, and by what to choose among several, in this order; never an exclusion (P13).

    `criterion` is the line of the checklist that a selected donor meets; null where there is none. Cells are collected
    at most so many days after the infectious tests. So many independent samples give a blood group; 0: not asked for.
    """

    criterion: CriterionId | None
    types: Distinct[DonorType] = Field(min_length=1)
    ranking: Several[Statement]
    infectious_tests_valid_days: Days
    blood_group_samples: int = Field(ge=0, le=9)
