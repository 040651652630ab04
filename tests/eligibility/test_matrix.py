"""Who answers which criterion, on what day, and with what beside it."""

from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from ledger.eligibility.facts import Found, PatientFacts, Said
from ledger.eligibility.matrix import matrix, open_criteria
from ledger.eligibility.verdict import Input, Verdict
from tests.eligibility.cases import (
    OTHER,
    SOUND,
    TODAY,
    TRIAL,
    assessed,
    but,
    changed_trial,
    found,
    patient,
    verdicts,
)

ATTESTED = {"I3": True, "I10": True, "I11": True, "X1": False, "X6": False, "X7": False}
ESTABLISHED = {"I1": True, "I4": True}
DETERMINED = {"X5": False}
ELIGIBLE = patient(SOUND, attested=ATTESTED, established=ESTABLISHED, determinations=DETERMINED)


def test_the_age_rule_then_every_criterion_in_the_order_of_the_protocol() -> None:
    listed = [each.criterion for each in matrix(TRIAL, ELIGIBLE, TODAY)]
    assert listed == ["R1", *(each.id for each in TRIAL.eligibility.criteria)]
    assert [each.criterion for each in matrix(OTHER, ELIGIBLE, TODAY)] == ["E1", "E2", "N1"]


def test_a_patient_who_passes_everything() -> None:
    given = matrix(TRIAL, ELIGIBLE, TODAY)
    assert open_criteria(given) == ()
    assert all(each.met == (each.kind == "inclusion") for each in given)


def test_without_any_finding_only_age_and_sex_are_known() -> None:
    given = verdicts(patient({}))
    assert (given.pop("R1").met, given.pop("X4").met) == (True, False)
    assert {each.met for each in given.values()} == {None}
    assert open_criteria(tuple(given.values())) == tuple(given)
    assert given["I1"].missing == given["X6"].missing == ("attestation",)
    assert given["X5"].missing == ("determination",)


def test_what_fails_and_what_is_unknown_is_open_in_order() -> None:
    failed = patient(but(lvef_percent="30", height_cm=None, active_sos=True), attested={**ATTESTED, "X7": True})
    assert open_criteria(matrix(TRIAL, failed, TODAY)) == ("I1", "I4", "I6", "I8", "X2", "X5", "X7")


@pytest.mark.parametrize("rule", ["I3", "I10", "I11", "X1", "X6", "X7"])
@pytest.mark.parametrize("met", [True, False, None])
def test_what_nothing_on_record_can_decide_is_what_a_person_attests(rule: str, met: bool | None) -> None:
    verdict = verdicts(patient(SOUND, attested={} if met is None else {rule: met}))[rule]
    assert (verdict.met, verdict.basis) == (met, "attested")
    assert verdict.missing == (("attestation",) if met is None else ())


def test_an_attestation_fills_no_missing_finding_and_contradicts_no_computed_one() -> None:
    missing = verdicts(patient(but(lvef_percent=None), attested={"I8": True}))["I8"]
    assert (missing.met, missing.basis, missing.missing) == (None, "computed", ("lvef_percent",))
    low = verdicts(patient(but(lvef_percent="39"), attested={"I8": True}, established={"I8": True}))["I8"]
    assert (low.met, low.basis) == (False, "computed")


@pytest.mark.parametrize(
    ("established", "attested", "met", "basis"),
    [
        ({"I4": False}, {"I4": True}, False, "established"),
        ({"I4": True}, {}, True, "established"),
        ({}, {"I4": True}, True, "attested"),
        ({}, {}, None, "attested"),
    ],
)
def test_a_computed_criterion_without_a_threshold_is_established_elsewhere_or_attested(
    established: dict[str, bool], attested: dict[str, bool], met: bool | None, basis: str
) -> None:
    """I4."""
    verdict = verdicts(patient({}, established=established, attested=attested))["I4"]
    assert (verdict.met, verdict.basis, verdict.computed) == (met, basis, None)


@pytest.mark.parametrize(
    ("infected", "determined", "met", "computed"),
    [
        (True, False, False, True),
        (False, True, True, False),
        (True, True, True, True),
        (None, False, False, None),
        (True, None, None, True),
        (False, None, None, False),
        (None, None, None, None),
    ],
)
def test_x5_is_what_the_investigator_determines_and_nothing_else(
    infected: bool | None, determined: bool | None, met: bool | None, computed: bool | None
) -> None:
    """X5."""
    given = patient(
        {} if infected is None else {"uncontrolled_infection": infected},
        attested={"X5": False},
        determinations={} if determined is None else {"X5": determined},
    )
    verdict = verdicts(given)["X5"]
    assert (verdict.met, verdict.basis, verdict.computed) == (met, "determination", computed)
    assert ("computed:" in verdict.because) == (computed is not None and computed != met)


def test_a_determination_decides_only_where_the_protocol_names_an_arbiter() -> None:
    given = verdicts(patient(but(lvef_percent="20"), determinations={"I8": True, "X6": False}))
    assert (given["I8"].met, given["X6"].met) == (False, None)
    other = verdicts(patient({}, determinations={"N1": True}), protocol=OTHER)["N1"]
    assert (other.met, other.passes) == (True, False)


def test_an_attestation_stands_and_what_contradicts_it_is_shown() -> None:
    given = verdicts(patient(but(life_expectancy_weeks="4"), attested={"I10": True}))["I10"]
    assert (given.met, given.basis, given.computed) == (True, "attested", False)
    assert given.because == "attested: met; computed: not met, life expectancy 4 weeks is below 8"
    agrees = verdicts(patient(but(life_expectancy_weeks="9"), attested={"I10": True}))["I10"]
    assert (agrees.computed, agrees.because) == (True, "attested: met")


def test_a_threshold_on_an_exclusion_criterion_excludes_whom_it_does_not_pass() -> None:
    listed = [
        {**each.model_dump(), **({"kind": "exclusion"} if each.id == "I8" else {})}
        for each in TRIAL.eligibility.criteria
    ]
    other = changed_trial(criteria=listed)
    for percent, met in (("39", True), ("40", False)):
        verdict = verdicts(patient(but(lvef_percent=percent)), protocol=other)["I8"]
        assert (verdict.met, verdict.passes) == (met, not met)
    assert verdicts(patient(but(lvef_percent=None)), protocol=other)["I8"].passes is None


def test_two_thresholds_of_one_criterion_both_have_to_be_passed() -> None:
    other = changed_trial(lung={"criterion": "I8"})
    assert verdicts(patient(SOUND), protocol=other)["I8"].met is True
    assert verdicts(patient(but(lvef_percent="39")), protocol=other)["I8"].met is False
    assert verdicts(patient(but(fvc_percent_of_predicted="49")), protocol=other)["I8"].met is False


def test_what_was_found_after_the_day_is_not_there_yet() -> None:
    given = patient({"lvef_percent": found("lvef_percent", "60", "2026-03-02")})
    assert verdicts(given, date(2026, 3, 1))["I8"].met is None
    assert verdicts(given, date(2026, 3, 2))["I8"].met is True


def test_the_inputs_name_finding_position_value_and_unit() -> None:
    taken = found("lansky_percent", "70", position=41)
    given = patient(but(lansky_percent=taken)).model_copy(update={"screened_position": 7})
    assert verdicts(given)["I5"].inputs == (
        Input(finding="lansky_percent", position=41, value="70", unit="%"),
        Input(finding="age_years", position=7, value="10", unit="years"),
    )
    signed = given.model_copy(update={"attested": (Said(criterion="I3", met=True, position=52),)})
    assert verdicts(signed)["I3"].inputs == (Input(finding="attested", position=52, value="met", unit=None),)


def test_no_sentence_tells_the_month_of_birth() -> None:
    told = [*matrix(TRIAL, ELIGIBLE, TODAY), *verdicts(patient({}, "2025-09")).values()]
    assert not [each for each in told if "2016" in each.model_dump_json() or "2025-09" in each.model_dump_json()]


def test_a_verdict_and_the_facts_come_back_from_their_json() -> None:
    given = matrix(TRIAL, ELIGIBLE, TODAY)
    several = TypeAdapter(tuple[Verdict, ...])
    assert tuple(Verdict.model_validate_json(each.model_dump_json()) for each in given) == given
    assert several.dump_json(given) == several.dump_json(matrix(TRIAL, ELIGIBLE, TODAY))
    assert PatientFacts.model_validate_json(ELIGIBLE.model_dump_json()) == ELIGIBLE


def test_the_rule_of_a_disease_is_the_criterion_where_nobody_says_more() -> None:
    assert TRIAL.eligibility.disease is not None
    diseases = [{**each.model_dump(), "rule": None} for each in TRIAL.eligibility.disease.diseases]
    given = {each.criterion: each for each in matrix(changed_trial(disease={"diseases": diseases}), ELIGIBLE, TODAY)}
    assert given["I2"].rule == "I2"
    assert verdicts(ELIGIBLE)["I2"].rule == "I2a"


def test_nothing_is_listed_twice() -> None:
    once: Found = found("lvef_percent", "60")
    with pytest.raises(ValidationError, match="listed twice"):
        PatientFacts(birth_year_month="2016-03", sex="male", findings=(once, once))
    twice = Said(criterion="I3", met=True, position=1)
    for kind in ("attested", "determinations", "established"):
        with pytest.raises(ValidationError, match="listed twice"):
            PatientFacts.model_validate({"birth_year_month": "2016-03", "sex": "male", kind: (twice, twice)})


def test_a_verdict_is_given_or_names_what_is_missing() -> None:
    given = verdicts(ELIGIBLE)["I8"].model_dump()
    for broken in ({"met": None}, {"missing": ("lvef_percent",)}):
        with pytest.raises(ValidationError, match="names what is missing"):
            Verdict.model_validate({**given, **broken})


def test_all_is_computed_where_the_protocol_says_so() -> None:
    everything = assessed("computed", *(each.id for each in TRIAL.eligibility.criteria))
    assert {each.basis for each in verdicts(ELIGIBLE, protocol=everything).values()} == {
        "computed",
        "established",
        "attested",
    }
