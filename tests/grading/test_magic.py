"""aGVHD by MAGIC: every stage at its limits, and every combination of stages against a reader of the printed rules."""

from itertools import product
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.grading import magic
from ledger.grading.magic import MagicFindings, MagicResult, Organ, grade_magic, overall

NOTHING: dict[str, Any] = {
    "weight_kg": "20",
    "rash_percent_of_body_surface": "0",
    "erythroderma_with_bullae_and_desquamation": False,
    "bilirubin_mg_per_dl": "0.5",
    "persistent_upper_gi_symptoms": False,
    "stool_ml_per_day": "0",
    "stool_episodes_per_day": None,
    "severe_pain_ileus_or_gross_blood": False,
}
CHILD, ADULT = "50", "50.1"


def graded(**found: Any) -> MagicResult:
    return grade_magic(MagicFindings(**NOTHING | found))


def stages(result: MagicResult, organ: Organ) -> tuple[int, int]:
    return next((stage.at_least, stage.at_most) for stage in result.stages if stage.organ == organ)


def stage(organ: Organ, **found: Any) -> int:
    low, high = stages(graded(**found), organ)
    assert low == high
    return low


def test_a_patient_without_findings_has_no_gvhd() -> None:
    result = graded()
    assert (result.grade, result.roman, result.undetermined) == (0, "0", ())


@pytest.mark.parametrize(
    ("percent", "expected"), [("0", 0), ("0.1", 1), ("24.9", 1), ("25", 2), ("50", 2), ("50.1", 3), ("100", 3)]
)
def test_the_stage_of_the_skin_goes_by_its_active_rash(percent: str, expected: int) -> None:
    assert stage("skin", rash_percent_of_body_surface=percent) == expected


@pytest.mark.parametrize("percent", ["0", "60", None])
def test_erythroderma_with_bullae_is_stage_4_at_any_extent(percent: str | None) -> None:
    found = {"erythroderma_with_bullae_and_desquamation": True, "rash_percent_of_body_surface": percent}
    assert stage("skin", **found) == 4


@pytest.mark.parametrize(
    ("mg_per_dl", "expected"),
    [("1.9", 0), ("2", 1), ("3", 1), ("3.05", 2), ("3.1", 2), ("6", 2), ("6.1", 3), ("15", 3), ("15.1", 4)],
)
def test_the_stage_of_the_liver_goes_by_bilirubin(mg_per_dl: str, expected: int) -> None:
    assert stage("liver", bilirubin_mg_per_dl=mg_per_dl) == expected


@pytest.mark.parametrize(("persistent", "expected"), [(False, 0), (True, 1)])
def test_the_upper_gut_has_one_stage(persistent: bool, expected: int) -> None:
    assert stage("upper_gi", persistent_upper_gi_symptoms=persistent) == expected


@pytest.mark.parametrize(
    ("ml", "expected"),
    [("499", 0), ("500", 1), ("999", 1), ("999.5", 2), ("1000", 2), ("1500", 2), ("1501", 3)],
)
def test_the_stool_of_an_adult_weight_goes_by_volume(ml: str, expected: int) -> None:
    assert stage("lower_gi", weight_kg=ADULT, stool_ml_per_day=ml) == expected


@pytest.mark.parametrize(
    ("ml", "expected"),
    [("499", 0), ("500", 1), ("995", 1), ("996", 2), ("1000", 2), ("1500", 2), ("1501", 3)],
)
def test_the_stool_of_a_child_goes_by_volume_per_kg(ml: str, expected: int) -> None:
    """At 50 kg: 10 mL/kg is 500 mL, 19.9 is 995, 30 is 1500."""
    assert stage("lower_gi", weight_kg=CHILD, stool_ml_per_day=ml) == expected


@pytest.mark.parametrize(("weight", "expected"), [("10", 3), ("20", 2), ("30", 1), ("40", 0), ("51", 0)])
def test_the_same_volume_weighs_more_in_a_smaller_child(weight: str, expected: int) -> None:
    assert stage("lower_gi", weight_kg=weight, stool_ml_per_day="399") == expected


@pytest.mark.parametrize(
    ("weight", "episodes", "expected"),
    [
        *[(ADULT, episodes, expected) for episodes, expected in [(2, 0), (3, 1), (4, 1), (5, 2), (7, 2), (8, 3)]],
        *[(CHILD, episodes, expected) for episodes, expected in [(3, 0), (4, 1), (6, 1), (7, 2), (10, 2), (11, 3)]],
    ],
)
def test_without_a_volume_the_episodes_count(weight: str, episodes: int, expected: int) -> None:
    found = {"weight_kg": weight, "stool_ml_per_day": None, "stool_episodes_per_day": episodes}
    assert stage("lower_gi", **found) == expected


def test_a_measured_volume_counts_before_the_episodes() -> None:
    assert stage("lower_gi", weight_kg=ADULT, stool_ml_per_day="100", stool_episodes_per_day=20) == 0


@pytest.mark.parametrize("ml", ["0", "3000", None])
def test_severe_pain_or_blood_is_stage_4_at_any_volume(ml: str | None) -> None:
    assert stage("lower_gi", severe_pain_ileus_or_gross_blood=True, stool_ml_per_day=ml) == 4


def read(skin: int, liver: int, upper: int, lower: int) -> str:
    """The rules as they are printed, from the worst grade down."""
    if 4 in (skin, liver, lower):
        return "IV"
    if liver in (2, 3) or lower in (2, 3):
        return "III"
    if skin == 3 or liver == 1 or upper == 1 or lower == 1:
        return "II"
    if skin in (1, 2):
        return "I"
    return "0"


FOUND: dict[Organ, list[dict[str, Any]]] = {
    "skin": [
        *({"rash_percent_of_body_surface": percent} for percent in ("0", "10", "30", "90")),
        {"erythroderma_with_bullae_and_desquamation": True},
    ],
    "liver": [{"bilirubin_mg_per_dl": bilirubin} for bilirubin in ("1", "2.5", "4", "10", "20")],
    "upper_gi": [{"persistent_upper_gi_symptoms": persistent} for persistent in (False, True)],
    "lower_gi": [
        *({"stool_ml_per_day": ml} for ml in ("100", "300", "500", "700")),
        {"severe_pain_ileus_or_gross_blood": True},
    ],
}


def test_every_combination_of_stages_has_the_printed_grade() -> None:
    compared = 0
    for places in product(*(range(len(FOUND[organ])) for organ in FOUND)):
        found: dict[str, Any] = {}
        for organ, place in zip(FOUND, places, strict=True):
            found |= FOUND[organ][place]
        result = graded(**found)
        assert [each.at_least for each in result.stages] == list(places)
        assert result.roman == read(*places), places
        compared += 1
    assert compared == 5 * 5 * 2 * 5


def test_a_worse_stage_never_makes_a_better_grade() -> None:
    organs: tuple[Organ, ...] = ("skin", "liver", "upper_gi", "lower_gi")
    for places in product(range(5), range(5), range(2), range(5)):
        here = dict(zip(organs, places, strict=True))
        for organ in organs:
            if here[organ] + 1 < len(magic.GRADES[organ]):
                assert overall(here | {organ: here[organ] + 1}) >= overall(here)


NOT_ASSESSED: dict[Organ, dict[str, Any]] = {
    "skin": {"rash_percent_of_body_surface": None, "erythroderma_with_bullae_and_desquamation": None},
    "liver": {"bilirubin_mg_per_dl": None},
    "upper_gi": {"persistent_upper_gi_symptoms": None},
    "lower_gi": {"stool_ml_per_day": None, "severe_pain_ileus_or_gross_blood": None},
}


@pytest.mark.parametrize(("organ", "worst"), [("skin", 4), ("liver", 4), ("upper_gi", 2), ("lower_gi", 4)])
def test_an_organ_that_was_not_assessed_leaves_the_grade_open(organ: Organ, worst: int) -> None:
    result = graded(**NOT_ASSESSED[organ])
    assert (result.grade, result.roman, result.at_least, result.at_most) == (None, None, 0, worst)
    assert result.undetermined == (organ,)


def test_what_was_not_assessed_does_not_matter_beside_a_worse_organ() -> None:
    result = graded(severe_pain_ileus_or_gross_blood=True, **NOT_ASSESSED["skin"], **NOT_ASSESSED["liver"])
    assert (result.grade, result.undetermined) == (4, ("skin", "liver"))


@pytest.mark.parametrize(
    ("found", "organ", "expected"),
    [
        ({"erythroderma_with_bullae_and_desquamation": None, "rash_percent_of_body_surface": "50"}, "skin", (2, 2)),
        ({"erythroderma_with_bullae_and_desquamation": None, "rash_percent_of_body_surface": "51"}, "skin", (3, 4)),
        ({"rash_percent_of_body_surface": None}, "skin", (0, 3)),
        ({"stool_ml_per_day": None}, "lower_gi", (0, 3)),
        ({"severe_pain_ileus_or_gross_blood": None}, "lower_gi", (0, 4)),
    ],
)
def test_an_organ_half_assessed_has_the_stages_that_are_left(
    found: dict[str, Any], organ: Organ, expected: tuple[int, int]
) -> None:
    assert stages(graded(**found), organ) == expected


@pytest.mark.parametrize(
    "wrong", [{"weight_kg": "0"}, {"rash_percent_of_body_surface": "100.1"}, {"bilirubin_mg_per_dl": "-1"}]
)
def test_findings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        graded(**wrong)


@pytest.mark.parametrize("finding", NOTHING)
def test_every_finding_is_asked_for(finding: str) -> None:
    with pytest.raises(ValidationError, match="Field required"):
        MagicFindings(**{name: found for name, found in NOTHING.items() if name != finding})


def test_the_table_has_a_version() -> None:
    assert (magic.SCALE, magic.TABLE_VERSION) == ("MAGIC", "MAGIC-2016.1")
