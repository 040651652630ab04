"""How a release test is judged.

A measured result is compared with the protocol's limit, exactly, in the unit that the test's name ends with or
contains; a finding is the expected one or not. Where the limit is on the sum over a recipient's infusions, the result
is a number of cells in the whole lot (`cells`), or that number per kg of a stated weight (`cells_per_kg`), and what is
judged is the sum per kg, which depends on how much is given to whom.
"""

from fractions import Fraction
from typing import Final

from ledger.product.events import Comparison, ReleaseTestRecorded
from ledger.protocol.treatment import ExpectedFinding, MeasuredLimit, ReleaseLimits
from ledger.types import exact

CELLS: Final = "cells"
CELLS_PER_KG: Final = "cells_per_kg"
UNITS: Final = (CELLS_PER_KG, "cells_per_ml", "eu_per_ml", "eu_per_kg", "eu_per_dose", "percent", CELLS)
"""The units that names of tests are read for; the longer first, since a name with it contains the shorter too."""

Limit = MeasuredLimit | ExpectedFinding


def limit_of(limits: ReleaseLimits, test: str) -> Limit | None:
    """What the protocol asks of a release test; nothing where it does not ask for the test."""
    every: tuple[Limit, ...] = (*limits.measured, *limits.findings)
    return next((limit for limit in every if limit.test == test), None)


def is_late(limits: ReleaseLimits, test: str) -> bool:
    """Whether a test is one whose finding comes only after release."""
    return any(late.test == test for late in limits.late_findings)


def units_of(limit: MeasuredLimit) -> tuple[str, ...]:
    """The units in which a result of a measured test is taken."""
    unit = next((unit for unit in UNITS if f"_{unit}_" in f"_{limit.test}_"), limit.test)
    return (CELLS_PER_KG, CELLS) if limit.summed_over_infusions else (unit,)


def comparison_of(limit: Limit | None) -> Comparison | None:
    if limit is None:
        return None
    return limit.comparison if isinstance(limit, MeasuredLimit) else "is"


def bound_of(limit: Limit | None) -> str | None:
    if limit is None:
        return None
    return limit.limit if isinstance(limit, MeasuredLimit) else limit.expected


def cells_in_lot(result: ReleaseTestRecorded) -> Fraction | None:
    """The cells of the whole lot that a result counts, given as such or per kg of a weight."""
    if result.unit == CELLS:
        return exact(result.result)
    if result.unit == CELLS_PER_KG and result.weight_kg is not None:
        return exact(result.result) * exact(result.weight_kg)
    return None


def passes(limit: Limit | None, result: ReleaseTestRecorded, sum_per_kg: Fraction | None) -> bool | None:
    """Whether a result is within a limit; nothing where there is no limit, or the result is not what it is on.

    `sum_per_kg` stands in for the result where the limit is on the sum over infusions.
    """
    if limit is None:
        return None
    if isinstance(limit, ExpectedFinding):
        return result.result == limit.expected
    if result.unit not in units_of(limit):
        return None
    if limit.summed_over_infusions:
        return None if sum_per_kg is None else limit.met(sum_per_kg)
    return limit.met(exact(result.result))
