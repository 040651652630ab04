"""Mixed load for a long time: commands, reads, replays, a live follower and a verifier, all on one server.

    python -m tests.reliability.soak --minutes 60

What is looked at: no answer that is an error, no event that the follower missed, every bundle verifies, memory grows no
faster than the log, and how long requests take at the tail.
"""

import argparse
import json
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import httpx2

from api.auth import add_account
from api.chaos.calling import Callers
from api.chaos.judging import judge
from api.chaos.serving import Server
from api.chaos.trial import TRIAL, a_trial, file_in
from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import VERIFIED, Policy, Trust, verify_bundle

WRITERS = 3
READS = ("/escalation", "/patients", "/patients/001/timeline", "/worklists", "/deviations", "/dlt-register")
WRITER_PAUSE_SECONDS = 0.02
COMMANDS_AT_MOST = 20_000
"""So that an hour makes a long trial and not one that no trial is like: a child with a hundred thousand reports."""
READER_PAUSE_SECONDS = 0.05
VERIFY_EVERY_SECONDS = 20
SAMPLE_EVERY_SECONDS = 1


@dataclass
class Soak:
    """A server under load, and what was seen of it."""

    server: Server
    callers: Callers
    token: str
    place: Path
    pause_seconds: float = WRITER_PAUSE_SECONDS
    over: Event = field(default_factory=Event)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    memory: list[tuple[int, int]] = field(default_factory=list)
    """Resident bytes of the server and bytes of the log, sample by sample."""
    followed: list[int] = field(default_factory=list)
    verified: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def client(self) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.Client(base_url=f"{self.server.url}/v1/trials/{TRIAL}", headers=headers, timeout=30)

    def get(self, http: httpx2.Client, kind: str, path: str, **query: str | int) -> httpx2.Response:
        begun = time.perf_counter()
        answer = http.get(path, params=query)
        self.seconds[kind].append(time.perf_counter() - begun)
        self.statuses[kind, answer.status_code] += 1
        return answer

    def write(self, number: int) -> None:
        with closing(self.callers.connection()) as connection:
            for count in range(10**9):
                if self.over.wait(self.pause_seconds):
                    return
                begun = time.perf_counter()
                status = self.callers.report(connection, f"soak-{number}-{count:08}")
                self.seconds["command"].append(time.perf_counter() - begun)
                self.statuses["command", status] += 1

    def read(self, chance: random.Random) -> None:
        with self.client() as http:
            while not self.over.wait(READER_PAUSE_SECONDS):
                self.get(http, "read", chance.choice(READS))
                known = max(self.callers.acknowledged.values(), default=10)
                if chance.random() < 0.1:
                    self.get(http, "replay", "/replay", as_of_position=chance.randrange(known))

    def follow(self) -> None:
        with self.client() as http, http.stream("GET", "/stream", headers={"Last-Event-ID": "0"}) as live:
            for line in live.iter_lines():
                if line.startswith("id: "):
                    self.followed.append(int(line[4:]))
                if self.over.is_set():
                    return

    def verify(self) -> None:
        policy = self.place / "policy"
        key = SigningKey.read(self.server.directory / "keys" / f"{TRIAL}.key").verifier.spelled()
        policy.write_text(f"log {key}\nquorum none\n", encoding="utf-8")
        with self.client() as http:
            while not self.over.wait(VERIFY_EVERY_SECONDS):
                bundle = self.get(http, "bundle", "/evidence/bundle")
                (self.place / "bundle.zip").write_bytes(bundle.content)
                report = verify_bundle(self.place / "bundle.zip", Trust(Policy.parse(policy.read_bytes())))
                self.verified.append(report.size or 0)
                if report.exit != VERIFIED:
                    self.wrong.append(f"a bundle of {report.size} events: {report.first_bad}")

    def sample(self) -> None:
        assert self.server.process is not None
        while not self.over.wait(SAMPLE_EVERY_SECONDS):
            with open(f"/proc/{self.server.process.pid}/statm", encoding="ascii") as file:
                resident = int(file.read().split()[1]) * 4096
            self.memory.append((resident, sum(path.stat().st_size for path in self._files())))

    def _files(self) -> list[Path]:
        """The log as it lies on the disk."""
        ledger = file_in(self.server.directory)
        return [path for path in (ledger, ledger.with_name(f"{ledger.name}-wal")) if path.exists()]

    def run(self, seconds: float) -> None:
        work: list[Callable[[], None]] = [lambda number=number: self.write(number) for number in range(WRITERS)]  # type: ignore[misc]
        work += [lambda: self.read(random.Random(1)), self.follow, self.verify, self.sample]
        threads = [Thread(target=self._noting, args=(each,)) for each in work]
        for thread in threads:
            thread.start()
        self.over.wait(seconds)
        self.over.set()
        for thread in threads:
            thread.join()

    def _noting(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self.wrong.append(f"{type(error).__name__}: {error}")

    def told(self) -> dict[str, object]:
        """The figures of the run."""
        half = len(self.memory) // 2
        (first, first_log), (last, last_log) = self.memory[half], self.memory[-1]
        return {
            "events": len(self.callers.acknowledged),
            "answers": {f"{kind} {status}": count for (kind, status), count in sorted(self.statuses.items())},
            "followed": len(self.followed),
            "bundles_verified": len(self.verified),
            "resident_mib": {"half_way": first >> 20, "at_the_end": last >> 20},
            "resident_bytes_a_log_byte_in_the_second_half": round((last - first) / max(1, last_log - first_log), 2),
            "milliseconds": {kind: _tail(taken) for kind, taken in sorted(self.seconds.items())},
            "wrong": self.wrong,
        }


def _tail(taken: list[float]) -> dict[str, float]:
    ordered = sorted(taken)
    at = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999}
    found = {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in at.items()}
    return {name: round(1000 * each, 1) for name, each in {**found, "max": ordered[-1]}.items()}


def soak(place: Path, seconds: float) -> Soak:
    """Run it, then judge what is left."""
    directory = place / "server"
    directory.mkdir()
    writer = a_trial(directory)
    reader = add_account(directory / "accounts.jsonl", id="irina", role="inspector")
    server = Server(directory)
    server.start()
    pause = max(WRITER_PAUSE_SECONDS, WRITERS * seconds / COMMANDS_AT_MOST)
    found = Soak(server, Callers(server.port, writer), reader, place, pause)
    with found.client() as http:
        http.get("/evidence/receipts/0", params={"wait": 5}).raise_for_status()
    found.run(seconds)
    server.stop()
    judged = judge(directory, found.callers.acknowledged, found.callers.sent)
    found.wrong += judged.wrong
    if found.followed != list(range(found.followed[0], found.followed[0] + len(found.followed))):
        found.wrong.append("the follower missed an event")
    found.wrong += [f"{kind}: {status}" for kind, status in found.statuses if status >= 400]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    with tempfile.TemporaryDirectory() as name:
        told = soak(Path(name), 60 * parser.parse_args().minutes).told()
    print(json.dumps(told, indent=2))
    raise SystemExit(bool(told["wrong"]))


if __name__ == "__main__":
    main()
