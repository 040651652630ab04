"""F16. An upgrade of a ledger's format, and a migration either way, are killed at their steps: before any write,
removal, renaming or message to the database.

What is there afterwards is the old or the new, whole; no event has changed; and the same command, run again, ends well.
"""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

from api.chaos.cluster import SERVICE, Cluster
from api.chaos.format_1 import as_format_1
from api.chaos.outcome import Outcome, Task
from api.chaos.steps import Stepping, stepping
from api.chaos.trial import a_report, begin, file_in
from ledger.application import TrialLedger
from ledger.errors import LedgerError
from ledger.store.errors import NoSuchStore, OlderFormat
from ledger.store.migration import compare
from ledger.store.postgres.database import Database
from ledger.store.reading import Reading
from ledger.store.sqlite import SqliteStore
from ledger.store.texts import SealedText

REPORTS: Final = 40
TEXTS: Final = ("Her mother called at 14:00", "Seen by Dr Petrov")
IN_FULL: Final = 0


@dataclass(frozen=True, slots=True)
class Way:
    """A command that moves a ledger. `arguments` are those of the n-th run; `found` says what is there after it, old or
    new, and what is wrong with it."""

    name: str
    arguments: Callable[[int], Sequence[str]]
    found: Callable[[int], tuple[str, list[str]]]


def kill_while_moving(task: Task) -> Outcome:
    """As many steps of each way, by chance; all of them where there are fewer."""
    cluster = Cluster()
    try:
        with closing(Database(cluster.service_url)) as database:
            moves = _Moves(task.directory, cluster, database)
            with stepping(task.directory) as commands:
                found = {way.name: _killed_at_each(way, commands, task) for way in moves.ways}
            killed = sum(each.killed for each in found.values())
            wrong = [each for of_it in found.values() for each in of_it.wrong]
            told = ", ".join(f"{name} {of_it.killed} of {of_it.steps} steps" for name, of_it in found.items())
            return Outcome(killed, moves.events, 0, tuple(dict.fromkeys(wrong)), told)
    finally:
        cluster.remove()


@dataclass(frozen=True, slots=True)
class Kills:
    """Of a way, how many steps it has, at how many it was killed, and what was wrong after any of them."""

    steps: int
    killed: int
    wrong: list[str]


def _killed_at_each(way: Way, commands: Stepping, task: Task) -> Kills:
    whole = commands.run(*way.arguments(IN_FULL))
    state, wrong = way.found(IN_FULL)
    if whole.steps is None or whole.code != 0 or state != "new":
        return Kills(0, 0, [f"{way.name}: it does not end well, {whole}", *wrong])
    steps = task.chance.sample(range(1, whole.steps + 1), min(task.times, whole.steps))
    for number in sorted(steps):
        wrong += [f"{way.name}, step {number}: {each}" for each in _killed_at(way, commands, number)]
    return Kills(whole.steps, len(steps), wrong)


def _killed_at(way: Way, commands: Stepping, number: int) -> list[str]:
    done = commands.run(*way.arguments(number), kill_before=number)
    state, wrong = way.found(number)
    again = commands.run(*way.arguments(number))
    finally_there, amiss = way.found(number)
    wrong += [] if done.killed else ["it was not killed"]
    wrong += [] if (again.code == 0) == (state == "old") else [f"{again} when run again"]
    return wrong + amiss + ([] if finally_there == "new" else [f"run again, it left the {finally_there}"])


class _Moves:
    """What is moved: a ledger with texts, in a file of format 1, in a file of the present format and in a schema."""

    def __init__(self, directory: Path, cluster: Cluster, database: Database) -> None:
        self._directory, self._cluster, self._database = directory, cluster, database
        self._file, self._old = file_in(directory), directory / "old.ledger"
        texts = _written(self._file)
        as_format_1(self._file, texts, self._old)
        self._leaves = _leaves(self._old)
        with SqliteStore.open(self._file, read_only=True) as store:
            self.events = store.size
        self.ways = (
            Way("upgrade", self._upgrading, self._upgraded),
            Way("to a database", self._to_schema, self._in_schema),
            Way("to a file", self._to_file, self._in_file),
        )

    def _upgrading(self, number: int) -> Sequence[str]:
        place = self._directory / f"upgrade-{number}"
        if not place.exists():
            place.mkdir()
            shutil.copy(self._old, place / "trial.ledger")
        return ("upgrade", "--file", str(place / "trial.ledger"))

    def _upgraded(self, number: int) -> tuple[str, list[str]]:
        place = self._directory / f"upgrade-{number}"
        path, kept = place / "trial.ledger", place / "trial.ledger.format-1"
        if not path.exists():
            return "nothing", ["there is no ledger under its name"]
        wrong = [] if _leaves(path) == self._leaves else ["the events are others"]
        try:
            with SqliteStore.open(path, read_only=True) as store:
                store.verify()
                texts = len(store.texts_until(store.size))
        except OlderFormat:
            return "old", wrong
        except LedgerError as found:
            return "neither", [*wrong, f"{type(found).__name__}: {found}"]
        wrong += [] if texts == len(TEXTS) else [f"{texts} texts arrived"]
        wrong += [] if kept.exists() and _leaves(kept) == self._leaves else ["the old ledger was not kept"]
        return "new", wrong

    def _to_schema(self, number: int) -> Sequence[str]:
        source, url = str(self._file), self._cluster.owner_url
        return ("migrate", "--from", source, "--to", url, "--trial", f"K-{number}", "--service-role", SERVICE)

    def _in_schema(self, number: int) -> tuple[str, list[str]]:
        wrong = [] if _leaves(self._file) == self._leaves else ["the source has changed"]
        try:
            store = self._database.open(f"K-{number}")
        except NoSuchStore:
            return "old", wrong
        except LedgerError as found:
            return "neither", [*wrong, f"{type(found).__name__}: {found}"]
        with store:
            return "new", [*wrong, *self._differs(store)]

    def _to_file(self, number: int) -> Sequence[str]:
        place = self._directory / f"file-{number}"
        place.mkdir(exist_ok=True)
        return (
            "migrate",
            "--from",
            self._cluster.service_url,
            "--trial",
            f"K-{IN_FULL}",
            "--to",
            str(place / "to.ledger"),
        )

    def _in_file(self, number: int) -> tuple[str, list[str]]:
        path = self._directory / f"file-{number}" / "to.ledger"
        _, wrong = self._in_schema(IN_FULL)
        if not path.exists():
            return "old", wrong
        with SqliteStore.open(path, read_only=True) as store:
            return "new", [*wrong, *self._differs(store)]

    def _differs(self, made: Reading) -> list[str]:
        with SqliteStore.open(self._file, read_only=True) as source:
            try:
                compare(source, made)
            except LedgerError as found:
                return [f"{type(found).__name__}: {found}"]
        return []


def _written(path: Path) -> list[tuple[SealedText, int]]:
    """A ledger; its free texts, each with the position of its event."""
    texts = []
    with closing(TrialLedger.create(path)) as ledger:
        begin(ledger)
        for number in range(REPORTS):
            ledger.submit(a_report(f"report-{number}"))
        for number, said in enumerate(TEXTS):
            text, plain = TrialLedger.seal(said), a_report(f"narrated-{number}")
            command = plain.command.model_copy(update={"narrative": text.commitment})
            done = ledger.submit(replace(plain, command=command, texts=(text,)))
            texts.append((text, done.records[0].position))
    return texts


def _leaves(path: Path) -> bytes:
    """A hash over all events of a file of either format, as they are stored."""
    hashed = sha256()
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as file:
        for row in file.execute("SELECT * FROM events ORDER BY notification_id"):
            hashed.update(repr(row).encode())
    return hashed.digest()
