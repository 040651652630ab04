"""ICANS: the domains of the ASTCT table, its footnotes, and the cautious readings."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.grading.astct import GradeResult, IcansFindings, grade_icans
from tests.examples import examples

UNSCORED: dict[str, Any] = {
    "ice_score": None,
    "unable_to_perform_ice": False,
    "capd_score": None,
    "unable_to_perform_capd": False,
    "capd_baseline": None,
    "developmental_delay": False,
    "encephalopathy_attributed_elsewhere": False,
    "consciousness": "alert",
    "sedated": False,
    "consciousness_attributed_elsewhere": False,
    "seizure": "none",
    "seizure_attributed_elsewhere": False,
    "deep_focal_weakness": False,
    "weakness_attributed_elsewhere": False,
    "focal_cerebral_oedema": False,
    "diffuse_cerebral_oedema": False,
    "decerebrate_or_decorticate_posturing": False,
    "sixth_nerve_palsy": False,
    "papilloedema": False,
    "cushings_triad": False,
    "intracranial_pressure_attributed_elsewhere": False,
    "died_of_icans": False,
}
UNABLE_ICE = {"unable_to_perform_ice": True}
UNABLE_CAPD = {"unable_to_perform_capd": True}
DELAYED = {"developmental_delay": True}
SEDATED = {"sedated": True}
UNAROUSABLE = {"consciousness": "unarousable"}
TO_VOICE = {"consciousness": "awakens_to_voice"}
ENCEPHALOPATHY_ELSEWHERE = {"encephalopathy_attributed_elsewhere": True}
DIFFUSE = [
    "diffuse_cerebral_oedema",
    "decerebrate_or_decorticate_posturing",
    "sixth_nerve_palsy",
    "papilloedema",
    "cushings_triad",
]


def ice(score: int) -> dict[str, Any]:
    return {"ice_score": score}


def capd(score: int) -> dict[str, Any]:
    return {"capd_score": score}


def findings(*found: dict[str, Any]) -> IcansFindings:
    together = UNSCORED.copy()
    for some in found:
        together |= some
    return IcansFindings(**together)


def adult(*found: dict[str, Any]) -> GradeResult:
    return grade_icans(findings(*found), 12)


def child(*found: dict[str, Any]) -> GradeResult:
    return grade_icans(findings(*found), 11)


def bounds(result: GradeResult) -> tuple[int, int]:
    return result.at_least, result.at_most


@pytest.mark.parametrize(
    ("score", "grade"),
    [(10, 0), (9, 1), (8, 1), (7, 1), (6, 2), (5, 2), (4, 2), (3, 2), (2, 3), (1, 3), (0, 3)],
)
def test_every_ice_score_of_an_awake_patient(score: int, grade: int) -> None:
    result = adult(ice(score))
    assert (result.grade, result.by_domain) == (grade, ("ice",) if grade else ())


@pytest.mark.parametrize(("score", "grade"), [(0, 0), (1, 1), (8, 1), (9, 3), (32, 3)])
def test_capd_is_positive_from_nine(score: int, grade: int) -> None:
    result = child(capd(score))
    assert (result.grade, result.by_domain) == (grade, ("capd",) if grade else ())


def test_ice_zero_is_grade_3_awake_and_grade_4_unarousable() -> None:
    assert adult(ice(0)).grade == 3
    assert adult(ice(0), {"consciousness": "awakens_to_touch"}).grade == 3
    assert adult(ice(0), UNAROUSABLE).by_domain == ("ice", "consciousness")
    assert adult(ice(0), UNAROUSABLE).grade == 4
    assert adult(ice(0), UNAROUSABLE, {"consciousness_attributed_elsewhere": True}).by_domain == ("ice",)


def test_unable_to_perform_is_ice_zero_but_capd_grade_4() -> None:
    assert adult(UNABLE_ICE).grade == 3
    assert adult(UNABLE_ICE, ice(0), UNAROUSABLE).grade == 4
    assert child(UNABLE_CAPD).grade == 4


@pytest.mark.parametrize(
    ("found", "grade", "domain"),
    [
        ({"consciousness": "awakens_spontaneously"}, 1, "consciousness"),
        ({"consciousness": "awakens_to_voice"}, 2, "consciousness"),
        ({"consciousness": "awakens_to_touch"}, 3, "consciousness"),
        ({"consciousness": "unarousable"}, 4, "consciousness"),
        ({"seizure": "clinical_resolved_rapidly"}, 3, "seizure"),
        ({"seizure": "nonconvulsive_resolved_with_intervention"}, 3, "seizure"),
        ({"seizure": "prolonged_or_repetitive"}, 4, "seizure"),
        ({"deep_focal_weakness": True}, 4, "motor"),
        ({"focal_cerebral_oedema": True}, 3, "intracranial_pressure"),
        *(({sign: True}, 4, "intracranial_pressure") for sign in DIFFUSE),
        ({"died_of_icans": True}, 5, "death"),
    ],
)
def test_every_other_domain_gives_its_grade_at_any_age(found: dict[str, Any], grade: int, domain: str) -> None:
    for result in (adult(ice(10), found), child(capd(0), found)):
        assert (result.grade, result.by_domain, result.needs_adjudication) == (grade, (domain,), ())


@pytest.mark.parametrize(
    ("sign", "attribution"),
    [
        (ice(0), "encephalopathy_attributed_elsewhere"),
        (ice(10) | UNAROUSABLE, "consciousness_attributed_elsewhere"),
        (ice(10) | {"seizure": "prolonged_or_repetitive"}, "seizure_attributed_elsewhere"),
        (ice(10) | {"deep_focal_weakness": True}, "weakness_attributed_elsewhere"),
        (ice(10) | {"focal_cerebral_oedema": True}, "intracranial_pressure_attributed_elsewhere"),
        (ice(10) | {"papilloedema": True}, "intracranial_pressure_attributed_elsewhere"),
    ],
)
def test_a_domain_attributed_elsewhere_does_not_count(sign: dict[str, Any], attribution: str) -> None:
    assert adult(sign).grade in (3, 4)
    assert adult(sign, {attribution: True}).grade == 0


def test_the_grade_is_the_worst_domain() -> None:
    result = adult(ice(3), {"seizure": "clinical_resolved_rapidly"})
    assert (result.grade, result.by_domain) == (3, ("seizure",))
    assert child(capd(8), TO_VOICE).grade == 2


def test_twelve_years_is_the_first_age_of_ice() -> None:
    both = findings(ice(5), capd(9))
    assert [grade_icans(both, age).grade for age in (0, 11, 12, 25)] == [3, 3, 2, 2]


def test_a_developmental_delay_calls_for_capd_at_any_age() -> None:
    assert adult(ice(5), capd(9), DELAYED).grade == 3
    assert adult(ice(5), DELAYED).needs_adjudication == ("wrong_instrument",)


@pytest.mark.parametrize("result", [child(ice(10)), adult(capd(0)), adult(ice(10), DELAYED)])
def test_the_wrong_instrument_is_no_substitute(result: GradeResult) -> None:
    assert (result.grade, *bounds(result)) == (None, 0, 3)
    assert result.needs_adjudication == ("wrong_instrument",)


def test_without_a_score_the_other_domains_give_the_least_grade() -> None:
    for result in (adult(), child()):
        assert (result.grade, *bounds(result), result.by_domain) == (None, 0, 3, ())
        assert result.needs_adjudication == ("no_score_recorded",)
    assert bounds(adult(TO_VOICE)) == (2, 3)
    assert adult(TO_VOICE).by_domain == ("consciousness",)
    assert adult({"focal_cerebral_oedema": True}).grade == 3
    assert child(UNAROUSABLE).grade == 4


def test_a_missing_score_of_a_patient_unable_to_perform_the_other_may_be_grade_4() -> None:
    assert bounds(child(UNABLE_ICE)) == (0, 4)
    assert bounds(adult(UNABLE_CAPD)) == (0, 4)


def test_attributing_an_encephalopathy_needs_a_score_of_the_right_instrument() -> None:
    assert bounds(child(ice(2), ENCEPHALOPATHY_ELSEWHERE)) == (0, 3)
    with pytest.raises(ValidationError, match="score"):
        findings(ENCEPHALOPATHY_ELSEWHERE)


def test_sleepiness_from_sedation_does_not_count() -> None:
    assert adult(ice(10), TO_VOICE, SEDATED).grade == 0


def test_a_score_taken_under_sedation_needs_adjudication() -> None:
    result = adult(ice(0), UNAROUSABLE, SEDATED)
    assert (result.grade, *bounds(result)) == (None, 0, 4)
    assert result.needs_adjudication == ("score_taken_under_sedation",)
    assert bounds(child(capd(9), SEDATED)) == (0, 3)
    assert bounds(adult(UNAROUSABLE, SEDATED)) == (0, 4)
    assert adult(ice(0), SEDATED, {"deep_focal_weakness": True}).grade == 4
    assert adult(ice(0), SEDATED, ENCEPHALOPATHY_ELSEWHERE).grade == 0


def test_a_high_baseline_never_lowers_the_grade() -> None:
    assert child(capd(9), {"capd_baseline": 12}).grade == 3


@pytest.mark.parametrize(
    "found",
    [
        ice(11),
        ice(-1),
        capd(33),
        capd(-1),
        {"capd_baseline": 33},
        ice(True),
        ice(1) | UNABLE_ICE,
        capd(0) | UNABLE_CAPD,
        {"consciousness": "drowsy"},
        {"consciousness_attributed_elsewhere": True},
        {"seizure_attributed_elsewhere": True},
        {"weakness_attributed_elsewhere": True},
        {"intracranial_pressure_attributed_elsewhere": True},
        {"tremor": True},
    ],
)
def test_findings_that_contradict_themselves_are_malformed(found: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        findings(found)


@pytest.mark.parametrize("finding", sorted(UNSCORED))
def test_no_finding_has_a_default(finding: str) -> None:
    with pytest.raises(ValidationError, match="Field required"):
        IcansFindings(**{name: found for name, found in UNSCORED.items() if name != finding})


def test_findings_survive_being_stored() -> None:
    found = findings(capd(9), {"capd_baseline": 3}, TO_VOICE)
    assert IcansFindings.model_validate_json(found.model_dump_json()) == found


ICE_SCORES = [*(ice(score) for score in range(10, -1, -1)), UNABLE_ICE]
CAPD_SCORES = [*(capd(score) for score in range(33)), UNABLE_CAPD]
AWAKENINGS = [
    {"consciousness": to}
    for to in ("alert", "awakens_spontaneously", "awakens_to_voice", "awakens_to_touch", "unarousable")
]
SEIZURES = [{"seizure": kind} for kind in ("none", "clinical_resolved_rapidly", "prolonged_or_repetitive")]
WEAKNESSES = [{"deep_focal_weakness": weak} for weak in (False, True)]
PRESSURES = [{}, {"focal_cerebral_oedema": True}, *({"focal_cerebral_oedema": True, sign: True} for sign in DIFFUSE)]
DEATHS = [{"died_of_icans": died} for died in (False, True)]
LADDERS: list[list[dict[str, Any]]] = [
    ICE_SCORES,
    CAPD_SCORES,
    AWAKENINGS,
    SEIZURES,
    WEAKNESSES,
    PRESSURES,
    DEATHS,
]
ATTRIBUTIONS = (
    "consciousness_attributed_elsewhere",
    "seizure_attributed_elsewhere",
    "weakness_attributed_elsewhere",
    "intracranial_pressure_attributed_elsewhere",
)

SELDOM = st.sampled_from([False, False, False, True])


@st.composite
def milder_and_worse(draw: st.DrawFn) -> tuple[IcansFindings, IcansFindings]:
    """Two assessments under the same flags, the second as bad or worse in one or two findings."""
    moved = draw(st.sets(st.integers(0, len(LADDERS) - 1), min_size=1, max_size=2))
    rungs = [st.integers(0, len(ladder) - 1 if which in moved else 0) for which, ladder in enumerate(LADDERS)]
    steps = [sorted(draw(st.tuples(rung, rung))) for rung in rungs]
    flags: dict[str, Any] = {"sedated": draw(SELDOM), "developmental_delay": draw(SELDOM)}
    flags |= {name: step[0] >= 1 and draw(SELDOM) for name, step in zip(ATTRIBUTIONS, steps[2:6], strict=True)}
    scored = [not draw(SELDOM), not draw(SELDOM)]
    flags["encephalopathy_attributed_elsewhere"] = any(scored) and draw(SELDOM)
    recorded = [*scored, *[True] * 5]
    milder, worse = (
        findings(
            *(ladder[step[which]] for ladder, step, is_in in zip(LADDERS, steps, recorded, strict=True) if is_in), flags
        )
        for which in (0, 1)
    )
    return milder, worse


@settings(deadline=None, max_examples=examples(300))
@given(milder_and_worse(), st.sampled_from([0, 1, 11, 12, 25]))
def test_a_worse_finding_never_lowers_the_grade(pair: tuple[IcansFindings, IcansFindings], age_years: int) -> None:
    milder, worse = (grade_icans(each, age_years) for each in pair)
    assert worse.at_least >= milder.at_least
    assert worse.at_most >= milder.at_most
