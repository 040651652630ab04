"""How fast a client may ask: a bucket of tokens each, filled steadily."""

from collections.abc import Callable
from time import monotonic

from api.problems import Refused

MOST_BUCKETS = 10_000


class Buckets:
    """A client may ask `burst` times at once and `rate` times a second on average."""

    def __init__(self, rate: int, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, client: str) -> None:
        """Take a token; `too-many-requests` tells when there is one again."""
        now = self._clock()
        left, since = self._left.get(client, (float(self._burst), now))
        left = min(self._burst, left + (now - since) * self._rate)
        if left < 1:
            wait = max(1, round((1 - left) / self._rate + 0.5))
            limit = f'"client";r=0;t={wait}'
            raise Refused("too-many-requests", headers={"Retry-After": str(wait), "RateLimit": limit})
        if len(self._left) >= MOST_BUCKETS:
            self._left.clear()
        self._left[client] = (left - 1, now)
