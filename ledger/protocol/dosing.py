"""The dose ladder and the infusions that share a level's total, in exact numbers.

A level's dose is the total of all infusions, in cells per kg of body weight. An infusion gives its share of it, a
fraction; the shares of a patient's infusions make one whole.
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ledger.protocol.terms import Distinct, ProtocolDay
from ledger.types import Amount, Exact, Frozen, Level, Ordinal, Several, exact

FEWEST_CELLS_PER_KG: Final = 1000
_WRITTEN_OUT = re.compile(r"[0-9/-]*")
_SUPERSCRIPT_LOST = re.compile(r"([1-9][0-9]{0,2})?10([4-9]|1[0-2])")


def _written_out(given: Any) -> Any:
    if isinstance(given, str) and not _WRITTEN_OUT.fullmatch(given):
        raise ValueError("a dose is written out in digits, without a power of ten (A.3-3)")
    return given


def _whole_superscript(text: str) -> str:
    if exact(text) < FEWEST_CELLS_PER_KG or _SUPERSCRIPT_LOST.fullmatch(text):
        raise ValueError("a dose of so few cells per kg is a power of ten that lost its superscript (A.3-3)")
    return text


def _part_of_one(text: str) -> str:
    if not 0 < exact(text) <= 1:
        raise ValueError("a share is more than 0 and at most 1")
    return text


CellsPerKg = Annotated[Exact, BeforeValidator(_written_out), AfterValidator(_whole_superscript)]
"""Cells per kg, written out. Texts such as `10x106` or `106`, in which 10^6 lost its superscript, are refused
(A.3-3)."""

Share = Annotated[Exact, AfterValidator(_part_of_one)]
"""The part of a level's total that one infusion gives, such as `2/3`."""


def _more_than_none(text: str) -> str:
    if exact(text) <= 0:
        raise ValueError("a step of volume is more than 0")
    return text


class DoseOrderRules(Frozen):
    """How a dose becomes a volume: the step of pump or syringe to which it is rounded down, and by how much cells as
    stated may differ from cells/mL x viability x volume before someone has to explain it."""

    volume_step_ml: Annotated[Amount, AfterValidator(_more_than_none)]
    cells_differ_percent_max: Amount


def volume_within(cells: Fraction, viable_cells_per_ml: Fraction, step_ml: Fraction) -> Fraction:
    """The most whole steps of volume, in mL, that hold no more than so many cells: rounded down, never up."""
    return cells / viable_cells_per_ml // step_ml * step_ml


class LadderLevel(Frozen):
    """A dose level with the total of all its infusions."""

    level: Level
    total_cells_per_kg: CellsPerKg


class Ladder(Frozen):
    """The dose levels in rising order, the start, and the levels kept in reserve below it (P3, P4)."""

    levels: Several[LadderLevel] = Field(min_length=1)
    start_level: Level
    reserve_levels: Distinct[Level]

    @model_validator(mode="after")
    def _rises(self) -> "Ladder":
        numbers = [step.level for step in self.levels]
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            raise ValueError("the levels are numbered one by one, upwards")
        if not _strictly_rising(exact(step.total_cells_per_kg) for step in self.levels):
            raise ValueError("every level has a higher dose than the level below it")
        if self.start_level not in numbers:
            raise ValueError("the start level is not on the ladder")
        if not set(self.reserve_levels) <= set(numbers[: numbers.index(self.start_level)]):
            raise ValueError("a reserve level is a level of the ladder below the start")
        return self


class PlannedInfusion(Frozen):
    """One of a patient's infusions: its share, its day, and how far it may move without deviating (P5, A.3-9)."""

    ordinal: Ordinal
    share: Share
    planned_day: ProtocolDay
    window_before_days: int = Field(ge=0, le=60)
    window_after_days: int = Field(ge=0, le=60)

    @property
    def first_day(self) -> int:
        return self.planned_day - self.window_before_days

    @property
    def last_day(self) -> int:
        return self.planned_day + self.window_after_days


def _one_whole(infusions: tuple[PlannedInfusion, ...]) -> tuple[PlannedInfusion, ...]:
    if [infusion.ordinal for infusion in infusions] != list(range(1, len(infusions) + 1)):
        raise ValueError("the infusions are numbered 1, 2, ... in order")
    if sum((exact(infusion.share) for infusion in infusions), Fraction()) != 1:
        raise ValueError("the shares do not make one whole")
    if not _strictly_rising(day for infusion in infusions for day in sorted({infusion.first_day, infusion.last_day})):
        raise ValueError("the windows of two infusions overlap, or are out of order")
    return infusions


def _strictly_rising(numbers: Iterable[Fraction | int]) -> bool:
    row = list(numbers)
    return all(a < b for a, b in pairwise(row))


Infusions = Annotated[Several[PlannedInfusion], Field(min_length=1, max_length=9), AfterValidator(_one_whole)]
"""All infusions of a patient. There may be one."""
