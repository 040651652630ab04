"""R1: the age limits on the day, and the flag below one year."""

from datetime import date

import pytest

from tests.eligibility.cases import OTHER, TODAY, patient, verdicts

SIGNED = {"A.3-1": "one-month-flagged-below-one-year"}


@pytest.mark.parametrize(
    ("born", "on", "unsigned", "signed"),
    [
        ("2026-03", "2026-03-31", False, False),
        ("2026-02", "2026-02-28", False, False),
        ("2026-02", "2026-03-01", None, True),
        ("2025-03", "2026-02-28", None, True),
        ("2025-03", "2026-03-01", True, True),
        ("2016-03", "2026-03-01", True, True),
        ("2000-04", "2026-03-31", True, True),
        ("2000-04", "2026-04-01", False, False),
        ("2000-03", "2026-03-01", False, False),
        ("2001-04", "2026-04-01", True, True),
    ],
    ids=["0 months", "27 days", "1 month", "11 months", "12 months", "10", "25", "26", "26 today", "25 today"],
)
def test_from_one_month_to_below_the_26th_birthday(
    born: str, on: str, unsigned: bool | None, signed: bool | None
) -> None:
    day = date.fromisoformat(on)
    assert verdicts(patient({}, born), day)["R1"].met is unsigned
    assert verdicts(patient({}, born), day, readings=SIGNED)["R1"].met is signed


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
