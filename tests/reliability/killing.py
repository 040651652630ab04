"""A server under load that is killed, again and again: `python -m tests.reliability --rounds 30`.

Several writers send reports over real HTTP, each under its own key, and note what was acknowledged. The server is
killed with SIGKILL at a random moment, its file is opened as after any crash, and everything that was acknowledged has
to be there, once, at the position that was answered.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from api.auth import add_account
from ledger.application import TrialLedger
from ledger.decisions import screening
from ledger.store.sqlite import SqliteStore
from ledger.submission import command_id
from ledger.world import World
from projections.base import digest
from tests.bench import INVESTIGATOR, SITE, opened_trial

TRIAL = "NCT07256210"
WRITERS = 16
PATIENTS = 20
RECEIPT_EVERY = 4


def a_trial(directory: Path) -> str:
    """A trial with patients in screening, in a file; the token of an investigator."""
    bench = opened_trial()
    for number in range(1, PATIENTS + 1):
        bench.ask(screening.ScreenPatient(number=f"{number:03}", site=SITE, birth_year_month="2016-03", sex="male"))
    with SqliteStore.create(directory / f"{TRIAL}.ledger") as store, store.appending() as batch:
        batch.save(bench.records)
    return add_account(
        directory / "accounts.jsonl", id=INVESTIGATOR.id, role="investigator", site=SITE, client="writers"
    )


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """The real server in a process of its own."""

    directory: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "--factory", "tests.reliability.server:app", "--log-level", "error"]
        environment = {**os.environ, "LEDGER_DIRECTORY": str(self.directory)}
        self.process = subprocess.Popen([*command, "--port", str(self.port)], env=environment)
        for _ in range(1_200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("the server did not start")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass
class Writers:
    """Callers that report and note what was acknowledged, until they are stopped."""

    port: int
    token: str
    acknowledged: dict[str, int] = field(default_factory=dict)
    receipts: dict[int, bytes] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    got_one: threading.Condition = field(default_factory=threading.Condition)

    def report(self, connection: HTTPConnection, key: str) -> int | None:
        """Send one report; the position that it was answered with, or none where the answer never came."""
        self.sent.add(key)
        patient = f"{hash(key) % PATIENTS + 1:03}"
        body = json.dumps({"term": f"Event {key}", "serious": False, "onset_at": "2026-01-05T07:00:00Z"})
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        }
        connection.request("POST", f"/v1/trials/{TRIAL}/patients/{patient}/adverse-events", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201):
            self.unexpected.append(f"{answer.status} {content[:200]!r}")
            return None
        position: int = json.loads(content)["positions"][0]
        return position

    def take_receipt(self, connection: HTTPConnection, position: int) -> None:
        """Ask for the receipt of an event, and for a head to be signed if none holds it yet."""
        path = f"/v1/trials/{TRIAL}/evidence/receipts/{position}?wait=5"
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status == 200:
            with self.got_one:
                self.receipts[position] = content
                self.got_one.notify_all()
        elif answer.status != 202:
            self.unexpected.append(f"{answer.status} {content[:200]!r}")

    def wait_for_receipts(self, number: int) -> None:
        """Until so many are held."""
        with self.got_one:
            assert self.got_one.wait_for(lambda: len(self.receipts) >= number, timeout=60), "no receipt came"

    def write(self, writer: int, round_number: int) -> None:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            for number in range(1_000_000):
                if self.stopping.is_set():
                    return
                key = f"round-{round_number}-{writer}-{number}"
                try:
                    position = self.report(connection, key)
                    if position is not None:
                        self.acknowledged[key] = position
                        if number % RECEIPT_EVERY == 0:
                            self.take_receipt(connection, position)
                except (OSError, HTTPException):
                    return


@dataclass(frozen=True)
class Found:
    """What a round found."""

    acknowledged: int
    stored: int
    in_flight: int


def round_of_killing(server: Server, writers: Writers, number: int, chance: random.Random) -> None:
    """Load, and SIGKILL at a random moment; in every second round one that lies after a receipt was answered."""
    server.start()
    held = len(writers.receipts)
    threads = [threading.Thread(target=writers.write, args=(each, number)) for each in range(WRITERS)]
    for thread in threads:
        thread.start()
    if number % 2:
        writers.wait_for_receipts(held + 1)
    threading.Event().wait(chance.uniform(0.05, 0.6))
    server.kill()
    writers.stopping.set()
    for thread in threads:
        thread.join()
    writers.stopping.clear()


def verify(directory: Path, writers: Writers) -> Found:
    """Everything acknowledged is there, once, where it was said to be; no gap; the state equals a rebuild."""
    ledger = TrialLedger.open(directory / f"{TRIAL}.ledger")
    try:
        records = list(ledger.store.records())
        ledger.store.verify()
        assert [record.position for record in records] == list(range(len(records))), "a gap"
        versions: dict[str, int] = {}
        for record in records:
            versions[record.stream] = versions.get(record.stream, 0) + 1
            assert record.stream_version == versions[record.stream], "a gap in a stream"
        by_command: dict[str, list[int]] = {}
        for record in records:
            by_command.setdefault(record.command_id, []).append(record.position)
        for key, position in writers.acknowledged.items():
            assert by_command[command_id("writers", key)] == [position], f"{key}: lost, moved or doubled"
        ours = {command_id("writers", key) for key in writers.sent}
        stored = [positions for command, positions in by_command.items() if command in ours]
        assert all(len(positions) == 1 for positions in stored), "a duplicate"
        rebuilt = World()
        for record in records:
            rebuilt = rebuilt.apply(record)
        assert digest(rebuilt) == digest(ledger.world), "the state differs from a rebuild"
        return Found(len(writers.acknowledged), len(stored), len(writers.sent) - len(writers.acknowledged))
    finally:
        ledger.close()


def retry_unanswered(server: Server, writers: Writers) -> None:
    """Clients settle what was never answered by asking again under the same key."""
    server.start()
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        for key in sorted(writers.sent - writers.acknowledged.keys()):
            position = writers.report(connection, key)
            assert position is not None, writers.unexpected
            writers.acknowledged[key] = position
    server.kill()
