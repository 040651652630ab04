"""The vocabulary is closed, every word has one unit, and what the unit cannot have is refused."""

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from ledger.eligibility.findings import (
    VOCABULARY,
    ChosenName,
    DatedName,
    Finding,
    MeasuredName,
    YesNoName,
)
from tests.eligibility.cases import finding

ANY: TypeAdapter[Any] = TypeAdapter(Finding)
MEASURED = get_args(MeasuredName)
UNITS = {term.unit for term in VOCABULARY.values() if term.unit is not None}


def test_every_name_has_its_word_and_only_measured_ones_a_unit() -> None:
    names = [*MEASURED, *get_args(YesNoName), *get_args(DatedName), *get_args(ChosenName)]
    assert sorted(names) == sorted(VOCABULARY)
    assert {name for name, term in VOCABULARY.items() if term.unit is not None} == set(MEASURED)


def test_what_goes_by_age_is_marked() -> None:
    assert {name for name, term in VOCABULARY.items() if term.by_age} == {
        "lansky_percent",
        "karnofsky_percent",
        "creatinine_mg_per_dl",
        "creatinine_umol_per_l",
        "estimated_creatinine_clearance_ml_per_min_per_1_73_m2",
        "spo2_percent_on_room_air",
    }


@pytest.mark.parametrize("name", MEASURED)
def test_a_quantity_is_read_in_its_own_unit_and_in_no_other(name: str) -> None:
    right = finding(name, "7")
    read = ANY.validate_python(right)
    assert (read.finding, read.amount, read.unit) == (name, 7, VOCABULARY[name].unit)  # type: ignore[index]
    for unit in (UNITS - {right["unit"]}) | {right["unit"].upper() + " ", "mmol/l", "m"}:
        with pytest.raises(ValidationError, match=f"{name} is recorded in"):
            ANY.validate_python({**right, "unit": unit})


@pytest.mark.parametrize(
    ("name", "possible", "impossible"),
    [
        ("lvef_percent", "100", "100.1"),
        ("lansky_percent", "100", "101"),
        ("karnofsky_percent", "0", "110"),
        ("spo2_percent_on_room_air", "100", "100.01"),
        ("mrd_percent_of_nucleated_cells", "100", "100.5"),
        ("fvc_percent_of_predicted", "130", "-1"),
        ("height_cm", "0.1", "0"),
        ("creatinine_mg_per_dl", "0.01", "0.00"),
        ("creatinine_umol_per_l", "1", "0"),
        ("bilirubin_umol_per_l", "0", "-0.1"),
        ("bilirubin_uln_umol_per_l", "1", "0"),
        ("alt_uln_u_per_l", "1", "0"),
        ("ast_uln_u_per_l", "1", "0"),
        ("induction_regimens_count", "2.0", "1.5"),
        ("salvage_regimens_count", "0", "0.5"),
        ("lvef_percent", "61.5", "61,5"),
        ("lvef_percent", "61.5", "1e2"),
    ],
)
def test_a_value_that_the_unit_cannot_have_is_refused(name: str, possible: str, impossible: str) -> None:
    assert ANY.validate_python(finding(name, possible)).quantity == possible
    with pytest.raises(ValidationError):
        ANY.validate_python(finding(name, impossible))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "measured", "finding": "LVEF", "quantity": "60", "unit": "%"},
        {"kind": "measured", "finding": "gilbert", "quantity": "1", "unit": "%"},
        {"kind": "measured", "finding": "lvef_percent", "quantity": 61.5, "unit": "%"},
        {"kind": "yes_no", "finding": "gilbert", "answer": "yes"},
        {"kind": "yes_no", "finding": "gilbert", "answer": 1},
        {"kind": "yes_no", "finding": "lvef_percent", "answer": True},
        {"kind": "dated", "finding": "last_cellular_therapy_on", "on": "2025-02-29"},
        {"kind": "dated", "finding": "last_cellular_therapy_on", "on": "2025-11"},
        {"kind": "chosen", "finding": "pregnancy_test", "choice": "doubtful"},
        {"kind": "chosen", "finding": "disease", "choice": "acute leukaemia"},
        {"finding": "gilbert", "answer": True},
    ],
)
def test_another_word_kind_or_spelling_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ANY.validate_python(wrong)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("lvef_percent", "61.50", "61.50"),
        ("gilbert", True, "yes"),
        ("gilbert", False, "no"),
        ("last_cellular_therapy_on", "2025-11-01", "2025-11-01"),
        ("disease", "T-ALL", "T-ALL"),
        ("pregnancy_test", "negative", "negative"),
    ],
)
def test_a_finding_comes_back_from_its_json_and_is_shown_as_recorded(name: str, value: str | bool, shown: str) -> None:
    read = ANY.validate_python(finding(name, value))
    assert ANY.validate_json(ANY.dump_json(read)) == read
    assert read.shown == shown
