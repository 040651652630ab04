"""How fast one may ask: a bucket of tokens for each client and for each address, filled steadily."""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from time import monotonic

from api.problems import Refused

MOST_BUCKETS = 10_000
WHO_SHARES_AN_ADDRESS = 64
"""Of an IPv6 address, how many bits name the network: whoever has one has the whole of it."""


class Buckets:
    """Each may ask `burst` times at once and `rate` times a second on average. `of`: what has the bucket, as the answer
    names it. Where there are too many, the one that was asked least recently is forgotten."""

    def __init__(self, rate: int, burst: int, clock: Callable[[], float] = monotonic, of: str = "client") -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._of = of
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> None:
        """Take a token; `too-many-requests` tells when there is one again."""
        now = self._clock()
        left, since = self._left.pop(name, (float(self._burst), now))
        left = min(self._burst, left + (now - since) * self._rate)
        enough = left >= 1
        self._left[name] = (left - enough, now)
        if len(self._left) > MOST_BUCKETS:
            del self._left[next(iter(self._left))]
        if not enough:
            wait = max(1, round((1 - left) / self._rate + 0.5))
            limit = f'"{self._of}";r=0;t={wait}'
            raise Refused("too-many-requests", headers={"Retry-After": str(wait), "RateLimit": limit})


def network_of(host: str | None) -> str:
    """Whose bucket an address takes from: its own; of IPv6, that of its network."""
    if host is None or ":" not in host:
        return host or "nowhere"
    address = ip_address(host.partition("%")[0])
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> WHO_SHARES_AN_ADDRESS << WHO_SHARES_AN_ADDRESS))
