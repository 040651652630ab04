"""Which trials a request uses. They stay open until it has been answered to its last byte, then they are given back."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from ledger.application import TrialLedger
from ledger.shelf import Shelf

_taken: Final[ContextVar[list[str] | None]] = ContextVar("taken", default=None)


def held(shelf: Shelf, trial: str, ledger: TrialLedger) -> TrialLedger:
    """A trial that was taken from the shelf, kept for the request; outside of any, it is given back at once."""
    taken = _taken.get()
    if taken is None:
        shelf.give_back(trial)
    else:
        taken.append(trial)
    return ledger


@contextmanager
def holding(shelf: Shelf) -> Iterator[None]:
    """Whatever is taken inside is given back at the end."""
    taken: list[str] = []
    before = _taken.set(taken)
    try:
        yield
    finally:
        _taken.reset(before)
        for trial in taken:
            shelf.give_back(trial)
