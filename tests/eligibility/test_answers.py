"""Answers combine by three-valued logic, and computed values are shown on the cautious side."""

from fractions import Fraction
from itertools import product

import pytest

from ledger.eligibility.verdict import Answer, Input, all_of, any_of, lacking, not_above, not_below

ORDER = {False: 0, None: 1, True: 2}
SEEN = Input(finding="seen", position=1, value="1", unit=None)


def answer(passes: bool | None, word: str) -> Answer:
    return lacking(word) if passes is None else Answer(passes, f"{word} {passes}")


@pytest.mark.parametrize("several", list(product((True, False, None), repeat=3)))
def test_all_is_the_least_and_any_is_the_greatest(several: tuple[bool | None, ...]) -> None:
    answers = [answer(passes, word) for passes, word in zip(several, "abc", strict=True)]
    unknown = tuple(word for passes, word in zip(several, "abc", strict=True) if passes is None)
    for combined, choose in ((all_of(answers), min), (any_of(answers), max)):
        assert combined.passes is choose(several, key=lambda each: ORDER[each])
        assert combined.missing == (unknown if combined.passes is None else ())


def test_the_sentence_says_what_decided_and_the_inputs_are_all_there_once() -> None:
    failing, passing = Answer(False, "too low", (SEEN,)), Answer(True, "enough", (SEEN,))
    assert all_of((passing, failing, lacking("x"))) == Answer(False, "too low", (SEEN,))
    assert any_of((passing, failing, lacking("x"))) == Answer(True, "enough", (SEEN,))
    assert all_of((passing, lacking("x"), lacking("x"))) == Answer(None, "not recorded: x", (SEEN,), ("x",))
    assert all_of((passing, passing)).because == "enough"


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("50", "50", "50"),
        ("101/2", "50.5", "50.5"),
        ("5001/100", "50.01", "50.01"),
        ("49999/1000", "about 49.99", "about 50"),
        ("50001/1000", "about 50", "about 50.01"),
        ("1/3", "about 0.33", "about 0.34"),
        ("100", "100", "100"),
        ("0", "0", "0"),
    ],
)
def test_a_computed_value_is_exact_or_about_and_on_its_side(value: str, low: str, high: str) -> None:
    assert (not_above(Fraction(value)), not_below(Fraction(value))) == (low, high)
