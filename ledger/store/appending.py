"""Appending to a trial's file: a batch in one durable transaction, all of it or nothing.

A batch is its events with their leaf hashes, the head of the tree over them, the tiles that they complete, the free
texts that they commit to, the answers to the commands, and the refusals.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from eventsourcing.persistence import PersistenceError, StoredEvent
from eventsourcing.sqlite import SQLiteCursor

from ledger.errors import Corrupt, StorageFull, Unavailable
from ledger.evidence.merkle import Tree, leaf_hash
from ledger.record import Record
from ledger.store.codec import encode
from ledger.store.connection import DurableDatastore, Ownership, fault_of, faults_named
from ledger.store.errors import ErasureUnfinished, OutcomeUnknown
from ledger.store.reading import ANSWER_QUERY
from ledger.store.recorder import LeafRecorder
from ledger.store.rows import Anchor, Answer, Cosignature, EvidenceRow, KeptText, Refusal, RemovedText, SignedHead
from ledger.types import instant_text


class Appender:
    """The one connection that writes a file, the right to use it, and the tree as last committed."""

    def __init__(self, path: Path, ownership: Ownership) -> None:
        self.tree = Tree()
        self._ownership = ownership
        self._datastore = DurableDatastore(path, "rw")
        self._recorder = LeafRecorder(self._datastore)
        self._outcome_unknown = False

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
    def transaction(self) -> Iterator["Batch"]:
        """Commits when the block ends, rolls back when it raises.

        `StorageFull` and `StorageFailed`: nothing was written. `OutcomeUnknown`: the commit failed, now or earlier; an
        fsync that reports an error may have written all the same, so nothing more is appended through this object.
        """
        if self._outcome_unknown:
            raise OutcomeUnknown("an earlier commit failed; open the ledger anew")
        committing = False
        try:
            with self._datastore.transaction(commit=True) as cursor:
                batch = Batch(self._recorder, cursor, self.tree)
                yield batch
                committing = True
        except BaseException as error:
            if committing:
                raise self._commit_failed(error) from error
            if isinstance(error, PersistenceError | sqlite3.Error):
                raise fault_of(error) from error
            raise
        self.tree = batch.tree

    def _commit_failed(self, error: BaseException) -> Unavailable:
        """A full disk is noticed before the commit is written; after anything else nobody knows."""
        if isinstance(error, PersistenceError | sqlite3.Error) and isinstance(full := fault_of(error), StorageFull):
            return full
        self._outcome_unknown = True
        return OutcomeUnknown(f"the commit failed: {type(error).__name__}")


class Batch:
    """A transaction that is being written. `tree` is the tree as it will be after the commit."""

    def __init__(self, recorder: LeafRecorder, cursor: SQLiteCursor, tree: Tree) -> None:
        self.tree = tree
        self._recorder = recorder
        self._cursor = cursor
        self._saved = False

    def answer(self, command_id: str) -> Answer | None:
        """What a command was answered with in an earlier batch."""
        self._cursor.execute(ANSWER_QUERY, (command_id,))
        found = self._cursor.fetchone()
        return Answer(*found) if found else None

    def save(
        self,
        records: Sequence[Record],
        texts: Sequence[KeptText] = (),
        answers: Sequence[Answer] = (),
        refusals: Sequence[Refusal] = (),
        *,
        leaves: Sequence[bytes] | None = None,
    ) -> tuple[bytes, ...]:
        """Write the batch, once, and give the leaf hashes of its records.

        All records are encoded before the first row is written: where one cannot be (`Malformed`), nothing has
        happened yet. `Corrupt` for a record that does not stand at the next position. `leaves`: the records as the
        caller has encoded them already.
        """
        assert not self._saved, "a batch is saved once"
        self._refuse_gaps(records)
        if leaves is None:
            leaves = [encode(record) for record in records]
        hashes = tuple(map(leaf_hash, leaves))
        self._saved = True
        self._insert_texts(texts, leaves)
        self._insert_events(records, leaves, hashes)
        self._insert_answers(answers)
        self._insert_refusals(refusals)
        return hashes

    def save_evidence(self, rows: Iterable[EvidenceRow]) -> None:
        """Write what the evidence gathered about heads; what is there already stays as it is."""
        for row in rows:
            match row:
                case SignedHead(size=size, note=note):
                    self._add("checkpoints", "size = ?", (size,), (note.decode(),))
                case Cosignature(size=size, name=name, line=line):
                    self._add("cosignatures", "size = ? AND name = ?", (size, name), (line,))
                case Anchor(size=size, authority=authority, token=token):
                    self._add("anchors", "size = ? AND authority = ?", (size, authority), (token,))

    def _add(self, table: str, key: str, named: tuple[int | str, ...], rest: tuple[str | bytes, ...]) -> None:
        self._cursor.execute(f"SELECT 1 FROM {table} WHERE {key}", named)  # noqa: S608 - our own names
        if self._cursor.fetchone() is None:
            marks = ", ".join("?" * len((*named, *rest)))
            self._cursor.execute(f"INSERT INTO {table} VALUES ({marks})", (*named, *rest))  # noqa: S608

    def _refuse_gaps(self, records: Iterable[Record]) -> None:
        for position, record in enumerate(records, start=self.tree.size):
            if record.position != position:
                raise Corrupt(f"position {position} is the next, and the record is for {record.position}")

    def _insert_events(self, records: Sequence[Record], leaves: Sequence[bytes], hashes: Sequence[bytes]) -> None:
        if not records:
            return
        stored = [
            StoredEvent(record.stream, record.stream_version, record.event.NAME, leaf)
            for record, leaf in zip(records, leaves, strict=True)
        ]
        first = self.tree.size
        self._recorder._insert_events(self._cursor, stored, first_position=first, leaf_hashes=hashes)
        self.tree, tiles = self.tree.append(hashes)
        head = (self.tree.size, self.tree.root, b"".join(self.tree.peaks))
        self._cursor.execute("INSERT INTO heads VALUES (?, ?, ?)", head)
        rows = [(tile.level, tile.index, tile.hashes) for tile in tiles]
        self._cursor.executemany("INSERT INTO tiles VALUES (?, ?, ?)", rows)

    def remove_texts(self, removed: Iterable[RemovedText]) -> None:
        """Delete the rows of texts that events of this batch or before it remove; what they leave says how they went.

        Called after `save`, since the file takes no removal without its event.
        """
        rows = [(each.commitment, each.subject, each.key_id, each.how, each.position) for each in removed]
        self._cursor.executemany("INSERT INTO removed_texts VALUES (?, ?, ?, ?, ?)", rows)
        self._cursor.executemany("DELETE FROM texts WHERE commitment = ?", [(row[0],) for row in rows])

    def _insert_texts(self, texts: Iterable[KeptText], leaves: Sequence[bytes]) -> None:
        rows = []
        for text in texts:
            at = text.position - self.tree.size
            committed = 0 <= at < len(leaves) and text.commitment.encode() in leaves[at]
            assert committed, "no event of the batch commits to the text"
            rows.append((text.commitment, text.subject, text.key_id, text.nonce, text.sealed, text.position))
        self._cursor.executemany("INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _insert_answers(self, answers: Iterable[Answer]) -> None:
        rows = [
            (each.command_id, each.request_hash, each.status, each.first_position, each.last_position)
            for each in answers
        ]
        self._cursor.executemany("INSERT INTO commands VALUES (?, ?, ?, ?, ?)", rows)

    def _insert_refusals(self, refusals: Iterable[Refusal]) -> None:
        rows = [
            (instant_text(each.recorded_at), each.actor_id, each.role, each.command_type, each.rule, each.request_hash)
            for each in refusals
        ]
        self._cursor.executemany("INSERT INTO refusals VALUES (NULL, ?, ?, ?, ?, ?, ?)", rows)
