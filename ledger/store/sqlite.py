"""One trial, one SQLite file.

    with SqliteStore.open(path) as store:
        with store.appending() as batch:                        # BEGIN IMMEDIATE
            if batch.answer(command_id) is None:
                batch.save(records, texts, answers, refusals)
                                                                # COMMIT, with one fsync
        store.size, store.root                                  # the new ones

One process at a time has a file open for writing; any number read it, also meanwhile.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Self

from ledger.errors import Corrupt
from ledger.record import INSTALLATION
from ledger.store import schema
from ledger.store.appending import Batch
from ledger.store.connection import DurableDatastore, Ownership, faults_named
from ledger.store.contract import Store
from ledger.store.errors import AlreadyThere, NoSuchStore, OlderFormat
from ledger.store.file_appending import SQLITE, Appender
from ledger.store.reading import HeadRow
from ledger.store.rows import Row
from ledger.store.verification import VERIFIED_WHOLE_UP_TO, verified_at_start, verify_removals


class SqliteStore(Store):
    """A trial's file, open for reading; for appending as well where this process owns it."""

    dialect = SQLITE
    shared = False

    def __init__(self, path: Path, appender: Appender | None) -> None:
        self.path = path
        self._readers = DurableDatastore(path, "ro")
        self._appender = appender

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new, empty ledger, open for appending; `AlreadyThere` where a file of this name stands."""
        if path.exists():
            raise AlreadyThere(path.name)
        appender = Appender(path, Ownership(path))
        try:
            make_file(path)
            appender.create_tables()
        except BaseException as error:
            appender.close()
            if not isinstance(error, AlreadyThere):
                path.unlink(missing_ok=True)
            raise
        return cls(path, appender)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, verified_whole_up_to: int = VERIFIED_WHOLE_UP_TO) -> Self:
        """A ledger that exists; `NoSuchStore` where none does, `Corrupt` where the file is another thing.

        For appending: `AlreadyOwned` while another process does; and the database is checked and the tree computed
        anew, with `Corrupt` for the first difference. Of a log of at most so many events from every leaf; of a longer
        one that was verified before, from there on (`verification.py` says what that leaves to the full check).
        """
        _refuse_other_files(path)
        store = cls(path, None if read_only else Appender(path, Ownership(path)))
        try:
            store._check_schema()
            if store._appender is not None:
                store._check_pages()
                size = super(SqliteStore, store).head().size
                store._appender.tree = verified_at_start(store, path, verified_whole_up_to, size)
                verify_removals(store)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        self._readers.close()
        if self._appender is not None:
            self._appender.close()

    def select(self, query: str, *values: Any) -> Sequence[Row]:
        with faults_named(), self._readers.get_connection(commit=False) as connection, connection.cursor() as cursor:
            return cursor.execute(query, values).fetchall()

    def head(self) -> HeadRow:
        """The tree after the last committed batch."""
        if self._appender is None:
            return super().head()
        tree = self._appender.tree
        return HeadRow(tree.size, tree.root, b"".join(tree.peaks))

    def appending(self) -> AbstractContextManager[Batch]:
        assert self._appender is not None, "the ledger is open for reading only"
        return self._appender.transaction()

    @property
    def outcome_unknown(self) -> bool:
        return self._appender is not None and self._appender.outcome_unknown

    def forget_pages(self) -> None:
        assert self._appender is not None, "the ledger is open for reading only"
        self._appender.forget_pages()

    def _check_schema(self) -> None:
        if tuple(map(tuple, self.select(schema.SCHEMA_QUERY))) != schema.expected_schema():
            raise Corrupt(f"{self.path.name}: the tables or their triggers are not those of a ledger")

    def _check_pages(self) -> None:
        found = [row[0] for row in self.select("PRAGMA quick_check(1)")]
        if found != ["ok"]:
            raise Corrupt(f"{self.path.name}: {found[0]}")


def _refuse_other_files(path: Path) -> None:
    """Look at the header before SQLite does: nothing is done to a file that is not ours."""
    if not path.is_file():
        raise NoSuchStore(path.name)
    with path.open("rb") as file:
        header = file.read(schema.HEADER_BYTES)
    found = schema.format_of(header)
    if found is not None and found < schema.FORMAT_VERSION:
        raise OlderFormat(f"{path.name} is of format {found}, this program writes {schema.FORMAT_VERSION}")
    if found != schema.FORMAT_VERSION:
        raise Corrupt(f"{path.name} is not a ledger of format {schema.FORMAT_VERSION}")


def make_file(path: Path) -> None:
    """An empty file that was not there before, with its name on disk."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise AlreadyThere(path.name) from None
    sync_directory(path)


def sync_directory(path: Path) -> None:
    """Make the names in a file's directory durable."""
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


SUFFIX: Final = ".ledger"


class Directory:
    """The trials of a directory, one file each. `verified_whole_up_to`: as of `SqliteStore.open`."""

    def __init__(self, path: Path, verified_whole_up_to: int = VERIFIED_WHOLE_UP_TO) -> None:
        self.path = path
        self._whole_up_to = verified_whole_up_to

    def file(self, trial: str) -> Path:
        return self.path / f"{trial}{SUFFIX}"

    def names(self) -> list[str]:
        """The installation's own log is none of them."""
        names = (path.name.removesuffix(SUFFIX) for path in self.path.glob(f"*{SUFFIX}"))
        return sorted(name for name in names if name != INSTALLATION)

    def create(self, trial: str) -> SqliteStore:
        self.path.mkdir(parents=True, exist_ok=True)
        return SqliteStore.create(self.file(trial))

    def open(self, trial: str, *, read_only: bool = False) -> SqliteStore:
        return SqliteStore.open(self.file(trial), read_only=read_only, verified_whole_up_to=self._whole_up_to)

    def close(self) -> None:
        """Every file goes with its store."""
