"""Visits, contacts and the end of the follow-up: facts, with a deviation for what they break."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger import refusals as no
from ledger.decisions import follow_up, safety
from ledger.decisions.corrections import CorrectRecord
from ledger.patient.events import PatientOffStudy, ProtocolDeviationRecorded
from ledger.patient.review import QueryRaised
from ledger.patient.visits import ContactAttempted, VisitMissed, VisitRecorded
from ledger.types import Event
from tests import outcomes as o
from tests import patients as p
from tests.bench import NURSE, PI, Bench
from tests.spec.story import deviations, has, named, only, patient, trial, trial_from


def grafted() -> Bench:
    bench = trial()
    p.screen(bench, "001")
    p.place(bench, "001", 1)
    o.grafted(bench, in_days=12)
    return bench


def seen(bench: Bench, day: int | None, after: int, **said: Any) -> tuple[Event, ...]:
    """A visit so many days after the graft; time has come so far."""
    on = o.day_zero(bench) + timedelta(days=after)
    o.until(bench, max(on, bench.now.date()))
    return o.visit(bench, day, on, **said)


def leave(bench: Bench, cause: str) -> tuple[Event, ...]:
    content = {"patient": "001", "cause": cause, "off_on": bench.now.date()}
    return bench.ask(safety.RecordOffStudy.model_validate(content), NURSE)


@pytest.mark.parametrize(
    ("day", "after", "kept"),
    [
        (28, 24, False),
        (28, 25, True),
        (28, 31, True),
        (28, 32, False),
        (730, 699, False),
        (730, 700, True),
        (730, 761, False),
    ],
)
def test_a_visit_outside_its_days_is_a_deviation_and_a_fact(day: int, after: int, kept: bool) -> None:
    bench = grafted()
    events = seen(bench, day, after)
    assert only(VisitRecorded, events).visit == day
    assert deviations(events) == (set() if kept else named(no.VisitOutsideWindow))
    if not kept:
        assert only(ProtocolDeviationRecorded, events).importance == "other"


def test_an_unscheduled_visit_has_no_window_and_there_is_one_a_day() -> None:
    bench = grafted()
    assert deviations(seen(bench, None, 40)) == set()
    assert deviations(seen(bench, None, 41)) == set()
    events = seen(bench, None, 41, kind="telephone")
    assert only(QueryRaised, events).kind == "contradicts: patient.visit-recorded.v1"


def test_a_planned_visit_is_made_once() -> None:
    bench = grafted()
    seen(bench, 28, 28)
    assert has(QueryRaised, seen(bench, 28, 30))


def test_a_visit_that_no_version_of_the_protocol_has_is_not_one() -> None:
    bench = grafted()
    with bench.refuses(no.NotInProtocol):
        seen(bench, 29, 29)
    with bench.refuses(no.NotInProtocol):
        bench.ask(follow_up.ReportMissedVisit(patient="001", visit=29, cause="other"), NURSE)


def test_a_corrected_day_notes_only_what_it_breaks_anew() -> None:
    bench = grafted()
    seen(bench, 28, 28)
    position = bench.world.size - 1
    for after, broken in ((33, named(no.VisitOutsideWindow)), (34, set())):
        on = o.day_zero(bench) + timedelta(days=after)
        o.until(bench, max(on, bench.now.date()))
        report = {"visit": 28, "visited_on": on.isoformat(), "kind": "on-site"}
        correction = CorrectRecord(position=position, kind="visit", report=report, patient="001")
        events = bench.ask(correction, PI, reason=bench.seal("the day was mistyped"))
        assert deviations(events) == broken
        position = bench.world.corrected[position]
    assert patient(bench, "001").follow_up.visited == {28: o.day_zero(bench) + timedelta(days=34)}


def test_missed_and_made_is_asked_about_in_either_order() -> None:
    bench = grafted()
    o.until(bench, o.day_zero(bench) + timedelta(days=70))
    missed = only(VisitMissed, bench.ask(follow_up.ReportMissedVisit(patient="001", visit=60, cause="declined"), NURSE))
    assert missed.cause == "declined"
    position = bench.world.size - 1
    assert only(QueryRaised, seen(bench, 60, 66)).about == position
    seen(bench, 28, 28)
    made = bench.world.size - 1
    events = bench.ask(follow_up.ReportMissedVisit(patient="001", visit=28, cause="site"), NURSE)
    assert only(QueryRaised, events).about == made


def attempt(bench: Bench, reached: bool = False) -> tuple[Event, ...]:
    command = follow_up.RecordContactAttempt(patient="001", attempted_at=bench.now, means="telephone", reached=reached)
    return bench.ask(command, NURSE)


def test_attempts_to_reach_somebody_are_facts_of_their_time() -> None:
    bench = grafted()
    assert only(ContactAttempted, attempt(bench)).reached is False
    bench.pass_days(1)
    assert only(ContactAttempted, attempt(bench, reached=True)).reached is True
    assert has(QueryRaised, attempt(bench, reached=False))


def test_lost_to_follow_up_is_who_somebody_tried_to_reach() -> None:
    untried, tried = grafted(), grafted()
    assert deviations(leave(untried, "lost-to-follow-up")) == named(no.NoContactAttempted)
    attempt(tried)
    assert deviations(leave(tried, "lost-to-follow-up")) == set()


@pytest.mark.parametrize(("day", "over"), [(729, False), (730, True), (731, True)])
def test_completed_is_a_follow_up_whose_years_have_passed(day: int, over: bool) -> None:
    """Day 0 is 17 January 2026; two years are 730 days."""
    bench = grafted()
    o.until(bench, o.day_zero(bench) + timedelta(days=day))
    events = leave(bench, "completed")
    assert only(PatientOffStudy, events).cause == "completed"
    assert deviations(events) == (set() if over else named(no.FollowUpNotOver))


def test_completed_is_a_follow_up_whose_last_visit_was_made() -> None:
    bench = grafted()
    seen(bench, 730, 702)
    assert deviations(leave(bench, "completed")) == set()


def test_two_years_from_a_leap_day_end_at_the_end_of_february() -> None:
    for days, broken in ((-1, named(no.FollowUpNotOver)), (0, set())):
        bench = trial_from(datetime.fromisoformat("2024-02-17T08:00:00+00:00"))
        p.screen(bench, "001")
        p.place(bench, "001", 1)
        assert o.grafted(bench, in_days=12) == p.a_day("2024-02-29")
        o.until(bench, p.a_day("2026-02-28") + timedelta(days=days))
        assert deviations(leave(bench, "completed")) == broken


def test_nobody_completes_the_follow_up_of_a_graft_that_is_not_on_record() -> None:
    bench = trial()
    p.screen(bench, "001")
    bench.pass_days(1000)
    assert deviations(leave(bench, "completed")) == named(no.FollowUpNotOver)
