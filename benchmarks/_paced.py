"""Load that does not wait for the server: requests are due at a fixed rate, whatever became of those before them.

    python -m benchmarks._paced PORT PATH TOKEN CONNECTIONS REQUESTS SEED RATE

What a request takes is counted from when it was due. So a server that stands still for a second is charged with all
that were due in it, and not only with the few that happened to be on their way (coordinated omission). The next request
goes to the first connection that is free; where none is, it waits, and its waiting counts. Prints a line of JSON.
"""

import asyncio
import gc
import json
import selectors
import statistics
import sys
import time
from dataclasses import dataclass, field

from benchmarks._load import Load


@dataclass
class Paced(Load):
    """A load with a rate, in requests a second."""

    rate: float = 100
    late_ms: list[float] = field(default_factory=list)
    """By how much this load was late itself, where a connection stood ready before a request was due."""

    async def run(self) -> dict[str, float]:
        pairs = [await asyncio.open_connection("127.0.0.1", self.port) for _ in range(self.connections)]
        numbers = iter(range(self.requests))
        begun = time.perf_counter()

        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for number in numbers:
                due = begun + number / self.rate
                await self._until(due)
                await self.exchange(reader, writer, number)
                self.took_ms.append((time.perf_counter() - due) * 1e3)
            writer.close()

        await asyncio.gather(*(one(*pair) for pair in pairs))
        return {**self._found(), "per_second": self.requests / (time.perf_counter() - begun)}

    async def _until(self, due: float) -> None:
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
            self.late_ms.append((time.perf_counter() - due) * 1e3)

    def _found(self) -> dict[str, float]:
        cuts = statistics.quantiles(self.took_ms, n=1000, method="inclusive")
        late = statistics.quantiles(self.late_ms or [0.0, 0.0], n=100, method="inclusive")
        return {
            "p50_ms": cuts[499],
            "p99_ms": cuts[989],
            "p99.9_ms": cuts[998],
            "late_p99_ms": late[98],
            "answered": self.answered,
        }


def to_the_microsecond() -> asyncio.AbstractEventLoop:
    """A loop that wakes up when it is asked to; the usual one counts in milliseconds."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def main() -> None:
    port, path, token, connections, requests, seed, rate = sys.argv[1:]
    load = Paced(int(port), path, token, int(connections), int(requests), seed, "", rate=float(rate))
    gc.disable()  # a pause of ours would count as the server's
    with asyncio.Runner(loop_factory=to_the_microsecond) as runner:
        print(json.dumps(runner.run(load.run())))


if __name__ == "__main__":
    main()
