"""Appending by size of batch: the store with its tree, the library's recorder, and SQLite with nothing around it.

All three write the same bytes with WAL and synchronous=FULL, one transaction a batch. The floor has one table with a
row number and the bytes, no index and no trigger. What a batch of one costs is the disk; what a batch of a thousand
costs is the rest.
"""

import os
import sqlite3
import statistics
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from benchmarks._common import Row, beside, keep, ready_trial, records_of, seconds
from ledger.record import Record
from ledger.store.codec import encode
from ledger.store.sqlite import SqliteStore

SIZES = (1, 8, 64, 256, 1000)
ROUNDS = 3
MOST_BATCHES = 200
Append = Callable[[Path, list[Record], list[bytes], int], float]


def ours(path: Path, records: list[Record], leaves: list[bytes], size: int) -> float:
    with SqliteStore.create(path) as store:

        def append() -> None:
            for first in range(0, len(records), size):
                with store.appending() as batch:
                    batch.save(records[first : first + size], leaves=leaves[first : first + size])

        return seconds(append)


def librarys(path: Path, records: list[Record], leaves: list[bytes], size: int) -> float:
    datastore = SQLiteDatastore(str(path))
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    told = zip(records, leaves, strict=True)
    rows = [StoredEvent(record.stream, record.stream_version, record.event.NAME, leaf) for record, leaf in told]

    def append() -> None:
        for first in range(0, len(rows), size):
            recorder.insert_events(rows[first : first + size])

    took = seconds(append)
    datastore.close()
    return took


def bare(path: Path, records: list[Record], leaves: list[bytes], size: int) -> float:
    rows = [(leaf,) for leaf in leaves[: len(records)]]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE events (number INTEGER PRIMARY KEY, leaf BLOB NOT NULL)")

        def append() -> None:
            for first in range(0, len(rows), size):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO events (leaf) VALUES (?)", rows[first : first + size])
                connection.execute("COMMIT")

        return seconds(append)


def rate(how: Append, directory: Path, records: list[Record], leaves: list[bytes], size: int) -> float:
    """Events a second."""
    count = min(len(records), size * MOST_BATCHES)
    path = directory / f"{how.__name__}-{os.urandom(4).hex()}.db"
    return count / how(path, records[:count], leaves[:count], size)


def rows_of(directory: Path, size: int, records: list[Record], leaves: list[bytes]) -> list[Row]:
    """One size of batch, the three in turn."""
    found = [[rate(how, directory, records, leaves, size) for how in (ours, librarys, bare)] for _ in range(ROUNDS)]
    us, library, floor = map(statistics.median, zip(*found, strict=True))
    named = f"events/s, batches of {size}"
    return [
        beside(f"{named}: the library's recorder", us, library, "/s"),
        beside(f"{named}: bare SQLite", us, floor, "/s"),
    ]


def main() -> None:
    records = records_of(ready_trial(), 5000).records
    leaves = [encode(record) for record in records]
    with tempfile.TemporaryDirectory() as name:
        keep("batch_append", [row for size in SIZES for row in rows_of(Path(name), size, records, leaves)])


if __name__ == "__main__":
    main()
