"""When the rounds of all notaries of a process are made: by one clock and a few workers, however many trials there are.

A round is due some time after it was asked for, or at once where it is urgent. Rounds of one trial are made one after
another, those of several side by side. Urgent rounds have workers of their own, so that they wait for no others; a
witness that is slow for one trial holds up one worker.
"""

import heapq
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Final, Protocol

import structlog

ROUND_EVERY_SECONDS: Final = 60.0
WORKERS: Final = 4
"""So many for rounds that come with time, and as many for urgent ones."""

_log = structlog.get_logger("notary")


class Maker(Protocol):
    """Who makes the rounds of one log."""

    @property
    def origin(self) -> str: ...

    def make_due(self) -> None:
        """Make the round that is due, if one still is. It stays due where this raises."""
        ...


class Rounds:
    """The rounds of many makers."""

    def __init__(
        self,
        every_seconds: float = ROUND_EVERY_SECONDS,
        workers: int = WORKERS,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._every, self._steady = every_seconds, steady
        self._changed = threading.Condition()
        self._members: set[Maker] = set()
        self._due_at: dict[Maker, float] = {}
        self._heap: list[tuple[float, int, Maker]] = []
        self._numbers = count()
        self._under_way: set[Maker] = set()
        self._again: set[Maker] = set()
        self._closed = False
        self._usual = ThreadPoolExecutor(workers, "notary")
        self._urgent = ThreadPoolExecutor(workers, "notary-urgent")
        self._clock: threading.Thread | None = None

    def join(self, maker: Maker) -> None:
        """From now on rounds are made for this maker; the first when it has asked for it."""
        with self._changed:
            self._members.add(maker)
            if self._clock is None:
                self._clock = threading.Thread(target=self._watch, name="notary-clock", daemon=True)
                self._clock.start()

    def ask(self, maker: Maker, *, urgent: bool = False) -> None:
        """Have a round made when the time has come, or at once. What is due sooner already stays so."""
        with self._changed:
            if maker not in self._members or self._closed:
                return
            if urgent:
                self._due_at.pop(maker, None)
                self._urgent.submit(self._work, maker)
            elif maker not in self._due_at:
                at = self._steady() + self._every
                self._due_at[maker] = at
                heapq.heappush(self._heap, (at, next(self._numbers), maker))
                self._changed.notify_all()

    def leave(self, maker: Maker) -> None:
        """Make no more rounds for this maker, and return when none is under way."""
        with self._changed:
            self._members.discard(maker)
            self._due_at.pop(maker, None)
            self._changed.wait_for(lambda: maker not in self._under_way)

    def close(self) -> None:
        """Begin no more rounds, and return when none is under way."""
        with self._changed:
            self._closed = True
            self._members.clear()
            self._changed.notify_all()
        if self._clock is not None:
            self._clock.join()
        self._usual.shutdown()
        self._urgent.shutdown()

    def _watch(self) -> None:
        """The clock: whatever is due goes to the workers."""
        with self._changed:
            while not self._closed:
                at = self._next_at()
                if at is None or at > self._steady():
                    self._changed.wait(None if at is None else at - self._steady())
                    continue
                _, _, maker = heapq.heappop(self._heap)
                del self._due_at[maker]
                self._usual.submit(self._work, maker)

    def _next_at(self) -> float | None:
        """When the next round is due; entries that were overtaken are dropped."""
        while self._heap and self._due_at.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _work(self, maker: Maker) -> None:
        """On a worker: one round; where one is under way already, another after it."""
        with self._changed:
            if maker in self._under_way:
                self._again.add(maker)
                return
            if maker not in self._members:
                return
            self._under_way.add(maker)
        failed = True
        try:
            maker.make_due()
            failed = False
        except Exception as fault:
            _log.warning("round-failed", origin=maker.origin, fault=type(fault).__name__)
        finally:
            self._finish(maker, failed)

    def _finish(self, maker: Maker, failed: bool) -> None:
        with self._changed:
            self._under_way.discard(maker)
            again = maker in self._again
            self._again.discard(maker)
            self._changed.notify_all()
        if again:
            self.ask(maker, urgent=True)
        elif failed:
            self.ask(maker)
