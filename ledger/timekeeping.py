"""Clocks that do not read the time themselves: that of a story, and the comparison of a clock with a steady one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

Clock = Callable[[], datetime]
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
CLOCK_JUMP: Final = timedelta(seconds=1)
"""A clock that left the steady one by more than this was set."""


class StoryClock:
    """The clock of a training ledger that plays a story: it stands still until it is set forward."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def __call__(self) -> datetime:
        return self._at

    def set_forward(self, to: datetime) -> None:
        """Later only; an earlier instant changes nothing."""
        self._at = max(self._at, to.astimezone(UTC))


class ClockWatch:
    """Compares a clock with a steady one."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._apart: timedelta | None = None

    def off_by_milliseconds(self, now: datetime) -> int | None:
        """How far the clock jumped since it was looked at first, or jumped last; none for no further than it may.
        Positive: it is ahead."""
        apart = now - EPOCH - timedelta(seconds=self._steady())
        before, self._apart = self._apart, self._apart or apart
        if before is None or abs(apart - before) <= CLOCK_JUMP:
            return None
        self._apart = apart
        return (apart - before) // timedelta(milliseconds=1)
