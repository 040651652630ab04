"""Simon's two-stage designs: those that are printed, and that no other design is better."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import pytest

from ledger.designs.two_stage import Errors, TwoStage, minimax, optimal

Search = Callable[[Errors, int], TwoStage | None]


def prints_as(found: Fraction, printed: str) -> bool:
    return abs(found - Fraction(printed)) <= Fraction(1, 2 * 10 ** len(printed.partition(".")[2]))


@pytest.mark.parametrize(
    ("errors", "search", "limit", "design", "expected", "stopped"),
    [
        (".05 .20 .10 .10", minimax, 60, "0/18, 3/32", "26.44", ".3972"),
        (".05 .20 .10 .10", optimal, 60, "0/12, 3/37", "23.49", ".5404"),
        (".25 .45 .05 .10", minimax, 60, "6/26, 17/49", None, None),
        (".25 .45 .05 .10", optimal, 60, "6/22, 19/57", None, None),
        (".10 .40 .05 .20", minimax, 40, "1/8, 3/13", "8.93", ".8131"),
        (".10 .40 .05 .20", optimal, 40, "0/4, 3/15", "7.78", ".6561"),
        (".10 .45 .10 .20", minimax, 40, "0/4, 2/9", None, None),
    ],
)
def test_the_printed_designs(
    errors: str, search: Search, limit: int, design: str, expected: str | None, stopped: str | None
) -> None:
    wanted = Errors.of(*errors.split())
    found = search(wanted, limit)
    assert found is not None
    assert str(found) == design
    assert expected is None or prints_as(found.expected_patients(wanted.p0), expected)
    assert stopped is None or prints_as(found.early_stop(wanted.p0), stopped)
    assert found.interest(wanted.p0) <= wanted.alpha
    assert 1 - found.interest(wanted.p1) <= wanted.beta


def test_a_small_difference_needs_16_or_17_patients() -> None:
    errors = Errors.of(".05", ".25", ".05", ".20")
    assert minimax(errors, 15) is None
    assert optimal(errors, 15) is None
    found = minimax(errors, 30), optimal(errors, 30)
    assert [design.n for design in found if design] == [16, 17]


def test_exactly_the_errors_are_kept() -> None:
    found = minimax(Errors.of(".10", ".40", ".05", ".20"), 13)
    assert found is not None
    p0, p1 = Fraction(1, 10), Fraction(4, 10)
    exactly = Errors(p0, p1, alpha=found.interest(p0), beta=1 - found.interest(p1))
    assert minimax(exactly, 13) == found


def every_design(errors: Errors, most: int) -> list[TwoStage]:
    """All designs of so many patients at most that keep both errors, by trying each."""
    designs = [
        TwoStage(r1, n1, r, n)
        for n in range(2, most + 1)
        for n1 in range(1, n)
        for r1, r in product(range(n1), range(n))
        if r1 <= r
    ]
    return [
        each
        for each in designs
        if each.interest(errors.p0) <= errors.alpha and 1 - each.interest(errors.p1) <= errors.beta
    ]


@pytest.mark.parametrize("rates", [".10 .60 .10 .20", ".2 .7 .20 .25", "1/3 5/6 1/10 1/5"])
def test_of_all_designs_none_is_better(rates: str) -> None:
    errors = Errors.of(*rates.split())
    kept = every_design(errors, 9)

    def expected(design: TwoStage) -> Fraction:
        return design.expected_patients(errors.p0)

    assert kept
    smallest, best = minimax(errors, 9), optimal(errors, 9)
    assert smallest is not None
    assert best is not None
    fewest = min(design.n for design in kept)
    assert smallest in kept
    assert (smallest.n, expected(smallest)) == (fewest, min(expected(each) for each in kept if each.n == fewest))
    assert best in kept
    assert expected(best) == min(map(expected, kept))


def test_two_patients_in_two_stages_by_hand() -> None:
    design, half = TwoStage(0, 1, 1, 2), Fraction(1, 2)
    assert design.early_stop(half) == half
    assert design.expected_patients(half) == Fraction(3, 2)
    assert design.interest(half) == Fraction(1, 4)


@pytest.mark.parametrize("design", [(1, 1, 2, 3), (0, 3, 1, 3), (-1, 2, 1, 3), (1, 2, 0, 3), (0, 1, 2, 2)])
def test_stages_that_make_no_design_are_refused(design: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="second stage"):
        TwoStage(*design)


@pytest.mark.parametrize("errors", [".3 .2 .1 .1", "0 .2 .1 .1", ".1 .2 0 .1", ".1 .2 .1 1"])
def test_errors_that_cannot_be_kept_are_refused(errors: str) -> None:
    with pytest.raises(ValueError, match="p0"):
        Errors.of(*errors.split())
