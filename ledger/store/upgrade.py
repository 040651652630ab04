"""Making a ledger of the present format out of one of format 1, which kept its free texts in clear.

A new file is written beside the old one: every table as it is, byte for byte, but the texts, which are encrypted on the
way. The new file is verified, and has to have the same root. Rewriting the old file in place would leave the clear
texts in its free pages.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ledger.errors import Corrupt
from ledger.record import Record
from ledger.store import schema
from ledger.store.connection import Ownership, faults_named
from ledger.store.errors import AlreadyThere, NoSuchStore
from ledger.store.rows import KeptText
from ledger.store.sqlite import SqliteStore, make_file, sync_directory
from ledger.store.texts import SealedText, commitment

IN_CLEAR: Final = 1
"""The format that is read here."""

LIKE_BEFORE: Final = ("events", "heads", "tiles", "commands", "refusals", "blobs", *schema.EVIDENCE_TABLES)

Lock = Callable[[SealedText, Record], KeptText]
"""Keeps a text that an event, the first that does so, commits to."""


def upgrade(path: Path, kept: Path, lock: Lock) -> int:
    """Put a ledger of the present format in the place of one of format 1, which stays under another name; how many
    texts it keeps. `Corrupt` where the file is not of format 1 or not as it was written, `AlreadyThere` where the other
    name is taken. Killed at any moment, it leaves the old ledger or the new one, and is run again."""
    if not path.is_file():
        raise NoSuchStore(path.name)
    if kept.exists() and not kept.samefile(path):
        raise AlreadyThere(kept.name)
    owned = Ownership(path)
    partial = path.with_name(f"{path.name}.partial")
    try:
        with faults_named():
            count = _made(path, partial, lock)
            if not kept.exists():
                os.link(path, kept)
                sync_directory(kept)
            partial.replace(path)
            sync_directory(path)
            return count
    finally:
        _remove(partial)
        owned.release()


def _made(old: Path, partial: Path, lock: Lock) -> int:
    with old.open("rb") as file:
        if schema.format_of(file.read(schema.HEADER_BYTES)) != IN_CLEAR:
            raise Corrupt(f"{old.name} is not a ledger of format {IN_CLEAR}")
    with closing(sqlite3.connect(old)) as settled:
        settled.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _make_tables(partial)
    _copy(old, partial)
    count = _lock_texts(old, partial, lock)
    with SqliteStore.open(partial, read_only=True) as made:
        made.verify()
    return count


def _remove(partial: Path) -> None:
    """What is half made, or was when somebody was killed."""
    for rest in ("", "-wal", "-shm", ".lock"):
        Path(f"{partial}{rest}").unlink(missing_ok=True)


def _make_tables(path: Path) -> None:
    _remove(path)
    make_file(path)
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("PRAGMA journal_mode = WAL")
        for statement in schema.statements():
            made.execute(statement)


def _copy(old: Path, new: Path) -> None:
    with closing(sqlite3.connect(f"file:{quote(str(new.absolute()))}?mode=rw", uri=True)) as to:
        to.execute("PRAGMA synchronous = FULL")
        to.execute("ATTACH ? AS old", (f"file:{quote(str(old.absolute()))}?mode=ro",))
        with to:
            for table in LIKE_BEFORE:
                to.execute(f"INSERT INTO main.{table} SELECT * FROM old.{table}")  # noqa: S608 - our own names


def _lock_texts(old: Path, new: Path, lock: Lock) -> int:
    """Each text is compared with its commitment before it is kept."""
    with (
        closing(sqlite3.connect(f"file:{quote(str(old.absolute()))}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(new)) as to,
        SqliteStore.open(new, read_only=True) as reading,
        to,
    ):
        rows = source.execute("SELECT commitment, salt, text, position FROM texts ORDER BY position, commitment")
        kept = [lock(text, reading.record(position)) for text, position in _in_clear(rows)]
        to.execute("PRAGMA synchronous = FULL")
        values = [(k.commitment, k.subject, k.key_id, k.nonce, k.sealed, k.position) for k in kept]
        to.executemany("INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?)", values)
    return len(kept)


def _in_clear(rows: Iterable[tuple[str, bytes, str, int]]) -> Iterator[tuple[SealedText, int]]:
    for committed, salt, text, position in rows:
        if commitment(salt, text) != committed:
            raise Corrupt(f"position {position}: a text is not the one that was committed to")
        yield SealedText(committed, salt, text), position
