"""Outcomes are reports: stored as they are, beside the record where they contradict it, and reviewed where A.3-19 asks
for it."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger import refusals as no
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.holds import LiftHold
from ledger.decisions.safety import ReportAdverseEvent
from ledger.grading.magic import MagicFindings, grade_magic
from ledger.patient.gvhd import AcuteGvhd
from ledger.patient.outcomes import LymphocyteSubset, Mrd, OutcomeRecorded
from ledger.patient.review import QueryRaised
from ledger.trial.dosing import HoldApplied
from tests import outcomes as o
from tests import patients as p
from tests.bench import COMMITTEE, NURSE, PI, Bench
from tests.examples import examples
from tests.spec.story import has, holds, only, patient, trial, trial_with

THROUGH_DAY = 100


def dosed_and_grafted(**changes: Any) -> Bench:
    """001 at level 1, both infusions given, the graft between them; day 0 is known, the second infusion was today."""
    bench = trial_with(**changes) if changes else trial()
    p.screen(bench, "001")
    p.place(bench, "001", 1)
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    o.grafted(bench, in_days=12)
    bench.pass_days(5)
    p.authorise(bench, "001", 2)
    p.infuse(bench, "001", 2)
    return bench


@pytest.fixture
def bench() -> Bench:
    return dosed_and_grafted()


def after(bench: Bench, days: int) -> date:
    """So many days after the graft; time has come so far."""
    on = o.day_zero(bench) + timedelta(days=days)
    o.until(bench, max(on, bench.now.date()))
    return on


def causes(bench: Bench) -> list[str]:
    return [hold.cause for hold in holds(bench)]


def grades(bench: Bench) -> list[int | None]:
    return [hold.grade for hold in holds(bench) if hold.cause == "acute-gvhd"]


def said(kind: str, **content: Any) -> dict[str, Any]:
    return {"kind": kind, **content}


def subset(on: date, cells: str = "120", name: str = "CD3") -> dict[str, Any]:
    return said("lymphocyte-subset", subset=name, cells_per_ul=cells, assessed_on=on)


def mrd(on: date, percent: str | None, limit: str = "0.01") -> dict[str, Any]:
    content = {"method": "flow-cytometry", "material": "bone-marrow"}
    return said("mrd", **content, percent_of_nucleated_cells=percent, detection_limit_percent=limit, assessed_on=on)


def test_several_outcomes_are_one_report_and_several_facts(bench: Bench) -> None:
    on = after(bench, 28)
    events = o.report(bench, subset(on), subset(on, "45", "NK"), mrd(on, None))
    assert [type(event) for event in events] == [OutcomeRecorded] * 3
    assert [each.cells_per_ul for each in patient(bench, "001").follow_up.each(LymphocyteSubset)] == ["120", "45"]


def test_what_is_assessed_on_another_day_is_another_fact(bench: Bench) -> None:
    o.report(bench, subset(after(bench, 28)))
    events = o.report(bench, subset(after(bench, 60), "400"))
    assert not has(QueryRaised, events)
    assert len(patient(bench, "001").follow_up.outcomes) == 2


def test_another_count_of_the_same_day_is_kept_beside_the_record_with_a_query(bench: Bench) -> None:
    on = after(bench, 28)
    o.report(bench, subset(on, "120"))
    events = o.report(bench, subset(on, "1200"))
    assert only(QueryRaised, events).kind == "contradicts: patient.outcome-recorded.v1"
    assert [each.cells_per_ul for each in patient(bench, "001").follow_up.each(LymphocyteSubset)] == ["120"]


def test_each_contradiction_of_one_report_has_a_query_of_its_own(bench: Bench) -> None:
    on = after(bench, 28)
    o.report(bench, subset(on), subset(on, "45", "NK"))
    events = o.report(bench, subset(on, "121"), subset(on, "46", "NK"))
    assert [event.query for event in events if isinstance(event, QueryRaised)] == [1, 2]


@pytest.mark.parametrize(
    "outcome",
    [
        said("engraftment", of="neutrophils"),
        said("graft-failure", failure="secondary"),
        said("relapse", relapse="haematological"),
        said("second-malignancy", malignancy="post-transplant-lymphoproliferative"),
    ],
    ids=lambda outcome: outcome["kind"],
)
def test_what_happens_once_on_another_day_contradicts_the_record(bench: Bench, outcome: dict[str, Any]) -> None:
    o.report(bench, {**outcome, "happened_on": after(bench, 20)})
    events = o.report(bench, {**outcome, "happened_on": after(bench, 22)})
    assert has(QueryRaised, events)
    assert [each.outcome.on for each in patient(bench, "001").follow_up.outcomes.values()] == [after(bench, 20)]


def test_a_primary_graft_failure_beside_engrafted_neutrophils_raises_a_query(bench: Bench) -> None:
    o.report(bench, said("engraftment", of="neutrophils", happened_on=after(bench, 18)))
    engrafted = bench.world.size - 1
    events = o.report(bench, said("graft-failure", failure="primary", happened_on=after(bench, 28)))
    assert only(QueryRaised, events).about == engrafted
    assert len(patient(bench, "001").follow_up.outcomes) == 2


def test_a_correction_replaces_an_outcome_and_nothing_else(bench: Bench) -> None:
    on = after(bench, 28)
    o.report(bench, subset(on, "120"), subset(on, "45", "NK"))
    position = bench.world.size - 2
    report = {"outcomes": [{**subset(on, "12"), "assessed_on": on.isoformat()}]}
    correction = CorrectRecord(position=position, kind="outcomes", report=report, patient="001")
    bench.ask(correction, PI, reason=bench.seal("a digit too many"))
    found = {each.subset: each.cells_per_ul for each in patient(bench, "001").follow_up.each(LymphocyteSubset)}
    assert found == {"CD3": "12", "NK": "45"}
    other = CorrectRecord(position=position + 1, kind="outcomes", report=report, patient="001")
    with bench.refuses(no.CorrectionOfAnotherKind):
        bench.ask(other, PI, reason=bench.seal("not the same subset"))


@pytest.mark.parametrize(
    ("percent", "readable"), [("0.01", True), ("0.0099", False), (None, True), ("100", True), ("100.1", False)]
)
def test_mrd_is_at_least_the_limit_of_detection_or_not_detected(
    bench: Bench, percent: str | None, readable: bool
) -> None:
    on = after(bench, 28)
    if not readable:
        with pytest.raises(ValidationError):
            o.report(bench, mrd(on, percent))
        return
    o.report(bench, mrd(on, percent))
    (found,) = patient(bench, "001").follow_up.each(Mrd)
    assert found.is_above("0.01") == (percent == "100")


@pytest.mark.parametrize(
    ("disease", "criteria", "response"),
    [("B-ALL", "NCCN-ALL", "CR"), ("AML", "NCCN-ALL", "CR"), ("AML", "ELN-2022", "PD"), ("T-ALL", "NCCN-ALL", "MLFS")],
)
def test_a_response_is_called_as_the_protocol_has_it(bench: Bench, disease: str, criteria: str, response: str) -> None:
    on = after(bench, 28)
    content = {"disease": disease, "criteria": criteria, "response": response}
    with bench.refuses(no.NotInProtocol):
        o.report(bench, said("disease-response", **content, assessed_on=on))


def test_an_outcome_of_tomorrow_is_not_one(bench: Bench) -> None:
    tomorrow = bench.now.date() + timedelta(days=2)
    with bench.refuses(no.OccurrenceInTheFuture):
        o.report(bench, subset(tomorrow))


# acute GVHD


def test_the_grade_is_computed_and_kept_with_findings_scale_and_version(bench: Bench) -> None:
    o.gvhd(bench, after(bench, 30), 2)
    (found,) = patient(bench, "001").follow_up.each(AcuteGvhd)
    assert (found.computed_grade, found.scale, found.table_version) == (2, "MAGIC", "MAGIC-2016.1")
    assert {each.organ: each.at_most for each in found.stages} == {"skin": 3, "liver": 0, "upper_gi": 0, "lower_gi": 0}
    assert found.findings.rash_percent_of_body_surface == "60"


def test_a_grade_that_the_findings_rule_out_needs_the_reason(bench: Bench) -> None:
    on = after(bench, 30)
    with bench.refuses(no.ReasonMissing):
        o.gvhd(bench, on, 2, investigator_grade=1)
    o.gvhd(bench, on, 2, investigator_grade=1, differs_because=bench.seal("a drug rash"))
    (found,) = patient(bench, "001").follow_up.each(AcuteGvhd)
    assert (found.computed_grade, found.grade, found.cautious_grade) == (2, 1, 2)


def test_a_grade_within_what_is_not_certain_needs_none(bench: Bench) -> None:
    o.gvhd(bench, after(bench, 30), {"bilirubin_mg_per_dl": None}, investigator_grade=0)
    (found,) = patient(bench, "001").follow_up.each(AcuteGvhd)
    assert (found.computed_grade, found.undetermined, found.grade, found.cautious_grade) == (None, ("liver",), 0, 0)
    assert not causes(bench)


FINDINGS = st.fixed_dictionaries(
    {
        "weight_kg": st.sampled_from(("8", "50", "50.1", "70")),
        "rash_percent_of_body_surface": st.sampled_from((None, "0", "24.9", "25", "50", "50.1", "100")),
        "erythroderma_with_bullae_and_desquamation": st.sampled_from((None, False, True)),
        "bilirubin_mg_per_dl": st.sampled_from((None, "1.9", "2", "3", "6", "15", "15.1")),
        "persistent_upper_gi_symptoms": st.sampled_from((None, False, True)),
        "stool_ml_per_day": st.sampled_from((None, "0", "80", "500", "999.5", "1501")),
        "stool_episodes_per_day": st.sampled_from((None, 0, 3, 7, 11)),
        "severe_pain_ileus_or_gross_blood": st.sampled_from((None, False, True)),
    }
)
GRAFTED = dosed_and_grafted()


@settings(deadline=None, max_examples=examples(60))
@given(FINDINGS, st.integers(17, 160))
def test_what_is_recorded_and_held_is_what_the_table_gives(found: dict[str, Any], day: int) -> None:
    bench = GRAFTED.copy()
    events = o.gvhd(bench, after(bench, day), found)
    result = grade_magic(MagicFindings(**found))
    recorded = only(OutcomeRecorded, events).outcome
    assert isinstance(recorded, AcuteGvhd)
    graded = (recorded.computed_grade, recorded.at_least_grade, recorded.at_most_grade, recorded.undetermined)
    assert graded == (result.grade, result.at_least, result.at_most, result.undetermined)
    held = result.at_most >= 3 and day <= THROUGH_DAY
    assert grades(bench) == ([result.at_most] if held else [])


@pytest.mark.parametrize(("day", "held"), [(99, True), (100, True), (101, False)])
def test_gvhd_of_grade_iii_holds_the_level_up_to_day_100(bench: Bench, day: int, held: bool) -> None:
    events = o.gvhd(bench, after(bench, day), 3)
    assert has(HoldApplied, events) == held
    if held:
        hold = only(HoldApplied, events)
        named = (hold.scope, hold.level, hold.cause, hold.automatic, hold.patient, hold.grade)
        assert named == ("level", 1, "acute-gvhd", True, "001", 3)
        assert not patient(bench, "001").may_have_dlt


@pytest.mark.parametrize("grade", [0, 1, 2])
def test_gvhd_below_the_protocols_grade_holds_nothing(bench: Bench, grade: int) -> None:
    assert not has(HoldApplied, o.gvhd(bench, after(bench, 30), grade))


def test_the_grade_and_the_day_are_the_protocols() -> None:
    review = {**trial().docket().protocol().review_holds.model_dump(mode="json")}
    own = {**review, "acute_gvhd_minimum_grade": 2, "gvhd_and_death_through_day": 40}
    bench = dosed_and_grafted(review_holds=own)
    assert not has(HoldApplied, o.gvhd(bench, after(bench, 30), 1))
    assert only(HoldApplied, o.gvhd(bench, after(bench, 40), 2)).grade == 2
    assert not has(HoldApplied, o.gvhd(bench, after(bench, 41), 4))


def test_the_same_grade_is_reviewed_once_and_a_higher_one_again(bench: Bench) -> None:
    o.gvhd(bench, after(bench, 30), 3)
    (hold,) = bench.world.trial.holds
    lift = LiftHold(hold=hold, review=bench.seal("steroids, resolving"))
    with bench.refuses(no.SafetyReviewMissing):
        bench.ask(lift, COMMITTEE)
    p.review(bench, hold)
    bench.ask(lift, COMMITTEE)
    assert not has(HoldApplied, o.gvhd(bench, after(bench, 37), 3))
    assert only(HoldApplied, o.gvhd(bench, after(bench, 44), 4)).grade == 4
    assert not has(HoldApplied, o.gvhd(bench, after(bench, 51), 3))


def test_a_graft_that_is_reported_later_moves_what_is_held() -> None:
    bench = trial()
    p.screen(bench, "001")
    p.place(bench, "001", 1)
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(150)
    assert causes(bench) == []
    o.gvhd(bench, bench.now.date(), 3)
    assert grades(bench) == [3]


def test_a_correction_to_a_grave_grade_holds_from_then_on(bench: Bench) -> None:
    on = after(bench, 30)
    o.gvhd(bench, on, 1)
    findings = {**o.NOTHING_FOUND, **o.GRADED[4]}
    report = {"assessed_on": on.isoformat(), "findings": findings}
    correction = CorrectRecord(position=bench.world.size - 1, kind="acute-gvhd", report=report, patient="001")
    events = bench.ask(correction, PI, reason=bench.seal("blood in the stool"))
    assert (only(HoldApplied, events).cause, only(HoldApplied, events).grade) == ("acute-gvhd", 4)


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (said("graft-failure", failure="primary"), "primary-graft-failure"),
        (said("graft-failure", failure="secondary"), None),
        (said("sos", severity="moderate", criteria="EBMT-paediatric-2018"), None),
        (said("sos", severity="severe", criteria="EBMT-paediatric-2018"), "severe-sos"),
        (said("sos", severity="very-severe", criteria="EBMT-paediatric-2018"), "severe-sos"),
        (said("chronic-gvhd", severity="severe"), None),
        (said("relapse", relapse="haematological"), None),
    ],
)
def test_what_else_holds_the_level(bench: Bench, outcome: dict[str, Any], cause: str | None) -> None:
    day = "assessed_on" if outcome["kind"] in ("sos", "chronic-gvhd") else "happened_on"
    o.report(bench, {**outcome, day: after(bench, 200)})
    assert causes(bench) == ([] if cause is None else [cause])


def test_a_severe_sos_is_held_for_once_however_it_is_reported_and_again_when_very_severe(bench: Bench) -> None:
    on = after(bench, 20)
    event = {"term": "SOS", "category": "sinusoidal-obstruction", "ctcae_grade": 3, "serious": True}
    bench.ask(ReportAdverseEvent.model_validate({"patient": "001", **event, "onset_at": bench.now}), NURSE)
    assert causes(bench) == ["severe-sos"]
    o.report(bench, said("sos", severity="severe", criteria="EBMT-paediatric-2018", assessed_on=on))
    assert causes(bench) == ["severe-sos"]
    o.report(bench, said("sos", severity="very-severe", criteria="EBMT-paediatric-2018", assessed_on=after(bench, 21)))
    assert [(hold.cause, hold.grade) for hold in holds(bench)] == [("severe-sos", 3), ("severe-sos", 4)]


def test_what_the_protocol_does_not_review_holds_nothing() -> None:
    review = {**trial().docket().protocol().review_holds.model_dump(mode="json")}
    bench = dosed_and_grafted(
        review_holds={**review, "primary_graft_failure": False, "severe_sinusoidal_obstruction": False}
    )
    on = after(bench, 28)
    o.report(bench, said("graft-failure", failure="primary", happened_on=on))
    o.report(bench, said("sos", severity="very-severe", criteria="other", assessed_on=on))
    assert causes(bench) == []


def test_who_had_no_cells_holds_nothing() -> None:
    bench = trial()
    p.screen(bench, "001")
    p.place(bench, "001", 1)
    o.gvhd(bench, bench.now.date(), 4)
    assert causes(bench) == []


def test_a_held_level_is_not_infused(bench: Bench) -> None:
    o.gvhd(bench, after(bench, 90), 3)
    p.screen(bench, "002")
    with bench.refuses(no.LevelHeld):
        p.place(bench, "002", 1)
