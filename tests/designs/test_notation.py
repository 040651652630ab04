import pytest

from ledger.designs.base import Tally
from ledger.designs.notation import outcomes_on, parse_outcomes


@pytest.mark.parametrize(
    ("text", "tallies"),
    [
        ("", {}),
        ("1NNN", {1: Tally(3, 0)}),
        ("1NNN 2NTT 0NN", {1: Tally(3, 0), 2: Tally(3, 2), 0: Tally(2, 0)}),
        ("1NNT 2N 1NTN", {1: Tally(6, 2), 2: Tally(1, 0)}),
        ("1NPC", {1: Tally(1, 0, pending=2, candidates=1)}),
        ("12T", {12: Tally(1, 1)}),
    ],
)
def test_a_level_then_one_letter_a_patient(text: str, tallies: dict[int, Tally]) -> None:
    assert parse_outcomes(text) == tallies


@pytest.mark.parametrize(
    "text", ["1", "NNN", "1nnn", "1NNX", " 1N", "1N ", "1N  2N", "1N\t2N", "01N", "100N", "1N\n", "-1N"]
)
def test_only_one_spelling_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="a cohort is"):
        parse_outcomes(text)


def test_a_text_is_put_on_a_ladder() -> None:
    outcomes = outcomes_on("1NNN", bottom=0, top=3, start=1)
    assert (outcomes.at(1), outcomes.at(2), outcomes.in_use()) == (Tally(3, 0), Tally(0, 0), (1,))
    with pytest.raises(ValueError, match="on the ladder"):
        outcomes_on("4N", bottom=0, top=3, start=1)
