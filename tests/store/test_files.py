"""A trial's file: made once, written by one process, kept as it is, read by anyone."""

import multiprocessing
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from ledger.errors import Corrupt
from ledger.store import schema
from ledger.store.errors import AlreadyOwned, AlreadyThere, NoSuchStore, NotDurable, StorageFailed
from ledger.store.sqlite import SqliteStore
from tests.store.builders import append, filled, record, records

ROWS = {
    "events": "(1, 'trial', 9, 'trial.registered.v1', x'00', zeroblob(32))",
    "heads": "(1, zeroblob(32), zeroblob(32))",
    "tiles": "(0, 0, zeroblob(8192))",
    "texts": "('c', 'trial', 'k', zeroblob(12), zeroblob(48), 0)",
    "removed_texts": "('c', 'trial', 'k', 'redacted', 1)",
    "commands": "('c', 'h', 'appended', 0, 0)",
    "refusals": "(1, 't', 'a', 'r', 'c', 'r', 'h')",
    "blobs": "('h', x'00')",
    "checkpoints": "(1, 'n')",
    "cosignatures": "(1, 'w', 'l')",
    "anchors": "(1, 'a', x'00')",
    "restorations": "(1, zeroblob(32), 2, zeroblob(32))",
}

BEFORE = {
    "removed_texts": (
        f"INSERT INTO texts VALUES {ROWS['texts']}",
        "INSERT INTO events VALUES (2, 'trial', 9, 'trial.text-redacted.v1',"
        """ CAST('{"data":{"commitment":"c"}}' AS BLOB), zeroblob(32))""",
    )
}
"""What a row is only taken after."""


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.create(path) as created:
        yield created


def test_a_file_is_never_made_over_another(path: Path) -> None:
    path.write_bytes(b"mine")
    with pytest.raises(AlreadyThere):
        SqliteStore.create(path)
    assert path.read_bytes() == b"mine"


def test_only_its_owner_may_read_a_new_file(store: SqliteStore) -> None:
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_not_there_is_not_opened(path: Path) -> None:
    with pytest.raises(NoSuchStore):
        SqliteStore.open(path)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to have a header" * 4])
def test_another_file_is_not_a_ledger(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Corrupt):
        SqliteStore.open(path)


def test_another_database_is_not_a_ledger(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE events (a)")
    with pytest.raises(Corrupt, match="not a ledger"):
        SqliteStore.open(path)


@pytest.mark.parametrize("read_only", [True, False])
def test_a_ledger_without_its_triggers_is_not_opened(path: Path, read_only: bool) -> None:
    filled(path, 3).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER events_are_not_updated")
    with pytest.raises(Corrupt, match="triggers"):
        SqliteStore.open(path, read_only=read_only)


def test_a_database_that_cannot_be_made_durable_is_not_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.store.connection.FULL", 3)
    with pytest.raises(NotDurable):
        SqliteStore.create(path)
    assert not path.exists(), "half a ledger is not left behind"


def test_every_connection_is_durable(store: SqliteStore) -> None:
    append(store, record(0))
    assert store.select("PRAGMA journal_mode")[0][0] == "wal"
    assert store.select("PRAGMA synchronous")[0][0] == 2


def test_every_connection_overwrites_what_is_deleted(store: SqliteStore) -> None:
    """Many builds of SQLite do so by themselves; this asks for it."""
    assert store.select("PRAGMA secure_delete")[0][0] == 1


def test_a_second_owner_is_refused_and_told_why(store: SqliteStore) -> None:
    with pytest.raises(AlreadyOwned, match=f"written by process {os.getpid()}"):
        SqliteStore.open(store.path)


def test_a_second_owner_in_another_process_is_refused(store: SqliteStore) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_open_and_say, (store.path,)) == "AlreadyOwned"


def test_the_next_owner_may_write_when_the_first_has_gone(path: Path) -> None:
    filled(path, 3).close()
    with SqliteStore.open(path) as store:
        append(store, record(3))


def _open_and_say(path: Path) -> str:
    try:
        SqliteStore.open(path).close()
    except AlreadyOwned as refusal:
        return type(refusal).__name__
    return "opened"


def test_a_reader_is_welcome_while_the_owner_writes(path: Path) -> None:
    with filled(path, 3) as store, SqliteStore.open(path, read_only=True) as reader, store.appending() as batch:
        batch.save([record(3)], (), (), ())
        assert (reader.size, list(reader.records())) == (3, records(0, 3))


def test_a_reader_sees_the_next_batch_once_it_is_committed(path: Path) -> None:
    with filled(path, 3) as store, SqliteStore.open(path, read_only=True) as reader:
        append(store, record(3))
        assert (reader.size, reader.root) == (4, store.root)
        assert reader.record(3) == record(3)


def test_a_reader_appends_nothing(path: Path) -> None:
    filled(path, 3).close()
    with SqliteStore.open(path, read_only=True) as reader, pytest.raises(AssertionError):
        reader.appending()


@pytest.mark.parametrize("table", list(schema.TABLES))
def test_no_row_is_updated_deleted_or_replaced(store: SqliteStore, table: str) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        for statement in BEFORE.get(table, ()):
            connection.execute(statement)
        connection.execute(f"INSERT INTO {table} VALUES {ROWS[table]}")
        column = connection.execute(f"SELECT * FROM {table}").description[0][0]
        for attempt in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"INSERT OR REPLACE INTO {table} VALUES {ROWS[table]}",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="never changed"):
                connection.execute(attempt)


def test_an_event_is_not_replaced_by_one_of_the_same_stream_and_version(store: SqliteStore) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute(f"INSERT INTO events VALUES {ROWS['events']}")
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute(f"INSERT OR REPLACE INTO events VALUES {ROWS['events'].replace('(1,', '(2,')}")


def test_closing_waits_for_a_reading_that_is_under_way(tmp_path: Path) -> None:
    """SQLite crashes the process where a connection is closed under a statement."""
    path = tmp_path / "trial.ledger"
    SqliteStore.create(path).close()
    store = SqliteStore.open(path, read_only=True)
    begun, finish, closed = Event(), Event(), Event()

    def read() -> None:
        with store._readers.get_connection(commit=False):
            begun.set()
            finish.wait(60)

    def close() -> None:
        store.close()
        closed.set()

    reader, closer = Thread(target=read), Thread(target=close)
    reader.start()
    begun.wait(60)
    closer.start()
    assert not closed.wait(0.2)
    finish.set()
    reader.join()
    closer.join()
    assert closed.is_set()
    with pytest.raises(StorageFailed):
        store.select("SELECT 1")
