"""The ASTCT consensus grade of immune effector cell-associated neurotoxicity syndrome (ICANS), from one assessment.

The grade is the worst domain; a domain attributed to another cause does not count:

    domain         1              2          3                            4
    ICE            7-9            3-6        0-2                          0, unarousable
    CAPD           1-8                       >= 9                         unable to perform
    consciousness  awakens        awakens    awakens only to touch        unarousable, or only to vigorous or
                   spontaneously  to voice                                repetitive stimuli; stupor, coma
    seizure                                  clinical that resolves       > 5 minutes and life-threatening, or
                                             rapidly, or non-convulsive   repetitive without return to baseline
                                             that resolves when treated
    motor                                                                 deep focal weakness
    intracranial                             focal oedema                 diffuse oedema, decerebrate or decorticate
    pressure                                                              posturing, sixth nerve palsy,
                                                                          papilloedema, Cushing's triad

    5              death due to ICANS

ICE (0-10, lower is worse) is for 12 years and above, CAPD (0-32, higher is worse) for below 12 and for any age with a
developmental delay. An awake patient with ICE 0 (global aphasia) is 3. CAPD 0 without another sign is 0, and CAPD 1-8
is 1: a 2 comes from the consciousness. Sleepiness from sedation does not count. Tremor, myoclonus and intracranial
haemorrhage, with its oedema, are not ICANS.

Source: Lee et al. 2019, Biol Blood Marrow Transplant 25:625-638, doi:10.1016/j.bbmt.2018.12.758.

Where the table is silent, the cautious reading:

- "Unable to perform ICE" is ICE 0; "unable to perform CAPD" is 4, as printed, whatever the consciousness.
- Without the score of the patient's instrument its domain is between 0 and the worst score in that consciousness: 4 if
  unarousable or unable to perform either instrument, else 3. Another domain as bad makes the grade certain; attributing
  the encephalopathy elsewhere does not. A score of the other instrument is no substitute and, beside the right one,
  without effect.
- A score taken under sedation is between 0 and its grade.
- The grade uses the CAPD score itself: the baseline is kept for the person who rules, and never lowers a grade.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from ledger.grading.astct_result import Contribution, Domain, Doubt, GradeResult, certainly, worst
from ledger.types import Frozen

Consciousness = Literal["alert", "awakens_spontaneously", "awakens_to_voice", "awakens_to_touch", "unarousable"]
"""`alert` is not depressed at all; `unarousable` includes vigorous or repetitive stimuli, stupor and coma."""

Seizure = Literal[
    "none", "clinical_resolved_rapidly", "nonconvulsive_resolved_with_intervention", "prolonged_or_repetitive"
]
"""The worst since the last assessment. `prolonged_or_repetitive` includes a seizure on EEG that did not resolve."""

CapdScore = Annotated[int, Field(ge=0, le=32)]

ICE_FROM_YEARS: Final = 12
CAPD_POSITIVE: Final = 9
CONSCIOUSNESS_GRADES: Final[dict[Consciousness, int]] = {
    "alert": 0,
    "awakens_spontaneously": 1,
    "awakens_to_voice": 2,
    "awakens_to_touch": 3,
    "unarousable": 4,
}
SEIZURE_GRADES: Final[dict[Seizure, int]] = {
    "none": 0,
    "clinical_resolved_rapidly": 3,
    "nonconvulsive_resolved_with_intervention": 3,
    "prolonged_or_repetitive": 4,
}


class IcansFindings(Frozen):
    """The findings of one assessment for ICANS. Nothing has a default: every finding is asked for."""

    ice_score: Annotated[int, Field(ge=0, le=10)] | None
    unable_to_perform_ice: bool
    capd_score: CapdScore | None
    unable_to_perform_capd: bool
    capd_baseline: CapdScore | None
    """Before the first infusion."""
    developmental_delay: bool
    encephalopathy_attributed_elsewhere: bool
    """The score has another cause."""
    consciousness: Consciousness
    sedated: bool
    """Under sedating medication that explains the sleepiness."""
    consciousness_attributed_elsewhere: bool
    seizure: Seizure
    seizure_attributed_elsewhere: bool
    deep_focal_weakness: bool
    weakness_attributed_elsewhere: bool
    focal_cerebral_oedema: bool
    diffuse_cerebral_oedema: bool
    decerebrate_or_decorticate_posturing: bool
    sixth_nerve_palsy: bool
    papilloedema: bool
    cushings_triad: bool
    intracranial_pressure_attributed_elsewhere: bool
    """Also for an intracranial haemorrhage with its oedema."""
    died_of_icans: bool

    @model_validator(mode="after")
    def _is_scored_or_unable(self) -> Self:
        if self.unable_to_perform_ice and self.ice_score:
            raise ValueError("a patient unable to perform ICE scores 0 or has no score")
        if self.unable_to_perform_capd and self.capd_score is not None:
            raise ValueError("a patient unable to perform CAPD has no score")
        return self

    @model_validator(mode="after")
    def _attributes_what_is_there(self) -> Self:
        claims = (
            (self.encephalopathy_attributed_elsewhere, _ice_recorded(self) or _capd_recorded(self), "score"),
            (self.consciousness_attributed_elsewhere, self.consciousness != "alert", "depressed consciousness"),
            (self.seizure_attributed_elsewhere, self.seizure != "none", "seizure"),
            (self.weakness_attributed_elsewhere, self.deep_focal_weakness, "weakness"),
            (
                self.intracranial_pressure_attributed_elsewhere,
                _pressure_grade(self) > 0,
                "raised intracranial pressure",
            ),
        )
        for attributed, is_there, sign in claims:
            if attributed and not is_there:
                raise ValueError(f"another cause is given for a {sign} that is not there")
        return self


def grade_icans(findings: IcansFindings, age_years: int) -> GradeResult:
    """The ICANS grade of an assessment at an age in completed years; the age on that day chooses ICE or CAPD."""
    if findings.died_of_icans:
        return worst([certainly("death", 5)])
    depressed = CONSCIOUSNESS_GRADES[findings.consciousness]
    not_of_icans = findings.sedated or findings.consciousness_attributed_elsewhere
    weakness = 4 if findings.deep_focal_weakness else 0
    pressure = _pressure_grade(findings)
    return worst(
        [
            _encephalopathy(findings, age_years),
            _sign("consciousness", depressed, attributed=not_of_icans),
            _sign("seizure", SEIZURE_GRADES[findings.seizure], attributed=findings.seizure_attributed_elsewhere),
            _sign("motor", weakness, attributed=findings.weakness_attributed_elsewhere),
            _sign("intracranial_pressure", pressure, attributed=findings.intracranial_pressure_attributed_elsewhere),
        ]
    )


def _sign(domain: Domain, grade: int, *, attributed: bool) -> Contribution:
    return certainly(domain, 0 if attributed else grade)


def _encephalopathy(findings: IcansFindings, age_years: int) -> Contribution:
    needs_capd = age_years < ICE_FROM_YEARS or findings.developmental_delay
    domain: Domain = "capd" if needs_capd else "ice"
    grade = _capd_grade(findings) if needs_capd else _ice_grade(findings)
    if grade is None:
        return Contribution(domain, 0, _worst_score_possible(findings), (_why_no_score(findings),))
    if findings.encephalopathy_attributed_elsewhere:
        return certainly(domain, 0)
    if findings.sedated:
        return Contribution(domain, 0, grade, ("score_taken_under_sedation",))
    return certainly(domain, grade)


def _why_no_score(findings: IcansFindings) -> Doubt:
    return "wrong_instrument" if _ice_recorded(findings) or _capd_recorded(findings) else "no_score_recorded"


def _worst_score_possible(findings: IcansFindings) -> int:
    unable = findings.unable_to_perform_ice or findings.unable_to_perform_capd
    return 4 if unable or findings.consciousness == "unarousable" else 3


def _ice_recorded(findings: IcansFindings) -> bool:
    return findings.ice_score is not None or findings.unable_to_perform_ice


def _capd_recorded(findings: IcansFindings) -> bool:
    return findings.capd_score is not None or findings.unable_to_perform_capd


def _ice_grade(findings: IcansFindings) -> int | None:
    """None without an ICE."""
    if not _ice_recorded(findings):
        return None
    score = findings.ice_score or 0
    if score == 0 and findings.consciousness == "unarousable":
        return 4
    return next(grade for lowest, grade in ((10, 0), (7, 1), (3, 2), (0, 3)) if score >= lowest)


def _capd_grade(findings: IcansFindings) -> int | None:
    """None without a CAPD."""
    if findings.unable_to_perform_capd:
        return 4
    if findings.capd_score is None:
        return None
    return 3 if findings.capd_score >= CAPD_POSITIVE else min(findings.capd_score, 1)


def _pressure_grade(findings: IcansFindings) -> int:
    diffuse = (
        findings.diffuse_cerebral_oedema
        or findings.decerebrate_or_decorticate_posturing
        or findings.sixth_nerve_palsy
        or findings.papilloedema
        or findings.cushings_triad
    )
    return 4 if diffuse else 3 if findings.focal_cerebral_oedema else 0
