"""The ASTCT consensus grade of cytokine release syndrome (CRS), from the findings of one assessment.

Given a fever of 38.0 degrees Celsius or more that has no other cause, the grade is the worse of two columns:

    grade  hypotension                                hypoxia, by what is needed
    1      none                                       nothing
    2      not requiring vasopressors                 nasal cannula at <= 6 L/min (low flow), or blow-by
    3      one vasopressor, vasopressin or not        nasal cannula at > 6 L/min (high flow), facemask,
                                                      non-rebreather or Venturi mask
    4      several vasopressors, vasopressin not      positive pressure: CPAP, BiPAP, intubation with
           counted among them                         mechanical ventilation
    5      death due to CRS

A sign attributed to another cause does not count. Organ toxicity does not change the grade. Once an antipyretic or
anticytokine therapy (tocilizumab, steroids) was given for this CRS, fever is no longer required. Without fever, and
without such a therapy, it is not CRS: grade 0.

Source: Lee et al. 2019, Biol Blood Marrow Transplant 25:625-638, doi:10.1016/j.bbmt.2018.12.758.

Where the table is silent, the cautious reading:

- A vasopressor given stands for a hypotension that requires it, whatever the pressure under it. Vasopressin alone is 3.
- The flow decides between low-flow and high-flow nasal cannula, whatever the device is called, and not the limit of
  readiness (A.3-14); without a recorded flow
  the grade is between 2 and 3. In an infant (below 1 year) a high-flow device at <= 6 L/min is between 2 and 3 as well.
- Blow-by is 2 and a mask is 3 at any flow. Ventilation for the airway or a procedure only, without hypoxia, is none.
- A prophylactic tocilizumab, or an antipyretic or steroid given for another reason, does not waive the fever but may
  mask it: other signs without fever are between 0 and their grade (A.3-15).
- A fever attributed elsewhere beside signs that are not: between 0 and the grade of the signs.
- A temperature not measured: fever or not. That leaves a doubt unless fever is waived and another sign counts.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from ledger.grading.astct_result import Contribution, Doubt, GradeResult, certainly, worst
from ledger.types import Amount, Frozen, Quantity, exact

OxygenDevice = Literal[
    "none",
    "blow_by",
    "low_flow_nasal_cannula",
    "high_flow_nasal_cannula",
    "facemask",
    "non_rebreather",
    "venturi",
    "cpap",
    "bipap",
    "invasive_ventilation",
]
"""What the patient breathes with."""

FEVER_CELSIUS: Final = 38
LOW_FLOW_L_PER_MIN: Final = 6
COLDEST_CELSIUS: Final = 25
HOTTEST_CELSIUS: Final = 45
FASTEST_L_PER_MIN: Final = 100
NASAL_CANNULAS: Final[frozenset[OxygenDevice]] = frozenset({"low_flow_nasal_cannula", "high_flow_nasal_cannula"})
MASKS: Final[frozenset[OxygenDevice]] = frozenset({"facemask", "non_rebreather", "venturi"})
POSITIVE_PRESSURE: Final[frozenset[OxygenDevice]] = frozenset({"cpap", "bipap", "invasive_ventilation"})


class CrsFindings(Frozen):
    """The findings of one assessment for CRS. Nothing has a default: every finding is asked for."""

    temperature_celsius: Quantity | None
    """None: not measured. From 25 to 45, which keeps degrees Fahrenheit out."""
    fever_attributed_elsewhere: bool
    hypotension: bool
    """Below the limit for the age (`hypotension.py`) or for this patient's baseline."""
    vasopressor_count: Annotated[int, Field(ge=0, le=9)]
    """Vasopressors running, vasopressin not counted."""
    vasopressin: bool
    hypotension_attributed_elsewhere: bool
    oxygen_device: OxygenDevice
    oxygen_l_per_min: Amount | None
    """None: no oxygen, or not recorded."""
    ventilation_for_airway_only: bool
    """Intubated to protect the airway or for a procedure, without hypoxia."""
    hypoxia_attributed_elsewhere: bool
    antipyretic_or_anticytokine_given_for_this_crs: bool
    """Before this assessment, as treatment."""
    prophylactic_tocilizumab: bool
    """Given before any CRS and still able to mask a fever."""
    antipyretic_or_steroid_for_another_reason: bool
    died_of_crs: bool

    @model_validator(mode="after")
    def _temperature_is_possible(self) -> Self:
        measured = self.temperature_celsius
        if measured is not None and not COLDEST_CELSIUS <= exact(measured) <= HOTTEST_CELSIUS:
            raise ValueError("a body temperature is from 25 to 45 degrees Celsius")
        return self

    @model_validator(mode="after")
    def _oxygen_is_consistent(self) -> Self:
        if self.oxygen_l_per_min is not None:
            if self.oxygen_device == "none":
                raise ValueError("an oxygen flow needs a device")
            if not 0 < exact(self.oxygen_l_per_min) <= FASTEST_L_PER_MIN:
                raise ValueError("an oxygen flow is above 0 and at most 100 L/min")
        if self.ventilation_for_airway_only and self.oxygen_device != "invasive_ventilation":
            raise ValueError("ventilation for the airway only is invasive ventilation")
        return self

    @model_validator(mode="after")
    def _attributes_what_is_there(self) -> Self:
        if self.fever_attributed_elsewhere and not _has_fever(self):
            raise ValueError("another cause is given for a fever that was not measured")
        if self.hypotension_attributed_elsewhere and _hypotension_grade(self) == 0:
            raise ValueError("another cause is given for a hypotension that is not there")
        if self.hypoxia_attributed_elsewhere and self.oxygen_device == "none":
            raise ValueError("another cause is given for a hypoxia that is not there")
        return self


def grade_crs(findings: CrsFindings, age_years: int) -> GradeResult:
    """The CRS grade of an assessment at an age in completed years."""
    if findings.died_of_crs:
        return worst([certainly("death", 5)])
    columns = (_hypotension(findings), _hypoxia(findings, age_years))
    if _has_crs_fever(findings):
        return worst([certainly("fever", 1), *columns])
    if findings.antipyretic_or_anticytokine_given_for_this_crs:
        return worst([_fever_if_measured(findings), *columns])
    return _without_fever(findings, columns)


def _without_fever(findings: CrsFindings, columns: tuple[Contribution, ...]) -> GradeResult:
    """Grade 0, unless the fever that is missing may have been masked, missed or explained away."""
    doubts = _doubts_about_fever(findings)
    if not doubts:
        return worst([certainly("fever", 0)])
    with_fever = max(_fever_if_measured(findings).at_most, *(column.at_most for column in columns))
    return worst([Contribution("fever", 0, with_fever, doubts), *(column._replace(at_least=0) for column in columns)])


def _fever_if_measured(findings: CrsFindings) -> Contribution:
    if findings.temperature_celsius is None:
        return Contribution("fever", 0, 1, ("temperature_not_measured",))
    return certainly("fever", 0)


def _doubts_about_fever(findings: CrsFindings) -> tuple[Doubt, ...]:
    found: dict[Doubt, bool] = {
        "temperature_not_measured": findings.temperature_celsius is None,
        "fever_masked_by_prophylactic_tocilizumab": findings.prophylactic_tocilizumab,
        "fever_masked_by_other_treatment": findings.antipyretic_or_steroid_for_another_reason,
        "only_the_fever_is_attributed_elsewhere": findings.fever_attributed_elsewhere,
    }
    return tuple(doubt for doubt, holds in found.items() if holds)


def _has_fever(findings: CrsFindings) -> bool:
    return findings.temperature_celsius is not None and exact(findings.temperature_celsius) >= FEVER_CELSIUS


def _has_crs_fever(findings: CrsFindings) -> bool:
    return _has_fever(findings) and not findings.fever_attributed_elsewhere


def _hypotension(findings: CrsFindings) -> Contribution:
    return certainly("hypotension", 0 if findings.hypotension_attributed_elsewhere else _hypotension_grade(findings))


def _hypotension_grade(findings: CrsFindings) -> int:
    if findings.vasopressor_count > 1:
        return 4
    if findings.vasopressor_count == 1 or findings.vasopressin:
        return 3
    return 2 if findings.hypotension else 0


def _hypoxia(findings: CrsFindings, age_years: int) -> Contribution:
    device = findings.oxygen_device
    if device == "none" or findings.ventilation_for_airway_only or findings.hypoxia_attributed_elsewhere:
        return certainly("hypoxia", 0)
    if device in POSITIVE_PRESSURE:
        return certainly("hypoxia", 4)
    if device in MASKS:
        return certainly("hypoxia", 3)
    if device in NASAL_CANNULAS:
        return _nasal_cannula(findings, age_years)
    return certainly("hypoxia", 2)


def _nasal_cannula(findings: CrsFindings, age_years: int) -> Contribution:
    if findings.oxygen_l_per_min is None:
        return Contribution("hypoxia", 2, 3, ("oxygen_flow_not_recorded",))
    if exact(findings.oxygen_l_per_min) > LOW_FLOW_L_PER_MIN:
        return certainly("hypoxia", 3)
    if findings.oxygen_device == "high_flow_nasal_cannula" and age_years < 1:
        return Contribution("hypoxia", 2, 3, ("high_flow_device_at_low_flow_in_an_infant",))
    return certainly("hypoxia", 2)
