"""The Beta posterior against integration, and the predictive probabilities of Lee and Liu."""

import math
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.designs.posterior import (
    Beta,
    Enclosure,
    events_to_come,
    posterior_bounds,
    predictive_probability,
    probability_above,
)
from tests.examples import examples


def integrated(rate: float, a: float, b: float) -> float:
    """Pr(p > rate) by the midpoint rule, from both ends in the root of the distance, which tames a pole there."""

    def tail(to: float, a: float, b: float, strips: int = 4000) -> float:
        width = math.sqrt(to) / strips
        roots = ((strip + 0.5) * width for strip in range(strips))
        return width * sum(2 * math.pow(u, 2 * a - 1) * math.pow(1 - u * u, b - 1) for u in roots)

    below, above = tail(rate, a, b), tail(1 - rate, b, a)
    return above / (below + above)


@pytest.mark.parametrize(
    ("a", "b"), [("0.6", "1.4"), ("16.6", "7.4"), ("1.6", "3.4"), ("0.5", "0.5"), ("2.5", "1"), ("8.6", "8.4")]
)
@pytest.mark.parametrize("rate", ["0.05", "0.30", "0.60", "0.95"])
def test_the_tail_agrees_with_integration(a: str, b: str, rate: str) -> None:
    found = probability_above(Fraction(rate), Beta.of(a, b))
    assert float(found.at_least) == pytest.approx(integrated(float(rate), float(a), float(b)), abs=1e-5)
    assert 0 <= found.at_most - found.at_least < Fraction(1, 10**40)


@pytest.mark.parametrize(("a", "b"), [(2, 4), (7, 3), (1, 1), (5, 16)])
@pytest.mark.parametrize("rate", ["1/10", "3/10", "4/5"])
def test_the_series_encloses_the_binomial_tail_of_whole_parameters(a: int, b: int, rate: str) -> None:
    """Whole parameters are known exactly; beside them the series, a hair away, must close in on the same number."""
    exactly = probability_above(Fraction(rate), Beta(Fraction(a), Fraction(b)))
    assert exactly.at_least == exactly.at_most
    hair = Fraction(1, 10**30)
    lower = probability_above(Fraction(rate), Beta(Fraction(a), b + hair))
    upper = probability_above(Fraction(rate), Beta(a + hair, Fraction(b)))
    assert lower.at_most < exactly.at_least < upper.at_least
    assert upper.at_most - lower.at_least < Fraction(1, 10**25)


def test_the_uniform_posterior_is_a_binomial_tail() -> None:
    """2 DLTs in 2 patients: Pr(p > .30) is 1 - .3^3."""
    found = probability_above(Fraction("0.3"), Beta.of("1", "1").after(2, 2))
    assert found == (1 - Fraction("0.027"), 1 - Fraction("0.027"))


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 19))
def test_both_tails_make_one(a_tenths: int, b_tenths: int, rate_twentieths: int) -> None:
    beta, rate = Beta(Fraction(a_tenths, 10), Fraction(b_tenths, 10)), Fraction(rate_twentieths, 20)
    above = probability_above(rate, beta)
    mirrored = probability_above(1 - rate, Beta(beta.b, beta.a)).complement
    assert max(above.at_least, mirrored.at_least) <= min(above.at_most, mirrored.at_most)


def test_a_comparison_that_cannot_be_decided_is_refused() -> None:
    wide = Enclosure(Fraction(1, 3), Fraction(1, 2))
    assert wide.above(Fraction(1, 4))
    assert not wide.above(Fraction(1, 2))
    assert wide.at_or_above(Fraction(1, 3))
    assert not wide.at_or_above(Fraction(3, 4))
    for undecided in (wide.above, wide.at_or_above):
        with pytest.raises(ArithmeticError):
            undecided(Fraction(2, 5))
    with pytest.raises(ArithmeticError):
        wide.above(Fraction(1, 3))
    with pytest.raises(ArithmeticError):
        wide.at_or_above(Fraction(1, 2))


def test_exactly_the_certainty_is_not_above_it() -> None:
    known = Enclosure(Fraction(1, 2), Fraction(1, 2))
    assert not known.above(Fraction(1, 2))
    assert known.at_or_above(Fraction(1, 2))


@pytest.mark.parametrize(("events", "patients"), [(-1, 3), (4, 3)])
def test_events_are_patients(events: int, patients: int) -> None:
    with pytest.raises(ValueError, match="events are patients"):
        Beta.of("1", "1").after(events, patients)


@pytest.mark.parametrize("rate", ["0", "1"])
def test_a_rate_of_nothing_or_all_has_no_tail(rate: str) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        probability_above(Fraction(rate), Beta.of("1", "1"))


def test_a_prior_has_two_positive_parameters() -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Beta.of("0", "1")


def prints_as(found: Fraction, printed: str) -> bool:
    return abs(found - Fraction(printed)) <= Fraction(1, 2 * 10 ** len(printed.partition(".")[2]))


LEE_AND_LIU = Beta.of("0.6", "0.4")


def test_the_posterior_of_lee_and_liu() -> None:
    found = probability_above(Fraction("0.60"), LEE_AND_LIU.after(16, 23))
    assert prints_as(found.at_least, ".8359808")
    assert prints_as(found.at_most, ".8359808")


def test_the_predictive_probability_of_lee_and_liu() -> None:
    found = predictive_probability(16, 23, 40, rate=Fraction("0.60"), certainty=Fraction("0.9"), prior=LEE_AND_LIU)
    assert prints_as(found, ".5655589")


def test_with_all_patients_seen_the_prediction_is_certain() -> None:
    for events, chance in ((27, 0), (28, 1)):
        found = predictive_probability(
            events, 40, 40, rate=Fraction("0.60"), certainty=Fraction("0.9"), prior=LEE_AND_LIU
        )
        assert found == chance


def test_more_seen_than_planned_is_refused() -> None:
    with pytest.raises(ValueError, match="more patients"):
        predictive_probability(1, 5, 4, rate=Fraction("0.6"), certainty=Fraction("0.9"), prior=LEE_AND_LIU)


def test_the_events_to_come_make_one_and_are_uniform_under_a_uniform_posterior() -> None:
    assert sum(events_to_come(x, 17, LEE_AND_LIU.after(16, 23)) for x in range(18)) == 1
    assert {events_to_come(x, 9, Beta.of("1", "1")) for x in range(10)} == {Fraction(1, 10)}
    assert events_to_come(1, 2, Beta.of("2", "3")) == comb(2, 1) * Fraction(2 * 3, 5 * 6)


def test_the_posterior_bounds_of_four_looks() -> None:
    looks = posterior_bounds(
        (10, 20, 30, 40),
        futile_below=Fraction("0.15"),
        effective_above=Fraction("0.20"),
        futile_certainty=Fraction("0.70"),
        effective_certainty=Fraction("0.60"),
        prior=Beta.of("1", "1"),
    )
    assert [tuple(look) for look in looks] == [(10, 0, 2), (20, 1, 5), (30, 3, 7), (40, 4, 9)]


def test_a_look_too_early_has_no_bounds() -> None:
    certain = Fraction("0.99")
    (look,) = posterior_bounds(
        (1,),
        futile_below=Fraction("0.15"),
        effective_above=Fraction("0.20"),
        futile_certainty=certain,
        effective_certainty=certain,
        prior=Beta.of("1", "1"),
    )
    assert (look.futile_at_most, look.effective_at_least) == (None, None)
