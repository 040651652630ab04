"""How a trial stood at any moment: its state is kept from time to time while the log is folded, and what was recorded
since is folded again when somebody asks.

What is kept shares with the next all that did not change. Of patients it holds those that came further than screening,
on whom the escalation rests; the others of a past moment, and the lots, are the present ones without their later events
(`ledger/strands.py`). Nothing of it is on disk, where it would have to be trusted: it is made anew, from the log, at
every start.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, Protocol

from immutables import Map

from ledger.record import Record
from ledger.strands import StreamLog
from ledger.world import World

KEPT_EVERY: Final = 250
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


def folded(log: StreamLog, records: Iterable[Record], total: int) -> World:
    """The state after the first so many records of a log, which are given; of many, patients and lots stay at rest."""
    return World().resting_on(log).after(records, stored=total > AWAKE_AT_START)


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
            world = world.after(records, stored=size > self._at_start)
            world = self.noted(world)
        return world

    def noted(self, world: World) -> World:
        """The state at the end of the log as it is to be held: kept when it is time, and with less of it in memory when
        there is much."""
        if world.size < self._kept[-1].size + self._every:
            return world
        patients = world.patients.only(world.beyond_screening)
        self._kept.append(replace(world, patients=patients, products=self._kept[0].products, sources=Map()))
        return world.with_awake(self._awake)

    def at(self, size: int, head: World) -> World:
        """The state when the log had so many events, of which the present one is `head`. Which reports of machines were
        known then is left out: only what is decided now asks for it."""
        kept = self._kept[bisect_right(self._kept, size, key=lambda world: world.size) - 1]
        then = kept.after(self._log.records(kept.size, size), stored=True)
        patients = head.patients.as_of(size, then.patients)
        return replace(then, patients=patients, products=head.products.as_of(size, then.products), sources=Map())
