"""R1: the age limits on the day, and the flag below one year."""

import pytest

from tests.eligibility.cases import OTHER, TODAY, patient, verdicts

SIGNED = {"A.3-1": "one-month-flagged-below-one-year"}


@pytest.mark.parametrize("readings", [{}, {"A.3-1": "from-one-year"}, {"A.3-2": SIGNED["A.3-1"]}])
def test_below_one_year_waits_for_the_reading_that_the_protocol_takes(readings: dict[str, str]) -> None:
    """A.3-1."""
    verdict = verdicts(patient({}, "2025-09"), readings=readings)["R1"]
    assert (verdict.met, verdict.missing, verdict.rule) == (None, ("signed reading of A.3-1",), "R1")


@pytest.mark.parametrize(
    ("born", "met"), [("2008-03", True), ("2008-04", False), ("1950-04", True), ("1950-03", False)]
)
def test_e1_is_the_age_of_the_second_protocol_and_has_no_flag(born: str, met: bool) -> None:
    verdict = verdicts(patient({}, born), TODAY, OTHER)["E1"]
    assert (verdict.met, verdict.rule, verdict.kind) == (met, "E1", "inclusion")
