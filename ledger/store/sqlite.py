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
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ledger.errors import Corrupt
from ledger.evidence.merkle import Tree
from ledger.store import schema
from ledger.store.appending import Appender, Batch
from ledger.store.connection import Ownership
from ledger.store.errors import AlreadyThere, NoSuchStore, OlderFormat
from ledger.store.reading import HeadRow, Reading
from ledger.store.remembered import Verified, remember, remembered
from ledger.store.verification import Progress, verified_since, verified_tree, verify_removals

VERIFIED_WHOLE_UP_TO: Final = 100_000
"""Logs of at most so many events are verified from their first one at every start."""


class SqliteStore(Reading):
    """A trial's file, open for reading; for appending as well where this process owns it."""

    def __init__(self, path: Path, appender: Appender | None) -> None:
        super().__init__(path)
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
                store._appender.tree = store._verified(verified_whole_up_to)
                verify_removals(store)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        super().close()
        if self._appender is not None:
            self._appender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def head(self) -> HeadRow:
        """The tree after the last committed batch."""
        if self._appender is None:
            return super().head()
        tree = self._appender.tree
        return HeadRow(tree.size, tree.root, b"".join(tree.peaks))

    def appending(self) -> AbstractContextManager[Batch]:
        """A transaction, committed when the block ends and rolled back when it raises (see `Appender.transaction`)."""
        assert self._appender is not None, "the ledger is open for reading only"
        return self._appender.transaction()

    def forget_pages(self) -> None:
        """Leave nothing of deleted rows in the write-ahead log; `StillRead` while a reader holds an older state."""
        assert self._appender is not None, "the ledger is open for reading only"
        self._appender.forget_pages()

    def verify(self, progress: Progress | None = None) -> None:
        """Compute the tree anew from the bytes of all leaves and compare it with heads and tiles; `Corrupt` names the
        first position, batch or tile that differs."""
        verified_tree(self, progress)
        verify_removals(self)

    def _verified(self, whole_up_to: int) -> Tree:
        """The tree, verified; and how far, remembered for the next start."""
        known = remembered(self.path)
        tree = verified_since(self, known) if known is not None and self._stored_size() > whole_up_to else None
        tree = tree or verified_tree(self)
        if tree.size:
            remember(self.path, Verified(tree.size, tree.root))
        return tree

    def _stored_size(self) -> int:
        return super().head().size

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
