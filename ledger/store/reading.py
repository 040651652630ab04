"""Reading a trial's file: from any thread, while another connection or another process writes it.

The leaf is the truth and the columns are an index to it. Every row that is read is checked: its leaf hash is computed
anew, and its columns are compared with what the leaf says. A difference is `Corrupt` and names the position.

Each statement sees one state of the file. Long readings go in chunks, so that no reader keeps the write-ahead log from
being emptied; since rows are only added, the chunks together are a prefix of the log.
"""

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from ledger.errors import Corrupt
from ledger.evidence.merkle import EMPTY_ROOT, leaf_hash
from ledger.record import Record
from ledger.refusals import NoSuchRecord
from ledger.store.codec import open_leaf, record_of
from ledger.store.connection import DurableDatastore, faults_named
from ledger.store.rows import Anchor, Answer, KeptText, Refusal, RemovedText, SignedHead
from ledger.types import parse_instant

CHUNK: Final = 512


class HeadRow(NamedTuple):
    """The tree after a batch: the number of leaves, the root, and the peaks one after another."""

    size: int
    root: bytes
    peaks: bytes


class Reading:
    """What can be asked of a trial's file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._readers = DurableDatastore(path, "ro")

    def close(self) -> None:
        self._readers.close()

    @property
    def size(self) -> int:
        """How many events the log holds."""
        return self.head().size

    @property
    def root(self) -> bytes:
        """The root of the tree over them."""
        return self.head().root

    def head(self) -> HeadRow:
        """The tree after the last batch."""
        found = self.select("SELECT size, root, peaks FROM heads ORDER BY size DESC LIMIT 1")
        return HeadRow(*found[0]) if found else HeadRow(0, EMPTY_ROOT, b"")

    def record(self, position: int) -> Record:
        """The record at a position; `NoSuchRecord` beyond the last."""
        return checked(self._row(position))

    def leaf(self, position: int) -> bytes:
        """The bytes of the leaf at a position; `NoSuchRecord` beyond the last."""
        row = self._row(position)
        checked(row)
        return bytes(row["state"])

    def leaf_hash(self, position: int) -> bytes:
        """The leaf hash at a position; `NoSuchRecord` beyond the last."""
        return leaf_hash(self.leaf(position))

    def records(self, start: int = 0, stop: int | None = None) -> Iterator[Record]:
        """The records from position `start` up to, not including, `stop`; to the present end without it."""
        end = self.size if stop is None else min(stop, self.size)
        return map(checked, self.rows(start, end))

    def page(
        self,
        after: int,
        limit: int,
        *,
        type: str | None = None,
        stream: str | None = None,
        actor: str | None = None,
    ) -> list[Record]:
        """At most `limit` records at positions greater than `after` (-1: from the first), in order.

        Type (the stored name) and stream are looked up in an index; for an actor alone the log is searched.
        """
        return self._page(after, limit, {"topic = ?": type, "originator_id = ?": stream, ACTOR_TEST: actor})

    def page_holding(
        self, after: int, limit: int, content: Mapping[str, str | None], *, type: str | None, actor: str | None
    ) -> list[Record]:
        """The same, of events that hold these members; the log is searched for them."""
        inside = {CONTENT_TEST.format(name): value for name, value in content.items()}
        return self._page(after, limit, {"topic = ?": type, ACTOR_TEST: actor, **inside})

    def _page(self, after: int, limit: int, wanted: Mapping[str, str | None]) -> list[Record]:
        given = {test: value for test, value in wanted.items() if value is not None}
        tests = " AND ".join(["notification_id > ?", *given])
        query = f"SELECT * FROM events WHERE {tests} ORDER BY notification_id LIMIT ?"  # noqa: S608 - the tests above
        return [checked(row) for row in self.select(query, after + 1, *given.values(), limit)]

    def stream(self, stream: str, until: int | None = None) -> list[Record]:
        """The records of a stream in order; with `until`, those among the first `until` events of the log."""
        stop = self.size if until is None else until
        query = "SELECT * FROM events WHERE originator_id = ? AND notification_id <= ? ORDER BY originator_version"
        found = [checked(row) for row in self.select(query, stream, stop)]
        for version, record in enumerate(found, start=1):
            if record.stream_version != version:
                raise Corrupt(f"position {record.position}: version {version} of its stream is missing before it")
        return found

    def positions_until(self, recorded_at: datetime) -> int:
        """How many events were recorded at or before an instant. Recorded times never go back along the log."""
        return bisect_right(range(self.size), recorded_at, key=lambda position: self.record(position).recorded_at)

    def kept_texts(self, commitments: Iterable[str]) -> list[KeptText]:
        """The free texts behind commitments as they are kept, as far as they are."""
        query = f"SELECT {KEPT} FROM texts WHERE commitment IN (SELECT value FROM json_each(?))"  # noqa: S608
        return [KeptText(*row) for row in self.select(query, orjson.dumps(list(commitments)))]

    def texts_about(self, subjects: Iterable[str]) -> list[KeptText]:
        """Every text that is kept about some subjects, in the order of the log."""
        query = (
            f"SELECT {KEPT} FROM texts WHERE subject IN (SELECT value FROM json_each(?))"  # noqa: S608 - our own names
            " ORDER BY position, commitment"
        )
        return [KeptText(*row) for row in self.select(query, orjson.dumps(list(subjects)))]

    def texts_until(self, size: int) -> list[KeptText]:
        """Every text that the first events commit to, in the order of the log."""
        query = f"SELECT {KEPT} FROM texts WHERE position < ? ORDER BY position, commitment"  # noqa: S608
        return [KeptText(*row) for row in self.select(query, size)]

    def removed_texts(self, commitments: Iterable[str]) -> list[RemovedText]:
        """Which of some texts are gone, and by which event."""
        query = f"SELECT {REMOVED} FROM removed_texts WHERE commitment IN (SELECT value FROM json_each(?))"  # noqa: S608
        return [RemovedText(*row) for row in self.select(query, orjson.dumps(list(commitments)))]

    def removed_counts(self) -> dict[str, int]:
        """How many texts are gone, and how."""
        found = self.select("SELECT how, count(*) AS many FROM removed_texts GROUP BY how")
        return {"erased": 0, "redacted": 0, **{row["how"]: row["many"] for row in found}}

    def removes_texts(self) -> bool:
        """Whether any text was ever removed."""
        return bool(self.select("SELECT 1 FROM removed_texts LIMIT 1"))

    def destroyed_keys(self) -> list[tuple[str, str]]:
        """Of erased texts, the subjects with the keys that have to be gone."""
        query = "SELECT DISTINCT subject, key_id FROM removed_texts WHERE how = 'erased' ORDER BY 1, 2"
        return [(row["subject"], row["key_id"]) for row in self.select(query)]

    def answer(self, command_id: str) -> Answer | None:
        """What a command was answered with."""
        found = self.select(ANSWER_QUERY, command_id)
        return Answer(*found[0]) if found else None

    def refusals(self, after: int, limit: int) -> list[Refusal]:
        """At most `limit` refusals with a number greater than `after` (0: from the first), in order."""
        query = "SELECT * FROM refusals WHERE number > ? ORDER BY number LIMIT ?"
        return [_refusal(row) for row in self.select(query, after, limit)]

    def signed_heads(self) -> list[SignedHead]:
        """Every head that the log signed, in the order of their sizes."""
        found = self.select("SELECT size, note FROM checkpoints ORDER BY size")
        return [SignedHead(row["size"], row["note"].encode()) for row in found]

    def signed_head(self, at_least: int = 0) -> SignedHead | None:
        """The newest head that the log signed, if it has at least so many events."""
        query = "SELECT size, note FROM checkpoints WHERE size >= ? ORDER BY size DESC LIMIT 1"
        found = self.select(query, at_least)
        return SignedHead(found[0]["size"], found[0]["note"].encode()) if found else None

    def cosigned_note(self, head: SignedHead) -> bytes:
        """The note of a signed head, with the cosignatures that there are by now."""
        query = "SELECT line FROM cosignatures WHERE size = ? ORDER BY name"
        return head.note + "".join(row["line"] for row in self.select(query, head.size)).encode()

    def anchors(self) -> list[Anchor]:
        """Every time-stamp token, in the order of the sizes that it dates."""
        found = self.select("SELECT size, authority, token FROM anchors ORDER BY size, authority")
        return [Anchor(row["size"], row["authority"], bytes(row["token"])) for row in found]

    def rows(self, start: int, stop: int) -> Iterator[sqlite3.Row]:
        """The rows of the events in a range of positions, none left out; `Corrupt` names the first that is missing."""
        position = start
        while position < stop:
            query = "SELECT * FROM events WHERE notification_id > ? AND notification_id <= ? ORDER BY 1"
            chunk = self.select(query, position, min(position + CHUNK, stop))
            for row in chunk:
                if row["notification_id"] != position + 1:
                    break
                yield row
                position += 1
            if not chunk or chunk[-1]["notification_id"] != position:
                raise Corrupt(f"position {position}: the event is missing")

    def select(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """The rows that one statement gives, all from one state of the file."""
        with faults_named(), self._readers.get_connection(commit=False) as connection, connection.cursor() as cursor:
            return cursor.execute(query, values).fetchall()

    def _row(self, position: int) -> sqlite3.Row:
        found = self.select("SELECT * FROM events WHERE notification_id = ?", position + 1)
        if found:
            return found[0]
        if 0 <= position < self.size:
            raise Corrupt(f"position {position}: the event is missing")
        raise NoSuchRecord(f"position {position}")


CONTENT_TEST: Final = "json_extract(CAST(state AS TEXT), '$.data.{}') = ?"
KEPT: Final = "commitment, subject, key_id, nonce, sealed, position"
REMOVED: Final = "commitment, subject, key_id, how, position"
ACTOR_TEST: Final = "json_extract(CAST(state AS TEXT), '$.actor.id') = ?"
ANSWER_QUERY: Final = (
    "SELECT command_id, request_hash, status, first_position, last_position FROM commands WHERE command_id = ?"
)


def checked(row: sqlite3.Row) -> Record:
    """The record of a row of events, when the leaf has its hash and the columns say what the leaf says."""
    position = row["notification_id"] - 1
    leaf = row["state"]
    if leaf_hash(leaf) != row["leaf_hash"]:
        raise Corrupt(f"position {position}: the leaf is not the one that was hashed")
    try:
        envelope = open_leaf(leaf)
        columns = (position, row["originator_id"], row["originator_version"], row["topic"])
        if columns != (envelope["position"], envelope["stream"], envelope["stream_version"], envelope["type"]):
            raise Corrupt("the columns differ from the leaf")
        return record_of(envelope)
    except Corrupt as fault:
        raise Corrupt(f"position {position}: {fault}") from None


def _refusal(row: sqlite3.Row) -> Refusal:
    return Refusal(
        recorded_at=parse_instant(row["recorded_at"]),
        actor_id=row["actor_id"],
        role=row["role"],
        command_type=row["command_type"],
        rule=row["rule"],
        request_hash=row["request_hash"],
        number=row["number"],
    )
