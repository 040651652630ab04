"""What a ledger needs of the store of its trial, whichever database that is."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import ClassVar, Protocol, Self

from ledger.store.appending import Batch
from ledger.store.reading import Reading
from ledger.store.verification import Progress, verified_tree, verify_removals

Heard = Callable[[int | None], None]
"""Called when somebody else may have appended, with the size of the log then, where it is known."""


class Store(Reading):
    """One trial's log, open for reading; for appending as well unless it was opened for reading only."""

    shared: ClassVar[bool]
    """Whether other processes append to the log too. What became of a batch can then be asked of the log itself."""

    @abstractmethod
    def appending(self) -> AbstractContextManager[Batch]:
        """A transaction, committed when the block ends and rolled back when it raises. Nobody else appends meanwhile,
        and the batch begins with the tree at the head of the log.

        `StorageFull`, `StorageFailed`, `PositionTaken`: nothing was written. `OutcomeUnknown`: the commit failed, or
        its answer was lost.
        """

    @property
    def outcome_unknown(self) -> bool:
        """Whether nobody has found out yet what became of a commit."""
        return False

    @abstractmethod
    def close(self) -> None:
        """Let the connections go."""

    def follow(self, heard: Heard) -> None:
        """Be told, on another thread, when another process may have appended; `close` ends it."""

    def forget_pages(self) -> None:
        """Leave nothing of deleted rows where the store itself can reach; `ErasureUnfinished` while a reader holds an
        older state. What a server keeps of them is the business of whoever runs it."""

    def verify(self, progress: Progress | None = None) -> None:
        """Compute the tree anew from the bytes of all leaves and compare it with heads and tiles; `Corrupt` names the
        first position, batch or tile that differs."""
        verified_tree(self, progress)
        verify_removals(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Trials(Protocol):
    """Where the trials of an installation are: a directory of files, or the schemas of a database."""

    def names(self) -> Sequence[str]:
        """The trials that are there, in order."""

    def create(self, trial: str) -> Store:
        """A new, empty log, open for appending; `AlreadyThere` where one of this name stands."""

    def open(self, trial: str, *, read_only: bool = False) -> Store:
        """The log of a trial that is there; `NoSuchStore` where there is none."""

    def close(self) -> None:
        """Let go what they share."""
