"""A trial moves from one store to another: every row of every table as it is, nothing decided and nothing written anew.

Nobody appends to the source meanwhile. The target appears whole or not at all, never over another, and only after the
tree was computed anew from its leaves and every table was compared, byte for byte, with that of the source.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ledger.errors import Corrupt
from ledger.store import schema
from ledger.store.connection import faults_named
from ledger.store.contract import Store
from ledger.store.errors import AlreadyThere
from ledger.store.reading import Reading
from ledger.store.sqlite import SqliteStore, make_file, sync_directory
from ledger.store.verification import verified_tree, verify_removals

CHUNK: Final = 512
Insert = Callable[[str, Sequence[Sequence[Any]]], None]
"""Adds rows to a table of the target."""


def move_to_file(source: Store, to: Path) -> None:
    """Make a ledger's file of a log; `AlreadyThere` where one of this name stands."""
    partial = to.with_name(f"{to.name}.partial")
    _remove(partial)
    if to.exists():
        raise AlreadyThere(to.name)
    try:
        make_file(partial)
        with source.appending():
            _fill(partial, source)
            with SqliteStore.open(partial, read_only=True) as made:
                compare(source, made)
        try:
            os.link(partial, to)
        except FileExistsError:
            raise AlreadyThere(to.name) from None
        sync_directory(to)
    finally:
        _remove(partial)


def _remove(partial: Path) -> None:
    """What is half made, or was when somebody was killed."""
    for rest in ("", "-wal", "-shm"):
        Path(f"{partial}{rest}").unlink(missing_ok=True)


def _fill(path: Path, source: Reading) -> None:
    with faults_named(), closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("PRAGMA synchronous = FULL")
        made.execute("BEGIN IMMEDIATE")
        for statement in schema.tables():
            made.execute(statement)

        def insert(table: str, rows: Sequence[Sequence[Any]]) -> None:
            marks = ", ".join("?" * len(rows[0]))
            made.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own names

        copy_rows(source, insert)
        for statement in schema.walls():
            made.execute(statement)
        made.execute("COMMIT")
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def copy_rows(source: Reading, insert: Insert) -> None:
    """Every row of every table, as it is."""
    for table in schema.TABLES:
        for rows in _chunks(source, table):
            insert(table, rows)


def compare(source: Reading, made: Reading) -> None:
    """`Corrupt` where the target is not the source once more."""
    tree = verified_tree(made)
    if (tree.size, tree.root) != (source.size, source.root):
        raise Corrupt(f"{source.size} events were copied, and {tree.size} arrived or have another root")
    verify_removals(made)
    for table in schema.TABLES:
        if fingerprint(source, table) != fingerprint(made, table):
            raise Corrupt(f"the rows of {table} are not those of the source")


def fingerprint(reading: Reading, table: str) -> bytes:
    """A hash over all values of a table in the order of its key; equal for equal tables in any store."""
    hashed = sha256()
    for rows in _chunks(reading, table):
        for row in rows:
            for value in row:
                content = value if isinstance(value, bytes) else str(value).encode()
                hashed.update(f"{type(value).__name__} {len(content)} ".encode() + content)
    return hashed.digest()


def _chunks(reading: Reading, table: str) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a table by its key, some at a time."""
    key = schema.primary_key(table)
    names, marks = ", ".join(key), ", ".join("?" * len(key))
    after: Sequence[Any] = ()
    while True:
        where = f"WHERE ({names}) > ({marks})" if after else ""
        query = f"SELECT * FROM {table} {where} ORDER BY {names} LIMIT ?"  # noqa: S608 - our own names
        found = reading.select(query, *after, CHUNK)
        if not found:
            return
        yield [tuple(row) for row in found]
        after = [found[-1][name] for name in key]
