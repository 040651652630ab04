"""What holds for any findings: better is never worse, more is never less, nothing is invented."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.eligibility.findings import VOCABULARY
from tests.eligibility.cases import Findings, assessed, but, patient, verdicts
from tests.examples import examples

EVERYTHING = assessed("computed", "I10", "X5")
DECIMALS = st.decimals(min_value="0.01", max_value="99.99", places=2).map(str)
MARKED = settings(max_examples=examples(60), deadline=None)
BETTER_IF_MORE = {"lvef_percent": "I8", "fvc_percent_of_predicted": "I9", "height_cm": "I6", "lansky_percent": "I5"}
BETTER_IF_LESS = {"creatinine_umol_per_l": "I6", "alt_u_per_l": "I7", "ast_u_per_l": "I7"}
ULN = {"alt_uln_u_per_l": "I7", "ast_uln_u_per_l": "I7", "bilirubin_uln_umol_per_l": "I7"}
MRD = {"mrd_percent_of_nucleated_cells": "I2"}


def passes(criterion: str, findings: Findings) -> bool | None:
    return verdicts(patient(findings), protocol=EVERYTHING)[criterion].passes


def value_of(name: str) -> st.SearchStrategy[str | bool]:
    term = VOCABULARY[name]  # type: ignore[index]
    if name.endswith("_on"):
        return st.dates(date(2020, 1, 1), date(2026, 3, 1)).map(str)
    if term.unit is None:
        choices = {"disease": ("AML", "T-ALL", "B-ALL"), "pregnancy_test": term.choices}.get(name)
        return st.sampled_from(choices) if choices else st.booleans()
    return st.integers(1, 3).map(str) if term.whole else DECIMALS


ANY_FINDINGS = st.fixed_dictionaries({}, optional={name: value_of(name) for name in VOCABULARY})


@MARKED
@given(st.sampled_from(sorted({**BETTER_IF_MORE, **ULN, **MRD}.items())), DECIMALS, DECIMALS)
def test_more_of_what_is_good_never_turns_against_the_patient(named: tuple[str, str], one: str, two: str) -> None:
    name, criterion = named
    less, more = sorted((one, two), key=float)
    known = but(
        gilbert=False,
        induction_regimens_count="1",
        complete_remission_after_induction=True,
        salvage_regimens_count="0",
        complete_remission_after_salvage=False,
    )
    before = passes(criterion, {**known, name: less})
    after = passes(criterion, {**known, name: more})
    assert before is not None
    assert after is not None
    assert after >= before


@MARKED
@given(st.sampled_from(sorted(BETTER_IF_LESS.items())), DECIMALS, DECIMALS, st.integers(1, 9))
def test_less_of_what_is_bad_never_turns_against_the_patient(
    named: tuple[str, str], one: str, two: str, height_dm: int
) -> None:
    name, criterion = named
    less, more = sorted((one, two), key=float)
    small = but(height_cm=str(10 * height_dm), alt_uln_u_per_l="9", ast_uln_u_per_l="9")
    before, after = passes(criterion, {**small, name: more}), passes(criterion, {**small, name: less})
    assert before is not None
    assert after is not None
    assert after >= before


@MARKED
@given(st.dates(date(2024, 1, 1), date(2026, 3, 1)), st.integers(0, 200))
def test_a_longer_washout_never_excludes(last_on: date, earlier_days: int) -> None:
    recent = passes("X2", but(last_cellular_therapy_on=str(last_on)))
    longer = passes("X2", but(last_cellular_therapy_on=str(last_on - timedelta(days=earlier_days))))
    assert recent is not None
    assert longer is not None
    assert longer >= recent


@MARKED
@given(ANY_FINDINGS, st.sampled_from(["2025-09", "2016-03", "2010-03", "2005-01"]), st.sampled_from(["male", "female"]))
def test_any_findings_give_every_verdict_with_a_sentence_and_the_findings_it_rests_on(
    findings: dict[str, str | bool], born: str, sex: str
) -> None:
    facts = patient(findings, born, sex)
    for verdict in verdicts(facts, protocol=EVERYTHING).values():
        assert (verdict.met is None) == bool(verdict.missing)
        assert not set(verdict.missing) & set(findings) or verdict.criterion in ("I5", "I6", "I9", "X4")
        used = [each for each in verdict.inputs if each.finding in VOCABULARY]
        assert {each.finding for each in used} <= set(findings)
        assert born not in verdict.because


@MARKED
@given(ANY_FINDINGS, st.sampled_from(sorted(VOCABULARY)), st.sampled_from(["male", "female"]))
def test_a_verdict_rests_on_its_inputs_alone(findings: dict[str, str | bool], left_out: str, sex: str) -> None:
    """What is not among the inputs of a verdict can be left out without changing it."""
    fewer = {name: value for name, value in findings.items() if name != left_out}
    before = verdicts(patient(findings, sex=sex), protocol=EVERYTHING)
    after = verdicts(patient(fewer, sex=sex), protocol=EVERYTHING)
    for criterion, verdict in before.items():
        if verdict.met is not None and left_out not in {each.finding for each in verdict.inputs}:
            assert after[criterion].met == verdict.met


CLEARANCES = (
    "creatinine_clearance_ml_per_min_per_1_73_m2",
    "estimated_creatinine_clearance_ml_per_min_per_1_73_m2",
)
RIVALS = {
    "estimated_creatinine_clearance_ml_per_min_per_1_73_m2": CLEARANCES[:1],
    "height_cm": CLEARANCES,
    "creatinine_mg_per_dl": (*CLEARANCES, "creatinine_umol_per_l"),
    "creatinine_umol_per_l": (*CLEARANCES, "creatinine_mg_per_dl"),
    "spo2_percent_on_room_air": ("fvc_percent_of_predicted",),
    "spirometry_possible": ("fvc_percent_of_predicted",),
    "fvc_percent_of_predicted": ("spirometry_possible",),
}
"""What goes before a finding, or contradicts it, and so keeps it out of the verdict."""


@pytest.mark.parametrize("name", sorted(VOCABULARY))
def test_every_word_of_the_vocabulary_is_used_by_a_rule(name: str) -> None:
    said: dict[str, str | bool] = {"disease": "AML", "pregnancy_test": "positive", "spirometry_possible": False}
    said["last_cellular_therapy_on"] = "2026-02-01"
    known = {str(each): said.get(each, "50" if term.unit else True) for each, term in VOCABULARY.items()}
    findings = {each: value for each, value in known.items() if each not in RIVALS.get(name, ())}
    born = "2004-03" if name.startswith(("karnofsky", "estimated")) else "2016-03"
    given = verdicts(patient(findings, born, "female"), protocol=EVERYTHING)
    assert name in {each.finding for verdict in given.values() for each in verdict.inputs}
