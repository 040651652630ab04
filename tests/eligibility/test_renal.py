"""I6: a measured clearance, the bedside Schwartz estimate, or an adult's estimate, by age (A.3-13)."""

import pytest

from ledger.eligibility.findings import CLEARANCE_UNIT
from tests.eligibility.cases import Findings, but, changed_trial, found, patient, verdicts

MEASURED = "creatinine_clearance_ml_per_min_per_1_73_m2"
ESTIMATED = "estimated_creatinine_clearance_ml_per_min_per_1_73_m2"
NO_KIDNEY = but(height_cm=None, creatinine_umol_per_l=None)
CHILD, INFANT, ADULT = "2016-03", "2025-09", "2006-03"
CREATININES = ("creatinine_mg_per_dl", "creatinine_umol_per_l")


@pytest.mark.parametrize(
    ("findings", "born", "met"),
    [
        ({MEASURED: "50"}, INFANT, True),
        ({MEASURED: "49.9"}, INFANT, False),
        ({MEASURED: "50"}, ADULT, True),
        ({MEASURED: "49.9"}, ADULT, False),
        ({MEASURED: "49", "height_cm": "140", "creatinine_umol_per_l": "40"}, CHILD, False),
        ({MEASURED: "51", "height_cm": "100", "creatinine_umol_per_l": "90"}, CHILD, True),
        ({MEASURED: "49", ESTIMATED: "90"}, ADULT, False),
    ],
)
def test_i6_is_at_least_50(findings: Findings, born: str, met: bool) -> None:
    assert verdicts(patient({**NO_KIDNEY, **findings}, born))["I6"].met is met


@pytest.mark.parametrize(
    ("findings", "born", "missing"),
    [
        ({}, CHILD, ("height_cm", *CREATININES)),
        ({"height_cm": "100"}, CHILD, CREATININES),
        ({"creatinine_mg_per_dl": "0.5"}, CHILD, ("height_cm",)),
        ({"creatinine_umol_per_l": "50"}, CHILD, ("height_cm",)),
        ({ESTIMATED: "90"}, CHILD, ("height_cm", *CREATININES)),
        ({}, "2025-04", (MEASURED, "attestation")),
        ({}, "2025-03", ("height_cm", *CREATININES)),
        ({}, "2008-04", ("height_cm", *CREATININES)),
        ({}, "2008-03", (MEASURED, ESTIMATED)),
        ({}, ADULT, (MEASURED, ESTIMATED)),
        ({"height_cm": "170", "creatinine_umol_per_l": "60"}, ADULT, (MEASURED, ESTIMATED)),
        ({}, INFANT, (MEASURED, "attestation")),
        ({"height_cm": "70", "creatinine_umol_per_l": "20"}, INFANT, (MEASURED, "attestation")),
        ({ESTIMATED: "90"}, INFANT, (MEASURED, "attestation")),
    ],
)
def test_i6_cannot_be_computed_and_says_without_what(findings: Findings, born: str, missing: tuple[str, ...]) -> None:
    verdict = verdicts(patient({**NO_KIDNEY, **findings}, born))["I6"]
    assert (verdict.met, verdict.missing) == (None, missing)


@pytest.mark.parametrize(
    ("born", "schwartz", "adult"),
    [("2025-04", False, False), ("2025-03", True, False), ("2008-04", True, False), ("2008-03", False, True)],
    ids=["11 months", "12 months", "17 years", "18 years"],
)
def test_schwartz_holds_from_12_months_to_below_18_years(born: str, schwartz: bool, adult: bool) -> None:
    by_schwartz = {**NO_KIDNEY, "height_cm": "100", "creatinine_umol_per_l": "30"}
    assert verdicts(patient(by_schwartz, born))["I6"].met is (True if schwartz else None)
    assert verdicts(patient({**NO_KIDNEY, ESTIMATED: "90"}, born))["I6"].met is (True if adult else None)


@pytest.mark.parametrize(
    ("born", "taken_on", "met"),
    [
        ("2025-03", "2026-02-28", None),
        ("2025-03", "2026-03-01", True),
        ("2008-03", "2026-02-28", True),
        ("2008-03", "2026-03-01", None),
    ],
)
def test_a_creatinine_counts_by_the_age_at_which_it_was_taken(born: str, taken_on: str, met: bool | None) -> None:
    taken = found("creatinine_umol_per_l", "30", taken_on)
    given = {**NO_KIDNEY, "height_cm": "100", "creatinine_umol_per_l": taken}
    assert verdicts(patient(given, born))["I6"].met is met


@pytest.mark.parametrize(
    ("schwartz_on", "adult_on", "met"),
    [("2026-02-10", "2026-03-01", False), ("2026-02-28", "2026-02-27", True)],
)
def test_of_several_estimates_the_newest_valid_one_counts(schwartz_on: str, adult_on: str, met: bool) -> None:
    given = {
        **NO_KIDNEY,
        "height_cm": "170",
        "creatinine_umol_per_l": found("creatinine_umol_per_l", "60", schwartz_on),
        ESTIMATED: found(ESTIMATED, "40", adult_on),
    }
    assert verdicts(patient(given, born="2008-03"))["I6"].met is met


@pytest.mark.parametrize(
    ("mg_on", "umol_on", "met"),
    [("2026-03-01", "2026-03-01", False), ("2026-03-01", "2026-02-01", True), ("2026-02-01", "2026-03-01", False)],
)
def test_of_two_creatinines_the_newer_counts_and_of_one_day_the_worse(mg_on: str, umol_on: str, met: bool) -> None:
    """At 100 cm, 0.5 mg/dl is 82.6 and 74 umol/l is 49.3."""
    given = {
        **NO_KIDNEY,
        "height_cm": "100",
        "creatinine_mg_per_dl": found("creatinine_mg_per_dl", "0.5", mg_on),
        "creatinine_umol_per_l": found("creatinine_umol_per_l", "74", umol_on),
    }
    assert verdicts(patient(given))["I6"].met is met


def test_the_rate_is_exact_and_never_shown_as_more_than_it_is() -> None:
    given = {**NO_KIDNEY, "height_cm": "100", "creatinine_umol_per_l": "73.0001"}
    verdict = verdicts(patient(given))["I6"]
    assert verdict.because == f"Schwartz about 49.99 {CLEARANCE_UNIT} is below 50"
    rate = next(each for each in verdict.inputs if each.finding == "schwartz_rate")
    assert (rate.value, rate.unit, rate.position) == ("36500000/730001", CLEARANCE_UNIT, None)


@pytest.mark.parametrize(("attested", "met"), [(True, True), (False, False)])
def test_an_infant_is_attested_and_nobody_else(attested: bool, met: bool) -> None:
    infant = verdicts(patient(NO_KIDNEY, INFANT, attested={"I6": attested}))["I6"]
    assert (infant.met, infant.basis, infant.missing) == (met, "attested", ())
    for born in (CHILD, ADULT):
        other = verdicts(patient(NO_KIDNEY, born, attested={"I6": attested}))["I6"]
        assert (other.met, other.basis) == (None, "computed")
    measured = verdicts(patient({**NO_KIDNEY, MEASURED: "20"}, INFANT, attested={"I6": True}))["I6"]
    assert (measured.met, measured.basis) == (False, "computed")


def test_minimum_factors_and_ages_are_the_protocols() -> None:
    other = changed_trial(
        renal={
            "minimum_ml_per_min_per_1_73_m2": "60",
            "schwartz_factor_mg_per_dl": "0.6",
            "schwartz_factor_umol_per_l": "60",
            "schwartz_from_age_years": 2,
            "schwartz_below_age_years": 10,
        }
    )
    for name, creatinine, met in (
        ("creatinine_mg_per_dl", "1", True),
        ("creatinine_mg_per_dl", "1.01", False),
        ("creatinine_umol_per_l", "100", True),
        ("creatinine_umol_per_l", "101", False),
    ):
        given = {**NO_KIDNEY, "height_cm": "100", name: creatinine}
        assert verdicts(patient(given, "2016-04"), protocol=other)["I6"].met is met
        assert verdicts(patient(given, "2016-03"), protocol=other)["I6"].met is None
        assert verdicts(patient(given, "2024-04"), protocol=other)["I6"].met is None
    assert verdicts(patient({**NO_KIDNEY, ESTIMATED: "60"}, "2016-03"), protocol=other)["I6"].met is True
    assert verdicts(patient({**NO_KIDNEY, ESTIMATED: "59"}, "2016-03"), protocol=other)["I6"].met is False
    assert verdicts(patient({**NO_KIDNEY, MEASURED: "59"}, "2016-03"), protocol=other)["I6"].met is False
