"""Appending to a trial's log: a batch in one durable transaction, all of it or nothing.

A batch is its events with their leaf hashes, the head of the tree over them, the tiles that they complete, the free
texts that they commit to, the answers to the commands, and the refusals.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from eventsourcing.persistence import StoredEvent

from ledger.errors import Corrupt
from ledger.evidence.merkle import Tree, leaf_hash
from ledger.record import Record
from ledger.store.codec import encode
from ledger.store.reading import ANSWER_COLUMNS, Dialect, json_array
from ledger.store.rows import (
    Anchor,
    Answer,
    Cosignature,
    EvidenceRow,
    KeptText,
    Refusal,
    RemovedText,
    Row,
    SignedHead,
)
from ledger.types import instant_text


class Transaction(Protocol):
    """A transaction of a database that is under way. Statements are written as for reading."""

    @property
    def dialect(self) -> Dialect: ...

    def select(self, query: str, *values: Any) -> Sequence[Row]:
        """The rows that one statement gives, this transaction's own among them."""

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows to a table, each with all its columns in their order."""

    def execute(self, statement: str, *values: Any) -> None:
        """Carry out what gives no rows."""

    def insert_events(self, events: Sequence[StoredEvent], first: int, hashes: Sequence[bytes]) -> None:
        """Add events from a position on, with their leaf hashes."""


class Batch:
    """A transaction that is being written. `tree` is the tree as it will be after the commit, and before `save` as the
    transaction found it. `refused_after`: the number of the last refusal before those of this batch;
    `tells_of_earlier`: whether somebody is told what an earlier batch has written."""

    def __init__(self, transaction: Transaction, tree: Tree) -> None:
        self.tree = tree
        self.refused_after: int | None = None
        self.tells_of_earlier = False
        self.transaction = transaction
        self._answers: dict[str, Answer | None] = {}
        self._saved = False

    def look_up(self, command_ids: Sequence[str]) -> None:
        """Look for what commands were answered with, all at once; `answer` then tells of each."""
        query = f"SELECT {ANSWER_COLUMNS} FROM commands WHERE command_id {self.transaction.dialect.listed}"  # noqa: S608
        found = (Answer(*row) for row in self.transaction.select(query, json_array(command_ids)))
        self._answers |= {**dict.fromkeys(command_ids), **{answer.command_id: answer for answer in found}}

    def answer(self, command_id: str) -> Answer | None:
        """What a command was answered with in an earlier batch."""
        if command_id not in self._answers:
            self.look_up((command_id,))
        found = self._answers[command_id]
        self.tells_of_earlier = self.tells_of_earlier or found is not None
        return found

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
        if not self.transaction.select(f"SELECT 1 FROM {table} WHERE {key}", *named):  # noqa: S608 - our own names
            self.transaction.insert(table, [(*named, *rest)])

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
        self.transaction.insert_events(stored, first, hashes)
        self.tree, tiles = self.tree.append(hashes)
        self.transaction.insert("heads", [(self.tree.size, self.tree.root, b"".join(self.tree.peaks))])
        self.transaction.insert("tiles", [(tile.level, tile.index, tile.hashes) for tile in tiles])

    def remove_texts(self, removed: Iterable[RemovedText]) -> None:
        """Delete the rows of texts that events of this batch or before it remove; what they leave says how they went.

        Called after `save`, since the file takes no removal without its event.
        """
        rows = [(each.commitment, each.subject, each.key_id, each.how, each.position) for each in removed]
        self.transaction.insert("removed_texts", rows)
        gone = f"DELETE FROM texts WHERE commitment {self.transaction.dialect.listed}"  # noqa: S608 - our own names
        self.transaction.execute(gone, json_array(row[0] for row in rows))

    def _insert_texts(self, texts: Iterable[KeptText], leaves: Sequence[bytes]) -> None:
        rows = []
        for text in texts:
            at = text.position - self.tree.size
            committed = 0 <= at < len(leaves) and text.commitment.encode() in leaves[at]
            assert committed, "no event of the batch commits to the text"
            rows.append((text.commitment, text.subject, text.key_id, text.nonce, text.sealed, text.position))
        self.transaction.insert("texts", rows)

    def _insert_answers(self, answers: Iterable[Answer]) -> None:
        rows = [
            (each.command_id, each.request_hash, each.status, each.first_position, each.last_position)
            for each in answers
        ]
        self.transaction.insert("commands", rows)

    def _insert_refusals(self, refusals: Sequence[Refusal]) -> None:
        if not refusals:
            return
        self.refused_after = self.transaction.select("SELECT coalesce(max(number), 0) FROM refusals")[0][0]
        rows = [
            (
                number,
                instant_text(each.recorded_at),
                each.actor_id,
                each.role,
                each.command_type,
                each.rule,
                each.request_hash,
            )
            for number, each in enumerate(refusals, self.refused_after + 1)
        ]
        self.transaction.insert("refusals", rows)


OURS_AND_LAST: Final = """
    SELECT size, root, peaks FROM heads WHERE size = ? OR size = (SELECT max(size) FROM heads) ORDER BY size"""
HASHES_AT_ONCE: Final = 512


def continued(ours: Tree, transaction: Transaction) -> Tree:
    """The tree at the head of the log: ours as it was last known, with the leaves that were appended since. `Corrupt`
    where the log does not continue ours: a database that lost what it had acknowledged."""
    found = transaction.select(OURS_AND_LAST, ours.size)
    if ours.size and (not found or tuple(found[0]) != _head_of(ours)):
        raise Corrupt(f"the log does not continue the {ours.size} events that were on record")
    tree = ours
    while found and tree.size < found[-1]["size"]:
        query = "SELECT leaf_hash FROM events WHERE notification_id > ? ORDER BY notification_id LIMIT ?"
        hashes = [row[0] for row in transaction.select(query, tree.size, HASHES_AT_ONCE)]
        if not hashes:
            raise Corrupt(f"position {tree.size}: the event is missing")
        tree, _ = tree.append(hashes)
    if found and tuple(found[-1]) != _head_of(tree):
        raise Corrupt(f"positions {ours.size} to {tree.size - 1}: the head is not that of the leaves")
    return tree


def _head_of(tree: Tree) -> tuple[int, bytes, bytes]:
    return tree.size, tree.root, b"".join(tree.peaks)
