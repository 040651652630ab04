"""The Beta posterior of a rate, and the predictive probability of a single-arm trial, without a rounding error.

With the prior Beta(a, b) and x events in n patients, the posterior is Beta(a + x, b + n - x). Its upper tail at t is,
for whole a and b, a binomial one:

    Pr(p > t | Beta(a, b)) = Pr(X <= a - 1),  X binomial(a + b - 1, t)

For any other rational parameters, both tails have a series with the same factor t^a (1-t)^b, which cancels:

    Pr(p < t) : Pr(p > t) = S(a, b, t) / a : S(b, a, 1-t) / b
    S(a, b, t) = 1 + (a+b)/(a+1) t + (a+b)(a+b+1)/((a+1)(a+2)) t^2 + ...

All terms are positive, so what is left of a series lies between 0 and a geometric one. Every sum is kept as two whole
numbers, rounded down and up. The tail is an enclosure, and a comparison with it is certain or refused: no float, no
gamma function.

The predictive probability (Lee and Liu 2008) is the chance that, once all patients are treated, the posterior exceeds
t with more than the required certainty; the events still to come are beta-binomial, a fraction for rational parameters.

Sources: the series, DLMF 8.17.8 [mem], checked in the tests by integration; Lee and Liu 2008,
doi:10.1177/1740774508089279; bounds as in the R package phase1b (Genentech), `boundsPostprob`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Final, NamedTuple

ONE: Final = 10**50
DUST: Final = 10**8
"""A series is left when what remains of it is at most so much of ONE: 1e-42."""


@dataclass(frozen=True, slots=True)
class Beta:
    """A Beta distribution with rational parameters: a prior, or a posterior."""

    a: Fraction
    b: Fraction

    def __post_init__(self) -> None:
        if min(self.a, self.b) <= 0:
            raise ValueError("the parameters of a Beta distribution are more than 0")

    @classmethod
    def of(cls, a: str, b: str) -> "Beta":
        """The parameters as decimals or fractions: `0.6`, `1.4`."""
        return cls(Fraction(a), Fraction(b))

    def after(self, events: int, patients: int) -> "Beta":
        """The posterior once so many patients, with so many events, are seen."""
        if not 0 <= events <= patients:
            raise ValueError("events are patients")
        return Beta(self.a + events, self.b + patients - events)


class Enclosure(NamedTuple):
    """A probability, known to lie between two fractions; they are equal where it is known exactly."""

    at_least: Fraction
    at_most: Fraction

    @property
    def complement(self) -> "Enclosure":
        return Enclosure(1 - self.at_most, 1 - self.at_least)

    def above(self, certainty: Fraction) -> bool:
        """Whether the probability is more than this; `ArithmeticError` where the enclosure cannot tell."""
        if self.at_least <= certainty < self.at_most:
            raise ArithmeticError("the probability is too close to the limit to be told apart from it")
        return self.at_least > certainty

    def at_or_above(self, certainty: Fraction) -> bool:
        """Whether the probability is this or more; `ArithmeticError` where the enclosure cannot tell."""
        return not self.complement.above(1 - certainty)


def probability_above(rate: Fraction, beta: Beta) -> Enclosure:
    """Pr(p > rate). Exact for whole parameters, else enclosed."""
    if not 0 < rate < 1:
        raise ValueError("a rate lies between 0 and 1")
    if beta.a.denominator == beta.b.denominator == 1:
        exactly = _binomial_at_most(int(beta.a) - 1, int(beta.a + beta.b) - 1, rate)
        return Enclosure(exactly, exactly)
    below, above = _series(beta.a, beta.b, rate), _series(beta.b, beta.a, 1 - rate)
    lower = [each / beta.a for each in below]
    upper = [each / beta.b for each in above]
    return Enclosure(upper[0] / (upper[0] + lower[1]), upper[1] / (upper[1] + lower[0]))


def _binomial_at_most(most: int, patients: int, rate: Fraction) -> Fraction:
    chances = (comb(patients, x) * rate**x * (1 - rate) ** (patients - x) for x in range(most + 1))
    return sum(chances, start=Fraction(0))


def _series(a: Fraction, b: Fraction, t: Fraction) -> tuple[Fraction, Fraction]:
    """S(a, b, t), from below and from above."""
    low = high = low_sum = high_sum = ONE
    n = 0
    while True:
        ratio = (a + b + n) / (a + 1 + n) * t
        steepest = max(ratio, t)  # the later ratios go from the one to the other without turning
        if steepest < 1 and high * steepest <= DUST * (1 - steepest):
            return Fraction(low_sum, ONE), (high_sum + high * steepest / (1 - steepest)) / ONE
        low = low * ratio.numerator // ratio.denominator
        high = -(-high * ratio.numerator // ratio.denominator)
        low_sum, high_sum, n = low_sum + low, high_sum + high, n + 1


def events_to_come(events: int, patients: int, beta: Beta) -> Fraction:
    """The beta-binomial chance of so many events in so many further patients."""
    ways = comb(patients, events) * _rising(beta.a, events) * _rising(beta.b, patients - events)
    return ways / _rising(beta.a + beta.b, patients)


def _rising(start: Fraction, factors: int) -> Fraction:
    product = Fraction(1)
    for step in range(factors):
        product *= start + step
    return product


def predictive_probability(
    events: int, patients: int, patients_in_all: int, *, rate: Fraction, certainty: Fraction, prior: Beta
) -> Fraction:
    """The chance that in the end Pr(p > rate) will be more than the certainty."""
    further, now = patients_in_all - patients, prior.after(events, patients)
    if further < 0:
        raise ValueError("more patients than planned in all")
    successes = (
        events_to_come(more, further, now)
        for more in range(further + 1)
        if probability_above(rate, prior.after(events + more, patients_in_all)).above(certainty)
    )
    return sum(successes, start=Fraction(0))


class PosteriorBounds(NamedTuple):
    """At a look: futile at this count of events or fewer, effective at this or more; None: at no count."""

    patients: int
    futile_at_most: int | None
    effective_at_least: int | None


def posterior_bounds(
    looks: Iterable[int],
    *,
    futile_below: Fraction,
    effective_above: Fraction,
    futile_certainty: Fraction,
    effective_certainty: Fraction,
    prior: Beta,
) -> tuple[PosteriorBounds, ...]:
    """Futile where Pr(p < futile_below), effective where Pr(p > effective_above), is the certainty or more."""

    def look(patients: int) -> PosteriorBounds:
        posteriors = [prior.after(events, patients) for events in range(patients + 1)]
        futile = [
            events
            for events, beta in enumerate(posteriors)
            if probability_above(futile_below, beta).complement.at_or_above(futile_certainty)
        ]
        effective = [
            events
            for events, beta in enumerate(posteriors)
            if probability_above(effective_above, beta).at_or_above(effective_certainty)
        ]
        return PosteriorBounds(patients, max(futile, default=None), min(effective, default=None))

    return tuple(look(patients) for patients in looks)
