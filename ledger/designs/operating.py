"""The operating characteristics of a design as a report: exact on short ladders, simulated on long ones.

Up to five levels every course is followed (`characteristics.py`), and all numbers are exact. Above that, trials are
simulated from a seed, and every number has its standard error. The report is plain JSON: a probability is held as its
exact fraction in text, and as a decimal rounded for display.

A simulated patient has a DLT when the next 64-bit number of SplitMix64 is less than the rate times 2^64. The same seed
gives the same report anywhere; no chance enters but the seed.

Source of SplitMix64: Steele, Lea and Flood 2014, doi:10.1145/2714064.2660195; its first numbers are in the tests.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import isqrt
from typing import Any, Final, Literal, TypeAlias

from ledger.designs.base import (
    Advice,
    Await,
    DeclareMtd,
    DeclareMtdNotReached,
    Design,
    Escalate,
    Open,
    StopNoMtd,
    Treat,
)
from ledger.designs.boundaries import decimal_text, shown
from ledger.designs.characteristics import (
    COHORT,
    Characteristics,
    Counts,
    Ending,
    Ladder,
    by_whole_cohorts,
    patient_by_patient,
)
from ledger.designs.tree import advice_json

Enrolment = Literal["whole_cohorts", "patient_by_patient"]
Run: TypeAlias = tuple[Ending, int, int]
"""How one simulated trial ended: the ending, its patients, its DLTs."""

MOST_LEVELS_EXACT: Final = 5
_MASK: Final = 2**64 - 1


def operating_characteristics(
    design: Design,
    ladder: Ladder,
    *,
    cap: int = 15,
    enrolment: Enrolment = "whole_cohorts",
    seed: int = 1,
    trials: int = 2000,
) -> dict[str, Any]:
    """What the design does under the true DLT rates of a ladder, and how it stands to an enrolment cap.

    `seed` and `trials` matter to a ladder of more than five levels only.
    """
    head = {
        "enrolment": enrolment,
        "start": ladder.start,
        "rates": {str(level): str(rate) for level, rate in enumerate(ladder.rates, ladder.bottom)},
    }
    if len(ladder.rates) <= MOST_LEVELS_EXACT:
        enumerate_all = by_whole_cohorts if enrolment == "whole_cohorts" else patient_by_patient
        return {**head, "method": "exact", **_exact_report(enumerate_all(design, ladder), cap)}
    together = COHORT if enrolment == "whole_cohorts" else 1
    runs = simulated(design, ladder, together=together, seed=seed, trials=trials)
    return {**head, "method": "simulation", "seed": seed, "trials": trials, **_simulated_report(runs, cap)}


def _exact_report(found: Characteristics, cap: int) -> dict[str, Any]:
    return {
        "paths": found.paths,
        "endings": [_ending(ending, shown(found.endings[ending])) for ending in sorted(found.endings, key=_level)],
        "patients": {str(patients): shown(chance) for patients, chance in found.patients.items()},
        "expected_patients": shown(found.expected_patients, 2),
        "expected_dlts": shown(found.expected_dlts, 2),
        "cap": {
            "patients": cap,
            "below": shown(found.at_most(cap) - found.exactly(cap)),
            "exactly": shown(found.exactly(cap)),
            "above": shown(1 - found.at_most(cap)),
        },
    }


def _ending(ending: Ending, probability: Mapping[str, str]) -> dict[str, Any]:
    return {"ending": advice_json(ending), "probability": probability}


def _level(ending: Ending) -> int:
    """The declared level, for the order of a report; an ending without one comes first."""
    match ending:
        case DeclareMtd(level=level) | DeclareMtdNotReached(top=level):
            return level
        case StopNoMtd():
            return -1


def simulated(design: Design, ladder: Ladder, *, together: int, seed: int, trials: int) -> list[Run]:
    """So many trials, one after another, on the numbers that follow from the seed."""
    if trials < 2:
        raise ValueError("a standard error needs two trials or more")
    numbers, known = splitmix64(seed), dict[Counts, Advice]()
    return [_run(design, ladder, together, numbers, known) for _ in range(trials)]


def splitmix64(seed: int) -> Iterator[int]:
    """The 64-bit numbers that follow from a seed."""
    state = seed & _MASK
    while True:
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        yield mixed ^ (mixed >> 31)


def _run(design: Design, ladder: Ladder, together: int, numbers: Iterator[int], known: dict[Counts, Advice]) -> Run:
    """One trial to its end; what the design said on counts is kept in `known`."""
    counts: Counts = ((0, 0),) * len(ladder.rates)
    while True:
        if counts not in known:
            known[counts] = design.advise(ladder.outcomes(counts))
        match known[counts]:
            case DeclareMtd() | DeclareMtdNotReached() | StopNoMtd() as ending:
                return ending, sum(n for n, _ in counts), sum(t for _, t in counts)
            case Treat(level=level) | Open(level=level) | Escalate(level=level):
                counts = _enrolled(
                    counts, level - ladder.bottom, ladder.rates[level - ladder.bottom], together, numbers
                )
            case Await():
                raise ValueError("with every patient evaluable and no ending, a design enrols")


def _enrolled(counts: Counts, place: int, rate: Fraction, together: int, numbers: Iterator[int]) -> Counts:
    evaluable, dlts = counts[place]
    more = sum(next(numbers) * rate.denominator < rate.numerator << 64 for _ in range(together))
    return (*counts[:place], (evaluable + together, dlts + more), *counts[place + 1 :])


def _simulated_report(runs: Sequence[Run], cap: int) -> dict[str, Any]:
    endings = Counter(ending for ending, _, _ in runs)
    enrolled = Counter(patients for _, patients, _ in runs)
    return {
        "endings": [_ending(ending, _share(endings[ending], len(runs))) for ending in sorted(endings, key=_level)],
        "patients": {str(patients): _share(times, len(runs)) for patients, times in sorted(enrolled.items())},
        "expected_patients": _mean([patients for _, patients, _ in runs]),
        "expected_dlts": _mean([dlts for _, _, dlts in runs]),
        "cap": {
            "patients": cap,
            "below": _share(sum(times for patients, times in enrolled.items() if patients < cap), len(runs)),
            "exactly": _share(enrolled[cap], len(runs)),
            "above": _share(sum(times for patients, times in enrolled.items() if patients > cap), len(runs)),
        },
    }


def _share(times: int, trials: int) -> dict[str, str]:
    share = Fraction(times, trials)
    return {**shown(share), "standard_error": _root(share * (1 - share) / trials, 4)}


def _mean(counts: Sequence[int]) -> dict[str, str]:
    mean = Fraction(sum(counts), len(counts))
    variance = sum(((count - mean) ** 2 for count in counts), start=Fraction(0)) / (len(counts) - 1)
    return {**shown(mean, 2), "standard_error": _root(variance / len(counts), 4)}


def _root(square: Fraction, places: int) -> str:
    """The square root, rounded up to so many places: an error is not made smaller than it is."""
    scaled = square * 10 ** (2 * places)
    floor = isqrt(scaled.numerator // scaled.denominator)
    return decimal_text(Fraction(floor + (floor**2 < scaled), 10**places), places)
