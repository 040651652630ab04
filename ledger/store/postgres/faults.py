"""What PostgreSQL and its driver report, in the words of `ledger/store/errors.py`. What they say of a fault may hold
what was entered; only its code and the name of a constraint are repeated."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from eventsourcing.persistence import PersistenceError

from ledger.errors import Corrupt, StorageFull, Unavailable
from ledger.store.errors import PositionTaken, StorageFailed

DISK_FULL: Final = "53100"
UNIQUE_VIOLATION: Final = "23505"
DATA_CORRUPTED: Final = ("XX001", "XX002")
CONSTRAINT: Final = "23"
RAISED: Final = "P0001"
"""By one of our triggers, which say nothing of what was entered."""

PLACES: Final = ("events_pkey", "heads_pkey")
"""Where two that append at once without the lock would meet."""


@contextmanager
def faults_named() -> Iterator[None]:
    try:
        yield
    except (psycopg.Error, PersistenceError) as error:
        raise fault_of(error) from error


def fault_of(error: psycopg.Error | PersistenceError) -> Unavailable:
    """The leaf that stands for an error from below."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        return StorageFailed(type(error).__name__)
    code, constraint = cause.sqlstate or "", cause.diag.constraint_name
    if code == UNIQUE_VIOLATION and constraint in PLACES:
        return PositionTaken(str(constraint))
    if code == RAISED:
        return Corrupt(str(cause.diag.message_primary))
    if code == DISK_FULL:
        return StorageFull("the disk is full")
    if code.startswith(CONSTRAINT) or code in DATA_CORRUPTED:
        return Corrupt(f"{type(cause).__name__}: {constraint or code}")
    return StorageFailed(f"{type(cause).__name__} {code}".strip())
