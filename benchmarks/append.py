"""Appending: commands through the ledger against the library's own `save`, and the tree against no tree.

Both sides write with WAL and synchronous=FULL to files in the same directory. Our side decides every command, keeps the
state, the tree and the answers by key, and acknowledges after the commit; the library's side only saves.
"""

import os
import tempfile
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from api.cli_serve import look_for_cycles_seldom
from benchmarks._common import (
    CALLERS,
    COMMANDS,
    Row,
    at_least,
    at_most,
    commands,
    in_threads,
    keep,
    paired,
    ready_trial,
    records_of,
    seconds,
)
from ledger.record import Record
from ledger.store.codec import encode
from ledger.store.sqlite import SqliteStore

BATCH = 64
FULL = 2


class Report(Aggregate):
    """The peer's aggregate: it takes the same content and decides nothing."""

    @event("Reported")
    def reported(self, content: str) -> None:
        self.content = content


def librarys(directory: Path, contents: list[str]) -> float:
    """Events a second: 64 threads, each saving one event at a time with the library's application."""
    name = directory / f"library-{os.urandom(4).hex()}.db"
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(name),
        "SQLITE_LOCK_TIMEOUT": "60",
    }
    application = Application[UUID](environment)
    made = len(contents) // 8

    def caller(first: int) -> None:
        for number in range(first, made, CALLERS):
            report = Report()
            report.reported(contents[number])
            application.save(report)

    took = in_threads(caller)
    application.close()
    return made / took


def with_tree(directory: Path, records: list[Record]) -> float:
    with SqliteStore.create(directory / f"tree-{os.urandom(4).hex()}.ledger") as store:

        def batches() -> None:
            for first in range(0, len(records), BATCH):
                with store.appending() as batch:
                    batch.save(records[first : first + BATCH])

        return seconds(batches) / len(records) * 1e6


def without_tree(directory: Path, records: list[Record]) -> float:
    """The library's recorder with the same bytes, encoded by us, in the same batches."""
    datastore = SQLiteDatastore(str(directory / f"bare-{os.urandom(4).hex()}.db"))
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    with datastore.get_connection(commit=False) as connection, connection.cursor() as cursor:
        (mode,) = cursor.execute("PRAGMA synchronous", ()).fetchone()
        assert mode == FULL, "the peer has to be as durable as we are"

    def batches() -> None:
        for first in range(0, len(records), BATCH):
            rows = [
                StoredEvent(r.stream, r.stream_version, r.event.NAME, encode(r)) for r in records[first : first + BATCH]
            ]
            recorder.insert_events(rows)

    took = seconds(batches) / len(records) * 1e6
    datastore.close()
    return took


def main() -> None:
    look_for_cycles_seldom()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        bench = records_of(ready_trial(), COMMANDS)
        contents = [encode(record).decode() for record in bench.records]
        rows: list[Row] = []
        one, other = paired(lambda: commands(directory), lambda: librarys(directory, contents), rounds=3)
        rows.append(at_least("commands/s, 64 callers, SQLite: library save one at a time", one, other, 5, "/s"))
        one, other = paired(lambda: with_tree(directory, bench.records), lambda: without_tree(directory, bench.records))
        rows.append(at_most("append with the tree: without it, batches of 64", one, other, 1.3, "us/event"))
    keep("append", rows)


if __name__ == "__main__":
    main()
