"""Toxicity boundaries of phase II: at which count of DLTs to stop, for every number of patients treated.

A boundary is a table: for n treated, the least count of DLTs that stops; nothing where no count does. Three rules make
one, each in exact arithmetic:

    rate      stop where DLTs / n is at least a rate, from some n on (the default of the bundled trial: 1/3 from 6)
    Pocock    one pointwise level a for every n: stop at the least b with Pr(X >= b) <= a, X binomial(n, theta0).
              a is as large as it can be with Pr(ever stopping within N) <= phi under theta0
    posterior stop at the least b with Pr(p > limit | Beta(a + b, b' + n - b)) > certainty, for a prior Beta(a, b')

The chance of stopping follows every count that patients one by one can bring. Rates in and probabilities out are
fractions; a rounded number is made only for display.

The bundled trial counts the patients of phase I treated at the recommended dose. It begins phase II in the worst case
with 1 DLT in 6: that is the start from which its boundary stops 72 % of trials at a true rate of .45 within 9 more.

Sources: Ivanova, Qaqish and Schell 2005, PubMed 16011702; the R package clinfun, `toxbdry` (one pointwise quantile at
every n, delta = 0).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any, NamedTuple, TypeAlias

from ledger.designs.posterior import Beta, probability_above
from ledger.protocol.safety import Boundary, BoundaryStep, TableBoundary

LeastCount: TypeAlias = Callable[[int], int | None]


class Step(NamedTuple):
    """So many DLTs stop from so many treated through so many."""

    dlts: int
    from_treated: int
    through_treated: int

    def __str__(self) -> str:
        treated = f"{self.from_treated}-{self.through_treated}"
        return f"{self.dlts} of {self.from_treated if self.from_treated == self.through_treated else treated}"


@dataclass(frozen=True, slots=True)
class StoppingTable:
    """For 1, 2, ... treated, the least count of DLTs that stops; None where no count does."""

    least: tuple[int | None, ...]

    @classmethod
    def by(cls, rule: LeastCount, patients: int) -> "StoppingTable":
        """What a rule says for 1 to so many treated; a count that needs more patients than treated is none."""
        counts = [rule(treated) for treated in range(1, patients + 1)]
        return cls(
            tuple(count if count is not None and count <= treated else None for treated, count in enumerate(counts, 1))
        )

    @property
    def patients(self) -> int:
        """How many treated the table reaches."""
        return len(self.least)

    def stops(self, dlts: int, treated: int) -> bool:
        """Whether these counts stop; `ValueError` beyond the table."""
        if not 0 <= dlts <= treated <= self.patients:
            raise ValueError("the table does not reach these counts")
        least = self.least[treated - 1] if treated else None
        return least is not None and dlts >= least

    def steps(self) -> tuple[Step, ...]:
        """The table as it is printed: one step a count, where it holds without a gap."""
        found: list[Step] = []
        for treated, dlts in enumerate(self.least, 1):
            if dlts is None:
                continue
            if found and (found[-1].dlts, found[-1].through_treated) == (dlts, treated - 1):
                found[-1] = found[-1]._replace(through_treated=treated)
            else:
                found.append(Step(dlts, treated, treated))
        return tuple(found)

    def for_protocol(self) -> TableBoundary:
        """The same boundary as a protocol document states one; `ValueError` where such a table cannot say it."""
        steps = tuple(
            BoundaryStep(dlt_count=step.dlts, through_treated_count=step.through_treated) for step in self.steps()
        )
        stated = TableBoundary(kind="table", steps=steps)
        if of_protocol(stated, self.patients) != self:
            raise ValueError("a table of rising steps would stop elsewhere")
        return stated

    def __str__(self) -> str:
        return ", ".join(map(str, self.steps()))


def of_protocol(boundary: Boundary, patients: int) -> StoppingTable:
    """The table of the boundary that a protocol document states."""

    def least(treated: int) -> int | None:
        return next((dlts for dlts in range(treated + 1) if boundary.crossed(dlts, treated)), None)

    return StoppingTable.by(least, patients)


def posterior(*, limit: Fraction, certainty: Fraction, prior: Beta, patients: int) -> StoppingTable:
    """Stop where Pr(p > limit) is more than the certainty."""

    def least(treated: int) -> int | None:
        posteriors = enumerate(prior.after(dlts, treated) for dlts in range(treated + 1))
        return next((dlts for dlts, beta in posteriors if probability_above(limit, beta).above(certainty)), None)

    return StoppingTable.by(least, patients)


def pocock(*, theta0: Fraction, phi: Fraction, patients: int) -> StoppingTable:
    """The boundary with the largest pointwise level that stops with at most phi under theta0."""
    tails = [_tails(treated, theta0) for treated in range(1, patients + 1)]
    levels = sorted({tail for each in tails for tail in each[1:]})

    def table(level: Fraction) -> StoppingTable:
        return StoppingTable.by(lambda treated: _least_at(level, tails[treated - 1]), patients)

    below, above = -1, len(levels)  # no level, and none that could be used
    while above - below > 1:
        middle = (below + above) // 2
        if stop_probability(table(levels[middle]), theta0) <= phi:
            below = middle
        else:
            above = middle
    return table(levels[below]) if below >= 0 else StoppingTable((None,) * patients)


def _tails(treated: int, rate: Fraction) -> list[Fraction]:
    """Pr(X >= b) for b from 0 to the number treated."""
    chances = [comb(treated, x) * rate**x * (1 - rate) ** (treated - x) for x in range(treated + 1)]
    return [sum(chances[least:], start=Fraction(0)) for least in range(treated + 1)]


def _least_at(level: Fraction, tails: Sequence[Fraction]) -> int | None:
    return next((least for least, tail in enumerate(tails) if tail <= level), None)


def stop_probability(
    table: StoppingTable, rate: Fraction, *, treated: int = 0, dlts: int = 0, more: int | None = None
) -> Fraction:
    """The chance that the trial stops within so many more patients, or within the table, at a true DLT rate.

    It begins with so many treated and so many DLTs; where those stop already, the chance is 1.
    """
    if not 0 <= rate <= 1:
        raise ValueError("a rate lies between 0 and 1")
    last = table.patients if more is None else treated + more
    if not treated <= last <= table.patients:
        raise ValueError("the table does not reach these counts")
    if table.stops(dlts, treated):
        return Fraction(1)
    going, stopped = {dlts: Fraction(1)}, Fraction(0)
    for now_treated in range(treated + 1, last + 1):
        reached: dict[int, Fraction] = {}
        for count, chance in going.items():
            for count_next, step in ((count, 1 - rate), (count + 1, rate)):
                reached[count_next] = reached.get(count_next, Fraction(0)) + chance * step
        going = {count: chance for count, chance in reached.items() if not table.stops(count, now_treated)}
        stopped += sum((chance for count, chance in reached.items() if count not in going), start=Fraction(0))
    return stopped


def boundary_report(
    table: StoppingTable, rates: Sequence[Fraction], *, treated: int = 0, dlts: int = 0, more: int | None = None
) -> dict[str, Any]:
    """A boundary with the chance of stopping under each true rate: exact as text, and rounded for display."""
    return {
        "steps": [str(step) for step in table.steps()],
        "least_dlts": {str(number): dlts for number, dlts in enumerate(table.least, 1)},
        "from": {"treated": treated, "dlts": dlts},
        "within": table.patients - treated if more is None else more,
        "stops": {
            str(rate): shown(stop_probability(table, rate, treated=treated, dlts=dlts, more=more)) for rate in rates
        },
    }


def shown(exactly: Fraction, places: int = 4) -> Mapping[str, str]:
    """A number as reports hold it: the exact fraction, and a decimal rounded half to even."""
    return {"exact": str(exactly), "rounded": decimal_text(exactly, places)}


def decimal_text(exactly: Fraction, places: int) -> str:
    """The decimal of so many places that is nearest, ties to the even one."""
    digits = round(abs(exactly) * 10**places)
    whole, part = divmod(digits, 10**places)
    return f"{'-' if exactly < 0 < digits else ''}{whole}{f'.{part:0{places}d}' if places else ''}"
