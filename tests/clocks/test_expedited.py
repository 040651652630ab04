"""By when an adverse event has to be reported, and why (21 CFR 312.32(c))."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.clocks.expedited import (
    Clock,
    Clocks,
    Fact,
    Received,
    ReportKind,
    Said,
    Sent,
    SiteAware,
    TrulyReceived,
    clocks_of,
)
from ledger.protocol.load import bundled, load_protocol
from ledger.protocol.safety import SafetyClocks
from tests.examples import examples

RULES = load_protocol(bundled("nct07256210")).safety_clocks
SERIOUS = {"serious": True}
URGENT = {"fatal_or_life_threatening": True}


def at(day: int, hour: int = 12) -> datetime:
    """An hour of a day of March 2026; past the 31st it goes on."""
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def on(day: int) -> date:
    return at(day).date()


def received(receipt: int, day: int, **says: Any) -> Received:
    return Received(receipt, at(day), Said(**says))


def sent(kind: ReportKind, day: int) -> Sent:
    return Sent(kind, at(day))


def due(*facts: Fact) -> dict[str, date]:
    """When each clock is due; new information by its receipt."""
    return {
        clock.kind if clock.receipt is None else f"new_information {clock.receipt}": clock.due_on
        for clock in clocks_of(facts, RULES)
    }


def clock(kind: str, *facts: Fact) -> Clock:
    return next(each for each in clocks_of(facts, RULES) if each.kind == kind)


def test_a_serious_unexpected_suspected_event_is_due_in_15_calendar_days() -> None:
    says = {"serious": True, "expected": False, "investigator_causality": "possible"}
    assert due(received(1, 2, **says)) == {"expedited": on(17)}


def test_a_fatal_or_life_threatening_one_in_7_and_its_follow_up_in_8_more() -> None:
    assert due(received(1, 2, **URGENT)) == {"urgent": on(9), "urgent_follow_up": on(17)}


@pytest.mark.parametrize(
    ("says", "qualifies"),
    [
        ({}, False),
        ({"serious": False}, False),
        ({"serious": True}, True),
        ({"serious": True, "expected": False}, True),
        ({"serious": True, "expected": True}, False),
        ({"serious": True, "investigator_causality": "missing"}, True),
        ({"serious": True, "investigator_causality": "possible"}, True),
        ({"serious": True, "investigator_causality": "unlikely"}, False),
        ({"serious": True, "investigator_causality": "unrelated"}, False),
        ({"serious": True, "investigator_causality": "unrelated", "sponsor_causality": "possible"}, True),
        ({"serious": True, "investigator_causality": "unrelated", "sponsor_causality": "missing"}, False),
        ({"serious": True, "investigator_causality": "probable", "sponsor_causality": "unrelated"}, True),
        ({"serious": True, "sponsor_causality": "unrelated"}, True),
        ({"fatal_or_life_threatening": True, "serious": False}, True),
        ({"fatal_or_life_threatening": True, "expected": True}, False),
    ],
)
def test_what_is_missing_counts_as_suspected_and_unexpected_and_the_sponsor_only_upgrades(
    says: dict[str, Any], qualifies: bool
) -> None:
    assert bool(due(received(1, 2, **says))) is qualifies


def test_the_clock_starts_at_the_receipt_of_qualifying_information_not_before() -> None:
    assert due(received(1, 2), received(2, 5, **SERIOUS)) == {"expedited": on(20)}


def test_the_qualification_may_come_in_parts() -> None:
    facts = received(1, 2, serious=True, expected=True), received(2, 4), received(3, 6, expected=False)
    assert due(*facts) == {"expedited": on(21)}


def test_the_day_of_receipt_is_day_0_at_its_own_place() -> None:
    """One in the morning in Moscow is still the day before in Greenwich."""
    moscow = datetime(2026, 3, 3, 1, tzinfo=timezone(timedelta(hours=3)))
    assert due(Received(1, moscow, Said(serious=True))) == {"expedited": on(18)}


def test_every_further_receipt_is_due_within_15_days_of_itself() -> None:
    facts = received(1, 2, **SERIOUS), received(2, 4), received(3, 9, expected=False)
    assert due(*facts) == {"expedited": on(17), "new_information 2": on(19), "new_information 3": on(24)}


def test_an_upgrade_starts_the_shorter_clock_from_its_own_receipt_beside_the_other() -> None:
    assert due(received(1, 2, **SERIOUS), received(2, 10, **URGENT)) == {
        "expedited": on(17),
        "urgent": on(17),
        "urgent_follow_up": on(25),
        "new_information 2": on(25),
    }


def test_a_sponsor_s_upgrade_starts_the_clock_too() -> None:
    facts = (
        received(1, 2, serious=True, investigator_causality="unrelated"),
        received(2, 6, sponsor_causality="possible"),
    )
    assert due(*facts) == {"expedited": on(21)}


@pytest.mark.parametrize(
    "downgrade",
    [
        {"serious": False, "fatal_or_life_threatening": False},
        {"expected": True},
        {"investigator_causality": "unrelated", "sponsor_causality": "unrelated"},
    ],
)
def test_a_downgrade_removes_nothing(downgrade: dict[str, Any]) -> None:
    first = received(1, 2, fatal_or_life_threatening=True, investigator_causality="definite")
    after = due(first, received(2, 3, **downgrade))
    assert after == due(first) | {"new_information 2": on(18)}


def test_a_second_upgrade_starts_nothing_anew() -> None:
    facts = received(1, 2, **URGENT), received(2, 4, fatal_or_life_threatening=False), received(3, 6, **URGENT)
    assert (due(*facts)["urgent"], due(*facts)["urgent_follow_up"]) == (on(9), on(17))


def test_an_earlier_true_receipt_moves_the_due_date_earlier() -> None:
    assert due(received(1, 10, **SERIOUS), TrulyReceived(1, at(7))) == {"expedited": on(22)}


def test_nothing_moves_a_due_date_later() -> None:
    assert due(received(1, 10, **SERIOUS), TrulyReceived(1, at(12))) == {"expedited": on(25)}
    assert due(received(1, 10, **SERIOUS), received(1, 12, **SERIOUS)) == {"expedited": on(25)}


def test_information_entered_late_counts_from_when_it_was_received() -> None:
    """The second receipt came first: a serious event without a causality, which already qualifies."""
    assert due(received(1, 10, **SERIOUS, expected=False), received(2, 6, **SERIOUS)) == {
        "expedited": on(21),
        "new_information 1": on(25),
    }


def test_a_downgrade_entered_late_does_not_undo_what_was_due() -> None:
    assert due(received(1, 10, **SERIOUS), received(2, 6, expected=True)) == {"expedited": on(25)}


def test_qualifying_once_more_after_a_downgrade_entered_late_is_not_due_later() -> None:
    facts = received(1, 10, **SERIOUS), received(2, 6, expected=True), received(3, 12, expected=False)
    assert due(*facts)["expedited"] == on(25)


def test_the_true_receipt_may_be_known_before_what_it_said() -> None:
    assert due(TrulyReceived(1, at(4)), received(1, 8, **SERIOUS)) == {"expedited": on(19)}


def test_the_investigator_reports_within_24_hours() -> None:
    found = clock("investigator_to_sponsor", SiteAware(at(2, hour=9)))
    assert (found.due_at, found.due_on) == (at(3, hour=9), on(3))
    assert found.standing(at(3, hour=9)) == "running"
    assert found.standing(at(3, hour=9) + timedelta(seconds=1)) == "overdue"


def test_an_earlier_awareness_moves_the_24_hours_earlier_and_a_later_one_does_not() -> None:
    assert clock("investigator_to_sponsor", SiteAware(at(4)), SiteAware(at(2))).due_at == at(3)
    assert clock("investigator_to_sponsor", SiteAware(at(2)), SiteAware(at(4))).due_at == at(3)


@pytest.mark.parametrize(("hour", "standing"), [(9, "met"), (10, "met_late")])
def test_the_investigator_has_reported_when_the_sponsor_knew_of_a_serious_event(hour: int, standing: str) -> None:
    not_yet = Received(1, at(2, hour=10), Said(serious=False))
    told = Received(2, at(3, hour=hour), Said(serious=True))
    found = clock("investigator_to_sponsor", SiteAware(at(2, hour=9)), not_yet, told)
    assert (found.met_at, found.standing(at(20))) == (at(3, hour=hour), standing)


@pytest.mark.parametrize(("day", "standing"), [(17, "running"), (18, "overdue")])
def test_a_clock_runs_through_its_last_day(day: int, standing: str) -> None:
    assert clock("expedited", received(1, 2, **SERIOUS)).standing(at(day, hour=23)) == standing


@pytest.mark.parametrize(("day", "standing"), [(17, "met"), (18, "met_late")])
def test_a_report_on_the_last_day_is_in_time(day: int, standing: str) -> None:
    found = clock("expedited", received(1, 2, **SERIOUS), sent("complete", day))
    assert found.standing(at(30)) == standing


def test_the_calendar_is_that_of_the_place_where_the_clock_began() -> None:
    """Due on the 17th in Moscow, where it is past midnight three hours before Greenwich."""
    moscow = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=3)))
    found = clock("expedited", Received(1, moscow, Said(serious=True)))
    assert found.standing(at(17, hour=20)) == "running"
    assert found.standing(at(17, hour=21)) == "overdue"


ALL_KINDS = ("expedited", "urgent", "urgent_follow_up", "new_information")


@pytest.mark.parametrize(
    ("kind", "meets"),
    [
        ("urgent", {"urgent", "new_information"}),
        ("complete", {"expedited", "urgent_follow_up", "new_information"}),
        ("further", {"new_information"}),
    ],
)
def test_each_report_meets_the_clocks_of_its_kind(kind: ReportKind, meets: set[str]) -> None:
    facts = received(1, 2, **SERIOUS), received(2, 4, **URGENT), sent(kind, 5)
    assert {each for each in ALL_KINDS if clock(each, *facts).met_at} == meets


def test_a_report_sent_before_a_clock_began_does_not_meet_it() -> None:
    facts = received(1, 2, **SERIOUS), sent("complete", 5), received(2, 6, **URGENT)
    assert clock("expedited", *facts).met_at == at(5)
    assert clock("urgent_follow_up", *facts).met_at is None
    assert clock("new_information", *facts).met_at is None


def test_of_several_reports_the_first_meets() -> None:
    assert clock("expedited", received(1, 2, **SERIOUS), sent("complete", 9), sent("complete", 6)).met_at == at(6)


def test_a_sent_report_stays_sent_after_a_downgrade() -> None:
    facts = received(1, 2, **SERIOUS), sent("complete", 5), received(2, 8, serious=False)
    assert clock("expedited", *facts).standing(at(40)) == "met"


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ({}, "serious, unexpected (expectedness missing), suspected (causality missing)"),
        ({"expected": False, "investigator_causality": "probable"}, "serious, unexpected, suspected (probable)"),
        (
            {"expected": False, "investigator_causality": "unlikely", "sponsor_causality": "definite"},
            "serious, unexpected, suspected (the sponsor: definite)",
        ),
    ],
)
def test_a_due_date_says_why(says: dict[str, Any], reason: str) -> None:
    found = clock("expedited", received(1, 2, **SERIOUS, **says))
    assert found.reason == f"{reason}; received on 2026-03-02, 15 calendar days"


def test_the_numbers_are_those_of_the_protocol() -> None:
    rules = SafetyClocks(
        serious_unexpected_days=10,
        fatal_or_life_threatening_days=3,
        fatal_or_life_threatening_follow_up_days=4,
        new_information_days=5,
        investigator_to_sponsor_hours=48,
    )
    facts = SiteAware(at(1)), received(1, 2, **SERIOUS), received(2, 4, **URGENT)
    assert {each.kind: each.due_on for each in clocks_of(facts, rules)} == {
        "investigator_to_sponsor": on(3),
        "expedited": on(12),
        "urgent": on(7),
        "urgent_follow_up": on(11),
        "new_information": on(9),
    }


def test_the_clocks_come_with_the_first_due_first() -> None:
    found = clocks_of((received(1, 2, **SERIOUS), received(2, 3, **URGENT), SiteAware(at(1))), RULES)
    assert [each.due_on for each in found] == sorted(each.due_on for each in found)


RELATIONS = st.sampled_from(["definite", "possible", "missing", "unlikely", "unrelated", None])
TRUTH = st.sampled_from([True, False, None])
SAID = st.builds(
    Said,
    serious=TRUTH,
    fatal_or_life_threatening=TRUTH,
    expected=TRUTH,
    investigator_causality=RELATIONS,
    sponsor_causality=RELATIONS,
)
INSTANTS = st.integers(1, 28).map(at)
KINDS: list[Literal["urgent", "complete", "further"]] = ["urgent", "complete", "further"]
FACTS = st.one_of(
    st.builds(SiteAware, at=INSTANTS),
    st.builds(Received, receipt=st.integers(1, 4), at=INSTANTS, says=SAID),
    st.builds(TrulyReceived, receipt=st.integers(1, 4), at=INSTANTS),
    st.builds(Sent, kind=st.sampled_from(KINDS), at=INSTANTS),
)


@settings(max_examples=examples(80), deadline=None)
@given(st.lists(FACTS, max_size=8))
def test_whatever_becomes_known_no_clock_goes_and_none_is_due_later(facts: list[Fact]) -> None:
    clocks = Clocks(RULES)
    for fact in facts:
        before = {(each.kind, each.receipt): each for each in clocks.all()}
        clocks = clocks.after(fact)
        after = {(each.kind, each.receipt): each for each in clocks.all()}
        assert before.keys() <= after.keys()
        for key, was in before.items():
            assert after[key].due_on <= was.due_on
            if was.met_at and was.kind != "investigator_to_sponsor":  # a receipt may turn out not to have said it
                assert after[key].met_at
    assert clocks.all() == clocks_of(facts, RULES)


@settings(max_examples=examples(80), deadline=None)
@given(st.lists(st.builds(Received, receipt=st.integers(1, 9), at=INSTANTS, says=SAID), max_size=5))
def test_every_qualifying_moment_has_a_clock_due_in_time(facts: list[Received]) -> None:
    """Read day by day: on each day, all that was received up to it. Entered in the order of receipt."""
    ordered = [Received(place, fact.at, fact.says) for place, fact in enumerate(sorted(facts, key=lambda f: f.at))]
    known, first, first_urgent = Said(), None, None
    for fact in ordered:
        known = known.then(fact.says)
        serious = known.serious or known.fatal_or_life_threatening
        suspected = known.investigator_causality not in ("unlikely", "unrelated") or known.sponsor_causality in (
            "definite",
            "possible",
        )
        if serious and not known.expected and suspected:
            first = first or fact.at
            if known.fatal_or_life_threatening:
                first_urgent = first_urgent or fact.at
    found = due(*ordered)
    assert found.get("urgent") == (first_urgent and first_urgent.date() + timedelta(days=7))
    if first and first != first_urgent:
        assert found["expedited"] == first.date() + timedelta(days=15)
    assert bool(found) is (first is not None)
