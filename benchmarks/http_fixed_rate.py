"""Durable commands over HTTP that come at a fixed rate, whether or not the server keeps up: what an answer takes,
counted from when its request was due (`_paced.py`), beside the same server's empty endpoint at the same rate.

A rate that is not reached is told as such: then the queue grows for as long as the run lasts, and what an answer takes
says how long that was, not how fast the server is. By how much the load was late itself is printed: it counts as well.

    python -m benchmarks.http_fixed_rate [SECONDS]
"""

import sys
import tempfile
from pathlib import Path

from benchmarks._common import Row, beside, keep
from benchmarks.http import COMMAND, Server, warm

PERCENTILES = ("p50", "p99", "p99.9")
RATES = (100, 500, 1000)
SECONDS = 20.0
"""At each rate. At the lowest, two answers of these are slower than the 99.9th percentile."""

CONNECTIONS = 256
REACHED = 0.98
"""Of the rate: more is the end of the last answers, after the last request was due."""


def is_reached(found: dict[str, float], rate: int) -> bool:
    return found["per_second"] >= REACHED * rate


def rows(rate: int, ours: dict[str, float], peer: dict[str, float]) -> list[Row]:
    """How much of a rate was reached, and what the answers took."""
    missed = [who for who, found in (("commands", ours), ("empty", peer)) if not is_reached(found, rate)]
    told = f"NOT reached: {', '.join(missed)}" if missed else "reached"
    return [
        beside(f"{rate:,} requests/s ({told}): the empty endpoint", ours["per_second"], peer["per_second"], "/s"),
        *(beside(f"{rate:,} requests/s, {each}", ours[f"{each}_ms"], peer[f"{each}_ms"], "ms") for each in PERCENTILES),
    ]


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    found: list[Row] = []
    runs = []
    with tempfile.TemporaryDirectory() as name:
        server = Server(Path(name))
        try:
            warm(server)
            for rate in RATES:
                ours, peer = (
                    server.paced(path, CONNECTIONS, int(rate * seconds), rate) for path in (COMMAND, "/empty")
                )
                found += rows(rate, ours, peer)
                for what, each in (("commands", ours), ("empty", peer)):
                    runs.append({"what": what, "rate": rate, "reached": is_reached(each, rate), **each})
                    print(f"{rate:,}/s, {what}: the load was late itself by {each['late_p99_ms']:.1f} ms (p99)")
        finally:
            server.stop()
    keep("http_fixed_rate", found, seconds=seconds, connections=CONNECTIONS, runs=runs)


if __name__ == "__main__":
    main()
