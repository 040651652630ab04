"""A ward sheet: what a nurse sees of a patient in a minute, and the findings for ASTCT grading that it amounts to.

What is not said was not asked: it is never taken for normal. Normal is said as such, `"normal"` of the neurology, an
empty list of vasopressors, `"none"` of the oxygen. A part is graded from what was said of it, and the grade is then the
least that it can be; the sheet stands for the scheduled assessment of its day only where the part is whole:

    CRS            temperature, systolic pressure, oxygen device and vasopressors
    ICE or CAPD    the neurology, and the score of the instrument for the age, or that the patient cannot perform it;
                   under sedation no score is asked for

Hypotension is computed from the systolic pressure and the age (`hypotension.py`); a pressure that is low for this
patient may be said besides. The score is that of ICE from 12 years on, of CAPD below and in a developmental delay.
Another cause counts only for a sign that is there.
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from ledger.grading.astct_crs import (
    COLDEST_CELSIUS,
    FASTEST_L_PER_MIN,
    FEVER_CELSIUS,
    HOTTEST_CELSIUS,
    CrsFindings,
    OxygenDevice,
)
from ledger.grading.astct_icans import ICE_FROM_YEARS, CapdScore, Consciousness, IcansFindings, Seizure
from ledger.grading.hypotension import hypotension_limit_mmhg
from ledger.types import Amount, Count, Frozen, Line, Quantity, Several, exact

Sign = Literal[
    "fever",
    "hypotension",
    "hypoxia",
    "encephalopathy",
    "consciousness",
    "seizure",
    "weakness",
    "intracranial_pressure",
]
IceScore = Annotated[int, Field(ge=0, le=10)]
VASOPRESSIN: Final = "vasopressin"
MOST_VASOPRESSORS: Final = 9


class Neurology(Frozen):
    """The signs of the ICANS table, each asked for."""

    consciousness: Consciousness
    sedated: bool
    seizure: Seizure
    """The worst since the last sheet."""
    deep_focal_weakness: bool
    focal_cerebral_oedema: bool
    diffuse_cerebral_oedema: bool
    decerebrate_or_decorticate_posturing: bool
    sixth_nerve_palsy: bool
    papilloedema: bool
    cushings_triad: bool


NORMAL: Final = Neurology(
    consciousness="alert",
    sedated=False,
    seizure="none",
    deep_focal_weakness=False,
    focal_cerebral_oedema=False,
    diffuse_cerebral_oedema=False,
    decerebrate_or_decorticate_posturing=False,
    sixth_nerve_palsy=False,
    papilloedema=False,
    cushings_triad=False,
)
"""What `"normal"` says: all of it was looked at, and nothing found."""


class WardSheet(Frozen):
    """What was seen. A member that is left out, or null, was not asked."""

    temperature_celsius: Quantity | None = None
    systolic_mmhg: Count | None = None
    diastolic_mmhg: Count | None = None
    low_pressure_for_this_patient: bool | None = None
    """Below this patient's own baseline, whatever the limit for the age."""
    heart_rate_per_min: Count | None = None
    respiratory_rate_per_min: Count | None = None
    spo2_percent: Amount | None = None
    oxygen_device: OxygenDevice | None = None
    oxygen_l_per_min: Amount | None = None
    ventilation_for_airway_only: bool = False
    vasopressors: Several[Line] | None = None
    """Those running, by name; an empty list is none."""
    neurology: Literal["normal"] | Neurology | None = None
    ice_score: IceScore | None = None
    capd_score: CapdScore | None = None
    unable_to_perform_score: bool = False
    developmental_delay: bool = False
    attributed_elsewhere: Several[Sign] = ()

    @property
    def signs(self) -> Neurology:
        """The signs as said; those not asked as if they were not there."""
        return self.neurology if isinstance(self.neurology, Neurology) else NORMAL

    @property
    def sedated(self) -> bool:
        return self.signs.sedated

    @property
    def says_crs(self) -> bool:
        """Whether anything was said that the CRS table asks for."""
        said = (self.temperature_celsius, self.systolic_mmhg, self.oxygen_device, self.vasopressors)
        return self.low_pressure_for_this_patient is not None or any(each is not None for each in said)

    @property
    def crs_is_whole(self) -> bool:
        said = (self.temperature_celsius, self.systolic_mmhg, self.oxygen_device, self.vasopressors)
        return all(each is not None for each in said)

    @property
    def says_icans(self) -> bool:
        """Whether anything was said that the ICANS table asks for."""
        scored = self.ice_score is not None or self.capd_score is not None or self.unable_to_perform_score
        return scored or self.neurology is not None

    def needs_capd(self, age_years: int) -> bool:
        return age_years < ICE_FROM_YEARS or self.developmental_delay

    def icans_is_whole(self, age_years: int) -> bool:
        score = self.capd_score if self.needs_capd(age_years) else self.ice_score
        return self.neurology is not None and (score is not None or self.unable_to_perform_score or self.sedated)


def contradictions(sheet: WardSheet) -> Iterator[str]:
    """The members that cannot be so, or not beside each other."""
    measured, flow, saturation = sheet.temperature_celsius, sheet.oxygen_l_per_min, sheet.spo2_percent
    if measured is not None and not COLDEST_CELSIUS <= exact(measured) <= HOTTEST_CELSIUS:
        yield "temperature_celsius"
    if saturation is not None and exact(saturation) > 100:
        yield "spo2_percent"
    if flow is not None and (sheet.oxygen_device in (None, "none") or not 0 < exact(flow) <= FASTEST_L_PER_MIN):
        yield "oxygen_l_per_min"
    if sheet.ventilation_for_airway_only and sheet.oxygen_device != "invasive_ventilation":
        yield "ventilation_for_airway_only"
    if sheet.systolic_mmhg is not None and (sheet.diastolic_mmhg or 0) > sheet.systolic_mmhg:
        yield "diastolic_mmhg"
    if sheet.unable_to_perform_score and (sheet.ice_score or sheet.capd_score is not None):
        yield "unable_to_perform_score"
    if sheet.vasopressors is not None and len(sheet.vasopressors) > MOST_VASOPRESSORS:
        yield "vasopressors"


def agent_word(agent: str) -> str:
    """An agent's name as it is compared: in small letters, one underscore between words."""
    return "_".join(agent.casefold().replace("-", " ").replace("_", " ").split())


def hypotensive(sheet: WardSheet, age_years: int, age_months: int) -> bool:
    """Whether the pressure is below the limit for the age, or low for this patient by what was said."""
    if sheet.low_pressure_for_this_patient:
        return True
    months = age_months if age_years else max(age_months, 1)
    return sheet.systolic_mmhg is not None and sheet.systolic_mmhg < hypotension_limit_mmhg(age_years, months)


def crs_findings(sheet: WardSheet, age_years: int, age_months: int) -> CrsFindings:
    """What the sheet says for CRS, at an age in completed years and the months beyond. No medication is on a sheet."""
    running = {agent_word(agent) for agent in sheet.vasopressors or ()}
    low, device = hypotensive(sheet, age_years, age_months), sheet.oxygen_device or "none"
    feverish = sheet.temperature_celsius is not None and exact(sheet.temperature_celsius) >= FEVER_CELSIUS
    elsewhere = sheet.attributed_elsewhere
    return CrsFindings(
        temperature_celsius=sheet.temperature_celsius,
        fever_attributed_elsewhere=feverish and "fever" in elsewhere,
        hypotension=low,
        vasopressor_count=len(running - {VASOPRESSIN}),
        vasopressin=VASOPRESSIN in running,
        hypotension_attributed_elsewhere=(low or bool(running)) and "hypotension" in elsewhere,
        oxygen_device=device,
        oxygen_l_per_min=sheet.oxygen_l_per_min,
        ventilation_for_airway_only=sheet.ventilation_for_airway_only,
        hypoxia_attributed_elsewhere=device != "none" and "hypoxia" in elsewhere,
        antipyretic_or_anticytokine_given_for_this_crs=False,
        prophylactic_tocilizumab=False,
        antipyretic_or_steroid_for_another_reason=False,
        died_of_crs=False,
    )


def icans_findings(sheet: WardSheet, age_years: int, capd_baseline: int | None) -> IcansFindings:
    """What the sheet says for ICANS, at an age in completed years, beside the score before the first infusion."""
    signs, elsewhere, capd = sheet.signs, sheet.attributed_elsewhere, sheet.needs_capd(age_years)
    pressure = (
        signs.focal_cerebral_oedema,
        signs.diffuse_cerebral_oedema,
        signs.decerebrate_or_decorticate_posturing,
        signs.sixth_nerve_palsy,
        signs.papilloedema,
        signs.cushings_triad,
    )
    unable = sheet.unable_to_perform_score
    scored = unable or sheet.ice_score is not None or sheet.capd_score is not None
    return IcansFindings(
        ice_score=sheet.ice_score,
        unable_to_perform_ice=unable and not capd,
        capd_score=sheet.capd_score,
        unable_to_perform_capd=unable and capd,
        capd_baseline=capd_baseline,
        developmental_delay=sheet.developmental_delay,
        encephalopathy_attributed_elsewhere=scored and "encephalopathy" in elsewhere,
        consciousness_attributed_elsewhere=signs.consciousness != "alert" and "consciousness" in elsewhere,
        seizure_attributed_elsewhere=signs.seizure != "none" and "seizure" in elsewhere,
        weakness_attributed_elsewhere=signs.deep_focal_weakness and "weakness" in elsewhere,
        intracranial_pressure_attributed_elsewhere=any(pressure) and "intracranial_pressure" in elsewhere,
        died_of_icans=False,
        **dict(signs),
    )
