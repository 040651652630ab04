"""Copies of a trial's file: taken while it is written, checked before anyone relies on them.

A copy is one state of the file, a prefix of the log, written beside its destination, made durable, verified leaf by
leaf and only then given its name. Nothing is ever overwritten. Whether a restored log may be continued is another
question: one that is behind a head that someone holds is refused a signature (`docs/threat-model.md`).
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from ledger.store.connection import faults_named
from ledger.store.errors import AlreadyThere
from ledger.store.sqlite import SqliteStore, make_file, sync_directory


def backup(store_path: Path, to: Path) -> None:
    """Copy a ledger, which may be in use, to a file that does not exist yet; `AlreadyThere`, `Corrupt`."""
    _copy(store_path, to)


def restore(backup: Path, to: Path) -> None:
    """Make a ledger out of a backup, which is verified first; `AlreadyThere` where a file of this name stands."""
    with SqliteStore.open(backup, read_only=True) as copy:
        copy.verify()
    _copy(backup, to)


def _copy(source: Path, to: Path) -> None:
    if to.exists():
        raise AlreadyThere(to.name)
    partial = to.with_name(f"{to.name}.partial")
    partial.unlink(missing_ok=True)
    make_file(partial)
    try:
        _copy_pages(source, partial)
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
