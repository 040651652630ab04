"""The safety clocks and the line listing, at a moment."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.clocks.expedited import Clock
from ledger.decisions import holds, reporting, safety
from projections.base import world_at
from projections.safety_clocks import ClockView, clock_view, reports_due, safety_clocks
from projections.safety_listing import COLUMNS, SafetyRow, listing_csv, safety_listing
from projections.safety_reviews import safety_reviews
from tests.bench import COMMITTEE, INVESTIGATOR, PI, SPONSOR, Bench
from tests.patients import review
from tests.spec.story import told


def serious(bench: Bench, number: str = "001", **said: Any) -> None:
    content = {"patient": number, "term": "Sepsis", "serious": True, "onset_at": bench.now, **said}
    bench.ask(safety.ReportAdverseEvent.model_validate(content), INVESTIGATOR)


def clock(bench: Bench, kind: str) -> ClockView:
    (found,) = (c for each in safety_clocks(bench.world, bench.now) for c in each.clocks if c.kind == kind)
    return found


@pytest.mark.parametrize(
    ("hours", "left", "standing"),
    [
        (0, "24 hours", "running"),
        (23, "1 hour", "running"),
        (24, "0 hours", "running"),
        (26, "overdue by 2 hours", "overdue"),
    ],
)
def test_what_is_left_counts_whole_hours(hours: int, left: str, standing: str) -> None:
    began = datetime(2026, 3, 2, 9, tzinfo=UTC)
    due_at = began + timedelta(hours=24)
    shown = clock_view(
        Clock("investigator_to_sponsor", None, began, due_at.date(), due_at, "why"), began + timedelta(hours=hours)
    )
    assert (shown.left, shown.standing) == (left, standing)


def test_a_report_in_quarantine_has_clocks_and_was_received() -> None:
    bench = told("1P")
    serious(bench, "O01", site_aware_at=bench.now)
    (each,) = safety_clocks(bench.world, bench.now)
    assert (each.quarantine, each.patient, each.adverse_event) == (1, None, None)
    assert [(c.kind, c.standing) for c in each.clocks] == [("investigator_to_sponsor", "met"), ("expedited", "running")]


def test_what_is_not_serious_has_no_clock() -> None:
    bench = told("1P")
    serious(bench, serious=False, site_aware_at=bench.now)
    assert safety_clocks(bench.world, bench.now) == ()


@pytest.mark.parametrize(
    ("days", "left", "standing"),
    [
        (0, "15 days", "running"),
        (14, "1 day", "running"),
        (15, "0 days", "running"),
        (16, "overdue by 1 day", "overdue"),
    ],
)
def test_what_is_left_counts_whole_days(days: int, left: str, standing: str) -> None:
    bench = told("1P")
    serious(bench)
    bench.pass_days(days)
    found = clock(bench, "expedited")
    assert (found.left, found.standing) == (left, standing)
    assert [(due.patient, due.adverse_event, due.left) for due in reports_due(bench.world, bench.now)] == [
        ("001", 1, left)
    ]


def test_the_reason_says_what_was_missing() -> None:
    bench = told("1P")
    serious(bench)
    why = clock(bench, "expedited").why
    assert "expectedness missing" in why
    assert "causality missing" in why


def test_as_known_at_a_position_the_later_receipt_is_not_known() -> None:
    bench = told("1P")
    serious(bench)
    size, due_on = bench.world.size, clock(bench, "expedited").due_on
    earlier = bench.now - timedelta(days=4)
    about = bench.world.patients["001"].adverse_events[1].position
    bench.ask(reporting.RecordReceipt(patient="001", adverse_event=1, about=about, received_at=earlier), SPONSOR)
    assert clock(bench, "expedited").due_on == due_on - timedelta(days=4)
    then = world_at(bench.records, as_of_position=size - 1)
    ((shown,),) = [each.clocks for each in safety_clocks(then, bench.now)]
    assert shown.due_on == due_on


def row(bench: Bench, number: str = "001") -> SafetyRow:
    (found,) = (each for each in safety_listing(bench.world, bench.now) if each.patient == number)
    return found


def test_a_line_has_both_parties_words_what_is_due_what_was_sent_and_what_it_holds() -> None:
    bench = told("1P")
    serious(bench, ctcae_term="Sepsis", ctcae_grade=4, suspect_product="NK-404")
    bench.ask(safety.AssessAttribution(patient="001", adverse_event=1, relation="possible"), PI)
    classified = {"serious": True, "criteria": ("life-threatening", "hospitalisation"), "received_at": bench.now}
    upgraded = {"adverse_event": 1, "revision": 1, "sponsor_causality": "definite", **classified}
    bench.ask(reporting.ClassifySae.model_validate({"patient": "001", **upgraded}), SPONSOR)
    sent = {"kind": "urgent", "to": "authority", "recipient": "Roszdravnadzor", "reference": "17"}
    report = {"patient": "001", "adverse_event": 1, **sent, "submitted_at": bench.now}
    bench.ask(reporting.RecordExpeditedReport.model_validate(report), SPONSOR)
    line = row(bench)
    assert (line.causality_investigator, line.causality_sponsor, line.causality_in_force) == (
        "possible",
        "definite",
        "definite",
    )
    assert (line.severity, line.criteria, line.expected) == (4, ("life-threatening", "hospitalisation"), None)
    assert line.next_due == "expedited: 15 days"
    assert line.reports == (f"{bench.now.date()} urgent to Roszdravnadzor (17)",)
    assert line.holds == (1,)
    assert line.flags == ("level held", "product unknown")


def test_the_listing_may_hold_serious_events_only() -> None:
    bench = told("1PP")
    serious(bench)
    serious(bench, "002", serious=False, term="Rash")
    assert [line.patient for line in safety_listing(bench.world, bench.now)] == ["001", "002"]
    assert [line.patient for line in safety_listing(bench.world, bench.now, serious_only=True)] == ["001"]


def test_the_csv_has_a_column_for_every_member() -> None:
    bench = told("1P")
    serious(bench, term="=cmd()")
    bench.ask(
        reporting.ClassifySae.model_validate(
            {
                "patient": "001",
                "adverse_event": 1,
                "revision": 1,
                "serious": True,
                "criteria": ("death", "hospitalisation"),
                "received_at": bench.now,
            }
        ),
        SPONSOR,
    )
    (read,) = csv.DictReader(io.StringIO("".join(listing_csv(safety_listing(bench.world, bench.now)))))
    assert tuple(read) == COLUMNS
    assert (read["term"], read["criteria"], read["expected"]) == ("'=cmd()", "death; hospitalisation", "")


def test_a_review_names_the_holds_that_it_was_about_and_those_it_lifted() -> None:
    bench = told("1P")
    serious(bench, ctcae_grade=4)
    review(bench, 1)
    assert [(r.review, r.about_holds, r.lifted_holds) for r in safety_reviews(bench.world)] == [(1, (1,), ())]
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("reviewed")), COMMITTEE)
    assert [r.lifted_holds for r in safety_reviews(bench.world)] == [(1,)]
