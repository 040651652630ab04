"""The 3+3 as a flow chart, for comparison: every course of a trial, cohort of three by cohort of three.

It is written the other way round from the rule. The rule looks at all counts and knows no history; this walks along the
boxes of the chart, knows only where it stands and whether it is going up or down, and uses nothing of the ledger.

A course is a tuple of (level, DLTs among its three patients), with the ending it leads to.
"""

from collections.abc import Iterator
from dataclasses import dataclass

Course = tuple[tuple[int, int], ...]
Ending = tuple[str, int | None]
STOP: Ending = ("stop", None)


@dataclass(frozen=True)
class Chart:
    bottom: int
    top: int
    start: int
    six: bool = True
    """Six patients at the MTD."""
    down: bool = True
    """A level may be gone back to, or opened, coming down."""
    six_on_cleared_levels_only: bool = False
    """Six are asked for only where a level cleared on the way up is come back to."""

    def courses(self) -> Iterator[tuple[Course, Ending]]:
        return self.up(self.start, ())

    def up(self, level: int, past: Course) -> Iterator[tuple[Course, Ending]]:
        """The first three at a level, on the way up."""
        yield from self.after_clearing(level, (*past, (level, 0)))
        yield from self.second_three_going_up(level, (*past, (level, 1)))
        yield from self.leave(level, (*past, (level, 2)))
        yield from self.leave(level, (*past, (level, 3)))

    def second_three_going_up(self, level: int, past: Course) -> Iterator[tuple[Course, Ending]]:
        """One of the first three had a DLT: none of the next three may have one."""
        if level < self.top:
            yield from self.up(level + 1, (*past, (level, 0)))
        else:
            yield (*past, (level, 0)), ("not reached", level)
        for dlts in (1, 2, 3):
            yield from self.leave(level, (*past, (level, dlts)))

    def after_clearing(self, level: int, past: Course) -> Iterator[tuple[Course, Ending]]:
        """None of the first three had a DLT."""
        if level < self.top:
            yield from self.up(level + 1, past)
        elif self.six and not self.six_on_cleared_levels_only:
            yield from self.confirm(level, past, spare=1, ending=("not reached", level))
        else:
            yield past, ("not reached", level)

    def leave(self, level: int, past: Course) -> Iterator[tuple[Course, Ending]]:
        """The level is too toxic: what about the one below?"""
        below = level - 1
        groups = [visited for visited, _ in past].count(below)
        if below < self.bottom:
            yield past, STOP
        elif not self.down:
            yield past, self.best_on_the_way_up(below, past)
        elif groups == 2 or (groups == 1 and not self.six):
            yield past, ("mtd", below)
        elif groups == 1:
            yield from self.confirm(below, past, spare=1, ending=("mtd", below))
        else:
            yield from self.first_three_coming_down(below, past)

    def best_on_the_way_up(self, level: int, past: Course) -> Ending:
        """Every level below was cleared, by three patients or by six."""
        visited = [visited for visited, _ in past]
        for lower in range(level, self.start - 1, -1):
            if visited.count(lower) == 2 or not self.six:
                return "mtd", lower
        return STOP

    def first_three_coming_down(self, level: int, past: Course) -> Iterator[tuple[Course, Ending]]:
        if self.six and not self.six_on_cleared_levels_only:
            yield from self.confirm(level, (*past, (level, 0)), spare=1, ending=("mtd", level))
        else:
            yield (*past, (level, 0)), ("mtd", level)
        yield from self.confirm(level, (*past, (level, 1)), spare=0, ending=("mtd", level))
        yield from self.leave(level, (*past, (level, 2)))
        yield from self.leave(level, (*past, (level, 3)))

    def confirm(self, level: int, past: Course, *, spare: int, ending: Ending) -> Iterator[tuple[Course, Ending]]:
        """Three more at a level, so that it has six; `spare` DLTs among them are tolerated."""
        for dlts in range(4):
            now = (*past, (level, dlts))
            if dlts <= spare:
                yield now, ending
            else:
                yield from self.leave(level, now)
