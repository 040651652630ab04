"""The library's recorder on a trial's schema: the row number is the position + 1, and each leaf has its hash beside it.

Its own functions in the database are never used: they leave out the lock. Nothing is tried again here, since after a
lost answer to COMMIT a second attempt would meet the first one's events and take them for somebody else's.
"""

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from ledger.evidence.merkle import leaf_hash
from ledger.store.postgres.listening import CHANNEL
from ledger.store.postgres.server import Server
from ledger.store.postgres.statements import insert, lock, qualified

LAST: Final = "SELECT coalesce(max(notification_id), 0) AS last FROM events"


class SchemaDatastore(PostgresDatastore):
    """The library's datastore over a schema, with the connections that all trials share."""

    def __init__(self, server: Server, schema: str) -> None:
        self.schema = schema
        self.originator_id_type = "text"
        self.enable_db_functions = False
        self.single_row_tracking = True
        self.lock_timeout = 0
        self.pool_open_timeout = None
        self.db_type_names = set()
        self.psycopg_type_adapters = {}
        self.psycopg_python_types = {}
        self.pool = server.writers  # type: ignore[assignment]  # rows are found by name, as the library's are

    def register_type_adapters(self) -> None:
        """None: the library's types in the database are not made."""

    def close(self) -> None:
        """The connections are the server's."""


class LeafRecorder(PostgresApplicationRecorder):
    """Appends stored events under dense row numbers.

    Within `appending` the store gives the cursor, the first position and the leaf hashes. Called bare, as the library
    calls it, `insert_events` opens a transaction of its own, takes the lock, continues after the last row and hashes
    the states itself; it makes no head then.
    """

    def __init__(self, datastore: SchemaDatastore) -> None:
        super().__init__(datastore, events_table_name="events")
        self.channel_name = CHANNEL

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        schema = self.datastore.schema
        with self.datastore.transaction(commit=True) as cursor:
            lock(cursor, schema)
            found = cursor.execute(qualified(schema, LAST)).fetchone()
            assert found is not None, "there is always a last number"
            first: int = found["last"]
            self._insert_stored_events(cursor, stored_events, first_position=first, **kwargs)
            self._notify_channel(cursor)
        return list(range(first + 1, first + 1 + len(stored_events)))

    def _insert_stored_events(
        self, curs: psycopg.Cursor[Any], stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> None:
        first: int = kwargs["first_position"]
        hashes = kwargs.get("leaf_hashes") or [leaf_hash(event.state) for event in stored_events]
        rows = [
            (number, event.originator_id, event.originator_version, event.topic, event.state, hashed)
            for number, (event, hashed) in enumerate(zip(stored_events, hashes, strict=True), first + 1)
        ]
        insert(curs, self.datastore.schema, "events", rows)
