"""Shares and survival for small numbers, against published tables and their own definitions."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.types import exact
from projections.estimates import interval, middle, product_limit, share


@pytest.mark.parametrize(
    ("events", "patients", "low", "high"),
    [
        (0, 0, "0.00", "100.00"),
        (0, 3, "0.00", "70.76"),
        (0, 10, "0.00", "30.85"),
        (1, 6, "0.42", "64.13"),
        (3, 12, "5.48", "57.19"),
        (5, 10, "18.70", "81.30"),
        (11, 13, "54.55", "98.08"),
        (15, 15, "78.19", "100.00"),
    ],
)
def test_the_interval_of_a_share(events: int, patients: int, low: str, high: str) -> None:
    """As binom.test of R prints them, rounded outwards."""
    found = share([True] * events + [False] * (patients - events))
    assert (found.low_percent, found.high_percent) == (low, high)


def tail(events: int, patients: int, rate: Fraction) -> Fraction:
    return sum(
        (comb(patients, x) * rate**x * (1 - rate) ** (patients - x) for x in range(events, patients + 1)), Fraction(0)
    )


@given(st.integers(1, 20).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_bound_is_the_last_rate_that_is_ruled_out(counts: tuple[int, int]) -> None:
    events, patients = counts
    low, high = interval(events, patients)
    assert low <= Fraction(10_000 * events, patients) <= high
    if events:
        assert tail(events, patients, Fraction(low, 10_000)) <= Fraction(1, 40)
        assert tail(events, patients, Fraction(low + 1, 10_000)) > Fraction(1, 40)
    if events < patients:
        assert 1 - tail(events + 1, patients, Fraction(high, 10_000)) <= Fraction(1, 40)
        assert 1 - tail(events + 1, patients, Fraction(high - 1, 10_000)) > Fraction(1, 40)


def test_what_is_not_known_yet_is_in_neither_number() -> None:
    found = share([True, None, False, None, True])
    assert (found.numerator, found.denominator, found.pending, found.percent) == (2, 3, 2, "200/3")
    assert share([None]).percent is None


FREIREICH = (6, 6, 6, 7, 10, 13, 16, 22, 23), (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
"""Weeks in remission on 6-mercaptopurine, and weeks of those still in remission when last seen (Freireich 1963)."""


def test_the_curve_of_a_published_trial() -> None:
    """The textbook's values: .857, .807, .753, .690, .627, .538, .448."""
    ended, censored = FREIREICH
    steps = product_limit([*((week, True) for week in ended), *((week, False) for week in censored)])
    assert [(step.day, step.at_risk, step.deaths) for step in steps] == [
        (6, 21, 3),
        (7, 17, 1),
        (10, 15, 1),
        (13, 12, 1),
        (16, 11, 1),
        (22, 7, 1),
        (23, 6, 1),
    ]
    curve = [round(float(exact(step.survival)), 3) for step in steps]
    assert curve == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]


@given(st.lists(st.integers(0, 800), max_size=15))
def test_with_everybody_followed_the_curve_is_the_share_alive(days: list[int]) -> None:
    for step in product_limit((day, True) for day in days):
        assert exact(step.survival) == Fraction(sum(day > step.day for day in days), len(days))


def test_with_nobody_dead_there_is_no_step() -> None:
    assert product_limit([(100, False), (730, False)]) == ()


@pytest.mark.parametrize(("values", "median"), [((3, 1, 2), "2"), ((4, 1), "5/2"), ((7,), "7")])
def test_the_median_is_exact(values: tuple[int, ...], median: str) -> None:
    assert middle(map(Fraction, values)) == median
