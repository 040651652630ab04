"""The three points in which published 3+3 rules differ: each switch off, on levels 0 (reserve) to 3, started at 1."""

import pytest

from ledger.designs.base import (
    Advice,
    Await,
    DeclareMtd,
    DeclareMtdNotReached,
    Escalate,
    Open,
    StopNoMtd,
    Tally,
    Treat,
)
from ledger.designs.three_plus_three import ThreePlusThree
from tests.designs.designs import outcomes, three_plus_three


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NNN 2NTT", DeclareMtd(1)),
        ("1NTT 0NNN", DeclareMtd(0)),
        ("1NTT 0NNT", Treat(0, 6)),
        ("1NTT 0NNT 0NNN", DeclareMtd(0)),
        ("1NNN 2NNN 3NNN", DeclareMtdNotReached(3)),
        ("1NNN 2NNN 3NNT", Treat(3, 6)),
        ("1NNNP 2NTT", Await(1, DeclareMtd(1), pending=1, candidates=0)),
    ],
)
def test_none_of_three_is_enough_where_six_at_the_mtd_are_not_asked_for(text: str, advice: Advice) -> None:
    assert three_plus_three(six=False).advise(outcomes(text)) == advice


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1TT", Treat(1, 3)),
        ("1TTP", Await(1, Treat(1, 3), pending=1, candidates=0)),
        ("1TTN", Open(0)),
        ("1NNT 1TP", Treat(1, 6)),
        ("1NNT 1TPP", Await(1, Treat(1, 6), pending=2, candidates=0)),
        ("1NTT 1PPP", Await(1, Treat(1, 6), pending=3, candidates=0)),
        ("1NNT 1TN", Treat(1, 6)),
        ("1NNT 1TNN", Open(0)),
        ("1NNNNNTT", Open(0)),
        ("1NNN 2NTT 1NTT", Open(0)),
        ("1NNT 1C", Treat(1, 6)),
    ],
)
def test_whole_cohorts_are_completed_before_their_second_dlt_is_judged(text: str, advice: Advice) -> None:
    assert three_plus_three(at_once=False).advise(outcomes(text)) == advice


def test_a_mark_needs_no_whole_cohort() -> None:
    marked = outcomes("", level_1=Tally(2, 2, pending=1, exceeded=True))
    assert three_plus_three(at_once=False).advise(marked) == Await(1, Open(0), pending=1, candidates=0)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", Open(1)),
        ("1NNN", Escalate(2)),
        ("1NNT 2N", Treat(1, 6)),
        ("1NTT", StopNoMtd()),
        ("1NTTP", StopNoMtd()),
        ("1NNN 2NTT", DeclareMtd(1)),
        ("1NNT 1NNN 2NTT", DeclareMtd(1)),
        ("1NNN 2NNN 3NTT", DeclareMtd(2)),
        ("1NNT 2NTT", StopNoMtd()),
        ("1NNT 2NNN 3NTT", StopNoMtd()),
        ("1NNN 3NTT", DeclareMtd(1)),
        ("1NNN 2NNT 3NTT", DeclareMtd(1)),
        ("1NNN 2NTT 3NTT", DeclareMtd(1)),
        ("1NNN 2NNP 3NTT", Await(2, DeclareMtd(1), pending=1, candidates=0)),
        ("1NNT 1PP 2NTT", Await(1, StopNoMtd(), pending=2, candidates=0)),
        ("1NNNP 2NTT", Await(1, DeclareMtd(1), pending=1, candidates=0)),
        ("1NNN 2NTTC", Await(2, DeclareMtd(1), pending=0, candidates=1)),
        ("1NNT 2TC", Await(2, Treat(1, 6), pending=0, candidates=1)),
    ],
)
def test_without_going_down_the_mtd_is_the_highest_level_below_that_is_cleared_already(
    text: str, advice: Advice
) -> None:
    assert three_plus_three(six=False, down=False).advise(outcomes(text)) == advice


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NNN 2NTT", StopNoMtd()),
        ("1NNT 1NNN 2NTT", DeclareMtd(1)),
        ("1NNN 2NNN 3NNN", Treat(3, 6)),
        ("1NNN 2NNN 3NNNNNN", DeclareMtdNotReached(3)),
        ("1NNT 1NNN 2NNN 3NTT", DeclareMtd(1)),
        ("1NNNP 2NTT", Await(1, StopNoMtd(), pending=1, candidates=0)),
    ],
)
def test_without_going_down_six_at_the_mtd_must_have_been_treated_on_the_way_up(text: str, advice: Advice) -> None:
    assert three_plus_three(down=False).advise(outcomes(text)) == advice


def test_without_going_down_the_reserve_is_not_opened_even_where_nobody_was_treated() -> None:
    barred = outcomes("", level_1=Tally(0, 0, exceeded=True))
    assert three_plus_three(down=False).advise(barred) == StopNoMtd()


def test_without_going_down_a_mark_above_all_that_is_in_use_changes_nothing_below() -> None:
    barred = outcomes("1NN", level_3=Tally(0, 0, exceeded=True))
    assert three_plus_three(down=False).advise(barred) == Treat(1, 3)


@pytest.mark.parametrize("missing", ["six_at_mtd", "act_on_second_dlt", "may_deescalate"])
def test_a_protocol_must_state_each_of_the_three_points(missing: str) -> None:
    points = {"six_at_mtd": True, "act_on_second_dlt": True, "may_deescalate": True}
    del points[missing]
    with pytest.raises(ValueError, match=missing):
        ThreePlusThree.model_validate({"kind": "3+3", **points})
