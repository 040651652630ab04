"""The deviation log."""

from ledger.decisions import dose_decision, enrolment, given
from projections.deviations import deviations
from tests.bench import INVESTIGATOR, PI, opened_trial
from tests.patients import infuse, place, prepare_lot, screen
from tests.projections.trials import position, three_treated


def test_a_trial_without_deviations_has_an_empty_log() -> None:
    assert deviations(three_treated().records) == ()


def test_a_dose_without_authorisation_names_the_rule_the_fact_and_who_reported() -> None:
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    prepare_lot(bench, "001")
    given_at = bench.now
    bench.pass_days(2)
    start = given.RecordInfusionStart(patient="001", ordinal=1, product="NK-001", level=1, started_at=given_at)
    bench.ask(start, INVESTIGATOR)
    (row,) = deviations(bench.records)
    assert (row.rule, row.kind, row.patient) == ("G.4-4", "NotAuthorised", "001")
    assert row.title == "The infusion was not authorised as it was given."
    assert (row.about, row.occurred_at) == (position(bench, "patient.infusion-started"), given_at)
    assert (row.actor, row.role, row.site, row.recorded_at.date()) == (
        "ivan",
        "investigator",
        "NDGOI",
        bench.now.date(),
    )


def test_several_broken_rules_are_several_rows_about_one_fact() -> None:
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1, transplant_in_days=20)
    prepare_lot(bench, "001")
    infuse(bench, "001", 1)
    rows = deviations(bench.records)
    assert [row.kind for row in rows] == ["NotAuthorised", "OutsideInfusionDay"]
    assert len({row.about for row in rows}) == 1


def test_what_was_decided_on_paper_stands_after_its_deviations_and_is_still_named() -> None:
    bench = opened_trial()
    screen(bench, "001")
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()))
    bench.ask(
        enrolment.AssignDoseLevel(patient="001", level=1),
        PI,
        on_paper=True,
        reason=bench.seal("decided during an outage"),
        occurred_at=bench.now,
    )
    (row,) = deviations(bench.records)
    assert (row.kind, row.about) == ("NoReservation", position(bench, "patient.dose-level-assigned"))


def test_a_paper_decision_against_the_design_is_a_deviation_of_the_trial() -> None:
    bench = three_treated()
    paper = dose_decision.ReportPaperDecision(outcome="escalate", to_level=2, taken_at=bench.now)
    bench.ask(paper, PI, on_paper=True, reason=bench.seal("decided during an outage"))
    (row,) = deviations(bench.records)
    assert (row.patient, row.importance, row.kind, row.rule) == (None, None, "OutcomeNotPermitted", "G.4-3")
    assert row.about == position(bench, "trial.dose-decision-taken")
