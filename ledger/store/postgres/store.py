"""One trial, one schema.

    with PostgresStore.open(server, trial) as store:
        with store.appending() as batch:        # BEGIN, the lock, then the tree takes what others appended
            batch.save(records, ...)
                                                # COMMIT, and whoever follows is told

Any number of processes append. The lock lets one decide at a time, on the log as it then is; that a position and a head
stand once keeps the order where a lock means nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Self

import psycopg
from eventsourcing.persistence import StoredEvent

from ledger.evidence.merkle import Tree
from ledger.store.appending import Batch, continued
from ledger.store.contract import Heard, Store
from ledger.store.errors import NoSuchStore, OutcomeUnknown, TooManyRights
from ledger.store.postgres import schema as schemas
from ledger.store.postgres.faults import faults_named
from ledger.store.postgres.listening import tell
from ledger.store.postgres.recorder import LeafRecorder, SchemaDatastore
from ledger.store.postgres.server import Connection, Server
from ledger.store.postgres.statements import POSTGRESQL, insert, lock, qualified
from ledger.store.reading import Reading
from ledger.store.rows import Row
from ledger.store.verification import verify_removals

Verified = Callable[[Reading, str], Tree]
"""Verifies the log of a schema."""


class SchemaTransaction:
    """A transaction on a trial's schema."""

    dialect = POSTGRESQL

    def __init__(self, cursor: psycopg.Cursor[Any], schema: str, recorder: LeafRecorder | None = None) -> None:
        self._cursor = cursor
        self._schema = schema
        self._recorder = recorder

    def select(self, query: str, *values: Any) -> Sequence[Row]:
        return self._cursor.execute(qualified(self._schema, query), values).fetchall()

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        insert(self._cursor, self._schema, table, rows)

    def execute(self, statement: str, *values: Any) -> None:
        self._cursor.execute(qualified(self._schema, statement), values)

    def insert_events(self, events: Sequence[StoredEvent], first: int, hashes: Sequence[bytes]) -> None:
        assert self._recorder is not None, "events are appended through the library's recorder"
        self._recorder._insert_stored_events(self._cursor, events, first_position=first, leaf_hashes=hashes)


class PostgresStore(Store):
    """A trial's schema, open for reading; for appending as well unless it was opened for reading only."""

    dialect = POSTGRESQL
    shared = True

    def __init__(self, server: Server, trial: str) -> None:
        self.schema = schemas.schema_of(trial)
        self.tree = Tree()
        self._server = server
        self._trial = trial
        self._recorder: LeafRecorder | None = None
        self._heard: Heard | None = None
        self._answer_was_lost = False

    @classmethod
    def open(cls, server: Server, trial: str, verified: Verified | None) -> Self:
        """A ledger that exists; `NoSuchStore` where there is none, `Corrupt` where the schema is another.

        For appending `verified` computes the tree anew, with `Corrupt` for the first difference; and `TooManyRights`
        where the role may do more than read and add rows. Without it, for reading only.
        """
        store = cls(server, trial)
        found = store.select(schemas.COMMENT, store.schema)
        if not found or found[0][0] != schemas.comment_of(trial):
            raise NoSuchStore(f"trial {trial}")
        schemas.compare(trial, store.select)
        if verified is not None:
            changeable = [row[0] for row in store.select(schemas.RIGHTS, store.schema)]
            if changeable:
                raise TooManyRights(f"schema {store.schema}: {', '.join(sorted(changeable))}")
            store.tree = verified(store, store.schema)
            verify_removals(store)
            with faults_named():
                store._recorder = LeafRecorder(SchemaDatastore(server, store.schema))
        return store

    def close(self) -> None:
        """The connections stay with the server."""
        if self._heard is not None:
            self._server.listening.leave(self.schema, self._heard)
            self._heard = None

    def follow(self, heard: Heard) -> None:
        self._heard = heard
        self._server.listening.follow(self.schema, heard)

    def select(self, query: str, *values: Any) -> Sequence[Row]:
        return self._server.select(self.schema, query, values)

    def appending(self) -> AbstractContextManager[Batch]:
        assert self._recorder is not None, "the ledger is open for reading only"
        return self._transaction(self._recorder)

    @contextmanager
    def _transaction(self, recorder: LeafRecorder) -> Iterator[Batch]:
        with faults_named(), self._server.writing() as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL READ COMMITTED", prepare=False)
            lock(cursor, self.schema)
            transaction = SchemaTransaction(cursor, self.schema, recorder)
            self.tree = continued(self.tree, transaction)
            batch = Batch(transaction, self.tree)
            yield batch
            if self._answer_was_lost or batch.tells_of_earlier:
                _wait_for_the_standby_too(cursor)
            self._commit(connection, cursor)
            self._answer_was_lost = False
            if batch.tree.size > self.tree.size:
                tell(connection, self.schema, batch.tree.size)
            self.tree = batch.tree

    def _commit(self, connection: Connection, cursor: psycopg.Cursor[Any]) -> None:
        """`OutcomeUnknown` where the answer was lost or did not come in time, or the standby was not waited for. Any
        other error is the server's answer that nothing was committed."""
        warned = connection.warnings
        try:
            with self._server.deadlines.within(self._server.patience.commit, connection):
                cursor.execute("COMMIT", prepare=False)
        except psycopg.Error as error:
            if not connection.closed:
                raise
            self._answer_was_lost = True
            raise OutcomeUnknown(f"the answer to the commit was lost: {type(error).__name__}") from error
        if connection.warnings > warned:
            self._answer_was_lost = True
            connection.close()
            raise OutcomeUnknown("the commit was not confirmed by the standby")


def _wait_for_the_standby_too(cursor: psycopg.Cursor[Any]) -> None:
    """Write something to the server's log, so that this commit is waited for as one with rows is: only then is what an
    earlier one left behind as durable as an acknowledgement says. A server that was killed while it waited, and came
    back, shows what no standby ever had."""
    cursor.execute("SELECT pg_logical_emit_message(true, 'trial-ledger', 'settled')")
