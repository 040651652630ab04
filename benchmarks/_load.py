"""Load over plain HTTP/1.1 connections, each with one request on its way, from a process of its own.

    python -m benchmarks._load PORT PATH TOKEN CONNECTIONS REQUESTS SEED ETAG

With a seed: reports of adverse events, all of them new. Without one: reads; with an entity tag, of what the caller has
already. Prints a line of JSON: requests a second, the median and the 99th percentile in milliseconds, and how many of
the answers were 201, 200, or 304.
"""

import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass, field


@dataclass
class Load:
    port: int
    path: str
    token: str
    connections: int
    requests: int
    seed: str
    etag: str
    took_ms: list[float] = field(default_factory=list)
    answered: int = 0

    def request(self, number: int) -> bytes:
        return self.report(number) if self.seed else self.read()

    def read(self) -> bytes:
        known = f"If-None-Match: {self.etag}\r\n" if self.etag else ""
        return (
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n{known}\r\n"
        ).encode()

    @property
    def wanted(self) -> bytes:
        status = b"201" if self.seed else b"304" if self.etag else b"200"
        return b"HTTP/1.1 " + status

    def report(self, number: int) -> bytes:
        """A report of an adverse event that is new."""
        patient = f"{number % 500 + 1:03}"
        body = json.dumps(
            {
                "term": f"Adverse event {self.seed} {number}",
                "serious": False,
                "onset_at": "2026-01-05T07:00:00.000000Z",
            }
        ).encode()
        head = (
            f"POST {self.path.replace('{patient}', patient)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.token}\r\nIdempotency-Key: {self.seed}-{number:08}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        """Send a request and read its answer to the end."""
        writer.write(self.request(number))
        head = await reader.readuntil(b"\r\n\r\n")
        stated = head.lower().partition(b"content-length:")[2]
        await reader.readexactly(int(stated.split(b"\r\n")[0] or 0))
        self.answered += head.startswith(self.wanted)

    async def connection(self, first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for number in range(first, self.requests, self.connections):
            begun = time.perf_counter()
            await self.exchange(reader, writer, number)
            self.took_ms.append((time.perf_counter() - begun) * 1e3)
        writer.close()

    async def run(self) -> dict[str, float]:
        begun = time.perf_counter()
        await asyncio.gather(*(self.connection(first) for first in range(self.connections)))
        rate = self.requests / (time.perf_counter() - begun)
        p99 = statistics.quantiles(self.took_ms, n=100)[98]
        return {
            "per_second": rate,
            "p50_ms": statistics.median(self.took_ms),
            "p99_ms": p99,
            "answered": self.answered,
        }


def main() -> None:
    port, path, token, connections, requests, seed, etag = sys.argv[1:]
    load = Load(int(port), path, token, int(connections), int(requests), seed, etag)
    print(json.dumps(asyncio.run(load.run())))


if __name__ == "__main__":
    main()
