"""Eligibility is computed from what was found; a person answers only what the protocol leaves to a person."""

from datetime import timedelta

import pytest

from api.demo.findings import recorded
from ledger import refusals as no
from ledger.decisions import enrolment, screening, setup
from ledger.decisions.corrections import CorrectRecord
from ledger.patient import events as e
from projections.eligibility import EligibilityView, VerdictView, eligibility, screening_log
from tests import patients as p
from tests.bench import PI, SITE, SPONSOR, Bench
from tests.spec.story import has, only, patient, trial
from tests.spec.test_screening_and_consent import CONFIRM, assessed, consent, determine, entered


def by_mrd(bench: Bench, disease: str, percent: str) -> None:
    """A child whose leukaemia is in remission but for the residual disease."""
    found: dict[str, str | bool] = {
        "disease": disease,
        "induction_regimens_count": "1",
        "salvage_regimens_count": "0",
        "complete_remission_after_induction": True,
        "complete_remission_after_salvage": False,
        "mrd_percent_of_nucleated_cells": percent,
    }
    assessed(bench, "2016-03", "representative", **found)


def shown(bench: Bench, number: str = "001") -> EligibilityView:
    found = eligibility(bench.world, number, bench.now)
    assert found is not None
    return found


def verdict(bench: Bench, criterion: str) -> VerdictView:
    return next(each for each in shown(bench).verdicts if each.criterion == criterion)


@pytest.mark.parametrize(
    ("disease", "exactly", "above", "rule"),
    [("T-ALL", "0.1", "0.11", "I2b"), ("AML", "0.01", "0.011", "I2a"), ("MPAL", "0.010", "0.0101", "I2c")],
)
def test_residual_disease_exactly_on_the_threshold_is_not_above_it(
    disease: str, exactly: str, above: str, rule: str
) -> None:
    bench = trial()
    by_mrd(bench, disease, exactly)
    with bench.refuses(no.CriteriaOpen):
        bench.ask(CONFIRM)
    assert (verdict(bench, "I2").met, verdict(bench, "I2").rule) == (False, rule)
    p.find(bench, "001", mrd_percent_of_nucleated_cells=above)
    bench.ask(CONFIRM)
    assert verdict(bench, "I2").met


def test_a_disease_that_the_protocol_does_not_have_is_not_eligible() -> None:
    bench = trial()
    assessed(bench, "2016-03", "representative", disease="B-ALL")
    with bench.refuses(no.CriteriaOpen):
        bench.ask(CONFIRM)


@pytest.mark.parametrize("criterion", ["I1", "I2", "I5", "I6", "I7", "I8", "I9", "X2", "X3", "X4"])
def test_what_is_computed_is_not_attested(criterion: str) -> None:
    bench = trial()
    entered(bench)
    with bench.refuses(no.CriterionIsComputed):
        p.attest(bench, "001", **{criterion: criterion.startswith("I")})


@pytest.mark.parametrize(
    "left_out", ["disease", "lansky_percent", "ast_uln_u_per_l", "lvef_percent", "active_gvhd", "active_hiv"]
)
def test_what_was_not_looked_for_keeps_a_criterion_open(left_out: str) -> None:
    bench = trial()
    assessed(bench, "2016-03", "representative", **{left_out: None})
    with bench.refuses(no.CriteriaOpen):
        bench.ask(CONFIRM)
    p.examine(bench, "001")
    bench.ask(CONFIRM)


def infant(bench: Bench) -> None:
    """Seven months old, with the reading of the age signed by two, and no measured clearance."""
    signed = setup.SignInterpretation(
        item="A.3-1", reading="one-month-flagged-below-one-year", basis=bench.seal("letter of the sponsor")
    )
    bench.ask(signed, PI)
    bench.ask(signed, SPONSOR)
    assessed(bench, "2025-06", "representative", creatinine_clearance_ml_per_min_per_1_73_m2=None)


def test_below_one_year_a_person_attests_the_kidneys() -> None:
    bench = trial()
    infant(bench)
    with bench.refuses(no.CriteriaOpen):
        bench.ask(CONFIRM)
    p.attest(bench, "001", I6=True)
    bench.ask(CONFIRM)
    assert verdict(bench, "I6").basis == "attested"


def test_a_measured_clearance_of_an_infant_comes_before_what_was_attested() -> None:
    bench = trial()
    infant(bench)
    p.attest(bench, "001", I6=True)
    p.find(bench, "001", creatinine_clearance_ml_per_min_per_1_73_m2="49")
    with bench.refuses(no.CriterionIsComputed):
        p.attest(bench, "001", I6=False)
    with bench.refuses(no.CriteriaOpen):
        bench.ask(CONFIRM)


def test_the_arbiter_decides_and_what_was_found_stands_beside() -> None:
    bench = trial()
    assessed(bench, "2016-03", "representative", uncontrolled_infection=True)
    bench.ask(CONFIRM)
    decided = verdict(bench, "X5")
    assert (decided.met, decided.computed, decided.basis) == (False, True, "determination")


def test_the_newest_finding_counts_by_the_day_of_its_finding() -> None:
    bench = trial()
    assessed(bench, "2016-03", "representative")
    late = recorded("lvef_percent", "20", bench.now.date() - timedelta(days=30))
    bench.ask(screening.RecordScreeningFindings.model_validate({"patient": "001", "findings": [late]}))
    bench.ask(CONFIRM)
    p.find(bench, "001", lvef_percent="39.9")
    with bench.refuses(no.CriteriaOpen):
        bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()))


def test_a_finding_of_tomorrow_is_not_recorded() -> None:
    bench = trial()
    entered(bench)
    early = recorded("lvef_percent", "60", bench.now.date() + timedelta(days=3))
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(screening.RecordScreeningFindings.model_validate({"patient": "001", "findings": [early]}))


def test_a_corrected_finding_is_replaced_and_makes_the_signed_checklist_another() -> None:
    bench = trial()
    assessed(bench, "2016-03", "representative")
    bench.ask(CONFIRM)
    assert shown(bench).confirmed_as_shown
    position = next(at for at, event in patient(bench, "001").findings.items() if event.word == "lvef_percent")
    report = {"findings": [recorded("lvef_percent", "38", bench.now.date())]}
    command = CorrectRecord(position=position, kind="screening-findings", report=report, patient="001")
    bench.ask(command, reason=bench.seal("read from another chart"))
    assert position not in patient(bench, "001").findings
    assert not shown(bench).confirmed_as_shown
    assert shown(bench).open == ("I8",)
    with bench.refuses(no.CriteriaOpen):
        bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()))


def test_a_correction_is_about_the_same_word() -> None:
    bench = trial()
    assessed(bench, "2016-03", "representative")
    position = next(at for at, event in patient(bench, "001").findings.items() if event.word == "lvef_percent")
    report = {"findings": [recorded("lansky_percent", "38", bench.now.date())]}
    command = CorrectRecord(position=position, kind="screening-findings", report=report, patient="001")
    with bench.refuses(no.CorrectionOfAnotherKind):
        bench.ask(command, reason=bench.seal("read from another chart"))


def test_the_matrix_names_the_position_of_every_finding_and_what_is_missing() -> None:
    bench = trial()
    assessed(bench, "2016-03", "representative", lansky_percent=None)
    heart = verdict(bench, "I8")
    (input_,) = heart.inputs
    assert input_.position is not None
    found = only(e.ScreeningFindingRecorded, [bench.records[input_.position].event])
    assert (found.word, found.finding.shown, input_.value) == ("lvef_percent", "60", "60")
    assert (verdict(bench, "I5").met, verdict(bench, "I5").missing) == (None, ("lansky_percent",))
    assert shown(bench).open == ("I5",)
    assert (verdict(bench, "I1").basis, verdict(bench, "I1").met) == ("established", True)


def test_the_screening_log_has_a_row_for_everybody_with_what_came_of_it() -> None:
    bench = trial()
    p.screen(bench, "001")
    p.place(bench, "001", 1)
    assessed_as = {"lvef_percent": "39"}
    bench.ask(screening.ScreenPatient(number="002", site=SITE, birth_year_month="2016-03", sex="male"))
    bench.ask(consent(bench, "002", "representative"))
    p.examine(bench, "002", **assessed_as)
    p.attest(bench, "002")
    p.find_donor(bench, "002")
    bench.ask(determine(bench, "002"))
    before = screening_log(bench.world, bench.now)
    assert [(row.outcome, row.open) for row in before] == [("enrolled", ()), ("in_screening", ("I8",))]
    failed = bench.ask(screening.FailScreening(patient="002", criteria=("I8",)))
    assert has(e.ScreenFailed, failed)
    p.screen(bench, "003")
    rows = screening_log(bench.world, bench.now)
    assert [(row.patient, row.outcome, row.failed_by, row.level) for row in rows] == [
        ("001", "enrolled", (), 1),
        ("002", "screen_failed", ("I8",), None),
        ("003", "eligible", (), None),
    ]
    assert {(row.screened_on, row.consented_on) for row in rows} == {(bench.now.date(), bench.now.date())}
    assert [(row.enrolled_on, row.phase) for row in rows] == [(bench.now.date(), "I"), (None, None), (None, None)]


@pytest.mark.parametrize(("born", "new"), [("2012-02", "patient"), ("2008-02", "patient")])
def test_at_14_and_18_new_protocol_actions_wait_for_signatures_and_safety_reports_do_not(
    born: str, new: e.Capacity
) -> None:
    bench = trial()
    p.screen(bench, "001", born)
    bench.ask(enrolment.ReserveSlot(patient="001", level=1))
    bench.pass_days(p.a_day("2026-02-01").toordinal() - bench.now.date().toordinal())
    bench.ask(enrolment.ReleaseReservation(patient="001", level=1))
    with bench.refuses(no.ConsentNotValid):
        bench.ask(enrolment.ReserveSlot(patient="001", level=1))
    assert not verdict(bench, "I1").met
    assert p.reaction(bench, "001") in patient(bench, "001").adverse_events
    bench.ask(consent(bench, "001", new))
    bench.ask(enrolment.ReserveSlot(patient="001", level=1))
    assert verdict(bench, "I1").met


def test_a_pregnancy_test_is_still_valid_at_the_assignment() -> None:
    """X4."""
    bench = trial()
    p.screen(bench, "001", "2010-03")
    bench.ask(enrolment.ReserveSlot(patient="001", level=1))
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date() + timedelta(days=25)))
    bench.pass_days(8)
    with bench.refuses(no.CriteriaOpen):
        bench.ask(enrolment.AssignDoseLevel(patient="001", level=1))
    assert verdict(bench, "X4").missing == ("pregnancy_test",)
    p.find(bench, "001", pregnancy_test="negative")
    bench.ask(enrolment.AssignDoseLevel(patient="001", level=1))
