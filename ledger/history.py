"""How a trial stood at any moment: its state is kept from time to time while the log is folded, and what was recorded
since is folded again when somebody asks.

What is kept shares with the next all that did not change, and holds neither patients nor lots: those of a past moment
are the present ones without their later events (`ledger/strands.py`). Nothing of it is on disk, where it would have to
be trusted: it is made anew, from the log, at every start.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Protocol

from immutables import Map

from ledger.record import Record
from ledger.strands import StreamLog
from ledger.world import World

KEPT_EVERY: Final = 1000
"""How many events lie between two states that are kept."""
AWAKE: Final = 1000
"""How many patients, and how many lots, stay in memory."""
AWAKE_AT_START: Final = 100_000
"""Of a log with more events, every patient is at rest until somebody asks."""


class Log(StreamLog, Protocol):
    """Where the records are, by position and by stream."""

    @property
    def size(self) -> int: ...

    def records(self, start: int = 0, stop: int | None = None) -> Iterator[Record]: ...


class History:
    """The states of a trial whose log this is."""

    def __init__(self, log: Log, every: int = KEPT_EVERY, awake: int = AWAKE, at_start: int = AWAKE_AT_START) -> None:
        self._log = log
        self._every, self._awake, self._at_start = every, awake, at_start
        self._kept = [World().resting_on(log)]

    def replayed(self) -> World:
        """The state at the end of the log, from the log alone."""
        size, world = self._log.size, self._kept[0]
        for start in range(0, size, self._every):
            records = self._log.records(start, min(start + self._every, size))
            world = world.after(records) if size <= self._at_start else world.after_more_of_log(records)
            world = self.noted(world)
        return world

    def noted(self, world: World) -> World:
        """The state at the end of the log as it is to be held: kept when it is time, and with less of it in memory when
        there is much."""
        if world.size < self._kept[-1].size + self._every:
            return world
        begun = self._kept[0]
        self._kept.append(replace(world, patients=begun.patients, products=begun.products, sources=Map()))
        return world.with_awake(self._awake)

    def at(self, size: int, head: World) -> World:
        """The state when the log had so many events, of which the present one is `head`. Which reports of machines were
        known then is left out: only what is decided now asks for it."""
        kept = self._kept[bisect_right(self._kept, size, key=lambda world: world.size) - 1]
        then = kept.after_more_of_log(self._log.records(kept.size, size))
        return replace(then, patients=head.patients.as_of(size), products=head.products.as_of(size), sources=Map())
