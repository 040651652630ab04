"""The 3+3 of the bundled trial, line by line: levels 0 (reserve) to 3, started at 1, all three switches on.

Level, then one letter a patient: N no DLT, T a DLT, P a window that runs, C one with an open candidate DLT.
"""

import pytest

from ledger.designs.base import (
    Advice,
    Await,
    DeclareMtd,
    DeclareMtdNotReached,
    Escalate,
    Open,
    Outcomes,
    StopNoMtd,
    Tally,
    Treat,
)
from ledger.designs.listed import design_of
from ledger.protocol.design import ThreePlusThreeParameters
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
    assert advice_on(text) == advice


@pytest.mark.parametrize("text", ["1TT", "1NTT", "1NNTT", "1TTT", "1NNNNNTT"])
def test_two_dlts_exceed_a_level_at_any_number_of_patients(text: str) -> None:
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


# What has to be waited for ----------------------------------------------------------------------------------------


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


def test_a_second_dlt_stops_the_reserve_level_without_waiting_for_anyone() -> None:
    assert advice_on("1NTT 0TTPC") == StopNoMtd()


# Slots, sentences, parameters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("", [0, 3, 0, 0]),
        ("1N", [0, 3, 0, 0]),
        ("1NPP", [0, 3, 0, 0]),
        ("1NNN", [0, 0, 3, 0]),
        ("1NNNP", [0, 0, 0, 0]),
        ("1NNT 1PPP", [0, 6, 0, 0]),
        ("1TC", [0, 0, 0, 0]),
        ("1NTT", [3, 0, 0, 0]),
        ("1NTTP", [0, 0, 0, 0]),
        ("1NNN 2TT", [0, 6, 0, 0]),
        ("1NNNNNN 2TT", [0, 0, 0, 0]),
        ("1NTT 0TT", [0, 0, 0, 0]),
    ],
)
def test_the_slots_of_each_level_now(text: str, slots: list[int]) -> None:
    assert [DESIGN.slots_now(outcomes(text), level) for level in (0, 1, 2, 3)] == slots


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", ("No level is exceeded; the top is level 3.", "Case 3: no level up to 3 is in use; open level 1.")),
        (
            "1NNN 2NT",
            (
                "No level is exceeded; the top is level 3.",
                "Case 2: level 2 has 1 DLT in 2 evaluable patients; fill it to 3, nothing above it.",
            ),
        ),
        (
            "1NNNPC",
            (
                "No level is exceeded; the top is level 3.",
                "Case 4: level 1 is cleared with 0 DLTs in 3 evaluable patients; escalate to level 2.",
                "Not yet: 2 patients pending and 1 candidate DLT open, the lowest at level 1.",
            ),
        ),
        (
            "1NNN 2NTT",
            (
                "Level 2 is exceeded: 2 DLTs in 3 evaluable patients.",
                "Case 4: level 1 has 0 DLTs in 3 evaluable patients; fill it to 6, the highest level allowed.",
            ),
        ),
        (
            "1NNNNNT 2TT",
            (
                "Level 2 is exceeded: 2 DLTs in 2 evaluable patients.",
                "Case 4: level 1 is tolerated with 1 DLT in 6 evaluable patients; it is the MTD.",
            ),
        ),
        (
            "3NNNNNN",
            (
                "No level is exceeded; the top is level 3.",
                "Case 4: level 3, the top, is tolerated with 0 DLTs in 6 evaluable patients; the MTD is not reached.",
            ),
        ),
        (
            "1TT 0NTT",
            (
                "Level 0 is exceeded: 2 DLTs in 3 evaluable patients.",
                "Case 1: no level is left; stop the trial, no level is tolerated.",
            ),
        ),
    ],
)
def test_the_advice_says_which_case_holds_and_on_which_numbers(text: str, sentences: tuple[str, ...]) -> None:
    assert DESIGN.explain(outcomes(text)) == sentences


def test_a_mark_that_outlives_its_dlt_is_named_as_a_mark() -> None:
    assert DESIGN.explain(outcomes("1NNN", level_2=Tally(3, 1, exceeded=True)))[0] == (
        "Level 2 is marked exceeded, with 1 DLT in 3 evaluable patients; no signed review has lifted the mark."
    )


def test_without_going_down_the_stop_names_the_level_that_was_not_settled() -> None:
    stayed = three_plus_three(down=False)
    assert stayed.explain(outcomes("1NNN 2NTT"))[1] == (
        "Case 1: level 1 has 0 DLTs in 3 evaluable patients, and the protocol does not go back down; stop, no MTD."
    )


def test_each_advice_has_a_stable_code() -> None:
    advices: list[Advice] = [Treat(1, 3), Open(1), Escalate(2), DeclareMtd(1), DeclareMtdNotReached(3), StopNoMtd()]
    codes = ["treat", "open", "escalate", "declare_mtd", "declare_mtd_not_reached", "stop"]
    assert [advice.code for advice in advices] == codes
    assert Await(1, StopNoMtd(), 1, 0).code == "await"


def test_the_parameters_of_a_protocol_name_the_design() -> None:
    parameters = ThreePlusThreeParameters(kind="3+3", six_at_mtd=False, act_on_second_dlt=True, may_deescalate=False)
    assert design_of(parameters) == three_plus_three(six=False, down=False)


@pytest.mark.parametrize(
    ("evaluable", "dlt", "pending", "candidates", "treated"),
    [(-1, 0, 0, 0, 0), (1, -1, 0, 0, 0), (1, 0, -1, 0, 0), (1, 0, 0, -1, 0), (1, 0, 0, 0, -1)],
)
def test_a_count_is_never_negative(evaluable: int, dlt: int, pending: int, candidates: int, treated: int) -> None:
    with pytest.raises(ValueError, match="not negative"):
        Tally(evaluable, dlt, pending=pending, candidates=candidates, treated=treated)


def test_there_are_no_more_dlts_than_evaluable_patients() -> None:
    with pytest.raises(ValueError, match="patient with a DLT is evaluable"):
        Tally(evaluable=1, dlt=2)


@pytest.mark.parametrize(("bottom", "top", "start"), [(1, 3, 0), (0, 3, 4), (2, 1, 1), (-1, 3, 1)])
def test_a_trial_starts_on_its_ladder(bottom: int, top: int, start: int) -> None:
    with pytest.raises(ValueError, match="start level"):
        Outcomes({}, bottom=bottom, top=top, start=start)


def test_nobody_is_treated_beside_the_ladder() -> None:
    with pytest.raises(ValueError, match="every level"):
        Outcomes({4: Tally(1, 0)}, bottom=0, top=3, start=1)
