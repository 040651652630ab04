"""A long log served over HTTP by the real server: opened, asked, exported, verified by `verify.py` alone, and replayed
twice, over HTTP and from the file; each with its time and the memory that it took.

`LOG=FILE` takes a platform trial that stands (`python -m tests.simulation.platform FILE` makes one of a million
events); without it, one of `EVENTS=20000` is made.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread
from zipfile import ZipFile

import httpx2

from api.auth import add_account
from api.chaos.serving import Server
from benchmarks._common import Row, at_most, keep, seconds
from benchmarks.long_log import made, memory_row, ninety_ninth, resident
from ledger.evidence import verify
from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import entries_of
from ledger.patient.events import PatientScreened
from ledger.store.sqlite import SUFFIX, SqliteStore

EVENTS = int(os.environ.get("EVENTS", "20000"))
TRIAL = "NCT07256210"
QUESTIONS = 100
PATIENCE = 1200
OPENING = 120
LEAF_RULES = 25
"""How many times the hashing of the same bytes a verification may take, on one core."""


@dataclass
class Watched:
    """The resident memory of a process, looked at while it works."""

    pid: int
    most: float = 0.0
    over: Event = field(default_factory=Event)

    def look(self) -> None:
        self.most = max(self.most, resident(self.pid))

    def watch(self) -> None:
        while not self.over.wait(0.05):
            self.look()

    def during(self, work: Callable[[], object]) -> tuple[float, float]:
        """Seconds of a piece of work, and the most mebibytes meanwhile."""
        self.most, self.over = 0.0, Event()
        watching = Thread(target=self.watch)
        watching.start()
        try:
            took = seconds(work)
        finally:
            self.over.set()
            watching.join()
        self.look()
        return took, self.most


@dataclass
class Served:
    """The server, and who asks it."""

    http: httpx2.Client
    watched: Watched
    found: dict[str, dict[str, float]] = field(default_factory=dict)

    def kept(self, path: str, to: Path, **query: str | int) -> Path:
        """What is answered, as a file."""
        with self.http.stream("GET", path, params=query) as answer, to.open("wb") as file:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                file.write(chunk)
        return to

    def took(self, name: str, work: Callable[[], object]) -> None:
        took, most = self.watched.during(work)
        self.found[name] = {"seconds": round(took, 2), "mebibytes": round(most)}

    def asked(self, name: str, question: Callable[[], tuple[str, dict[str, int]]]) -> None:
        """The 99th percentile of a question that is asked often."""

        def ask() -> None:
            path, query = question()
            self.http.get(path, params=query).raise_for_status()

        took, most = [], 0.0
        for _ in range(QUESTIONS):
            each, held = self.watched.during(ask)
            took.append(each)
            most = max(most, held)
        self.found[name] = {"p99_milliseconds": round(ninety_ninth(took), 1), "mebibytes": round(most)}


def screened(file: Path, before: int) -> list[str]:
    """Whom the log knows among its first events."""
    query = "SELECT originator_id FROM events WHERE topic = ? AND notification_id <= ?"
    with SqliteStore.open(file, read_only=True) as store:
        return [
            row["originator_id"].removeprefix("patient/") for row in store.select(query, PatientScreened.NAME, before)
        ]


def over_http(directory: Path, size: int) -> dict[str, dict[str, float]]:
    """Everything that is asked of the server; the bundle and the replayed state stay in the directory."""
    token = add_account(directory / "accounts.jsonl", id="irina", role="inspector")
    server = Server(directory, environment={"LEDGER_REQUEST_SECONDS": str(PATIENCE)})
    found = {"server started": {"seconds": round(server.start(PATIENCE), 2)}}
    assert server.process is not None
    numbers = screened(directory / f"{TRIAL}{SUFFIX}", size // 2)
    headers, chance = {"Authorization": f"Bearer {token}"}, random.Random(1)
    with httpx2.Client(base_url=f"{server.url}/v1/trials/{TRIAL}", headers=headers, timeout=PATIENCE) as http:
        served = Served(http, Watched(server.process.pid), found)

        def number() -> str:
            return chance.choice(numbers)

        def then() -> dict[str, int]:
            return {"as_of_position": chance.randrange(size // 2, size)}

        served.took("the first answer", lambda: http.get("/escalation").raise_for_status())
        served.took("head signed", lambda: _signed(http))
        served.asked("the board", lambda: ("/escalation", {}))
        served.asked("the board as known then", lambda: ("/escalation", then()))
        served.asked("a patient", lambda: (f"/patients/{number()}", {}))
        served.asked("a patient as known then", lambda: (f"/patients/{number()}", then()))
        served.asked("a timeline", lambda: (f"/patients/{number()}/timeline", {}))
        served.asked("a page of events", lambda: ("/events", {"after": chance.randrange(size), "limit": 100}))
        served.took("all patients", lambda: http.get("/patients").raise_for_status())
        served.took("bundle", lambda: served.kept("/evidence/bundle", directory / "bundle.zip"))
        served.took(
            "replay over HTTP", lambda: served.kept("/replay", directory / "replayed.json", as_of_position=size - 1)
        )
        served.took("at the end", lambda: http.get("/escalation").raise_for_status())
    server.stop()
    return found


def _signed(http: httpx2.Client) -> None:
    for _ in range(OPENING):
        if http.get("/evidence/receipts/0", params={"wait": 5}).status_code == 200:
            return
    raise RuntimeError("no head was signed")


def in_a_process(place: Path, *arguments: str) -> tuple[dict[str, float], bytes]:
    """Seconds and the most mebibytes of a command by itself, and what it said. It ends with 0."""
    said = place / "said"
    with said.open("wb") as out:
        begun = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdout=out)
        _, status, used = os.wait4(process.pid, 0)
    took = {"seconds": round(time.perf_counter() - begun, 2), "mebibytes": round(used.ru_maxrss / 1024)}
    if status:
        raise RuntimeError(f"{arguments}: {status}: {said.read_text()[-500:]}")
    return took, said.read_bytes()


def hashing(bundle: Path) -> float:
    """Seconds to hash every entry of the bundle once."""
    with ZipFile(bundle) as zipped:
        tiles = [name for name in zipped.namelist() if "tile/entries/" in name]

        def work() -> None:
            for name in tiles:
                for leaf in entries_of(zipped.read(name)):
                    sha256(b"\x00" + leaf).digest()

        return seconds(work)


def policy_of(directory: Path) -> Path:
    """Whom the verification trusts: the log itself."""
    key = SigningKey.read(directory / "keys" / f"{TRIAL}.key").verifier.spelled()
    path = directory / "policy"
    path.write_text(f"log {key}\nquorum none\n", encoding="utf-8")
    return path


def digest_in(replayed: Path) -> str:
    """The digest, which stands at the end of the answer."""
    with replayed.open("rb") as file:
        file.seek(-80, os.SEEK_END)
        return file.read().decode().split('"digest":"')[1][:64]


def rows_of(found: dict[str, dict[str, float]], log: float, hashed: float, events: int) -> list[Row]:
    of = f"{events:,} events: "
    held = memory_row(f"{of}memory of the server after all was asked", found["at the end"]["mebibytes"], log, events)
    checked = (f"{of}the bundle verified on one core, against hashing its bytes", found["verified"]["seconds"], hashed)
    return [held, at_most(*checked, LEAF_RULES, "s")]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        file = directory / f"{TRIAL}{SUFFIX}"
        if "LOG" in os.environ:
            shutil.copyfile(os.environ["LOG"], file)
        else:
            made(file, EVENTS)
        replay = ("-m", "api.cli", "replay", "--file", str(file), "--json")
        alone, said = in_a_process(directory, *replay)
        replayed = json.loads(said)
        found = over_http(directory, replayed["position"] + 1)
        found["replay from the file"] = alone
        bundle = directory / "bundle.zip"
        verifying = (verify.__file__, "bundle", str(bundle), "--policy", str(policy_of(directory)))
        found["verified"], _ = in_a_process(directory, *verifying)
        found["verified, two jobs"], _ = in_a_process(directory, *verifying, "--jobs", "2")
        if digest_in(directory / "replayed.json") != replayed["digest"]:
            raise RuntimeError("the state over HTTP is not that of the file")
        sizes = {
            each.name: round(each.stat().st_size / 2**20, 1) for each in (file, bundle, directory / "replayed.json")
        }
        rows = rows_of(found, sizes[file.name], hashing(bundle), replayed["position"] + 1)
        keep("long_served", rows, mebibytes=sizes, measured=found)
        print(json.dumps({"mebibytes": sizes, "measured": found}, indent=2))


if __name__ == "__main__":
    main()
