"""Appending to a trial's file: the one connection that writes it, by the one process that owns it."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from eventsourcing.persistence import PersistenceError, StoredEvent
from eventsourcing.sqlite import SQLiteCursor

from ledger.errors import StorageFull, Unavailable
from ledger.evidence.merkle import Tree
from ledger.store.appending import Batch, continued
from ledger.store.connection import DurableDatastore, Ownership, fault_of, faults_named
from ledger.store.errors import ErasureUnfinished, OutcomeUnknown, StorageFailed
from ledger.store.recorder import LeafRecorder
from ledger.store.rows import Row


class SqliteDialect:
    """How SQLite says it."""

    listed = "IN (SELECT value FROM json_each(?))"

    def member(self, *path: str) -> str:
        return f"json_extract(CAST(state AS TEXT), '$.{'.'.join(path)}')"

    def elements(self, *path: str) -> str:
        return f"SELECT value FROM json_each(CAST(state AS TEXT), '$.{'.'.join(path)}')"  # noqa: S608 - our own names


SQLITE: Final = SqliteDialect()


class FileTransaction:
    """A transaction on a trial's file."""

    dialect = SQLITE

    def __init__(self, recorder: LeafRecorder, cursor: SQLiteCursor) -> None:
        self._recorder = recorder
        self._cursor = cursor

    def select(self, query: str, *values: Any) -> Sequence[Row]:
        self._cursor.execute(query, values)
        found: Sequence[Row] = self._cursor.fetchall()
        return found

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self._cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own names

    def execute(self, statement: str, *values: Any) -> None:
        self._cursor.execute(statement, values)

    def insert_events(self, events: Sequence[StoredEvent], first: int, hashes: Sequence[bytes]) -> None:
        self._recorder._insert_events(self._cursor, events, first_position=first, leaf_hashes=hashes)


class Appender:
    """The one connection that writes a file, the right to use it, and the tree as last committed."""

    def __init__(self, path: Path, ownership: Ownership) -> None:
        self.tree = Tree()
        self._path, self._ownership = path, ownership
        self._datastore = DurableDatastore(path, "rw")
        self._recorder = LeafRecorder(self._datastore)
        self.outcome_unknown = False
        """Whether a commit failed, and the file has not been looked at since."""

    def create_tables(self) -> None:
        """Make the tables, and put them into the file itself, where its header tells what it is."""
        with faults_named():
            self._recorder.create_table()
            with self._datastore.get_connection(commit=True) as connection, connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def forget_pages(self) -> None:
        """Bring every page into the file and empty the write-ahead log, which may hold older states of them."""
        with faults_named(), self._datastore.get_connection(commit=False) as connection, connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if cursor.fetchone()[0]:
                raise ErasureUnfinished("a reader holds an older state of the file")

    def close(self) -> None:
        self._datastore.close()
        self._ownership.release()

    @contextmanager
    def transaction(self) -> Iterator[Batch]:
        """Commits when the block ends, rolls back when it raises.

        `StorageFull` and `StorageFailed`: nothing was written. `OutcomeUnknown`: the commit failed; an fsync that
        reports an error may have written all the same. The next transaction begins on the file as it is by then.
        """
        committing = False
        try:
            if self.outcome_unknown:
                self._open_anew()
            with self._datastore.transaction(commit=True) as cursor:
                transaction = FileTransaction(self._recorder, cursor)
                if self.outcome_unknown:
                    self.tree = continued(self.tree, transaction)
                    self.outcome_unknown = False
                batch = Batch(transaction, self.tree)
                yield batch
                committing = True
        except BaseException as error:
            if committing:
                raise self._commit_failed(error) from error
            if isinstance(error, PersistenceError | sqlite3.Error):
                raise fault_of(error) from error
            raise
        self.tree = batch.tree

    def _open_anew(self) -> None:
        """Trust nothing that the failed connection had in memory, and have all that stands written and synced once
        more, into the file itself: what an fsync did not write it does not write when it is asked again."""
        self._datastore.close()
        self._datastore = DurableDatastore(self._path, "rw")
        self._recorder = LeafRecorder(self._datastore)
        with self._datastore.get_connection(commit=False) as connection, connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(FULL)")
            busy, in_log, written = cursor.fetchone()
        if busy or in_log != written:
            raise StorageFailed("the file could not be brought up to its log")

    def _commit_failed(self, error: BaseException) -> Unavailable:
        """A full disk is noticed before the commit is written; after anything else nobody knows."""
        if isinstance(error, PersistenceError | sqlite3.Error) and isinstance(full := fault_of(error), StorageFull):
            return full
        self.outcome_unknown = True
        return OutcomeUnknown(f"the commit failed: {type(error).__name__}")
