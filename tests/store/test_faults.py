"""When the disk fails: what is told is what is the case, and nothing is half done."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ledger.errors import Corrupt, StorageFull
from ledger.store.connection import fault_of
from ledger.store.errors import OutcomeUnknown, StorageFailed
from ledger.store.sqlite import SqliteStore
from tests.store.builders import append, filled, record, records


def set_on_the_writing_connection(store: SqliteStore, pragma: str) -> None:
    assert store._appender is not None
    with store._appender._datastore.get_connection(commit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}")


def pages_at_most(store: SqliteStore, pages: int) -> None:
    """SQLite itself says then that the disk is full."""
    set_on_the_writing_connection(store, f"max_page_count = {pages}")


@contextmanager
def files_no_longer_than(size_bytes: int) -> Iterator[None]:
    """The operating system refuses to write beyond a size: an I/O error in the middle of a commit."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_and_nothing_is_written(path: Path) -> None:
    with filled(path, 10) as store:
        pages_at_most(store, 1)
        with pytest.raises(StorageFull):
            append(store, *records(10, 100))
        assert list(store.records()) == records(0, 10)


def test_with_room_again_the_store_goes_on_without_being_opened_anew(path: Path) -> None:
    with filled(path, 10) as store:
        pages_at_most(store, 1)
        with pytest.raises(StorageFull):
            append(store, *records(10, 100))
        pages_at_most(store, 1_000_000)
        append(store, *records(10, 100))
        store.verify()
        assert store.size == 100


def append_with_an_error_at_the_commit(store: SqliteStore) -> None:
    wal = Path(f"{store.path}-wal")
    with files_no_longer_than(wal.stat().st_size + 100):
        append(store, *records(10, 60))


def test_after_an_error_at_the_commit_nobody_knows_and_the_next_batch_finds_out(path: Path) -> None:
    with filled(path, 10) as store:
        with pytest.raises(OutcomeUnknown):
            append_with_an_error_at_the_commit(store)
        unknown = [store.outcome_unknown]
        assert store.record(9) == record(9), "reading goes on"
        with store.appending() as batch:
            assert batch.tree.size in (10, 60)
            batch.save(records(batch.tree.size, 70))
        assert [*unknown, store.outcome_unknown] == [True, False]
        assert list(store.records()) == records(0, 70)
        store.verify()


def test_while_the_disk_goes_on_failing_nothing_more_is_appended(path: Path) -> None:
    with filled(path, 10) as store:
        with files_no_longer_than(1):
            with pytest.raises((OutcomeUnknown, StorageFailed)):
                append(store, *records(10, 60))
            store._appender.outcome_unknown = True  # type: ignore[union-attr]
            with pytest.raises(StorageFailed):
                append(store, *records(10, 60))
            assert store.outcome_unknown
        append(store, *records(10, 60))
        assert list(store.records()) == records(0, 60)


def test_opened_anew_after_an_error_at_the_commit_the_ledger_is_whole(path: Path) -> None:
    with filled(path, 10) as store, pytest.raises(OutcomeUnknown):
        append_with_an_error_at_the_commit(store)
    with SqliteStore.open(path) as reopened:
        assert reopened.size in (10, 60)
        append(reopened, record(reopened.size))
        reopened.verify()


def test_a_lock_that_another_program_holds_is_a_failure_with_nothing_written(path: Path) -> None:
    with filled(path, 3) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        set_on_the_writing_connection(store, "busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageFailed, match="SQLITE_BUSY"):
            append(store, record(3))
        other.execute("ROLLBACK")
        append(store, record(3))


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (sqlite3.SQLITE_FULL, StorageFull),
        (sqlite3.SQLITE_CORRUPT, Corrupt),
        (sqlite3.SQLITE_CORRUPT_INDEX, Corrupt),
        (sqlite3.SQLITE_NOTADB, Corrupt),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, Corrupt),
        (sqlite3.SQLITE_IOERR_FSYNC, StorageFailed),
        (sqlite3.SQLITE_BUSY, StorageFailed),
        (sqlite3.SQLITE_READONLY, StorageFailed),
    ],
)
def test_each_error_of_sqlite_has_its_name(code: int, fault: type[Exception]) -> None:
    error = sqlite3.DatabaseError("from below")
    error.sqlite_errorcode = code
    error.sqlite_errorname = "NAME"
    assert type(fault_of(error)) is fault
