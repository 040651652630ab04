"""The MAGIC staging and grading of acute graft-versus-host disease (aGVHD), from one assessment.

    stage  skin              liver       upper GI        lower GI, stool a day
           active erythema,  bilirubin,                  adult                    child
           % of body         mg/dL
    0      none              < 2         no, or          < 500 mL                 < 10 mL/kg
                                         intermittent    or < 3 episodes          or < 4 episodes
    1      < 25              2 - 3       persistent      500 - 999                10 - 19.9
                                         nausea,         or 3 - 4                 or 4 - 6
                                         vomiting or
    2      25 - 50           3.1 - 6     anorexia        1000 - 1500 or 5 - 7     20 - 30 or 7 - 10
    3      > 50              6.1 - 15                    > 1500 or > 7            > 30 or > 10
    4      generalised       > 15                        severe abdominal pain with or without ileus, or grossly
           erythroderma,                                 bloody stool, at any volume
           bullae and
           desquamation > 5

    grade  0    no organ of stage 1 or above
           I    skin 1 - 2 alone
           II   skin 3, or liver 1, or upper GI 1, or lower GI 1
           III  liver 2 - 3, or lower GI 2 - 3
           IV   skin 4, or liver 4, or lower GI 4

The adult columns hold for a patient of more than 50 kg. Bilirubin is staged whatever its cause.

Sources: Harris et al. 2016, Biol Blood Marrow Transplant 22:4-10, doi:10.1016/j.bbmt.2015.09.001. The stages were read
in NCI PDQ NBK577669, table 4, adapted from Harris, which asks for a positive biopsy in the child's upper GI stage 1;
the paper asks for none [mem]. The grades agree with one stored secondary text; the paper's own table was not at hand
[mem].

Where the table is silent, the cautious reading:

- What lies in a gap of the table, such as 3.05 mg/dL or 999.5 mL, takes the worse stage.
- The volume counts where it was measured, else the episodes. Volume and episodes are the average of three days, or of
  the day at onset: whoever assesses forms it.
- An organ that was not assessed could have any of its stages. The grade is certain where that does not matter.
"""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from ledger.types import Amount, Count, Frozen, Several, exact

SCALE: Final = "MAGIC"
TABLE_VERSION: Final = "MAGIC-2016.1"

Organ = Literal["skin", "liver", "upper_gi", "lower_gi"]
MagicGrade = Annotated[int, Field(ge=0, le=4)]
Roman = Literal["0", "I", "II", "III", "IV"]

ROMAN: Final[tuple[Roman, ...]] = ("0", "I", "II", "III", "IV")
ADULT_ABOVE_KG: Final = 50
GRADES: Final[Mapping[Organ, tuple[int, ...]]] = MappingProxyType(
    {"skin": (0, 1, 1, 2, 4), "liver": (0, 2, 3, 3, 4), "upper_gi": (0, 2), "lower_gi": (0, 2, 3, 3, 4)}
)
"""The overall grade that each stage of an organ gives by itself. The grade is the worst of them."""


Limits: TypeAlias = tuple[Fraction, ...]
"""What stage 1 begins at, then what stages 1, 2, ... reach up to."""


def _limits(*printed: str) -> Limits:
    return tuple(map(Fraction, printed))


BILIRUBIN_MG_PER_DL: Final = _limits("2", "3", "6", "15")
ADULT_ML: Final = _limits("500", "999", "1500")
CHILD_ML_PER_KG: Final = _limits("10", "19.9", "30")
ADULT_EPISODES: Final = _limits("3", "4", "7")
CHILD_EPISODES: Final = _limits("4", "6", "10")


class MagicFindings(Frozen):
    """The findings of one assessment. Nothing has a default; `null` is *not assessed*."""

    weight_kg: Amount
    rash_percent_of_body_surface: Amount | None
    """Active erythema only."""
    erythroderma_with_bullae_and_desquamation: bool | None
    """Generalised erythroderma with bullae, and desquamation of more than 5 % of the body surface."""
    bilirubin_mg_per_dl: Amount | None
    persistent_upper_gi_symptoms: bool | None
    """Nausea, vomiting or anorexia of stage 1."""
    stool_ml_per_day: Amount | None
    stool_episodes_per_day: Count | None
    severe_pain_ileus_or_gross_blood: bool | None
    """Severe abdominal pain with or without ileus, or grossly bloody stool."""

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if exact(self.weight_kg) <= 0:
            raise ValueError("a weight is more than 0")
        if self.rash_percent_of_body_surface is not None and exact(self.rash_percent_of_body_surface) > 100:
            raise ValueError("a part of the body surface is at most 100 %")
        return self


class OrganStage(Frozen):
    """The lowest and the highest stage that the findings of an organ allow; the same where it was assessed."""

    organ: Organ
    at_least: MagicGrade
    at_most: MagicGrade


class MagicResult(Frozen):
    """The grade of one assessment, 0 to 4 for 0 and I to IV.

    It is none where an organ that was not wholly assessed could move it; `undetermined` names such organs.
    """

    grade: MagicGrade | None
    at_least: MagicGrade
    at_most: MagicGrade
    stages: Several[OrganStage]
    undetermined: Several[Organ]

    @property
    def roman(self) -> Roman | None:
        return None if self.grade is None else ROMAN[self.grade]


def grade_magic(findings: MagicFindings) -> MagicResult:
    """The stage of every organ and the overall grade."""
    bilirubin = findings.bilirubin_mg_per_dl
    stages = (
        _stage("skin", *_skin(findings)),
        _stage("liver", *_measured(None if bilirubin is None else exact(bilirubin), BILIRUBIN_MG_PER_DL, 4)),
        _stage("upper_gi", *_yes_or_no(findings.persistent_upper_gi_symptoms)),
        _stage("lower_gi", *_lower_gi(findings)),
    )
    at_least = overall({stage.organ: stage.at_least for stage in stages})
    at_most = overall({stage.organ: stage.at_most for stage in stages})
    return MagicResult(
        grade=at_least if at_least == at_most else None,
        at_least=at_least,
        at_most=at_most,
        stages=stages,
        undetermined=tuple(stage.organ for stage in stages if stage.at_least != stage.at_most),
    )


def overall(stages: Mapping[Organ, int]) -> int:
    """The grade that the stages of the organs make; an organ left out is not involved."""
    return max((GRADES[organ][stage] for organ, stage in stages.items()), default=0)


def _stage(organ: Organ, at_least: int, at_most: int) -> OrganStage:
    return OrganStage(organ=organ, at_least=at_least, at_most=at_most)


def _skin(findings: MagicFindings) -> tuple[int, int]:
    if findings.erythroderma_with_bullae_and_desquamation:
        return 4, 4
    worst = 4 if findings.erythroderma_with_bullae_and_desquamation is None else 3
    if findings.rash_percent_of_body_surface is None:
        return 0, worst
    percent = exact(findings.rash_percent_of_body_surface)
    stage = 0 if percent == 0 else 1 + (percent >= 25) + (percent > 50)
    return stage, worst if stage == 3 else stage


def _measured(quantity: Fraction | None, limits: Limits, worst: int) -> tuple[int, int]:
    if quantity is None:
        return 0, worst
    stage = 0 if quantity < limits[0] else 1 + sum(quantity > limit for limit in limits[1:])
    return stage, stage


def _yes_or_no(found: bool | None) -> tuple[int, int]:
    return (0, 1) if found is None else (int(found), int(found))


def _lower_gi(findings: MagicFindings) -> tuple[int, int]:
    if findings.severe_pain_ileus_or_gross_blood:
        return 4, 4
    low, high = _stool(findings, exact(findings.weight_kg))
    return low, 4 if findings.severe_pain_ileus_or_gross_blood is None else high


def _stool(findings: MagicFindings, weight_kg: Fraction) -> tuple[int, int]:
    adult, volume_ml, episodes = weight_kg > ADULT_ABOVE_KG, findings.stool_ml_per_day, findings.stool_episodes_per_day
    if volume_ml is None:
        count = None if episodes is None else Fraction(episodes)
        return _measured(count, ADULT_EPISODES if adult else CHILD_EPISODES, 3)
    if adult:
        return _measured(exact(volume_ml), ADULT_ML, 3)
    return _measured(exact(volume_ml) / weight_kg, CHILD_ML_PER_KG, 3)
