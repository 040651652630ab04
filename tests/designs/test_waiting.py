"""What the 3+3 of the bundled trial waits for: full slots, windows that run, candidate DLTs that are not ruled."""

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
from tests.designs.designs import outcomes, three_plus_three

DESIGN = three_plus_three()


def advice_on(text: str) -> Advice:
    return DESIGN.advise(outcomes(text))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1P", Treat(1, 3)),
        ("1NP", Treat(1, 3)),
        ("1PPP", Await(1, Treat(1, 3), pending=3, candidates=0)),
        ("1NPP", Await(1, Treat(1, 3), pending=2, candidates=0)),
        ("1NTP", Await(1, Treat(1, 3), pending=1, candidates=0)),
        ("1NNT 1PP", Treat(1, 6)),
        ("1NNT 1PPP", Await(1, Treat(1, 6), pending=3, candidates=0)),
        ("1NNT 1NPP", Await(1, Treat(1, 6), pending=2, candidates=0)),
        ("1NNN 2NTT 1PP", Treat(1, 6)),
        ("1NNN 2NTT 1PPP", Await(1, Treat(1, 6), pending=3, candidates=0)),
        ("1NN 1PPPP", Await(1, Treat(1, 3), pending=4, candidates=0)),
    ],
)
def test_pending_patients_take_slots(text: str, advice: Advice) -> None:
    assert advice_on(text) == advice


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NNNP", Await(1, Escalate(2), pending=1, candidates=0)),
        ("1NNNP 2NNN", Await(1, Escalate(3), pending=1, candidates=0)),
        ("1NNNPP 2NNNP", Await(1, Escalate(3), pending=3, candidates=0)),
        ("1NNN 1NNNP 2TT", Await(1, DeclareMtd(1), pending=1, candidates=0)),
        ("1NNNP 2NNNNNN 3TT", Await(1, DeclareMtd(2), pending=1, candidates=0)),
        ("1NNN 2NNN 3NNNNNNP", Await(3, DeclareMtdNotReached(3), pending=1, candidates=0)),
        ("1NNNP 2NNN 3NNN", Await(1, Treat(3, 6), pending=1, candidates=0)),
        ("1NTTP", Await(1, Open(0), pending=1, candidates=0)),
    ],
)
def test_going_up_declaring_and_opening_the_reserve_need_every_window_closed(text: str, advice: Advice) -> None:
    assert advice_on(text) == advice


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NNN 1NNN 2TTP", DeclareMtd(1)),
        ("1NNN 2TTP", Treat(1, 6)),
        ("1NTT 0NNN 0NNN 2P", DeclareMtd(0)),
        ("1NTT 2P", Open(0)),
    ],
)
def test_windows_above_the_level_in_question_hold_nothing(text: str, advice: Advice) -> None:
    assert advice_on(text) == advice


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NNP 2N", Await(1, Treat(1, 3), pending=1, candidates=0)),
        ("1NNNP 2N", Treat(2, 3)),
    ],
)
def test_a_window_below_holds_an_open_cohort_only_while_its_own_level_is_short(text: str, advice: Advice) -> None:
    assert advice_on(text) == advice


def test_the_windows_of_the_expansion_itself_do_not_hold_the_rest_of_it() -> None:
    assert advice_on("1NNN 2NNN 3NNN 3PP") == Treat(3, 6)
    assert advice_on("1NNN 2TT 1NPP") == Await(1, Treat(1, 6), pending=2, candidates=0)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NC", Treat(1, 3)),
        ("1TC", Await(1, Treat(1, 3), pending=0, candidates=1)),
        ("1CC", Await(1, Treat(1, 3), pending=0, candidates=2)),
        ("1NNC", Await(1, Treat(1, 3), pending=1, candidates=1)),
        ("1NNT 1C", Await(1, Treat(1, 6), pending=0, candidates=1)),
        ("1NNNC", Await(1, Escalate(2), pending=1, candidates=1)),
        ("1NNNC 2N", Await(1, Treat(2, 3), pending=0, candidates=1)),
        ("1NNNNNNC 2N", Treat(2, 3)),
        ("1NNNNNTC 2N", Await(1, Treat(2, 3), pending=0, candidates=1)),
        ("1NNT 2C", Treat(1, 6)),
        ("1NNN 2NNN 3NNN 3C", Await(3, Treat(3, 6), pending=0, candidates=1)),
    ],
)
def test_an_open_candidate_counts_as_a_dlt_for_every_permission(text: str, advice: Advice) -> None:
    assert advice_on(text) == advice


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NNN 1NNN 2TTC", Await(2, DeclareMtd(1), pending=0, candidates=1)),
        ("1NTTC", Await(1, Open(0), pending=1, candidates=1)),
        ("1NNNNNN 2NTT 3C", Await(3, DeclareMtd(1), pending=0, candidates=1)),
    ],
)
def test_no_declaring_and_no_opening_while_a_candidate_is_open_anywhere(text: str, advice: Advice) -> None:
    assert advice_on(text) == advice


def test_a_late_candidate_in_an_evaluable_patient_holds_the_level_above() -> None:
    late = outcomes("2N", level_1=Tally(evaluable=3, dlt=0, candidates=1))
    assert DESIGN.advise(late) == Await(1, Treat(2, 3), pending=0, candidates=1)
    assert DESIGN.slots_now(late, 2) == 0


def test_a_candidate_is_counted_as_a_dlt_before_his_window_counts_as_a_sixth() -> None:
    assert DESIGN.advise(outcomes("1NNNNNC 2N")) == Await(1, Treat(2, 3), pending=0, candidates=1)


def test_a_second_dlt_stops_the_reserve_level_without_waiting_for_anyone() -> None:
    assert advice_on("1NTT 0TTPC") == StopNoMtd()
