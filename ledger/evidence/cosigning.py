"""Who signs heads: the log's signer, and witnesses. Both remember the highest head that they signed, in a file of their
own apart from the ledger, and sign a further one only with the proof that it continues that one.

A database that was rolled back, or continued otherwise than it was signed, is so refused a signature; and no one signs
two roots for one size. What is asked, and how it is answered, is `add-checkpoint` of C2SP tlog-witness, for the signer
too:

    old <size>          of the last head that was signed, as the caller knows it
    <hash, Base 64>     the consistency proof, line by line
                        (an empty line)
    <checkpoint>        to the signer its text alone, to a witness the note that the log signed

    200   the signature lines
    400   not understood, or the old size is above the checkpoint's
    403   no key of the policy signed the checkpoint (a witness)
    404   a log that is not known here
    409   another size was signed last; the body is that size. Or the same size with another root
    422   the proof does not show that the last head is continued
"""

import base64
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import (
    HASH,
    LARGEST_NOTE_BYTES,
    Bad,
    Checkpoint,
    Note,
    Policy,
    Signature,
    check_consistency,
    checkpoint_of,
    decimal,
    unbase64,
)

MOST_PROOF_LINES: Final = 63
LARGEST_REQUEST_BYTES: Final = LARGEST_NOTE_BYTES + 64 * 64
SIZE_TYPE: Final = "text/x.tlog.size"
TEXT_TYPE: Final = "text/plain; charset=utf-8"


class Answer(NamedTuple):
    """A status of HTTP, and the body with its type."""

    status: int
    body: str = ""
    content_type: str = TEXT_TYPE


@dataclass(frozen=True, slots=True)
class Submission:
    """What is submitted: the size that the caller believes was signed last, the proof, and the checkpoint's bytes."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Submission":
        """`Bad` for what is not a submission."""
        head, blank, checkpoint = raw.partition(b"\n\n")
        lines = head.decode("ascii", "replace").split("\n")
        if not blank or len(raw) > LARGEST_REQUEST_BYTES or not lines[0].startswith("old "):
            raise Bad("submission.format", "not a submission")
        if len(lines) - 1 > MOST_PROOF_LINES:
            raise Bad("submission.format", "too long a proof")
        proof = tuple(unbase64(line, "submission.format", HASH) for line in lines[1:])
        return cls(decimal(lines[0].removeprefix("old "), "submission.format"), proof, checkpoint)


def submission_of(old: int, proof: Iterable[bytes], checkpoint: bytes) -> bytes:
    """A submission as it is sent."""
    hashes = "".join(base64.b64encode(each).decode() + "\n" for each in proof)
    return f"old {old}\n{hashes}\n".encode() + checkpoint


class Forgotten(NamedTuple):
    """A head that somebody had forgotten, once the recovery of its log was on record."""

    origin: str
    size: int
    root: bytes
    at_seconds: int
    by: str
    reason: str


class Heads:
    """The highest head that was signed of each log, in a file of its own; and what was forgotten on purpose."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._transaction() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS heads (origin TEXT PRIMARY KEY, size INTEGER NOT NULL CHECK (size >= 0),"
                " root BLOB NOT NULL CHECK (length(root) = 32)) STRICT, WITHOUT ROWID"
            )
            db.execute(
                "CREATE TABLE IF NOT EXISTS forgotten (number INTEGER PRIMARY KEY, origin TEXT NOT NULL,"
                " size INTEGER NOT NULL, root BLOB NOT NULL, at_seconds INTEGER NOT NULL, who TEXT NOT NULL,"
                " reason TEXT NOT NULL) STRICT"
            )

    def of(self, origin: str) -> tuple[int, bytes] | None:
        """The size and root that were signed last; none of a log of which nothing was."""
        with self._transaction() as db:
            return _head(db, origin)

    def every(self) -> list[tuple[str, int, bytes]]:
        """The last head of each log."""
        with self._transaction() as db:
            return db.execute("SELECT origin, size, root FROM heads ORDER BY origin").fetchall()

    def forget(self, origin: str, size: int, at_seconds: int, by: str, reason: str) -> bool:
        """Forget the last head of a log, so that one that does not continue it is signed; who had it forgotten and why
        is kept. False where the last head is not of this size."""
        with self._transaction() as db:
            last = _head(db, origin)
            if last is None or last[0] != size:
                return False
            row = Forgotten(origin, *last, at_seconds, by, reason)
            db.execute("INSERT INTO forgotten VALUES (NULL, ?, ?, ?, ?, ?, ?)", row)
            db.execute("DELETE FROM heads WHERE origin = ?", (origin,))
        return True

    def forgotten(self) -> list[Forgotten]:
        """What was forgotten, in the order in which it was."""
        with self._transaction() as db:
            query = "SELECT origin, size, root, at_seconds, who, reason FROM forgotten ORDER BY number"
            return [Forgotten(*row) for row in db.execute(query)]

    @contextmanager
    def advancing(self, origin: str) -> Iterator["Advance"]:
        """The last head with the chance to replace it; nobody else advances meanwhile, and what is replaced is on disk
        when the block ends."""
        with self._transaction() as db:
            yield Advance(db, origin, _head(db, origin))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            db.execute("PRAGMA synchronous=FULL")
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        finally:
            db.close()


def _head(db: sqlite3.Connection, origin: str) -> tuple[int, bytes] | None:
    row = db.execute("SELECT size, root FROM heads WHERE origin = ?", (origin,)).fetchone()
    return None if row is None else (row[0], row[1])


@dataclass(frozen=True, slots=True)
class Advance:
    """The last head of a log, in a transaction that may replace it."""

    db: sqlite3.Connection
    origin: str
    last: tuple[int, bytes] | None

    def to(self, size: int, root: bytes) -> None:
        self.db.execute("INSERT OR REPLACE INTO heads VALUES (?, ?, ?)", (self.origin, size, root))


def _continued(heads: Heads, checkpoint: Checkpoint, submission: Submission) -> Answer | None:
    """Take a head as the last one, if it continues it; the refusal where it does not."""
    if submission.old > checkpoint.size:
        return Answer(400)
    with heads.advancing(checkpoint.origin) as advance:
        size, root = advance.last or (0, b"")
        if submission.old != size:
            return Answer(409, f"{size}\n", SIZE_TYPE)
        if size == checkpoint.size and advance.last is not None and root != checkpoint.root:
            return Answer(409, f"{size}\n", SIZE_TYPE)
        try:
            check_consistency(size, root if size else b"", checkpoint.size, checkpoint.root, submission.proof)
        except Bad:
            return Answer(422)
        advance.to(checkpoint.size, checkpoint.root)
    return None


class LogSigner:
    """Signs the heads of logs under their keys: no head that does not continue the last."""

    def __init__(self, heads: Heads, keys: Sequence[SigningKey]) -> None:
        self._heads = heads
        self._keys = {key.name: key for key in keys}

    def last(self, origin: str) -> tuple[int, bytes] | None:
        """The highest head that was signed; none where none was."""
        return self._heads.of(origin)

    def begin_again(self, origin: str, size: int, root: bytes) -> None:
        """Take another head as the last one: what an operator does once a recovery is on record, and nobody else."""
        with self._heads.advancing(origin) as advance:
            advance.to(size, root)

    def sign(self, raw: bytes) -> Answer:
        """The signature of a head, or why there is none."""
        try:
            submission = Submission.parse(raw)
            checkpoint = checkpoint_of(Note(submission.checkpoint.decode("utf-8", "replace"), ()))
        except Bad:
            return Answer(400)
        key = self._keys.get(checkpoint.origin)
        if key is None:
            return Answer(404)
        refused = _continued(self._heads, checkpoint, submission)
        return refused or Answer(200, key.sign(checkpoint.note.text).line())


class Witness:
    """Cosigns the heads of the logs that its policy names."""

    def __init__(self, heads: Heads, key: SigningKey, logs: Policy) -> None:
        self._heads, self._key, self._logs = heads, key, logs

    def add_checkpoint(self, raw: bytes, at_seconds: int) -> Answer:
        """The cosignature of a checkpoint, or why there is none."""
        try:
            submission = Submission.parse(raw)
            checkpoint = Checkpoint.parse(submission.checkpoint)
        except Bad:
            return Answer(400)
        if checkpoint.origin not in {log.name for log in self._logs.logs}:
            return Answer(404)
        try:
            signed = self._logs.signed(checkpoint)
        except Bad:
            signed = False
        if not signed:
            return Answer(403)
        refused = _continued(self._heads, checkpoint, submission)
        return refused or Answer(200, self._cosignature(checkpoint, at_seconds).line())

    def _cosignature(self, checkpoint: Checkpoint, at_seconds: int) -> Signature:
        return self._key.sign(checkpoint.note.text, at_seconds)
