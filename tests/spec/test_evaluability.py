"""Evaluable is who had a DLT, or received enough and completed the window; not evaluable is signed by two (B.2)."""

from datetime import date, datetime

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import dlt, enrolment, given, safety, setup
from ledger.decisions.holds import LiftHold
from ledger.designs.base import Escalate, Treat
from ledger.trial.dosing import HoldApplied
from ledger.types import Event
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, PI, SPONSOR, TRAINED, Bench, person
from tests.spec.story import (
    deviations,
    go_on,
    has,
    holds,
    member,
    named,
    only,
    replayed,
    says,
    told,
    trial,
    with_dlt,
)
from tests.spec.test_windows import close


def opinion(
    number: str = "001", *, evaluable: bool = False, reason: str = "window_assessments_missing", revision: int = 1
) -> dlt.DetermineEvaluability:
    return dlt.DetermineEvaluability(patient=number, evaluable=evaluable, reason=reason, revision=revision)


def determine(bench: Bench, number: str = "001", **said: object) -> tuple[Event, ...]:
    """Signed by two people."""
    command = opinion(number, **said)  # type: ignore[arg-type]
    return (*bench.ask(command, PI), *bench.ask(command, COMMITTEE))


def incomplete(outcomes: str = "1P", number: str = "001") -> Bench:
    """The window is over, and an assessment is missing."""
    bench = told(outcomes)
    bench.pass_days(15)
    bench.ask(close(bench, number, done=1))
    return bench


def given_percent(first: int, second: int) -> Bench:
    bench = told("1A")
    for ordinal, percent in ((1, first), (2, second)):
        p.authorise(bench, "001", ordinal)
        p.infuse(bench, "001", ordinal, percent=percent)
        bench.pass_days(17)
    return bench


@pytest.mark.parametrize(
    ("first", "second", "evaluable"),
    [(100, 100, True), (100, 41, True), (71, 100, True), (80, 79, None), (100, 39, None), (110, 25, True)],
)
def test_80_percent_of_the_planned_total_make_evaluable(first: int, second: int, evaluable: bool | None) -> None:
    bench = given_percent(first, second)
    p.close_window(bench, "001")
    assert member(bench, "001").evaluable is evaluable


def test_the_first_infusion_alone_is_not_enough() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="hold"))
    p.close_window(bench, "001")
    assert member(bench, "001").evaluable is None
    with bench.refuses(no.DoseBelowMinimum):
        bench.ask(opinion(evaluable=True, reason="completed"))
    determine(bench, reason="dose_below_minimum")
    assert member(bench, "001").evaluable is False


@pytest.mark.parametrize("subject", ["omission/2", "death"])
def test_taken_off_for_a_reaction_or_dead_in_the_window_is_evaluable_once_ruled_not_a_dlt(subject: str) -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    if subject == "death":
        bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="relapse"))
    else:
        bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="reaction-or-its-treatment"))
        bench.pass_days(29)
    ruling = dlt.RuleOnDlt(patient="001", subject=subject, is_dlt=False, revision=1, rationale=bench.seal("no"))
    with bench.refuses(no.CandidateStands):
        bench.ask(opinion(reason="dose_below_minimum"))
    for by in (INVESTIGATOR, SPONSOR, COMMITTEE):
        bench.ask(ruling, by)
    assert member(bench, "001").evaluable is None
    if subject == "death":
        bench.ask(close(bench, early="death"))
    else:
        bench.ask(close(bench))
    assert member(bench, "001").evaluable is True


def test_not_evaluable_needs_two_people() -> None:
    bench = incomplete()
    assert not has(c.EvaluabilityDetermined, bench.ask(opinion(), PI))
    assert bench.ask(opinion(), PI) == ()
    events = bench.ask(opinion(), COMMITTEE)
    assert only(c.EvaluabilityDetermined, events).evaluable is False
    assert bench.ask(opinion(), INVESTIGATOR) == ()


def test_one_person_in_two_roles_is_one_person() -> None:
    bench = incomplete()
    bench.ask(opinion(), PI)
    delegation = setup.DelegateRole(
        person=PI.id, role="safety_committee", site=None, from_on=bench.now.date(), to_on=None, training=TRAINED
    )
    bench.ask(delegation, SPONSOR)
    bench.ask(opinion(), person(PI.id, "safety_committee", None))
    assert member(bench, "001").evaluable is None


def test_a_coordinator_does_not_sign() -> None:
    bench = incomplete()
    with bench.refuses(no.NotDelegated):
        bench.ask(opinion(), NURSE)


def test_two_signatures_of_different_content_determine_nothing() -> None:
    bench = incomplete()
    bench.ask(opinion(), PI)
    bench.ask(opinion(reason="lost_to_follow_up"), COMMITTEE)
    assert member(bench, "001").evaluable is None
    with bench.refuses(no.AlreadySigned):
        bench.ask(opinion(reason="lost_to_follow_up"), PI)


def test_the_reason_is_of_the_protocols_list() -> None:
    bench = incomplete()
    with bench.refuses(no.ReasonNotInList):
        bench.ask(opinion(reason="it suits us better"))


def test_nothing_is_determined_while_the_window_runs() -> None:
    bench = told("1PA")
    with bench.refuses(no.NotYetEvaluable):
        bench.ask(opinion())
    with bench.refuses(no.NotYetEvaluable):
        bench.ask(opinion("002", reason="not_infused"))


def test_who_had_a_dlt_or_has_a_candidate_is_never_not_evaluable() -> None:
    bench = told("1TP")
    with bench.refuses(no.CandidateStands):
        bench.ask(opinion("001"))
    bench.pass_days(40)
    bench.ask(close(bench, "002", done=1))
    p.reaction(bench, "002", onset_at=window_day(bench, "002"))
    with bench.refuses(no.CandidateStands):
        bench.ask(opinion("002"))


def window_day(bench: Bench, number: str) -> datetime:
    window = member(bench, number).window
    assert window is not None
    return datetime.combine(window.planned_to_on, bench.now.timetz())


def test_a_window_with_assessments_missing_makes_nobody_evaluable() -> None:
    bench = incomplete()
    with bench.refuses(no.AssessmentsMissing):
        bench.ask(opinion(evaluable=True, reason="completed"))


def test_one_determination_under_each_revision_and_the_highest_counts() -> None:
    bench = incomplete()
    determine(bench)
    with bench.refuses(no.AlreadyDetermined):
        bench.ask(opinion(reason="lost_to_follow_up"))
    with bench.refuses(no.AlreadyDetermined):
        bench.ask(opinion(revision=3))
    due = close(bench)
    bench.ask(due)
    determine(bench, evaluable=True, reason="completed", revision=2)
    assert member(bench, "001").evaluable is True


def test_a_non_evaluable_patient_frees_a_slot_at_the_level_and_stays_in_the_safety_set() -> None:
    bench = incomplete("1PNN")
    assert bench.world.cohort(1).free_slots(bench.now.date(), "I") == 0
    determine(bench)
    assert bench.world.cohort(1).free_slots(bench.now.date(), "I") == 1
    assert says(bench) == Treat(1, 3)
    assert bench.world.patients["001"].dosed
    go_on(bench, "1N")
    assert says(bench) == Escalate(2)


def test_a_dlt_before_replacement_counts() -> None:
    bench = incomplete("1PNN")
    determine(bench)
    go_on(bench, "1A")
    late = p.reaction(bench, "001", onset_at=datetime.combine(first_day(bench), bench.now.timetz()))
    p.rule(bench, "001", late)
    assert bench.world.cohort(1).dlts == 1
    assert member(bench, "001").evaluable is True
    assert bench.world.cohort(1).free_slots(bench.now.date(), "I") == -1


def first_day(bench: Bench) -> date:
    window = member(bench, "001").window
    assert window is not None
    return window.from_on


def test_a_non_evaluable_sentinel_is_replaced_as_sentinel() -> None:
    bench = incomplete()
    determine(bench)
    go_on(bench, "1A")
    assert member(bench, "002").sentinel
    p.authorise(bench, "002", 1)


def test_a_failed_product_means_not_dosed_not_evaluable_and_replaced() -> None:
    bench = told("1A")
    bench.ask(given.OmitInfusion(patient="001", ordinal=1, cause="manufacturing-failure"))
    determine(bench, reason="not_manufactured")
    assert member(bench, "001").evaluable is False
    assert not bench.world.patients["001"].dosed
    assert bench.world.cohort(1).free_slots(bench.now.date(), "I") == 3


def test_the_second_non_evaluable_patient_in_a_row_holds_the_level_for_review() -> None:
    bench = told("1AA")
    for number in ("001", "002"):
        bench.ask(given.OmitInfusion(patient=number, ordinal=1, cause="manufacturing-failure"))
    assert not has(HoldApplied, determine(bench, "001", reason="not_manufactured"))
    hold = only(HoldApplied, determine(bench, "002", reason="not_manufactured"))
    assert (hold.scope, hold.level, hold.cause, hold.automatic) == ("level", 1, "consecutive-not-evaluable", True)


def test_a_patient_determined_twice_is_not_two_in_a_row() -> None:
    bench = incomplete()
    determine(bench)
    assert not has(HoldApplied, determine(bench, reason="lost_to_follow_up", revision=2))
    assert holds(bench) == []


def test_a_dlt_in_between_breaks_the_row() -> None:
    bench = incomplete()
    determine(bench)
    go_on(bench, "1T")
    go_on(bench, "1P")
    bench.pass_days(15)
    bench.ask(close(bench, "003", done=1))
    assert not has(HoldApplied, determine(bench, "003"))


def test_the_committee_lifts_the_hold_and_the_next_one_in_the_row_sets_another() -> None:
    bench = told("1AAA")
    for number in ("001", "002", "003"):
        bench.ask(given.OmitInfusion(patient=number, ordinal=1, cause="manufacturing-failure"))
    determine(bench, "001", reason="not_manufactured")
    determine(bench, "002", reason="not_manufactured")
    bench.ask(LiftHold(hold=1, review=bench.seal("the incubator was replaced")), COMMITTEE)
    assert holds(bench) == []
    assert only(HoldApplied, determine(bench, "003", reason="not_manufactured")).hold == 2


def test_an_evaluable_patient_in_between_breaks_the_row() -> None:
    bench = incomplete("1PN")
    determine(bench)
    go_on(bench, "1P")
    p.close_window(bench, "003")
    go_on(bench, "1P")
    bench.pass_days(15)
    bench.ask(close(bench, "004", done=1))
    assert not has(HoldApplied, determine(bench, "004"))


def test_a_determination_on_paper_is_stored_with_what_it_broke() -> None:
    bench = told("1P")
    events = bench.ask(opinion(), on_paper=True)
    assert deviations(events) == named(no.NotYetEvaluable)
    assert member(bench, "001").evaluable is None, "the window still runs"
    bench.pass_days(15)
    bench.ask(close(bench, done=1))
    assert member(bench, "001").evaluable is False


def test_a_patient_without_a_level_is_not_determined() -> None:
    bench = trial()
    p.screen(bench, "001")
    with bench.refuses(no.NotAssigned):
        bench.ask(opinion())


@pytest.mark.parametrize("outcomes", ["1NNT", "1TNN", "1NTN"])
def test_the_order_of_patients_inside_a_cohort_does_not_matter(outcomes: str) -> None:
    """G.4-7."""
    bench = told(outcomes)
    cohort = bench.world.cohort(1)
    assert (cohort.evaluable, cohort.dlts, cohort.exceeded, cohort.cleared) == (3, 1, False, None)
    assert says(bench) == Treat(1, 6)
    assert replayed(bench) == bench.world


def test_a_cancelled_patient_is_no_member_any_more() -> None:
    bench = told("1A")
    bench.ask(enrolment.CancelAssignment(patient="001", cause="mistake"))
    assert not bench.world.cohort(1).members
    go_on(bench, "1A")
    with_dlt(bench, "002")
    assert bench.world.cohort(1).dlts == 1
