"""Copies of a trial's file: taken while it is written, checked before anyone relies on them.

A copy is one state of the file, a prefix of the log, written beside its destination, made durable, verified leaf by
leaf and only then given its name. Nothing is ever overwritten. Whether a restored log may be continued is another
question: one that is behind a head that someone holds is refused a signature (`docs/threat-model.md`), and one that was
restored to an earlier point bears that in mind itself.
"""

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial as applied
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from ledger.store import schema
from ledger.store.connection import faults_named
from ledger.store.errors import AlreadyThere, NothingThatEarly
from ledger.store.reading import Reading
from ledger.store.sqlite import SqliteStore, make_file, sync_directory
from ledger.types import instant_text

IN_THE_PREFIX: Final[Mapping[str, str]] = MappingProxyType(
    {
        "events": "notification_id <= :size",
        "heads": "size <= :size",
        "tiles": "(tile_index + 1) << (8 * (level + 1)) <= :size",
        "texts": "position < :size",
        "removed_texts": "position < :size",
        "commands": "last_position < :size",
        "refusals": "recorded_at < :before",
        "blobs": "EXISTS (SELECT 1 FROM main.events WHERE instr(CAST(state AS TEXT), sha256))",
        "checkpoints": "size <= :size",
        "cosignatures": "size <= :size",
        "anchors": "size <= :size",
        "restorations": "size <= :size",
    }
)
"""Of every table, which rows the file had when the log had `:size` events, before the instant of the next one."""


def backup(store_path: Path, to: Path) -> None:
    """Copy a ledger, which may be in use, to a file that does not exist yet; `AlreadyThere`, `Corrupt`."""
    _copy(store_path, to)


def restore(backup: Path, to: Path) -> None:
    """Make a ledger out of a backup, which is verified first; `AlreadyThere` where a file of this name stands."""
    with SqliteStore.open(backup, read_only=True) as copy:
        copy.verify()
    _copy(backup, to)


def restore_until(backup: Path, to: Path, size: int) -> None:
    """Make a ledger of the first events of a log: at most `size`, and as many as there were after some batch, so that
    no command is cut in two. It takes nothing but the record of its recovery before that is on record.

    `NothingThatEarly`. Where nothing is left out, it is the same as `restore`.
    """
    with SqliteStore.open(backup, read_only=True) as copy:
        copy.verify()
        head = copy.head_within(size)
        if head is None:
            raise NothingThatEarly(backup.name)
        whole, before = head.size == copy.size, _recorded_at(copy, head.size)
    _copy(backup, to, _copy_pages if whole else applied(_copy_prefix, size=head.size, before=before))


def _recorded_at(copy: Reading, size: int) -> str:
    return instant_text(copy.record(min(size, copy.size - 1)).recorded_at)


def _copy_prefix(source: Path, partial: Path, size: int, before: str) -> None:
    """The rows of a prefix, inserted into a new file: what comes after it was never there. One transaction reads one
    state of the source. The guards come last: they ask why a text is gone, which they see only while it is there."""
    with faults_named(), closing(sqlite3.connect(f"file:{quote(str(partial.absolute()))}", uri=True)) as new:
        new.execute("PRAGMA journal_mode = WAL")
        new.execute("PRAGMA synchronous = FULL")
        for statement in schema.tables():
            new.execute(statement)
        new.execute("ATTACH ? AS old", (f"file:{quote(str(source.absolute()))}?mode=ro",))
        with new:
            for table, rows in IN_THE_PREFIX.items():
                copied = f"INSERT INTO main.{table} SELECT * FROM old.{table} WHERE {rows}"  # noqa: S608 - our own names
                new.execute(copied, {"size": size, "before": before})
            new.execute(
                "INSERT INTO main.restorations SELECT here.size, here.root, whole.size, whole.root"
                " FROM main.heads AS here, old.heads AS whole ORDER BY here.size DESC, whole.size DESC LIMIT 1"
            )
            for statement in schema.walls():
                new.execute(statement)


def _copy(source: Path, to: Path, fill: Callable[[Path, Path], None] | None = None) -> None:
    if to.exists():
        raise AlreadyThere(to.name)
    partial = to.with_name(f"{to.name}.partial")
    partial.unlink(missing_ok=True)
    make_file(partial)
    try:
        (fill or _copy_pages)(source, partial)
        with SqliteStore.open(partial, read_only=True) as copy:
            copy.verify()
        _give_name(partial, to)
    finally:
        for rest in ("", "-wal", "-shm"):
            Path(f"{partial}{rest}").unlink(missing_ok=True)


def _copy_pages(source: Path, partial: Path) -> None:
    """All pages in one step, which is one state of the source and keeps no writer waiting."""
    with (
        SqliteStore.open(source, read_only=True),
        faults_named(),
        closing(sqlite3.connect(f"file:{quote(str(source.absolute()))}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(partial)) as new,
    ):
        new.execute("PRAGMA synchronous = FULL")
        old.backup(new)


def _give_name(partial: Path, to: Path) -> None:
    """A link fails where the name is taken, however late; a rename would not."""
    try:
        os.link(partial, to)
    except FileExistsError:
        raise AlreadyThere(to.name) from None
    sync_directory(to)
