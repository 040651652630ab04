"""What the 3+3 of the bundled trial says besides its advice: slots, sentences, codes."""

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
from ledger.designs.listed import design_of
from ledger.protocol.design import ThreePlusThreeParameters
from tests.designs.designs import outcomes, three_plus_three

DESIGN = three_plus_three()


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
