"""What a report says to the safety clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.clocks.causality import strongest, weaker
from ledger.clocks.expedited import Received, Said, SiteAware
from ledger.clocks.facts import Told, facts_of_report, received_by
from ledger.protocol.safety import Relation

RECORDED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("stated_at", "received_at"),
    [
        (None, RECORDED_AT),
        (RECORDED_AT - HOUR, RECORDED_AT - HOUR),
        (RECORDED_AT, RECORDED_AT),
        (RECORDED_AT + HOUR, RECORDED_AT),
    ],
)
def test_it_was_received_at_the_latest_when_it_was_recorded(stated_at: datetime | None, received_at: datetime) -> None:
    assert received_by(stated_at, RECORDED_AT) == received_at


@pytest.mark.parametrize(
    ("serious", "fatal", "aware"),
    [(True, False, True), (None, True, True), (False, True, True), (False, False, False), (None, False, False)],
)
def test_the_site_is_aware_of_what_is_serious_or_fatal(serious: bool | None, fatal: bool, aware: bool) -> None:
    facts = tuple(facts_of_report(Told(serious, fatal, RECORDED_AT - HOUR, None), 7, RECORDED_AT))
    says = Said(serious=serious, fatal_or_life_threatening=True if fatal else None)
    received = Received(7, RECORDED_AT, says)
    assert facts == ((SiteAware(RECORDED_AT - HOUR), received) if aware else (received,))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), "missing"),
        (("missing",), "missing"),
        (("unrelated", "missing"), "unrelated"),
        (("unlikely", "possible", "unrelated"), "possible"),
        (("possible", "definite"), "definite"),
    ],
)
def test_the_strongest_opinion_counts(said: tuple[Relation, ...], expected: Relation) -> None:
    assert strongest(said) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("possible", "probable", True),
        ("probable", "possible", False),
        ("possible", "possible", False),
        (None, "definite", False),
        ("unrelated", None, False),
        ("missing", "definite", False),
        ("unrelated", "missing", False),
    ],
)
def test_a_missing_opinion_is_not_weaker(one: Relation | None, other: Relation | None, expected: bool) -> None:
    assert weaker(one, other) is expected
