"""Commands over HTTP against the same server's empty endpoint: rate, and CPU of the server process per request.

Beside what is promised: the rate and what an answer takes, for one caller up to 256, on SQLite and on PostgreSQL.
"""

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
from benchmarks._common import (
    Row,
    at_least,
    at_most,
    beside,
    keep,
    paired,
    ready_trial,
    write_trial,
    write_trial_into,
)
from tests.bench import INVESTIGATOR
from tests.postgres import Cluster

CONNECTIONS = 64
REQUESTS = 6400
REQUESTS_OF_CLIENTS = {1: 400, 8: 1600, 64: 3200, 256: 5120}
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
    """The server in a process of its own, with a trial of 500 patients: in a file, or in the database of a cluster."""

    def __init__(self, directory: Path, cluster: Cluster | None = None, program: str = "benchmarks._server") -> None:
        surroundings = dict(os.environ)
        if cluster is None:
            write_trial(ready_trial(), directory / f"{TRIAL}.ledger").close()
        else:
            write_trial_into(ready_trial(), cluster.owner_url, cluster.service_url, TRIAL)
            surroundings["LEDGER_DATABASE_URL"] = cluster.service_url
        self.token = add_account(
            directory / "accounts.jsonl",
            client="bench",
            id=INVESTIGATOR.id,
            role="investigator",
            site=INVESTIGATOR.site,
        )
        self.port = free_port()
        command = [sys.executable, "-m", program, str(directory), str(self.port)]
        with (directory / "server.log").open("wb") as log:  # at a terminal its lines would be made readable, slowly
            self.process = subprocess.Popen(command, env=surroundings, stderr=log)
        await_port(self.port)
        self._runs = 0

    def load(self, path: str, connections: int = CONNECTIONS, requests: int = REQUESTS) -> dict[str, float]:
        """What a load of commands said, with the server's CPU time per request in microseconds."""
        self._runs += 1
        return self._load("_load", path, connections, requests, f"run{self._runs}", "")

    def paced(self, path: str, connections: int, requests: int, rate: float) -> dict[str, float]:
        """What a load of commands said that are due at a fixed rate a second."""
        self._runs += 1
        return self._load("_paced", path, connections, requests, f"run{self._runs}", str(rate))

    def reads(self, path: str, requests: int, etag: str = "") -> dict[str, float]:
        """The same of reads; with an entity tag, of what the caller has already."""
        return self._load("_load", path, CONNECTIONS, requests, "", etag)

    def etag(self, path: str) -> str:
        asked = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - our own server
            return str(answer.headers["ETag"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _load(self, program: str, path: str, connections: int, requests: int, seed: str, last: str) -> dict[str, float]:
        before = cpu_seconds(self.process.pid)
        arguments = [str(self.port), path, self.token, str(connections), str(requests), seed, last]
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{program}", *arguments], capture_output=True, text=True, check=True
        )
        found: dict[str, float] = json.loads(done.stdout)
        assert found["answered"] == requests, found
        found["cpu_us"] = (cpu_seconds(self.process.pid) - before) / requests * 1e6
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def promised(server: Server) -> list[Row]:
    """Processor time of a command and the rate at 64 connections, beside the empty endpoint."""
    one, other = paired(lambda: server.load(COMMAND)["cpu_us"], lambda: server.load("/empty")["cpu_us"], 3)
    cpu = at_most("CPU per HTTP command: the empty endpoint", one, other, 2.5, "us")
    one, other = paired(lambda: server.load(COMMAND)["per_second"], lambda: server.load("/empty")["per_second"], 3)
    return [cpu, at_least("HTTP commands/s, 64 connections: the empty endpoint", one, other, 0.45, "/s")]


def of_clients(server: Server, store: str) -> list[Row]:
    """Rate and answers for more and more clients, each with one request on its way."""
    rows = []
    for clients, requests in REQUESTS_OF_CLIENTS.items():
        ours, peer = server.load(COMMAND, clients, requests), server.load("/empty", clients, requests)
        told = f"{store}, {clients} clients" if clients > 1 else f"{store}, one client"
        rows += [
            beside(f"{told}: the empty endpoint", ours["per_second"], peer["per_second"], "/s"),
            beside(f"{told}, p50", ours["p50_ms"], peer["p50_ms"], "ms"),
            beside(f"{told}, p99", ours["p99_ms"], peer["p99_ms"], "ms"),
        ]
    return rows


def warm(server: Server) -> None:
    server.load("/empty", requests=640)
    server.load(COMMAND, requests=640)


def on_postgres() -> list[Row]:
    """The same for clients, on a cluster that is made for this run."""
    cluster = Cluster()
    try:
        with tempfile.TemporaryDirectory() as name:
            server = Server(Path(name), cluster)
            try:
                warm(server)
                return of_clients(server, "PostgreSQL")
            finally:
                server.stop()
    finally:
        cluster.remove()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        server = Server(Path(name))
        try:
            warm(server)
            rows = [*promised(server), *of_clients(server, "SQLite")]
        finally:
            server.stop()
    keep("http", [*rows, *on_postgres()])


if __name__ == "__main__":
    main()
