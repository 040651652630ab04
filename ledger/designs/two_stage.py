"""Simon's two-stage designs of phase II, searched in whole numbers.

Treat n1 patients; with r1 responses or fewer, stop. Else treat up to n; with r or fewer, the treatment is not of
further interest. The design keeps the chance of ending with interest at a response rate p0 at alpha or less, and the
chance of not doing so at p1 at beta or less. Under p0, PET is the chance of the early stop, and EN = n1 + (1 - PET)
(n - n1) the number of patients expected.

    minimax   the least n; of those the least EN
    optimal   the least EN of all designs with n up to a limit

For an n1, r1 and n, the least r that keeps alpha is the only one to look at: a higher r loses power. For each n the
pairs (n1, r1) are tried by rising EN, so that the first that keeps both is the best of that n. A pair is left out where
its early stop alone loses more than beta at p1. Rates are fractions, so all chances are whole numbers over one
denominator, and every comparison is exact.

Source: Simon 1989, doi:10.1016/0197-2456(89)90015-9; agrees with the R package clinfun, `ph2simon`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import comb
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class TwoStage:
    """A two-stage design: stop with r1 or fewer of n1; without interest with r or fewer of n."""

    r1: int
    n1: int
    r: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.r1 < self.n1 < self.n or not self.r1 <= self.r < self.n:
            raise ValueError("a second stage follows the first, and can still fail or succeed")

    def early_stop(self, rate: Fraction) -> Fraction:
        """PET: the chance to stop after the first stage, at a true response rate."""
        return sum((_chance(x, self.n1, rate) for x in range(self.r1 + 1)), start=Fraction(0))

    def expected_patients(self, rate: Fraction) -> Fraction:
        """EN, at a true response rate."""
        return self.n1 + (1 - self.early_stop(rate)) * (self.n - self.n1)

    def interest(self, rate: Fraction) -> Fraction:
        """The chance to end with more than r responses, the first stage passed."""
        second = self.n - self.n1
        return sum(
            (
                _chance(x, self.n1, rate) * _chance(y, second, rate)
                for x in range(self.r1 + 1, self.n1 + 1)
                for y in range(max(0, self.r + 1 - x), second + 1)
            ),
            start=Fraction(0),
        )

    def __str__(self) -> str:
        return f"{self.r1}/{self.n1}, {self.r}/{self.n}"


class Errors(NamedTuple):
    """What a design has to tell apart, and with which errors at most."""

    p0: Fraction
    p1: Fraction
    alpha: Fraction
    beta: Fraction

    @classmethod
    def of(cls, p0: str, p1: str, alpha: str, beta: str) -> "Errors":
        """As decimals or fractions; `ValueError` unless 0 < p0 < p1 < 1 and both errors lie between 0 and 1."""
        errors = cls(Fraction(p0), Fraction(p1), Fraction(alpha), Fraction(beta))
        if not 0 < errors.p0 < errors.p1 < 1 or not 0 < errors.alpha < 1 or not 0 < errors.beta < 1:
            raise ValueError("0 < p0 < p1 < 1, and the errors lie between 0 and 1")
        return errors


def minimax(errors: Errors, patients_max: int = 100) -> TwoStage | None:
    """The design with the fewest patients in all; none within the limit."""
    search = _Search(errors, patients_max)
    return next((design for n in range(2, patients_max + 1) if (design := search.best_of(n, None))), None)


def optimal(errors: Errors, patients_max: int = 100) -> TwoStage | None:
    """The design with the fewest patients expected under p0, of all up to the limit; none within it."""
    search, best, expected = _Search(errors, patients_max), None, None
    for n in range(2, patients_max + 1):
        if design := search.best_of(n, expected):
            best, expected = design, design.expected_patients(errors.p0)
    return best


class _Binomial:
    """Chances at one rate u/d as whole numbers: those of n patients are over d^n."""

    def __init__(self, rate: Fraction, most: int) -> None:
        hit, self.base = rate.numerator, rate.denominator
        miss = self.base - hit
        self.chances = [[comb(n, x) * hit**x * miss ** (n - x) for x in range(n + 1)] for n in range(most + 1)]
        self.at_most = [list(accumulate(row)) for row in self.chances]

    def whole(self, patients: int) -> int:
        """The denominator, which stands for certainty."""
        return int(self.base**patients)

    def interest(self, design: TwoStage) -> int:
        """The chance of ending with interest, over d^n."""
        second = design.n - design.n1
        return sum(
            self.chances[design.n1][x] * self._more_than(design.r - x, second)
            for x in range(design.r1 + 1, design.n1 + 1)
        )

    def _more_than(self, count: int, patients: int) -> int:
        if count >= patients:
            return 0
        return self.whole(patients) - (self.at_most[patients][count] if count >= 0 else 0)


class _Search:
    """The chances at both rates, made once for all designs up to a number of patients."""

    def __init__(self, errors: Errors, most: int) -> None:
        self.errors = errors
        self.null, self.alternative = _Binomial(errors.p0, most), _Binomial(errors.p1, most)

    def best_of(self, n: int, below: Fraction | None) -> TwoStage | None:
        """The design of n patients with the least EN that keeps both errors; with `below`, one with less than that."""
        for expected, n1, r1 in sorted(self._first_stages(n)):
            if below is not None and expected >= below:
                return None
            design = self._least_r(r1, n1, n)
            if design and self._powered(design):
                return design
        return None

    def _first_stages(self, n: int) -> Iterator[tuple[Fraction, int, int]]:
        """EN, n1 and r1 of every first stage that does not itself lose more than beta."""
        null, alternative, beta = self.null, self.alternative, self.errors.beta
        for n1 in range(1, n):
            whole = alternative.whole(n1)
            for r1 in range(n1):
                if alternative.at_most[n1][r1] > beta * whole:
                    break
                stopped = Fraction(null.at_most[n1][r1], null.whole(n1))
                yield n1 + (1 - stopped) * (n - n1), n1, r1

    def _least_r(self, r1: int, n1: int, n: int) -> TwoStage | None:
        """With the least r that keeps alpha."""
        allowed = self.errors.alpha * self.null.whole(n)
        low, high = r1, n - 1
        if self.null.interest(TwoStage(r1, n1, high, n)) > allowed:
            return None
        while low < high:
            middle = (low + high) // 2
            if self.null.interest(TwoStage(r1, n1, middle, n)) <= allowed:
                high = middle
            else:
                low = middle + 1
        return TwoStage(r1, n1, low, n)

    def _powered(self, design: TwoStage) -> bool:
        return self.alternative.interest(design) >= (1 - self.errors.beta) * self.alternative.whole(design.n)


def _chance(events: int, patients: int, rate: Fraction) -> Fraction:
    return comb(patients, events) * rate**events * (1 - rate) ** (patients - events)
