"""CRS: the rows of the ASTCT table, its footnotes, and the cautious readings."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.grading.astct import SCALE, TABLE_VERSION, CrsFindings, GradeResult, grade_crs
from tests.examples import examples

WELL: dict[str, Any] = {
    "temperature_celsius": "36.6",
    "fever_attributed_elsewhere": False,
    "hypotension": False,
    "vasopressor_count": 0,
    "vasopressin": False,
    "hypotension_attributed_elsewhere": False,
    "oxygen_device": "none",
    "oxygen_l_per_min": None,
    "ventilation_for_airway_only": False,
    "hypoxia_attributed_elsewhere": False,
    "antipyretic_or_anticytokine_given_for_this_crs": False,
    "prophylactic_tocilizumab": False,
    "antipyretic_or_steroid_for_another_reason": False,
    "died_of_crs": False,
}
FEVER = {"temperature_celsius": "39.5"}
TREATED = {"antipyretic_or_anticytokine_given_for_this_crs": True}
TOCILIZUMAB_BEFORE = {"prophylactic_tocilizumab": True}
STEROID_FOR_ANOTHER_REASON = {"antipyretic_or_steroid_for_another_reason": True}
NOT_MEASURED = {"temperature_celsius": None}
HYPOTENSION = {"hypotension": True}
VENTILATED = {"oxygen_device": "invasive_ventilation"}


def pressors(count: int, *, vasopressin: bool = False) -> dict[str, Any]:
    return {"hypotension": True, "vasopressor_count": count, "vasopressin": vasopressin}


def oxygen(device: str, l_per_min: str | None = None) -> dict[str, Any]:
    return {"oxygen_device": device, "oxygen_l_per_min": l_per_min}


def findings(*found: dict[str, Any]) -> CrsFindings:
    together = WELL.copy()
    for some in found:
        together |= some
    return CrsFindings(**together)


def graded(*found: dict[str, Any], age_years: int = 15) -> GradeResult:
    return grade_crs(findings(*found), age_years)


def bounds(*found: dict[str, Any], age_years: int = 15) -> tuple[int, int]:
    result = graded(*found, age_years=age_years)
    return result.at_least, result.at_most


def test_the_scale_and_its_version_have_the_stored_names() -> None:
    assert (SCALE, TABLE_VERSION) == ("ASTCT", "ASTCT-2019.1")


@pytest.mark.parametrize(
    ("found", "grade", "by_domain"),
    [
        ([], 0, ()),
        ([FEVER], 1, ("fever",)),
        ([FEVER, HYPOTENSION], 2, ("hypotension",)),
        ([FEVER, pressors(1)], 3, ("hypotension",)),
        ([FEVER, pressors(1, vasopressin=True)], 3, ("hypotension",)),
        ([FEVER, pressors(0, vasopressin=True)], 3, ("hypotension",)),
        ([FEVER, pressors(2)], 4, ("hypotension",)),
        ([FEVER, pressors(2, vasopressin=True)], 4, ("hypotension",)),
        ([FEVER, oxygen("blow_by", "10")], 2, ("hypoxia",)),
        ([FEVER, oxygen("facemask", "5")], 3, ("hypoxia",)),
        ([FEVER, oxygen("non_rebreather", "15")], 3, ("hypoxia",)),
        ([FEVER, oxygen("venturi")], 3, ("hypoxia",)),
        ([FEVER, oxygen("cpap")], 4, ("hypoxia",)),
        ([FEVER, oxygen("bipap")], 4, ("hypoxia",)),
        ([FEVER, VENTILATED], 4, ("hypoxia",)),
        ([FEVER, pressors(1), oxygen("low_flow_nasal_cannula", "2")], 3, ("hypotension",)),
        ([FEVER, pressors(1), oxygen("facemask")], 3, ("hypotension", "hypoxia")),
        ([FEVER, HYPOTENSION, oxygen("bipap")], 4, ("hypoxia",)),
        ([{"died_of_crs": True}], 5, ("death",)),
    ],
)
def test_every_row_of_the_table(found: list[dict[str, Any]], grade: int, by_domain: tuple[str, ...]) -> None:
    result = graded(*found)
    assert (result.grade, result.by_domain, result.needs_adjudication) == (grade, by_domain, ())


@pytest.mark.parametrize(("celsius", "grade"), [("37.9", 0), ("37.99", 0), ("38", 1), ("38.0", 1), ("41.2", 1)])
def test_fever_begins_at_38_degrees(celsius: str, grade: int) -> None:
    assert graded({"temperature_celsius": celsius}).grade == grade


@pytest.mark.parametrize("device", ["low_flow_nasal_cannula", "high_flow_nasal_cannula"])
@pytest.mark.parametrize(("flow", "grade"), [("5", 2), ("5.5", 2), ("6", 2), ("6.0", 2), ("6.1", 3), ("30", 3)])
def test_six_litres_a_minute_is_the_last_low_flow_whatever_the_cannula_is_called(
    device: str, flow: str, grade: int
) -> None:
    """A.3-14."""
    assert graded(FEVER, oxygen(device, flow)).grade == grade


@pytest.mark.parametrize("device", ["low_flow_nasal_cannula", "high_flow_nasal_cannula"])
def test_a_nasal_cannula_without_a_recorded_flow_needs_adjudication(device: str) -> None:
    result = graded(FEVER, oxygen(device))
    assert (result.grade, result.at_least, result.at_most) == (None, 2, 3)
    assert result.needs_adjudication == ("oxygen_flow_not_recorded",)


def test_a_high_flow_device_at_low_flow_needs_adjudication_in_an_infant_only() -> None:
    device = oxygen("high_flow_nasal_cannula", "6")
    result = graded(FEVER, device, age_years=0)
    assert (result.grade, result.at_least, result.at_most) == (None, 2, 3)
    assert result.needs_adjudication == ("high_flow_device_at_low_flow_in_an_infant",)
    assert graded(FEVER, device, age_years=1).grade == 2
    assert graded(FEVER, oxygen("high_flow_nasal_cannula", "6.1"), age_years=0).grade == 3
    assert graded(FEVER, oxygen("low_flow_nasal_cannula", "6"), age_years=0).grade == 2


def test_a_doubt_that_cannot_move_the_grade_is_none() -> None:
    result = graded(FEVER, pressors(1), oxygen("high_flow_nasal_cannula", "4"), age_years=0)
    assert (result.grade, result.by_domain, result.needs_adjudication) == (3, ("hypotension",), ())


def test_a_vasopressor_stands_for_hypotension_whatever_the_pressure_under_it() -> None:
    assert graded(FEVER, pressors(1), {"hypotension": False}).grade == 3


def test_intubation_for_the_airway_only_is_no_hypoxia() -> None:
    assert graded(FEVER, VENTILATED, {"ventilation_for_airway_only": True}).grade == 1


def test_without_fever_it_is_not_crs() -> None:
    assert graded(pressors(3), VENTILATED).grade == 0


def test_after_treatment_of_this_crs_fever_is_no_longer_required() -> None:
    assert graded(TREATED, pressors(1)).grade == 3
    assert graded(TREATED, TOCILIZUMAB_BEFORE, pressors(1)).grade == 3
    assert graded(TREATED).grade == 0


@pytest.mark.parametrize(
    ("masked", "doubt"),
    [
        (TOCILIZUMAB_BEFORE, "fever_masked_by_prophylactic_tocilizumab"),
        (STEROID_FOR_ANOTHER_REASON, "fever_masked_by_other_treatment"),
    ],
)
def test_prophylaxis_does_not_silently_waive_fever(masked: dict[str, Any], doubt: str) -> None:
    """A.3-15."""
    result = graded(masked, pressors(2))
    assert (result.grade, result.at_least, result.at_most, result.by_domain) == (None, 0, 4, ())
    assert result.needs_adjudication == (doubt,)
    assert graded(masked).grade == 0
    assert graded(masked, FEVER, pressors(2)).grade == 4


def test_a_temperature_not_measured_may_have_been_a_fever() -> None:
    assert bounds(NOT_MEASURED) == (0, 1)
    assert bounds(NOT_MEASURED, pressors(1)) == (0, 3)
    assert bounds(NOT_MEASURED, TREATED) == (0, 1)
    assert graded(NOT_MEASURED, TREATED, HYPOTENSION).grade == 2
    assert graded(NOT_MEASURED).needs_adjudication == ("temperature_not_measured",)


def test_every_doubt_that_could_raise_the_grade_is_named() -> None:
    result = graded(NOT_MEASURED, TOCILIZUMAB_BEFORE, STEROID_FOR_ANOTHER_REASON, oxygen("low_flow_nasal_cannula"))
    assert (result.at_least, result.at_most) == (0, 3)
    assert result.needs_adjudication == (
        "temperature_not_measured",
        "fever_masked_by_prophylactic_tocilizumab",
        "fever_masked_by_other_treatment",
        "oxygen_flow_not_recorded",
    )


def test_signs_attributed_elsewhere_do_not_count() -> None:
    assert graded(FEVER, {"fever_attributed_elsewhere": True}).grade == 0
    assert graded(FEVER, pressors(2), {"hypotension_attributed_elsewhere": True}).grade == 1
    assert graded(FEVER, VENTILATED, HYPOTENSION, {"hypoxia_attributed_elsewhere": True}).grade == 2


def test_attributing_the_fever_alone_does_not_explain_the_other_signs() -> None:
    result = graded(FEVER, pressors(1), {"fever_attributed_elsewhere": True})
    assert (result.grade, result.at_least, result.at_most) == (None, 0, 3)
    assert result.needs_adjudication == ("only_the_fever_is_attributed_elsewhere",)


@pytest.mark.parametrize(
    "found",
    [
        oxygen("none", "2"),
        oxygen("low_flow_nasal_cannula", "0"),
        oxygen("low_flow_nasal_cannula", "-1"),
        oxygen("high_flow_nasal_cannula", "100.1"),
        {"ventilation_for_airway_only": True},
        oxygen("cpap") | {"ventilation_for_airway_only": True},
        {"temperature_celsius": "102.2"},
        {"temperature_celsius": "45.1"},
        {"temperature_celsius": "24.9"},
        {"temperature_celsius": 38.5},
        {"fever_attributed_elsewhere": True},
        {"fever_attributed_elsewhere": True, "temperature_celsius": None},
        {"hypotension_attributed_elsewhere": True},
        {"hypoxia_attributed_elsewhere": True},
        {"vasopressor_count": -1},
        {"vasopressor_count": 10},
        {"vasopressor_count": True},
        {"oxygen_device": "tent"},
        {"spo2": 90},
    ],
)
def test_findings_that_contradict_themselves_are_malformed(found: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        findings(found)


@pytest.mark.parametrize(
    "found",
    [
        {"temperature_celsius": "25"},
        {"temperature_celsius": "45"},
        oxygen("low_flow_nasal_cannula", "0.1"),
        oxygen("high_flow_nasal_cannula", "100"),
        pressors(9),
    ],
)
def test_the_ends_of_every_range_belong_to_it(found: dict[str, Any]) -> None:
    assert findings(found) == findings(found)


@pytest.mark.parametrize("finding", sorted(WELL))
def test_no_finding_has_a_default(finding: str) -> None:
    with pytest.raises(ValidationError, match="Field required"):
        CrsFindings(**{name: found for name, found in WELL.items() if name != finding})


def test_findings_survive_being_stored() -> None:
    found = findings(FEVER, pressors(2), oxygen("high_flow_nasal_cannula", "6.0"))
    assert CrsFindings.model_validate_json(found.model_dump_json()) == found


TEMPERATURES = [{"temperature_celsius": celsius} for celsius in ("36.6", "37.9", "38.0", "41")]
PRESSURES = [{}, HYPOTENSION, pressors(0, vasopressin=True), pressors(1), pressors(1, vasopressin=True), pressors(2)]
BREATHING = [
    oxygen("none"),
    oxygen("blow_by", "10"),
    oxygen("low_flow_nasal_cannula", "6"),
    oxygen("high_flow_nasal_cannula", "6"),
    oxygen("low_flow_nasal_cannula", "6.1"),
    oxygen("high_flow_nasal_cannula", "30"),
    oxygen("facemask", "5"),
    oxygen("cpap", "10"),
    VENTILATED,
]
DEATHS = [{"died_of_crs": died} for died in (False, True)]
FLAGS = st.sets(st.sampled_from([*TREATED, *TOCILIZUMAB_BEFORE, *STEROID_FOR_ANOTHER_REASON])).map(
    lambda raised: dict.fromkeys(raised, True)
)
ATTRIBUTIONS = ("fever_attributed_elsewhere", "hypotension_attributed_elsewhere", "hypoxia_attributed_elsewhere")
LADDERS: list[list[dict[str, Any]]] = [TEMPERATURES, PRESSURES, BREATHING, DEATHS]


@st.composite
def milder_and_worse(draw: st.DrawFn) -> tuple[CrsFindings, CrsFindings]:
    """Two assessments under the same flags, the second as bad or worse in its temperature and one other finding."""
    moved = {0, draw(st.integers(1, len(LADDERS) - 1))}
    rungs = [st.integers(0, len(ladder) - 1 if which in moved else 0) for which, ladder in enumerate(LADDERS)]
    steps = [sorted(draw(st.tuples(rung, rung))) for rung in rungs]
    flags: dict[str, Any] = draw(FLAGS)
    if draw(st.integers(0, 5)) == 0:
        flags |= NOT_MEASURED
    present = (steps[0][0] >= 2 and "temperature_celsius" not in flags, steps[1][0] >= 1, steps[2][0] >= 1)
    flags |= {name: there and draw(st.booleans()) for name, there in zip(ATTRIBUTIONS, present, strict=True)}
    milder, worse = (
        findings(*(ladder[step[which]] for ladder, step in zip(LADDERS, steps, strict=True)), flags) for which in (0, 1)
    )
    return milder, worse


@settings(deadline=None, max_examples=examples(300))
@given(milder_and_worse(), st.sampled_from([0, 1, 11, 12, 25]))
def test_a_worse_finding_never_lowers_the_grade(pair: tuple[CrsFindings, CrsFindings], age_years: int) -> None:
    milder, worse = (grade_crs(each, age_years) for each in pair)
    assert worse.at_least >= milder.at_least
    assert worse.at_most >= milder.at_most
