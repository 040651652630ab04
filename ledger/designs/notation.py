"""Outcomes as trialists write them: `1NNN 2NTN` is level 1 without a DLT, then level 2 with one.

A cohort is a level in decimal and one letter a patient; cohorts are parted by one space and may name a level again.
The order of the letters, and of the cohorts, means nothing to the counts.

    N   evaluable, no DLT
    T   evaluable, had a DLT
    P   pending: the window runs
    C   pending, with a candidate DLT that is not ruled yet

Source of N and T: the R package `escalation` (Brock), function `parse_phase1_outcomes`.
"""

import re
from collections import Counter
from collections.abc import Mapping

from ledger.designs.base import Outcomes, Tally

_COHORT = re.compile(r"(0|[1-9][0-9]?)([NTPC]+)")


def parse_outcomes(text: str) -> dict[int, Tally]:
    """The tally of every level named in the text; `ValueError` for any other spelling. The empty text is nobody."""
    letters: dict[int, Counter[str]] = {}
    for cohort in text.split(" ") if text else ():
        found = _COHORT.fullmatch(cohort)
        if not found:
            raise ValueError("a cohort is a level from 0 to 99 and one of N, T, P, C for every patient")
        letters.setdefault(int(found[1]), Counter()).update(found[2])
    return {level: _tally(counts) for level, counts in letters.items()}


def outcomes_on(text: str, *, bottom: int, top: int, start: int) -> Outcomes:
    """The outcomes that a text describes, on a ladder; `ValueError` where it names a level beside the ladder."""
    levels: Mapping[int, Tally] = parse_outcomes(text)
    return Outcomes(levels, bottom=bottom, top=top, start=start)


def _tally(letters: Counter[str]) -> Tally:
    return Tally(
        evaluable=letters["N"] + letters["T"],
        dlt=letters["T"],
        pending=letters["P"] + letters["C"],
        candidates=letters["C"],
    )
