"""Commands over HTTP against the same server's empty endpoint: rate, and CPU of the server process per request."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from api.auth import add_account
from benchmarks._common import Row, at_least, at_most, keep, paired, ready_trial, write_trial
from tests.bench import INVESTIGATOR

CONNECTIONS = 64
REQUESTS = 6400
TRIAL = "NCT07256210"
COMMAND = f"/v1/trials/{TRIAL}/patients/{{patient}}/adverse-events"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    columns = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) / os.sysconf("SC_CLK_TCK")


def await_port(port: int) -> None:
    """Wait until somebody listens there."""
    for _ in range(1200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


class Server:
    """The server in a process of its own, with a trial of 500 patients."""

    def __init__(self, directory: Path) -> None:
        write_trial(ready_trial(), directory / f"{TRIAL}.ledger").close()
        self.token = add_account(
            directory / "accounts.jsonl",
            client="bench",
            id=INVESTIGATOR.id,
            role="investigator",
            site=INVESTIGATOR.site,
        )
        self.port = free_port()
        command = [sys.executable, "-m", "benchmarks._server", str(directory), str(self.port)]
        self.process = subprocess.Popen(command)
        await_port(self.port)
        self._runs = 0

    def load(self, path: str, connections: int = CONNECTIONS, requests: int = REQUESTS) -> dict[str, float]:
        """What a load of commands said, with the server's CPU time per request in microseconds."""
        self._runs += 1
        return self._load(f"run{self._runs}", path, connections, requests)

    def reads(self, path: str, requests: int, etag: str = "") -> dict[str, float]:
        """The same of reads; with an entity tag, of what the caller has already."""
        return self._load("", path, CONNECTIONS, requests, etag)

    def etag(self, path: str) -> str:
        asked = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - our own server
            return str(answer.headers["ETag"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _load(self, seed: str, path: str, connections: int, requests: int, etag: str = "") -> dict[str, float]:
        before = cpu_seconds(self.process.pid)
        arguments = [str(self.port), path, self.token, str(connections), str(requests), seed, etag]
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks._load", *arguments], capture_output=True, text=True, check=True
        )
        found: dict[str, float] = json.loads(done.stdout)
        assert found["answered"] == requests, found
        found["cpu_us"] = (cpu_seconds(self.process.pid) - before) / requests * 1e6
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        server = Server(Path(name))
        try:
            server.load("/empty", requests=640)
            server.load(COMMAND, requests=640)
            rows: list[Row] = []
            one, other = paired(lambda: server.load(COMMAND)["cpu_us"], lambda: server.load("/empty")["cpu_us"], 3)
            rows.append(at_most("CPU per HTTP command: the empty endpoint", one, other, 2.5, "us"))
            one, other = paired(
                lambda: server.load(COMMAND)["per_second"], lambda: server.load("/empty")["per_second"], 3
            )
            rows.append(at_least("HTTP commands/s, 64 connections: the empty endpoint", one, other, 0.45, "/s"))
            alone = server.load(COMMAND, connections=1, requests=400)
            many = server.load(COMMAND)
            print(
                f"durable, one connection: p50 {alone['p50_ms']:.1f} ms, p99 {alone['p99_ms']:.1f} ms; "
                f"64 connections: p50 {many['p50_ms']:.1f} ms, p99 {many['p99_ms']:.1f} ms"
            )
        finally:
            server.stop()
    keep("http", rows)


if __name__ == "__main__":
    main()
