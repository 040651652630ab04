"""Connections to a trial's file: durable, with the lock taken at once, and one writing process a file.

`PRAGMA synchronous` is the build's default unless it is set, and only FULL makes an acknowledgement true; it and WAL
are set on every connection and read back. What is deleted, which only an erased text is, is overwritten. A deferred
BEGIN fails where a read comes before the first write, so a write begins IMMEDIATE. Readers open the file read-only, in
a pool of their own, and take no lock that a writer waits for.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition
from types import TracebackType
from typing import Final, Literal
from urllib.parse import quote

from eventsourcing.persistence import PersistenceError
from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTransaction,
)

from ledger.errors import Corrupt, StorageFull, Unavailable
from ledger.store.errors import AlreadyOwned, NotDurable, StorageFailed

READERS: Final = 4
MORE_READERS: Final = 60
LONGEST_USE_SECONDS: Final = 30
FULL: Final = 2
"""What `PRAGMA synchronous` answers for FULL."""


class DurablePool(SQLiteConnectionPool):
    """Connections that were made durable and said so."""

    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA secure_delete = ON")
            settings = [_pragma(cursor, "journal_mode"), _pragma(cursor, "synchronous")]
            if settings != ["wal", FULL]:
                raise NotDurable(f"journal_mode and synchronous are {settings}")
        except BaseException:
            connection.close()
            raise
        return connection


class DurableDatastore(SQLiteDatastore):
    """The library's datastore over such connections: one that writes, or some that read only."""

    def __init__(self, path: Path, mode: Literal["rw", "ro"]) -> None:
        name = f"file:{quote(str(path.absolute()))}?mode={mode}"
        self._uses = 0
        self._closing = False
        self._changed = Condition()
        super().__init__(name, originator_id_type="text")
        spare = 0 if mode == "rw" else MORE_READERS
        self.pool = DurablePool(db_name=name, pool_size=1 if mode == "rw" else READERS, max_overflow=spare)

    @contextmanager
    def get_connection(self, *, commit: bool) -> Iterator[SQLiteConnection]:
        """As the library's; `StorageFailed` once the store is closing."""
        with self._used(), super().get_connection(commit=commit) as connection:
            yield connection

    @contextmanager
    def _used(self) -> Iterator[None]:
        with self._changed:
            if self._closing:
                raise StorageFailed("the store is closed")
            self._uses += 1
        try:
            yield
        finally:
            with self._changed:
                self._uses -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Wait for what is under way, then close: SQLite crashes where a connection is closed under a statement."""
        with self._changed:
            self._closing = True
            self._changed.wait_for(lambda: self._uses == 0, timeout=LONGEST_USE_SECONDS)
        super().close()

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """As the library's, but a transaction that is to be committed begins IMMEDIATE."""
        if not commit:
            with super().transaction(commit=False) as cursor:
                yield cursor
            return
        with self.get_connection(commit=True) as connection, ImmediateTransaction(connection) as cursor, cursor:
            yield cursor


class ImmediateTransaction(SQLiteTransaction):
    """The library's transaction, with the write lock taken at its beginning and no transaction left open at its end."""

    def __init__(self, connection: SQLiteConnection) -> None:
        super().__init__(connection, commit=True)

    def __enter__(self) -> SQLiteCursor:
        cursor = self.connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        return cursor

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        except BaseException:
            self.connection.rollback()
            raise


class Ownership:
    """The right to write a file, held by one process at a time: an exclusive flock on `<file>.lock`.

    The lock goes with the process, however it ends; the file stays, and holds the last owner's process id.
    """

    def __init__(self, path: Path) -> None:
        self._file = Path(f"{path}.lock").open("a+")  # noqa: SIM115 - held as long as the lock
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            owner = self._file.read(32).strip()
            self._file.close()
            raise AlreadyOwned(f"{path.name} is written by process {owner or 'unknown'}") from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        self._file.close()


@contextmanager
def faults_named() -> Iterator[None]:
    """What SQLite and the library report, in the words of `errors.py`."""
    try:
        yield
    except (PersistenceError, sqlite3.Error) as error:
        raise fault_of(error) from error
    except UnicodeDecodeError as error:
        raise Corrupt("what SQLite reports of the file is no text") from error


def fault_of(error: PersistenceError | sqlite3.Error) -> Unavailable:
    """The leaf that stands for an error from below, by SQLite's own primary code."""
    cause = error if isinstance(error, sqlite3.Error) else error.__cause__
    name = getattr(cause, "sqlite_errorname", "") or type(error).__name__
    match getattr(cause, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StorageFull("the disk is full")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CONSTRAINT | sqlite3.SQLITE_MISMATCH:
            return Corrupt(f"{name}: {cause}")
        case _:
            return StorageFailed(name)


def _pragma(cursor: SQLiteCursor, name: str) -> str | int:
    cursor.execute(f"PRAGMA {name}")
    answer: str | int = cursor.fetchone()[0]
    return answer
