"""Estimates for small numbers, in whole arithmetic: a share with its confidence interval, and a survival curve.

    interval   Clopper and Pearson: the rates p that neither tail of the binomial rules out at half of 5 %,
               lower: the p with Pr(X >= x | p) = 1/40, or 0 where x = 0
               upper: the p with Pr(X <= x | p) = 1/40, or 1 where x = n
               given in percent with two decimals, rounded outwards, so that what is printed covers at least 95 %
    survival   Kaplan and Meier: the product over the days of a death of (1 - deaths / at risk); who was last seen on
               the day of a death is at risk on it

Sources: Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404; Kaplan and Meier 1958, doi:10.2307/2281868.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import comb
from statistics import median
from typing import Final

from ledger.types import Amount, Exact, exact_text
from projections.base import View

STEPS: Final = 10_000
"""A rate in steps of a hundredth of a percent."""
HALF_OF_5_PERCENT: Final = 40
"""Its reciprocal."""


class Share(View):
    """How many of whom it is known of."""

    numerator: int
    denominator: int
    pending: int
    """Of whom it is not known yet; they are in neither number."""
    percent: Exact | None
    """Null where it is known of nobody."""
    low_percent: Amount
    """The exact two-sided 95 % interval (Clopper-Pearson), rounded outwards."""
    high_percent: Amount


def share(answers: Iterable[bool | None]) -> Share:
    """The share of *yes* among the answers that are known."""
    known = list(answers)
    yes, no = known.count(True), known.count(False)
    low, high = interval(yes, yes + no)
    return Share(
        numerator=yes,
        denominator=yes + no,
        pending=known.count(None),
        percent=exact_text(Fraction(100 * yes, yes + no)) if yes + no else None,
        low_percent=_percent(low),
        high_percent=_percent(high),
    )


def interval(events: int, patients: int) -> tuple[int, int]:
    """The lower and the upper bound in hundredths of a percent; everything is possible of nobody."""
    limit = STEPS**patients
    low = bisect_right(range(STEPS), limit, key=lambda k: HALF_OF_5_PERCENT * _at_least(events, patients, k)) - 1
    high = bisect_left(range(STEPS), -limit, key=lambda k: -HALF_OF_5_PERCENT * _at_most(events, patients, k))
    return (low if events else 0), (high if events < patients else STEPS)


def _at_least(events: int, patients: int, k: int) -> int:
    """Pr(X >= events) at the rate k / STEPS, in parts of STEPS to the power of the patients."""
    return sum(comb(patients, x) * k**x * (STEPS - k) ** (patients - x) for x in range(events, patients + 1))


def _at_most(events: int, patients: int, k: int) -> int:
    return _at_least(patients - events, patients, STEPS - k)


def _percent(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02}"


class SurvivalStep(View):
    """A day on which somebody died: who was at risk, and the estimate from that day on."""

    day: int
    """From day 0."""
    at_risk: int
    deaths: int
    survival: Exact


def product_limit(times: Iterable[tuple[int, bool]]) -> tuple[SurvivalStep, ...]:
    """The curve from the day of each patient's death (true), or of the last time seen alive (false)."""
    return tuple(_steps(sorted(times)))


def _steps(times: list[tuple[int, bool]]) -> Iterator[SurvivalStep]:
    survival = Fraction(1)
    for day in sorted({day for day, died in times if died}):
        at_risk = sum(other >= day for other, _ in times)
        deaths = times.count((day, True))
        survival *= 1 - Fraction(deaths, at_risk)
        yield SurvivalStep(day=day, at_risk=at_risk, deaths=deaths, survival=exact_text(survival))


def middle(values: Iterable[Fraction]) -> Exact:
    """The median: the middle value, or the mean of the two in the middle."""
    return exact_text(Fraction(median(values)))
