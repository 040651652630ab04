"""I5 and I9: which instrument counts goes by the age on the day of the assessment (A.3-13)."""

import pytest

from tests.eligibility.cases import Findings, but, changed_trial, found, patient, verdicts

NO_SCORE = but(lansky_percent=None)
NO_LUNG = but(fvc_percent_of_predicted=None)


def scored(born: str, **scores: str) -> bool | None:
    return verdicts(patient({**NO_SCORE, **scores}, born))["I5"].met


@pytest.mark.parametrize(
    ("born", "age_years", "right", "wrong"),
    [
        ("2010-04", 15, "lansky_percent", "karnofsky_percent"),
        ("2010-03", 16, "karnofsky_percent", "lansky_percent"),
    ],
)
def test_lansky_below_16_karnofsky_from_16_and_neither_for_the_other(
    born: str, age_years: int, right: str, wrong: str
) -> None:
    assert scored(born, **{right: "60"}) is True
    assert scored(born, **{right: "40"}) is False
    assert scored(born, **{right: "40", wrong: "90"}) is False
    refused = verdicts(patient({**NO_SCORE, wrong: "90"}, born))["I5"]
    assert (refused.met, refused.missing) == (None, (right,))
    assert f"at {age_years} years" in refused.because
    absent = verdicts(patient(NO_SCORE, born))["I5"]
    assert (absent.met, absent.missing) == (None, (right,))


@pytest.mark.parametrize(
    ("lansky_on", "karnofsky_on", "met"),
    [
        ("2026-02-28", None, True),
        ("2026-03-01", None, None),
        ("2026-02-28", "2026-03-01", False),
        (None, "2026-02-28", None),
        ("2026-02-27", "2026-02-28", True),
    ],
)
def test_the_age_is_that_of_the_assessment(lansky_on: str | None, karnofsky_on: str | None, met: bool | None) -> None:
    scores = {
        **({"lansky_percent": found("lansky_percent", "90", lansky_on)} if lansky_on else {}),
        **({"karnofsky_percent": found("karnofsky_percent", "40", karnofsky_on)} if karnofsky_on else {}),
    }
    assert verdicts(patient({**NO_SCORE, **scores}, born="2010-03"))["I5"].met is met


def test_the_newer_score_and_its_age_are_what_the_verdict_names() -> None:
    right = {
        "lansky_percent": found("lansky_percent", "90", "2026-02-28"),
        "karnofsky_percent": found("karnofsky_percent", "40", "2026-03-01"),
    }
    valid = verdicts(patient({**NO_SCORE, **right}, born="2010-03"))["I5"]
    assert [(each.finding, each.value) for each in valid.inputs] == [("karnofsky_percent", "40"), ("age_years", "16")]
    wrong = {
        "karnofsky_percent": found("karnofsky_percent", "90", "2026-02-27"),
        "lansky_percent": found("lansky_percent", "90", "2026-03-01"),
    }
    refused = verdicts(patient({**NO_SCORE, **wrong}, born="2010-03"))["I5"]
    assert refused.because == "Lansky was taken at 16 years, where Karnofsky applies"


def test_the_minimum_and_the_ages_are_the_protocols() -> None:
    bands = [
        {"from_age_years": 0, "below_age_years": 10, "instrument": "Lansky"},
        {"from_age_years": 10, "below_age_years": None, "instrument": "Karnofsky"},
    ]
    other = changed_trial(performance={"minimum_percent": 70, "instruments": bands})
    assert verdicts(patient({**NO_SCORE, "karnofsky_percent": "70"}), protocol=other)["I5"].met is True
    assert verdicts(patient({**NO_SCORE, "karnofsky_percent": "69"}), protocol=other)["I5"].met is False
    assert verdicts(patient({**NO_SCORE, "lansky_percent": "90"}), protocol=other)["I5"].met is None


IMPOSSIBLE: Findings = {"spirometry_possible": False}


@pytest.mark.parametrize(
    ("rule", "findings", "born", "met", "missing"),
    [
        ("I9", {"fvc_percent_of_predicted": "50"}, "2004-03", True, ()),
        ("I9", {"fvc_percent_of_predicted": "49", "spo2_percent_on_room_air": "99"}, "2016-03", False, ()),
        ("I9", {}, "2016-03", None, ("fvc_percent_of_predicted",)),
        ("I9", {"spo2_percent_on_room_air": "99"}, "2016-03", None, ("fvc_percent_of_predicted",)),
        (
            "I9",
            {"spirometry_possible": True, "spo2_percent_on_room_air": "99"},
            "2016-03",
            None,
            ("fvc_percent_of_predicted",),
        ),
        ("I9", IMPOSSIBLE, "2016-03", None, ("spo2_percent_on_room_air",)),
        ("I9", {**IMPOSSIBLE, "spo2_percent_on_room_air": "99"}, "2008-03", None, ("fvc_percent_of_predicted",)),
    ],
)
def test_capacity_is_at_least_50_or_a_child_who_cannot_do_spirometry_saturates_at_92(
    rule: str, findings: Findings, born: str, met: bool | None, missing: tuple[str, ...]
) -> None:
    verdict = verdicts(patient({**NO_LUNG, **findings}, born))[rule]
    assert (verdict.met, verdict.missing) == (met, missing)


@pytest.mark.parametrize(
    ("capacity_on", "impossible_on", "met"),
    [
        ("2026-02-01", "2026-02-20", True),
        ("2026-02-20", "2026-02-20", None),
        ("2026-02-21", "2026-02-20", False),
    ],
)
def test_a_capacity_from_before_spirometry_became_impossible_is_overtaken(
    capacity_on: str, impossible_on: str, met: bool | None
) -> None:
    findings: Findings = {
        "fvc_percent_of_predicted": found("fvc_percent_of_predicted", "40", capacity_on),
        "spirometry_possible": found("spirometry_possible", False, impossible_on),
        "spo2_percent_on_room_air": "96",
    }
    assert verdicts(patient({**NO_LUNG, **findings}))["I9"].met is met


@pytest.mark.parametrize(("taken_on", "met"), [("2026-02-28", True), ("2026-03-01", None)])
def test_the_saturation_counts_by_the_age_at_which_it_was_taken(taken_on: str, met: bool | None) -> None:
    findings = {**IMPOSSIBLE, "spo2_percent_on_room_air": found("spo2_percent_on_room_air", "96", taken_on)}
    assert verdicts(patient({**NO_LUNG, **findings}, born="2008-03"))["I9"].met is met


def test_the_thresholds_of_the_lung_are_the_protocols() -> None:
    other = changed_trial(
        lung={"fvc_percent_of_predicted_min": "60.5", "spo2_percent_min": "95", "spo2_below_age_years": 10}
    )
    assert verdicts(patient(but(fvc_percent_of_predicted="60.5")), protocol=other)["I9"].met is True
    assert verdicts(patient(but(fvc_percent_of_predicted="60.4")), protocol=other)["I9"].met is False
    for born, percent, met in (("2016-04", "95", True), ("2016-04", "94", False), ("2016-03", "95", None)):
        findings = {**NO_LUNG, **IMPOSSIBLE, "spo2_percent_on_room_air": percent}
        assert verdicts(patient(findings, born), protocol=other)["I9"].met is met
