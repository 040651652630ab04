"""I2: a disease of the protocol, refractory or MRD positive."""

from collections.abc import Mapping

import pytest

from tests.eligibility.cases import but, changed_trial, patient, verdicts

NOT_REFRACTORY: Mapping[str, str | bool] = {
    "induction_regimens_count": "1",
    "complete_remission_after_induction": True,
    "salvage_regimens_count": "0",
    "complete_remission_after_salvage": False,
}
MRD_NEGATIVE = {"mrd_percent_of_nucleated_cells": "0"}


@pytest.mark.parametrize(("rule", "disease"), [("I2a", "AML"), ("I2b", "T-ALL"), ("I2c", "MPAL")])
@pytest.mark.parametrize(
    "remission",
    [
        {"induction_regimens_count": "2", "complete_remission_after_induction": True},
        {"salvage_regimens_count": "1", "complete_remission_after_salvage": True},
    ],
)
def test_after_a_remission_a_leukaemia_is_not_refractory(
    rule: str, disease: str, remission: Mapping[str, str | bool]
) -> None:
    given = but(disease=disease, **{**NOT_REFRACTORY, **MRD_NEGATIVE, **remission})
    verdict = verdicts(patient(given))["I2"]
    assert (verdict.met, verdict.rule) == (False, rule)


def test_a_remission_before_the_relapse_does_not_hide_a_refractory_relapse() -> None:
    given = but(
        **MRD_NEGATIVE,
        induction_regimens_count="2",
        complete_remission_after_induction=True,
        salvage_regimens_count="1",
        complete_remission_after_salvage=False,
    )
    assert verdicts(patient(given))["I2"].met is True


@pytest.mark.parametrize(
    ("left_out", "missing"),
    [
        ("mrd_percent_of_nucleated_cells", ("mrd_percent_of_nucleated_cells",)),
        ("disease", ("disease",)),
        ("complete_remission_after_salvage", ()),
        ("induction_regimens_count", ()),
        ("salvage_regimens_count", ("salvage_regimens_count",)),
    ],
)
def test_only_what_could_still_decide_is_missing(left_out: str, missing: tuple[str, ...]) -> None:
    given = but(**{**NOT_REFRACTORY, **MRD_NEGATIVE, left_out: None})
    verdict = verdicts(patient(given))["I2"]
    assert verdict.missing == missing
    assert verdict.met is (None if missing else False)


def test_one_way_that_is_shown_needs_no_other() -> None:
    refractory = but(
        mrd_percent_of_nucleated_cells=None, induction_regimens_count="2", complete_remission_after_induction=False
    )
    assert verdicts(patient(refractory))["I2"].met is True


def test_a_disease_that_the_protocol_lacks_is_not_repeated_in_the_reason() -> None:
    """I2a, I2b, I2c: B-ALL is not among them (A.3-22)."""
    verdict = verdicts(patient(but(disease="B-ALL")))["I2"]
    assert (verdict.met, verdict.rule) == (False, "I2")
    assert "B-ALL" not in verdict.because


def test_the_numbers_are_the_protocols() -> None:
    threshold = {
        "disease": "AML",
        "induction_regimens_min": 3,
        "salvage_regimens_min": 2,
        "mrd_percent_above": "0.5",
    }
    other = changed_trial(disease={"diseases": [threshold]})

    def met(**findings: str | bool) -> bool | None:
        given = but(**{**NOT_REFRACTORY, **MRD_NEGATIVE, **findings})
        return verdicts(patient(given), protocol=other)["I2"].met

    assert met(mrd_percent_of_nucleated_cells="0.5") is False
    assert met(mrd_percent_of_nucleated_cells="0.51") is True
    assert met(induction_regimens_count="2", complete_remission_after_induction=False) is False
    assert met(induction_regimens_count="3", complete_remission_after_induction=False) is True
    assert met(salvage_regimens_count="1", complete_remission_after_salvage=False) is False
    assert met(salvage_regimens_count="2", complete_remission_after_salvage=False) is True
