"""The library's recorder on our table: the row number is the position + 1, and each leaf has its hash beside it."""

from collections.abc import Sequence
from typing import Any, Final

from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore

from ledger.evidence.merkle import leaf_hash
from ledger.store import schema

INSERT: Final = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)"


class LeafRecorder(SQLiteApplicationRecorder):
    """Appends stored events under dense row numbers.

    Within `appending` the store gives the cursor, the first position and the leaf hashes. Called bare, as the library
    calls it, `insert_events` opens a transaction of its own, continues after the last row and hashes the states itself;
    it makes no head then.
    """

    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore, events_table_name="events")

    def construct_create_table_statements(self) -> list[str]:
        return list(schema.statements())

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        first = kwargs.get("first_position")
        first = (self._max_notification_id(c) or 0) if first is None else first
        hashes = kwargs.get("leaf_hashes") or [leaf_hash(event.state) for event in stored_events]
        ids = range(first + 1, first + 1 + len(stored_events))
        c.executemany(
            INSERT,
            [
                (number, event.originator_id, event.originator_version, event.topic, event.state, hashed)
                for number, event, hashed in zip(ids, stored_events, hashes, strict=True)
            ],
        )
        return list(ids)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """As the library's, which asks for `rowid`; ours has a name, so that VACUUM keeps it."""
        after = 0 if start is None else start - inclusive_of_start
        wanted = f"AND topic IN ({','.join('?' * len(topics))}) " if topics else ""
        statement = (
            "SELECT * FROM events WHERE notification_id > ? AND notification_id <= ? "  # noqa: S608 - marks only
            f"{wanted}ORDER BY notification_id LIMIT ?"
        )
        with self.datastore.transaction(commit=False) as c:
            c.execute(statement, (after, 2**63 - 1 if stop is None else stop, *topics, limit))
            return [
                Notification(
                    id=row["notification_id"],
                    originator_id=row["originator_id"],
                    originator_version=row["originator_version"],
                    topic=row["topic"],
                    state=row["state"],
                )
                for row in c.fetchall()
            ]
