"""The DLT window: days at the site, from infusion 1 to 28 days after the last one given (A.3-6, G.4-6, B.2)."""

from datetime import datetime, timedelta

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import dlt, given, safety, screening, transplant
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.standing import assessments_due
from ledger.types import Event
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, PI, Bench
from tests.spec.story import candidates, deviations, has, member, named, only, patient, told, window


def close(
    bench: Bench, number: str = "001", done: int | None = None, early: c.EarlyEnd | None = None
) -> dlt.CloseDltWindow:
    """The closing, with all scheduled assessments done or so many."""
    due = assessments_due(patient(bench, number), window(bench, number), bench.docket().protocol())
    return dlt.CloseDltWindow(patient=number, assessments_done_count=due if done is None else done, early_end=early)


def once_infused() -> Bench:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    return bench


def corrected_start(bench: Bench, ordinal: int, at: datetime) -> tuple[Event, ...]:
    """The start of an infusion, corrected to another instant."""
    started = patient(bench, "001").infusions[ordinal].started
    assert started is not None
    return corrected(bench, started, "infusion-start", {"started_at": at.isoformat()})


def corrected_end(bench: Bench, ordinal: int, at: datetime) -> tuple[Event, ...]:
    completed = patient(bench, "001").infusions[ordinal].completed
    assert completed is not None
    return corrected(bench, completed, "infusion", {"ended_at": at.isoformat()})


def corrected(bench: Bench, event: Event, kind: str, changes: dict[str, str]) -> tuple[Event, ...]:
    position = next(record.position for record in bench.records if record.event is event)
    computed = {"cells_by_volume", "cells_per_kg", "percent_of_plan"}
    report = {**event.model_dump(mode="json", exclude=computed), **changes}
    command = CorrectRecord(position=position, kind=kind, report=report, patient="001")
    return bench.ask(command, reason=bench.seal("the ward's clock"))


def test_the_window_opens_with_infusion_1_and_is_planned_to_28_days_after_infusion_2() -> None:
    bench = once_infused()
    day = bench.now.date()
    assert (window(bench, "001").from_on, window(bench, "001").planned_to_on) == (day, day + timedelta(days=45))


@pytest.mark.parametrize("days", [15, 17, 19])
def test_the_window_moves_with_infusion_2(days: int) -> None:
    bench = once_infused()
    bench.pass_days(days)
    p.authorise(bench, "001", 2)
    p.infuse(bench, "001", 2)
    assert window(bench, "001").planned_to_on == bench.now.date() + timedelta(days=28)


def test_without_infusion_2_the_window_ends_28_days_after_infusion_1() -> None:
    bench = once_infused()
    events = bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="hold"))
    assert only(c.DltWindowReplanned, events).planned_to_on == bench.now.date() + timedelta(days=28)


def test_without_infusion_1_no_window_opens() -> None:
    """A.3-25."""
    bench = told("1A")
    bench.ask(given.OmitInfusion(patient="001", ordinal=1, cause="manufacturing-failure"))
    assert member(bench, "001").window is None


def test_the_actual_graft_moves_the_planned_end() -> None:
    """P11."""
    bench = once_infused()
    bench.pass_days(14)
    bench.ask(transplant.RecordTransplant(patient="001", performed_at=bench.now))
    assert window(bench, "001").planned_to_on == bench.now.date() + timedelta(days=5 + 28)


def test_a_corrected_date_of_an_infusion_moves_the_window() -> None:
    bench = once_infused()
    bench.pass_days(2)
    started = patient(bench, "001").infusions[1].started
    assert started is not None
    moved = started.started_at - timedelta(days=1)
    replanned = only(c.DltWindowReplanned, corrected_start(bench, 1, moved))
    assert replanned.from_on == moved.date()


def test_a_window_that_was_closed_too_soon_by_a_wrong_date_runs_again_and_the_patient_waits() -> None:
    bench = once_infused()
    bench.pass_days(15)
    p.authorise(bench, "001", 2)
    p.infuse(bench, "001", 2)
    began = bench.now
    p.close_window(bench, "001")
    assert member(bench, "001").evaluable is True
    later = began + timedelta(days=2)
    corrected_end(bench, 2, later)
    events = corrected_start(bench, 2, later)
    assert only(c.DltWindowReplanned, events).planned_to_on == began.date() + timedelta(days=30)
    assert member(bench, "001").evaluable is None
    p.close_window(bench, "001")
    assert member(bench, "001").evaluable is True


def test_a_window_closes_the_day_after_its_last_one() -> None:
    bench = told("1P")
    last = window(bench, "001").planned_to_on
    bench.now = datetime.combine(last, bench.now.timetz())
    with bench.refuses(no.WindowStillRuns):
        bench.ask(close(bench))
    bench.pass_days(1)
    closed = only(c.DltWindowClosed, bench.ask(close(bench)))
    assert closed.closed_on == last + timedelta(days=1)


def test_no_window_closes_while_an_infusion_is_outstanding() -> None:
    bench = once_infused()
    bench.pass_days(60)
    with bench.refuses(no.InfusionOutstanding):
        bench.ask(close(bench))
    bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="readiness-not-met"))
    bench.ask(close(bench))


def test_no_window_closes_while_a_candidate_is_open() -> None:
    bench = told("1P")
    p.reaction(bench, "001")
    bench.pass_days(40)
    with bench.refuses(no.CandidateStands):
        bench.ask(close(bench))
    p.rule_not_a_dlt(bench, "001", 1)
    bench.ask(close(bench))


def test_a_window_is_closed_by_those_who_sign_and_where_there_is_one() -> None:
    bench = told("1PA")
    bench.pass_days(20)
    with bench.refuses(no.NotDelegated):
        bench.ask(close(bench), NURSE)
    with bench.refuses(no.NoWindow):
        bench.ask(dlt.CloseDltWindow(patient="002", assessments_done_count=0))
    p.screen(bench, "003")
    with bench.refuses(no.NotAssigned):
        bench.ask(dlt.CloseDltWindow(patient="003", assessments_done_count=0))


def test_assessments_are_due_daily_for_a_week_after_each_infusion_and_weekly_to_the_end() -> None:
    bench = told("1P")
    bench.pass_days(15)
    closed = only(c.DltWindowClosed, bench.ask(close(bench)))
    assert closed.assessments_due_count == 8 + 8 + 3


def test_a_window_with_assessments_missing_closes_and_is_not_complete() -> None:
    bench = told("1P")
    bench.pass_days(15)
    events = bench.ask(close(bench, done=18))
    assert not window(bench, "001").complete
    assert not has(c.EvaluabilityDetermined, events)


def test_assessments_that_are_found_later_are_added_and_none_is_taken_away() -> None:
    bench = told("1P")
    bench.pass_days(15)
    bench.ask(close(bench, done=18))
    with bench.refuses(no.AlreadyDetermined):
        bench.ask(close(bench, done=17))
    assert has(c.EvaluabilityDetermined, bench.ask(close(bench, done=19)))
    assert member(bench, "001").evaluable is True


def test_a_closed_window_is_not_closed_otherwise() -> None:
    bench = told("1N")
    bench.ask(safety.RecordOffStudy(patient="001", cause="withdrawal", off_on=bench.now.date()))
    with bench.refuses(no.AlreadyDetermined):
        bench.ask(close(bench, early="withdrawal"))


@pytest.mark.parametrize("cause", ["death", "withdrawal", "lost-to-follow-up"])
def test_an_early_end_needs_its_cause_on_record(cause: c.EarlyEnd) -> None:
    bench = once_infused()
    with bench.refuses(no.EarlyEndNotOnRecord):
        bench.ask(close(bench, early=cause))


def test_a_window_ends_early_with_withdrawal_loss_or_death() -> None:
    for cause in ("withdrawal", "lost-to-follow-up"):
        bench = once_infused()
        bench.pass_days(3)
        bench.ask(safety.RecordOffStudy.model_validate({"patient": "001", "cause": cause, "off_on": bench.now.date()}))
        closed = only(c.DltWindowClosed, bench.ask(close(bench, early=cause)))
        assert (closed.closed_on, closed.early_end) == (bench.now.date(), cause)
    bench = once_infused()
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="relapse"))
    with bench.refuses(no.CandidateStands):
        bench.ask(close(bench, early="death"))
    for by in (COMMITTEE, INVESTIGATOR, PI):
        bench.ask(
            dlt.RuleOnDlt(patient="001", subject="death", is_dlt=False, revision=1, rationale=bench.seal("relapse")), by
        )
    bench.ask(close(bench, early="death"))


def test_withdrawn_consent_is_a_withdrawal() -> None:
    bench = once_infused()
    bench.ask(screening.WithdrawConsent(patient="001", scope="all-participation"))
    bench.ask(close(bench, early="withdrawal"))


def test_an_early_end_is_not_undone_by_a_later_graft() -> None:
    bench = once_infused()
    bench.pass_days(20)
    bench.ask(safety.RecordOffStudy(patient="001", cause="lost-to-follow-up", off_on=bench.now.date()))
    bench.ask(close(bench, early="lost-to-follow-up"))
    bench.ask(transplant.RecordTransplant(patient="001", performed_at=bench.now))
    assert not window(bench, "001").running


def test_a_dose_after_an_early_end_is_watched_for() -> None:
    bench = once_infused()
    bench.pass_days(5)
    bench.ask(screening.WithdrawConsent(patient="001", scope="all-participation"))
    bench.ask(close(bench, early="withdrawal"))
    bench.pass_days(2)
    p.infuse(bench, "001", 2)
    assert window(bench, "001").running
    assert window(bench, "001").planned_to_on == bench.now.date() + timedelta(days=28)


def test_what_begins_after_an_early_end_is_outside() -> None:
    bench = once_infused()
    bench.ask(safety.RecordOffStudy(patient="001", cause="lost-to-follow-up", off_on=bench.now.date()))
    bench.ask(close(bench, early="lost-to-follow-up"))
    bench.pass_days(1)
    p.reaction(bench, "001")
    assert candidates(bench, "001") == ()


def test_a_closing_on_paper_is_stored_with_what_it_broke() -> None:
    bench = told("1P")
    events = bench.ask(close(bench), on_paper=True)
    assert deviations(events) == named(no.WindowStillRuns)
    assert not window(bench, "001").running


def test_an_onset_in_the_first_hours_of_the_last_day_at_the_site_counts() -> None:
    bench = told("1P")
    last = window(bench, "001").planned_to_on
    evening_before_in_greenwich = datetime.combine(last, datetime.min.time(), bench.now.tzinfo) - timedelta(hours=2)
    bench.now = evening_before_in_greenwich + timedelta(days=1)
    p.reaction(bench, "001", onset_at=evening_before_in_greenwich)
    assert patient(bench, "001").adverse_events[1].report.onset_at.date() == last
    assert candidates(bench, "001") == ("adverse-event/1",)
