"""CRS: every combination of findings against a reader of the table that knows neither bounds nor columns.

The reader imagines every world that the findings leave open (a fever missed or masked, a flow unknown), reads the table
in each from the bottom row up, and compares the lowest and the highest grade that it met.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from ledger.grading.astct import CrsFindings, grade_crs

pytestmark = pytest.mark.slow

FEVERS = [(None, False), ("37.9", False), ("38.0", False), ("38.0", True)]
CANNULAS = ("low_flow_nasal_cannula", "high_flow_nasal_cannula")
OTHER_DEVICES = ("blow_by", "facemask", "non_rebreather", "venturi", "cpap", "bipap", "invasive_ventilation")


def pressures() -> list[dict[str, Any]]:
    names = ("hypotension", "vasopressor_count", "vasopressin", "hypotension_attributed_elsewhere")
    every = product((False, True), (0, 1, 2), (False, True), (False, True))
    return [dict(zip(names, each, strict=True)) for each in every if any(each[:3]) or not each[3]]


def breathings() -> list[dict[str, Any]]:
    names = ("oxygen_device", "oxygen_l_per_min", "ventilation_for_airway_only", "hypoxia_attributed_elsewhere")
    every = [
        ("none", None, False, False),
        *product(CANNULAS, (None, "5", "5.5", "6", "6.1"), (False,), (False, True)),
        *product(OTHER_DEVICES, (None, "6.1"), (False,), (False, True)),
        *product(("invasive_ventilation",), (None, "6.1"), (True,), (False, True)),
    ]
    return [dict(zip(names, each, strict=True)) for each in every]


def circumstances() -> list[dict[str, Any]]:
    names = (
        "antipyretic_or_anticytokine_given_for_this_crs",
        "prophylactic_tocilizumab",
        "antipyretic_or_steroid_for_another_reason",
    )
    return [dict(zip(names, each, strict=True)) for each in product((False, True), repeat=3)]


def feverish_worlds(found: dict[str, Any]) -> set[str]:
    """`seen`, `absent`, or `hidden`: assumed where other signs speak for it, giving no grade by itself."""
    celsius = found["temperature_celsius"]
    if celsius is not None and Fraction(celsius) >= 38 and not found["fever_attributed_elsewhere"]:
        return {"seen"}
    worlds = {"absent"}
    if celsius is None:
        worlds.add("seen")
    if found["fever_attributed_elsewhere"]:
        worlds.add("hidden")
    if found["prophylactic_tocilizumab"] or found["antipyretic_or_steroid_for_another_reason"]:
        worlds.add("hidden")
    return worlds


def flow_worlds(found: dict[str, Any], age_years: int) -> Iterator[Fraction]:
    """The flows through a nasal cannula that are open; any other device has one, which does not matter."""
    device, flow = found["oxygen_device"], found["oxygen_l_per_min"]
    if flow is not None:
        yield Fraction(flow)
    if device in CANNULAS and flow is None:
        yield from (Fraction(1), Fraction(50))
    elif device == "high_flow_nasal_cannula" and age_years == 0:
        yield Fraction(50)
    elif flow is None:
        yield Fraction(1)


def in_row(grade: int, found: dict[str, Any], flow: Fraction) -> bool:
    """Whether the hypotension or the hypoxia printed in a row of the table is there."""
    device = found["oxygen_device"]
    hypotension = {
        2: found["hypotension"],
        3: found["vasopressor_count"] == 1 or found["vasopressin"],
        4: found["vasopressor_count"] >= 2,
    }
    cannula = device in CANNULAS
    hypoxia = {
        2: device == "blow_by" or (cannula and flow <= 6),
        3: device in ("facemask", "non_rebreather", "venturi") or (cannula and flow > 6),
        4: device in ("cpap", "bipap")
        or (device == "invasive_ventilation" and not found["ventilation_for_airway_only"]),
    }
    return (hypotension[grade] and not found["hypotension_attributed_elsewhere"]) or (
        hypoxia[grade] and not found["hypoxia_attributed_elsewhere"]
    )


def read_table(found: dict[str, Any], age_years: int) -> tuple[int, int]:
    if found["died_of_crs"]:
        return 5, 5
    met = set()
    worst_rows = {
        max((row for row in (2, 3, 4) if in_row(row, found, flow)), default=0) for flow in flow_worlds(found, age_years)
    }
    for fever, row in product(feverish_worlds(found), worst_rows):
        is_crs = fever != "absent" or found["antipyretic_or_anticytokine_given_for_this_crs"]
        met.add(max(row if is_crs else 0, 1 if fever == "seen" else 0))
    return min(met), max(met)


@pytest.mark.parametrize("age_years", [0, 1])
@pytest.mark.parametrize(("celsius", "attributed"), FEVERS)
def test_every_combination_of_findings_agrees_with_the_table(
    celsius: str | None, attributed: bool, age_years: int
) -> None:
    fever = {"temperature_celsius": celsius, "fever_attributed_elsewhere": attributed, "died_of_crs": False}
    compared = 0
    for pressure, breathing, circumstance in product(pressures(), breathings(), circumstances()):
        found = fever | pressure | breathing | circumstance
        result = grade_crs(CrsFindings(**found), age_years)
        low, high = read_table(found, age_years)
        assert (result.at_least, result.at_most, result.grade) == (low, high, low if low == high else None), found
        compared += 1
    assert compared == 23 * 53 * 8


def test_death_due_to_crs_is_grade_5_in_every_combination() -> None:
    for (celsius, attributed), pressure, breathing in product(FEVERS, pressures(), breathings()):
        fever = {"temperature_celsius": celsius, "fever_attributed_elsewhere": attributed, "died_of_crs": True}
        found = fever | pressure | breathing | circumstances()[0]
        assert grade_crs(CrsFindings(**found), 0).grade == 5
