"""How often, how much, how long: what runs counts its own work here, and others read it. Nothing is decided on it."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Histogram:
    """How many observations were at most so large, for each bound, and their sum.

    One thread observes at a time, or several may rarely lose one against the other: that is cheaper than a lock."""

    __slots__ = ("_counts", "bounds", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.sum = 0.0
        self._counts = [0] * (len(bounds) + 1)

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> tuple[int, ...]:
        """Of every bound, how many were at most that; at last, how many there were."""
        return tuple(accumulate(self._counts))


@dataclass(frozen=True, slots=True)
class WriterMeasures:
    """The batches that the writers of an installation appended."""

    batch_commands: Histogram = field(default_factory=lambda: Histogram(SIZES))
    batch_events: Histogram = field(default_factory=lambda: Histogram(SIZES))
    deciding_seconds: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    """From the beginning of a batch to its commit: decided, encoded, hashed, inserted."""
    commit_seconds: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    """The commit itself, which waits for the disk."""

    def take(self, commands: int, events: int, deciding_seconds: float, commit_seconds: float) -> None:
        """Count one batch in."""
        self.batch_commands.observe(commands)
        self.batch_events.observe(events)
        self.deciding_seconds.observe(deciding_seconds)
        self.commit_seconds.observe(commit_seconds)
