"""How often a log-in may fail: waiting grows from the third failure on, and the caller locks out at a number.

Counted for each account, one that does not exist included, so that nobody learns which do; and for each origin, so that
one origin cannot try many accounts, or lock them out. An attempt counts as failed until it succeeded: a hundred guesses
sent at once are a hundred failures. The counts are of this process; a lock-out is kept in the file of
credentials (21 CFR 11.300(d)).
"""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from api.problems import Refused

LONGEST_WAIT_SECONDS: Final = 300
MOST_KEPT: Final = 10_000


class Throttle:
    """The failures of accounts or origins, and until when each has to wait.

    `free` of them cost no waiting; then 1, 2, 4, ... seconds. One is forgotten after each `forgets_after` without any.
    """

    def __init__(self, clock: Callable[[], datetime], free: int, forgets_after: timedelta) -> None:
        self._clock = clock
        self._free = free
        self._forgets_after = forgets_after
        self._failed: dict[str, tuple[int, datetime]] = {}

    def begin(self, who: str) -> int:
        """Count an attempt; how many there are now. `too-many-attempts` tells when the next may be made."""
        now = self._clock()
        count, last = self._failed.get(who, (0, now))
        until = last + timedelta(seconds=self.wait_seconds(count))
        if now < until:
            wait = max(1, math.ceil((until - now).total_seconds()))
            raise Refused("too-many-attempts", headers={"Retry-After": str(wait)})
        count = max(0, count - (now - last) // self._forgets_after) + 1
        if len(self._failed) >= MOST_KEPT and who not in self._failed:
            self._forget_the_oldest()
        self._failed[who] = (count, now)
        return count

    def wait_seconds(self, failures: int) -> int:
        """How long the next attempt has to wait after so many failures."""
        beyond = failures - self._free
        return 0 if beyond <= 0 else int(min(LONGEST_WAIT_SECONDS, 2 ** min(beyond - 1, 20)))

    def succeeded(self, who: str) -> None:
        """The last attempt was none that failed."""
        count, last = self._failed.get(who, (0, self._clock()))
        self._failed[who] = (max(0, count - 1), last)

    def forget(self, who: str) -> None:
        self._failed.pop(who, None)

    def _forget_the_oldest(self) -> None:
        by_age = sorted(self._failed, key=lambda who: self._failed[who][1])
        for who in by_age[: MOST_KEPT // 10]:
            del self._failed[who]
