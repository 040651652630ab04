"""What may be found in screening: a closed vocabulary, each word with the one unit that it is recorded in.

A finding is measured, answered with yes or no, dated, or chosen from a list. Another unit, a value that the unit cannot
have (101 %, a height of 0, 1.5 regimens) or another word is refused. Nothing is converted: what can be measured in two
units has two words.

    after a relapse   `salvage_regimens_count` counts the regimens given for a relapse, and
                      `complete_remission_after_salvage` says whether any of them led to a remission
    measured          `creatinine_clearance_...` is a measured (endogenous) clearance, `estimated_...` a formula's
    upper limit       `..._uln_...` is the upper limit of normal of the laboratory that measured the value beside it

`by_age` marks the findings that are read by the age on the day on which they were found (domain A.3-1).
"""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Final, Literal, NamedTuple, Self, TypeAlias

from pydantic import Field, model_validator

from ledger.types import Amount, Day, Frozen, Line, Name, exact

MeasuredName = Literal[
    "mrd_percent_of_nucleated_cells",
    "induction_regimens_count",
    "salvage_regimens_count",
    "lansky_percent",
    "karnofsky_percent",
    "height_cm",
    "creatinine_mg_per_dl",
    "creatinine_umol_per_l",
    "creatinine_clearance_ml_per_min_per_1_73_m2",
    "estimated_creatinine_clearance_ml_per_min_per_1_73_m2",
    "bilirubin_umol_per_l",
    "bilirubin_uln_umol_per_l",
    "alt_u_per_l",
    "alt_uln_u_per_l",
    "ast_u_per_l",
    "ast_uln_u_per_l",
    "lvef_percent",
    "fvc_percent_of_predicted",
    "spo2_percent_on_room_air",
    "life_expectancy_weeks",
]
YesNoName = Literal[
    "complete_remission_after_induction",
    "complete_remission_after_salvage",
    "gilbert",
    "spirometry_possible",
    "earlier_cellular_therapy",
    "active_gvhd",
    "active_sos",
    "active_crs",
    "active_icans",
    "active_hbv",
    "active_hcv",
    "active_hiv",
    "uncontrolled_infection",
    "menarche",
    "lactating",
]
DatedName = Literal["last_cellular_therapy_on"]
ChosenName = Literal["disease", "pregnancy_test"]
FindingName: TypeAlias = MeasuredName | YesNoName | DatedName | ChosenName


class Term(NamedTuple):
    """A word of the vocabulary: how a sentence says it, its unit, and what its value can be."""

    words: str
    unit: str | None = None
    most: int | None = None
    above_zero: bool = False
    whole: bool = False
    by_age: bool = False
    choices: tuple[str, ...] = ()


CLEARANCE_UNIT: Final = "ml/min/1.73 m2"

VOCABULARY: Final[Mapping[FindingName, Term]] = MappingProxyType(
    {
        "disease": Term("disease"),
        "mrd_percent_of_nucleated_cells": Term("MRD", "%", most=100),
        "induction_regimens_count": Term("induction regimens", "regimens", whole=True),
        "salvage_regimens_count": Term("salvage regimens", "regimens", whole=True),
        "complete_remission_after_induction": Term("complete remission after induction"),
        "complete_remission_after_salvage": Term("complete remission after salvage"),
        "lansky_percent": Term("Lansky", "%", most=100, by_age=True),
        "karnofsky_percent": Term("Karnofsky", "%", most=100, by_age=True),
        "height_cm": Term("height", "cm", above_zero=True),
        "creatinine_mg_per_dl": Term("creatinine", "mg/dl", above_zero=True, by_age=True),
        "creatinine_umol_per_l": Term("creatinine", "umol/l", above_zero=True, by_age=True),
        "creatinine_clearance_ml_per_min_per_1_73_m2": Term("measured clearance", CLEARANCE_UNIT),
        "estimated_creatinine_clearance_ml_per_min_per_1_73_m2": Term(
            "estimated clearance", CLEARANCE_UNIT, by_age=True
        ),
        "bilirubin_umol_per_l": Term("bilirubin", "umol/l"),
        "bilirubin_uln_umol_per_l": Term("ULN of bilirubin", "umol/l", above_zero=True),
        "gilbert": Term("Gilbert's disease"),
        "alt_u_per_l": Term("ALT", "U/l"),
        "alt_uln_u_per_l": Term("ULN of ALT", "U/l", above_zero=True),
        "ast_u_per_l": Term("AST", "U/l"),
        "ast_uln_u_per_l": Term("ULN of AST", "U/l", above_zero=True),
        "lvef_percent": Term("LVEF", "%", most=100),
        "fvc_percent_of_predicted": Term("FVC", "% of predicted"),
        "spo2_percent_on_room_air": Term("SpO2 on room air", "%", most=100, by_age=True),
        "spirometry_possible": Term("spirometry possible"),
        "life_expectancy_weeks": Term("life expectancy", "weeks"),
        "earlier_cellular_therapy": Term("earlier cellular therapy"),
        "last_cellular_therapy_on": Term("last cellular therapy"),
        "active_gvhd": Term("active signs of GVHD"),
        "active_sos": Term("active signs of SOS"),
        "active_crs": Term("active signs of CRS"),
        "active_icans": Term("active signs of ICANS"),
        "active_hbv": Term("active hepatitis B"),
        "active_hcv": Term("active hepatitis C"),
        "active_hiv": Term("active HIV"),
        "uncontrolled_infection": Term("uncontrolled infection"),
        "menarche": Term("menarche"),
        "pregnancy_test": Term("pregnancy test", choices=("negative", "positive")),
        "lactating": Term("lactating"),
    }
)


class MeasuredFinding(Frozen):
    """A quantity in the unit of its word."""

    kind: Literal["measured"] = "measured"
    finding: MeasuredName
    quantity: Amount
    unit: Line

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        term, quantity = VOCABULARY[self.finding], exact(self.quantity)
        if self.unit != term.unit:
            raise ValueError(f"{self.finding} is recorded in {term.unit}")
        if term.above_zero and quantity == 0:
            raise ValueError(f"{self.finding} is above zero")
        if term.most is not None and quantity > term.most:
            raise ValueError(f"{self.finding} is at most {term.most}")
        if term.whole and quantity.denominator != 1:
            raise ValueError(f"{self.finding} is a whole number")
        return self

    @property
    def amount(self) -> Fraction:
        return exact(self.quantity)

    @property
    def shown(self) -> str:
        return self.quantity


class YesNoFinding(Frozen):
    """A question of screening with its answer."""

    kind: Literal["yes_no"] = "yes_no"
    finding: YesNoName
    answer: bool

    @property
    def shown(self) -> str:
        return "yes" if self.answer else "no"


class DatedFinding(Frozen):
    """The day of something that happened before screening."""

    kind: Literal["dated"] = "dated"
    finding: DatedName
    on: Day

    @property
    def shown(self) -> str:
        return self.on.isoformat()


class ChosenFinding(Frozen):
    """One of a list; the list of the diseases is the protocol's own."""

    kind: Literal["chosen"] = "chosen"
    finding: ChosenName
    choice: Name

    @model_validator(mode="after")
    def _is_listed(self) -> Self:
        choices = VOCABULARY[self.finding].choices
        if choices and self.choice not in choices:
            raise ValueError(f"{self.finding} is one of {', '.join(choices)}")
        return self

    @property
    def shown(self) -> str:
        return self.choice


Finding = Annotated[MeasuredFinding | YesNoFinding | DatedFinding | ChosenFinding, Field(discriminator="kind")]
"""A finding of any kind; `kind` says which."""
