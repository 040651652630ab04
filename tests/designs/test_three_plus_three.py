"""The 3+3 of the bundled trial, line by line: levels 0 (reserve) to 3, started at 1, all three switches on.

Level, then one letter a patient: N no DLT, T a DLT, P a window that runs, C one with an open candidate DLT.
"""

import pytest

from ledger.designs.base import (
    Advice,
    DeclareMtd,
    DeclareMtdNotReached,
    Escalate,
    Open,
    StopNoMtd,
    Tally,
    Treat,
)
from tests.designs.designs import ladder_of_three, outcomes, three_plus_three

DESIGN = three_plus_three()


def advice_on(text: str) -> Advice:
    return DESIGN.advise(outcomes(text))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", Open(1)),
        ("1N", Treat(1, 3)),
        ("1NT", Treat(1, 3)),
        ("1NNN", Escalate(2)),
        ("1NNT", Treat(1, 6)),
        ("1NNT 1NN", Treat(1, 6)),
        ("1NNT 1NNN", Escalate(2)),
        ("1NNN 2N", Treat(2, 3)),
        ("1NNN 2NNN", Escalate(3)),
        ("1NNN 2NNT 2NNN", Escalate(3)),
    ],
)
def test_going_up(text: str, advice: Advice) -> None:
    """A.3-7, A.3-8."""
    assert advice_on(text) == advice


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NNN 2NTT", Treat(1, 6)),
        ("1NNN 2NTT 1NN", Treat(1, 6)),
        ("1NNN 2NTT 1NNN", DeclareMtd(1)),
        ("1NNN 2NTT 1NNT", DeclareMtd(1)),
        ("1NNN 2NTT 1NT", Treat(1, 6)),
        ("1NNT 1NNN 2NTT", DeclareMtd(1)),
        ("1NNN 2NNT 2NNT", Treat(1, 6)),
        ("1NNN 2NNN 3TTT", Treat(2, 6)),
        ("1NNN 2NNN 3TT 2NTT", Treat(1, 6)),
        ("1NNN 2NNN 3TT 2NNT", DeclareMtd(2)),
    ],
)
def test_coming_down_to_levels_that_were_cleared_on_the_way_up(text: str, advice: Advice) -> None:
    assert advice_on(text) == advice


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NTT", Open(0)),
        ("1NNT 1NNT", Open(0)),
        ("1NTT 0N", Treat(0, 3)),
        ("1NTT 0NNN", Treat(0, 6)),
        ("1NTT 0NNT", Treat(0, 6)),
        ("1NTT 0NNN 0NNT", DeclareMtd(0)),
        ("1NTT 0NNN 0NNN", DeclareMtd(0)),
        ("1NTT 0TT", StopNoMtd()),
        ("1NTT 0NNT 0T", StopNoMtd()),
        ("1NNN 2NTT 1NTT 0NNN 0NNN", DeclareMtd(0)),
    ],
)
def test_the_reserve_level_is_reached_only_by_coming_down_and_is_the_last(text: str, advice: Advice) -> None:
    """P4, P8, A.3-5."""
    assert advice_on(text) == advice


def test_without_a_reserve_an_intolerable_start_level_stops_the_trial() -> None:
    assert DESIGN.advise(ladder_of_three("1NTT")) == StopNoMtd()


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NNN 2NNN 3N", Treat(3, 3)),
        ("1NNN 2NNN 3NNN", Treat(3, 6)),
        ("1NNN 2NNN 3NNT", Treat(3, 6)),
        ("1NNN 2NNN 3NNN 3NNT", DeclareMtdNotReached(3)),
        ("1NNN 2NNN 3NNN 3NTT", Treat(2, 6)),
    ],
)
def test_the_top_level_is_filled_to_six_and_if_tolerated_the_mtd_is_not_reached(text: str, advice: Advice) -> None:
    """A.3-7."""
    assert advice_on(text) == advice


@pytest.mark.parametrize("text", ["1TT", "1NTT", "1NNTT", "1TTT", "1NNNNNTT"])
def test_two_dlts_exceed_a_level_at_any_number_of_patients(text: str) -> None:
    """A.3-5."""
    assert advice_on(text) == Open(0)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NNNN", Escalate(2)),
        ("1NNNNN", Escalate(2)),
        ("1NNNT", Treat(1, 6)),
        ("1NNNNT", Treat(1, 6)),
        ("1NNTT", Open(0)),
        ("1NNNNNNT", Escalate(2)),
        ("1NNNNNTT", Open(0)),
        ("1NNN 2NNN 3NNNN", Treat(3, 6)),
        ("1NNN 2NNN 3NNNNNNT", DeclareMtdNotReached(3)),
        ("1NNNNNNNN 2NTT", DeclareMtd(1)),
    ],
)
def test_a_level_with_more_patients_than_slots_follows_the_same_text(text: str, advice: Advice) -> None:
    assert advice_on(text) == advice


@pytest.mark.parametrize(
    ("before", "after", "advice"),
    [
        ("1NNN 2N", "1NNT 2N", Treat(1, 6)),
        ("1NNN 2NNN", "1NNT 2NNN", Treat(1, 6)),
        ("1NNN 2NNT", "1NNT 2NNT", Treat(1, 6)),
        ("1NNN 2NNN 3NP", "1NNN 2NNT 3NP", Treat(2, 6)),
        ("1NNT 1NNN 2N", "1NNT 1NNT 2N", Open(0)),
        ("1NNN 2NTT 1NNT", "1NNT 2NTT 1NNT", Open(0)),
    ],
)
def test_a_late_dlt_at_a_lower_level_comes_first(before: str, after: str, advice: Advice) -> None:
    assert advice_on(before) != advice_on(after) == advice


def test_nobody_may_join_the_higher_level_until_the_lower_one_is_settled_again() -> None:
    late = outcomes("1NNT 2NN")
    assert [DESIGN.slots_now(late, level) for level in (0, 1, 2, 3)] == [0, 6, 0, 0]
    settled = outcomes("1NNT 1NNN 2NN")
    assert [DESIGN.slots_now(settled, level) for level in (0, 1, 2, 3)] == [0, 0, 3, 0]


def test_an_exceeded_level_does_not_reopen_when_a_dlt_is_retracted() -> None:
    retracted = Tally(evaluable=3, dlt=1, exceeded=True)
    assert DESIGN.advise(outcomes("1NNN", level_2=retracted)) == Treat(1, 6)
    assert DESIGN.advise(outcomes("1NNN 1NNN", level_2=retracted)) == DeclareMtd(1)
    assert DESIGN.advise(outcomes("0NNN", level_1=retracted)) == Treat(0, 6)
    assert DESIGN.advise(outcomes("", level_0=retracted, level_1=retracted)) == StopNoMtd()


def test_a_signed_review_that_lifts_the_mark_gives_the_level_back_to_its_counts() -> None:
    assert DESIGN.advise(outcomes("1NNN 2NNT")) == Treat(2, 6)


def test_no_review_lifts_two_dlts() -> None:
    assert DESIGN.advise(outcomes("1NNN", level_2=Tally(evaluable=6, dlt=2, exceeded=False))) == Treat(1, 6)


def test_a_level_of_patients_who_are_not_evaluable_is_filled_and_not_escalated_over() -> None:
    assert DESIGN.advise(outcomes("", level_1=Tally(0, 0, treated=2))) == Treat(1, 3)
    assert DESIGN.advise(outcomes("1NNN", level_2=Tally(0, 0, treated=1))) == Treat(2, 3)
    assert DESIGN.advise(outcomes("1NNN", level_2=Tally(2, 0, treated=4))) == Treat(2, 3)


def test_a_mark_above_a_level_never_used_does_not_lift_the_start() -> None:
    assert DESIGN.advise(outcomes("", level_3=Tally(0, 0, exceeded=True))) == Open(1)
    assert DESIGN.advise(outcomes("", level_1=Tally(0, 0, exceeded=True))) == Open(0)
    assert DESIGN.advise(outcomes("3TT")) == Open(1)
