"""Who is followed, and what is due: from the actual day 0 through two years."""

from datetime import date, timedelta
from typing import Any

import pytest

from ledger.decisions import follow_up as f
from ledger.decisions import safety
from projections.base import fold
from projections.follow_up import FollowUpRow, follow_up
from projections.outcomes import patient_outcomes
from projections.patient_timeline import patient_timeline
from tests import outcomes as o
from tests import patients as p
from tests.bench import NURSE, Bench, nct07256210, opened_trial


def grafted(*numbers: str) -> Bench:
    bench = opened_trial()
    for number in numbers or ("001",):
        p.screen(bench, number)
        p.place(bench, number, 1)
        o.grafted(bench, number)
    return bench


def rows(bench: Bench, day: int | None = None) -> tuple[FollowUpRow, ...]:
    """As seen so many days after the graft of 001."""
    if day is not None:
        o.until(bench, on(bench, day))
    return follow_up(bench.world, nct07256210(), bench.now)


def on(bench: Bench, day: int) -> date:
    return o.day_zero(bench) + timedelta(days=day)


def days(visits: tuple[Any, ...]) -> list[int]:
    return [visit.day for visit in visits]


def test_who_is_not_grafted_is_not_followed() -> None:
    bench = opened_trial()
    p.screen(bench, "001")
    assert rows(bench) == ()


@pytest.mark.parametrize(
    ("day", "due", "overdue", "ahead"),
    [
        (24, [], [], 28),
        (25, [28], [], 60),
        (31, [28], [], 60),
        (32, [], [28], 60),
        (53, [60], [28], 100),
        (700, [730], [28, 60, 100, 180, 365, 545], None),
        (760, [730], [28, 60, 100, 180, 365, 545], None),
        (761, [], [28, 60, 100, 180, 365, 545, 730], None),
    ],
)
def test_what_is_due_and_what_is_overdue(day: int, due: list[int], overdue: list[int], ahead: int | None) -> None:
    (row,) = rows(grafted(), day)
    assert (days(row.due), days(row.overdue)) == (due, overdue)
    assert (row.next_visit.day if row.next_visit else None) == ahead


def test_a_visit_that_was_made_or_missed_is_neither() -> None:
    bench = grafted()
    rows(bench, 70)
    o.visit(bench, 28, on(bench, 27))
    bench.ask(f.ReportMissedVisit(patient="001", visit=60, cause="declined"), NURSE)
    (row,) = rows(bench)
    assert (row.due, row.overdue) == ((), ())


@pytest.mark.parametrize(("day", "state"), [(729, "running"), (730, "over")])
def test_the_years_end_without_anybody_saying_so(day: int, state: str) -> None:
    (row,) = rows(grafted(), day)
    assert (row.state, row.ended_by) == (state, None)


@pytest.mark.parametrize("cause", ["completed", "lost-to-follow-up", "withdrawal"])
def test_leaving_the_study_ends_the_follow_up(cause: str) -> None:
    bench = grafted()
    rows(bench, 100)
    left = {"patient": "001", "cause": cause, "off_on": on(bench, 100)}
    bench.ask(safety.RecordOffStudy.model_validate(left), NURSE)
    (row,) = rows(bench, 800)
    assert (row.state, row.ended_by, days(row.overdue)) == ("ended", cause, [28, 60])
    assert row.last_seen_on == on(bench, 0 if cause == "lost-to-follow-up" else 100)


def test_a_death_ends_it() -> None:
    bench = grafted()
    rows(bench, 40)
    bench.ask(safety.RecordDeath(patient="001", cause="relapse", died_on=on(bench, 40)), NURSE)
    (row,) = rows(bench, 800)
    assert (row.state, row.ended_by, row.ended_on, days(row.overdue)) == ("ended", "death", on(bench, 40), [28])


def test_attempts_since_the_patient_was_last_seen_are_counted() -> None:
    bench = grafted()
    for day, reached in ((200, False), (210, True), (210, False), (220, False), (230, False)):
        rows(bench, day)
        bench.pass_days(0.01)
        attempt = {"patient": "001", "attempted_at": bench.now, "means": "telephone", "reached": reached}
        bench.ask(f.RecordContactAttempt.model_validate(attempt), NURSE)
    (row,) = rows(bench)
    assert (row.last_seen_on, row.attempts_since) == (on(bench, 210), 2)


def test_what_a_visit_has_not_left_on_record() -> None:
    bench = grafted()
    rows(bench, 31)
    o.report(
        bench,
        {"kind": "engraftment", "of": "neutrophils", "happened_on": on(bench, 18)},
        {"kind": "lymphocyte-subset", "subset": "CD3", "cells_per_ul": "90", "assessed_on": on(bench, 25)},
        {
            "kind": "chimerism",
            "material": "blood",
            "lineage": "whole",
            "donor_percent": "99",
            "assessed_on": on(bench, 24),
        },
    )
    o.gvhd(bench, on(bench, 31), 0)
    o.visit(bench, 28, on(bench, 28), performed=["mrd"])
    (row,) = rows(bench)
    assert [(visit.day, visit.not_recorded) for visit in row.incomplete] == [
        (28, ("disease-response", "mrd", "chimerism"))
    ]


def test_the_longest_overdue_come_first() -> None:
    bench = opened_trial()
    for number in ("001", "002", "003"):
        p.screen(bench, number)
        p.place(bench, number, 1)
    o.grafted(bench, "002")
    o.grafted(bench, "003", in_days=5)
    o.grafted(bench, "001", in_days=20)
    assert [row.patient for row in rows(bench, 20)] == ["002", "003", "001"]
    o.visit(bench, 28, o.day_zero(bench, "002") + timedelta(days=28), patient="002")
    assert next(row.patient for row in rows(bench)) == "003"


def test_the_outcomes_of_a_patient_by_day_with_the_threshold_of_the_disease() -> None:
    bench = grafted()
    p.find(bench, "001", disease="T-ALL")
    rows(bench, 60)
    mrd = {"kind": "mrd", "method": "pcr", "material": "blood", "detection_limit_percent": "0.001"}
    for day, percent in ((60, "0.1"), (28, "0.11"), (45, None)):
        o.report(bench, {**mrd, "percent_of_nucleated_cells": percent, "assessed_on": on(bench, day)})
    o.gvhd(bench, on(bench, 30), 3)
    shown = patient_outcomes(bench.world, nct07256210(), "001")
    assert shown.disease == "T-ALL"
    assert [(each.protocol_day, each.above_threshold) for each in shown.outcomes] == [
        (28, True),
        (30, None),
        (45, False),
        (60, False),
    ]
    assert shown.outcomes[1].shown == "acute-gvhd: grade III"
    days_of = {entry.title: entry.protocol_day for entry in timeline(bench)}
    assert days_of["Outcome, acute-gvhd: grade III"] == 30
    assert days_of["Outcome, mrd pcr blood: not detected"] == 45


def timeline(bench: Bench) -> tuple[Any, ...]:
    return patient_timeline(bench.world, bench.records, "001").entries


def test_it_is_the_same_from_the_records_alone() -> None:
    bench = grafted("001", "002")
    rows(bench, 30)
    o.visit(bench, 28, on(bench, 28))
    assert follow_up(fold(bench.records), nct07256210(), bench.now) == rows(bench)
