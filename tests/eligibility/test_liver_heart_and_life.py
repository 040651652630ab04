"""I7, I8 and I10."""

import pytest

from tests.eligibility.cases import OTHER, Findings, assessed, but, changed_trial, patient, verdicts


@pytest.mark.parametrize(
    ("rule", "changes", "met", "missing"),
    [
        ("I7", {"bilirubin_umol_per_l": "300", "gilbert": True, "alt_u_per_l": "121"}, False, ()),
        ("I7", {"bilirubin_umol_per_l": "300", "gilbert": True, "ast_u_per_l": "121"}, False, ()),
        ("I7", {"bilirubin_umol_per_l": None, "gilbert": True}, True, ()),
        ("I7", {"alt_u_per_l": "121", "ast_u_per_l": None}, False, ()),
        ("I7", {"alt_u_per_l": None, "ast_u_per_l": "121"}, False, ()),
    ],
)
def test_liver_and_heart(
    rule: str, changes: dict[str, str | bool | None], met: bool | None, missing: tuple[str, ...]
) -> None:
    verdict = verdicts(patient(but(**changes)))[rule]
    assert (verdict.met, verdict.missing, verdict.rule, verdict.basis) == (met, missing, rule, "computed")


def test_the_limit_is_that_of_the_laboratory() -> None:
    assert verdicts(patient(but(alt_u_per_l="90", alt_uln_u_per_l="30")))["I7"].met is True
    assert verdicts(patient(but(alt_u_per_l="90", alt_uln_u_per_l="29.9")))["I7"].met is False


def test_a_multiple_is_exact_and_never_shown_as_less_than_it_is() -> None:
    verdict = verdicts(patient(but(alt_u_per_l="120.001")))["I7"]
    assert verdict.because == "ALT about 3.01 ULN is above 3"
    assert next(each.value for each in verdict.inputs if each.finding == "alt_per_uln") == "120001/40000"


def test_the_multiples_and_the_exemption_are_the_protocols() -> None:
    other = changed_trial(
        liver={"bilirubin_uln_max": "1.5", "gilbert_exempt": False, "alt_uln_max": "2.5", "ast_uln_max": "5"}
    )

    def met(**changes: str | bool) -> bool | None:
        return verdicts(patient(but(**changes)), protocol=other)["I7"].met

    assert met(bilirubin_umol_per_l="30") is True
    assert met(bilirubin_umol_per_l="30.1") is False
    assert met(bilirubin_umol_per_l="30.1", gilbert=True) is False
    assert met(alt_u_per_l="100") is True
    assert met(alt_u_per_l="100.1") is False
    assert met(ast_u_per_l="200") is True
    assert met(ast_u_per_l="200.1") is False


@pytest.mark.parametrize(("percent", "met"), [("45", True), ("44.9", False), ("45.1", True), (None, None)])
def test_e2_is_the_ejection_fraction_of_the_second_protocol(percent: str | None, met: bool | None) -> None:
    findings: Findings = {"lvef_percent": percent} if percent else {}
    verdict = verdicts(patient(findings, born="1986-03"), protocol=OTHER)["E2"]
    assert (verdict.met, verdict.rule) == (met, "E2")


@pytest.mark.parametrize(("weeks", "met"), [("8", True), ("7.9", False), ("8.1", True), (None, None)])
def test_i10_is_computed_where_the_protocol_says_so(weeks: str | None, met: bool | None) -> None:
    verdict = verdicts(patient(but(life_expectancy_weeks=weeks)), protocol=assessed("computed", "I10"))["I10"]
    assert (verdict.met, verdict.missing) == (met, () if weeks else ("life_expectancy_weeks",))


def test_another_protocol_asks_for_another_life_expectancy() -> None:
    other = assessed("computed", "I10", life_expectancy={"minimum_weeks": 12})
    assert verdicts(patient(but(life_expectancy_weeks="12")), protocol=other)["I10"].met is True
    assert verdicts(patient(but(life_expectancy_weeks="11.9")), protocol=other)["I10"].met is False
