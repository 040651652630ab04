"""What a design does on average, exactly.

Every course that a trial can take is followed through the design's own `advise`, with the probability that the true DLT
rates give it. Nothing is simulated and nothing rounded: rates in and probabilities out are fractions. Every patient is
evaluable, and every window closes before the next question is asked.

Courses that have led to the same counts go on alike and are followed together, each still counted as a path. A path is
the sequence of what each enrolment brought: so many DLTs in a cohort, or a DLT or none in a patient.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import TypeAlias

from ledger.designs.base import (
    Advice,
    Await,
    DeclareMtd,
    DeclareMtdNotReached,
    Design,
    Escalate,
    Open,
    Outcomes,
    StopNoMtd,
    Tally,
    Treat,
)

COHORT = 3

Ending: TypeAlias = DeclareMtd | DeclareMtdNotReached | StopNoMtd
Counts: TypeAlias = tuple[tuple[int, int], ...]
"""For every level from the bottom: evaluable patients, and those of them with a DLT."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The true DLT rate of every level from the bottom up, and the level at which trials start."""

    rates: tuple[Fraction, ...]
    bottom: int
    start: int

    @classmethod
    def of(cls, rates: str, *, bottom: int, start: int) -> "Ladder":
        """The rates as decimals or fractions with spaces between: `0.02 0.05 0.08 1/8`."""
        return cls(tuple(Fraction(rate) for rate in rates.split()), bottom, start)

    def outcomes(self, counts: Counts) -> Outcomes:
        levels = {level: Tally(n, t) for level, (n, t) in enumerate(counts, start=self.bottom)}
        return Outcomes(levels, bottom=self.bottom, top=self.bottom + len(self.rates) - 1, start=self.start)


@dataclass(frozen=True, slots=True)
class Weight:
    """How likely it is to come this way, and in how many ways."""

    probability: Fraction
    paths: int

    def __add__(self, other: "Weight") -> "Weight":
        return Weight(self.probability + other.probability, self.paths + other.paths)


NEVER = Weight(Fraction(0), 0)


@dataclass(frozen=True, slots=True)
class Characteristics:
    """The operating characteristics of a design under the true rates of a ladder."""

    endings: Mapping[Ending, Fraction]
    patients: Mapping[int, Fraction]
    """The probability of each number of patients."""
    expected_patients: Fraction
    expected_dlts: Fraction
    paths: int

    def ends_with(self, ending: Ending) -> Fraction:
        return self.endings.get(ending, Fraction(0))

    def at_most(self, patients: int) -> Fraction:
        """The probability that so many patients suffice."""
        return sum((p for n, p in self.patients.items() if n <= patients), start=Fraction(0))

    def exactly(self, patients: int) -> Fraction:
        return self.patients.get(patients, Fraction(0))


def by_whole_cohorts(design: Design, ladder: Ladder) -> Characteristics:
    """Three patients are enrolled together, and the design is asked again once all three are evaluable."""
    return _characteristics(_endings(design, ladder, COHORT))


def patient_by_patient(design: Design, ladder: Ladder) -> Characteristics:
    """The design is asked again after every single patient."""
    return _characteristics(_endings(design, ladder, 1))


def _endings(design: Design, ladder: Ladder, together: int) -> dict[tuple[Ending, Counts], Weight]:
    """Every ending with the counts that it was reached on. Each round enrols once wherever the trial goes on."""
    ended: dict[tuple[Ending, Counts], Weight] = {}
    going: dict[Counts, Weight] = {((0, 0),) * len(ladder.rates): Weight(Fraction(1), 1)}
    while going:
        reached: dict[Counts, Weight] = {}
        for counts, weight in going.items():
            advice = design.advise(ladder.outcomes(counts))
            if isinstance(advice, DeclareMtd | DeclareMtdNotReached | StopNoMtd):
                ended[advice, counts] = weight
                continue
            for counts_next, chance in _enrolled(counts, _level(advice) - ladder.bottom, together, ladder):
                step = Weight(weight.probability * chance, weight.paths)
                reached[counts_next] = reached.get(counts_next, NEVER) + step
        going = reached
    return ended


def _level(advice: Advice) -> int:
    match advice:
        case Treat(level=level) | Open(level=level) | Escalate(level=level):
            return level
        case Await() | DeclareMtd() | DeclareMtdNotReached() | StopNoMtd():
            raise ValueError("with every patient evaluable and no ending, a design enrols")


def _enrolled(counts: Counts, index: int, together: int, ladder: Ladder) -> list[tuple[Counts, Fraction]]:
    """The counts after so many patients more at a level, with the chance of each."""
    (evaluable, dlts), rate = counts[index], ladder.rates[index]
    return [
        (
            (*counts[:index], (evaluable + together, dlts + more), *counts[index + 1 :]),
            comb(together, more) * rate**more * (1 - rate) ** (together - more),
        )
        for more in range(together + 1)
    ]


def _characteristics(ended: Mapping[tuple[Ending, Counts], Weight]) -> Characteristics:
    endings: dict[Ending, Fraction] = {}
    patients: dict[int, Fraction] = {}
    for (ending, counts), weight in ended.items():
        enrolled = sum(evaluable for evaluable, _ in counts)
        endings[ending] = endings.get(ending, Fraction(0)) + weight.probability
        patients[enrolled] = patients.get(enrolled, Fraction(0)) + weight.probability
    return Characteristics(
        endings=endings,
        patients=dict(sorted(patients.items())),
        expected_patients=sum((n * p for n, p in patients.items()), start=Fraction(0)),
        expected_dlts=sum(
            (weight.probability * sum(dlts for _, dlts in counts) for (_, counts), weight in ended.items()),
            start=Fraction(0),
        ),
        paths=sum(weight.paths for weight in ended.values()),
    )
