"""Why the store says no: leaves of the tree in `ledger/errors.py`.

    Malformed    LeafTooLarge, Unstorable    the event cannot become a leaf
    Refused      AlreadyThere                a file stands where one is to be made
    Unknown      NoSuchStore                 there is no such file
                 NothingSigned               no head of the log is signed yet
    Unavailable  AlreadyOwned                another process writes this file
                 NotDurable                  SQLite does not keep what it acknowledges
                 StorageFailed               the disk or the lock failed before the commit; nothing was written
                 OutcomeUnknown              the commit failed: it may be on disk or not
                 WriterClosed                the writer has been closed
                 OlderFormat                  the file is of an earlier format, and is upgraded first
                 VaultLocked                  the key of the texts is not here
                 ErasureUnfinished            what an event erased is not destroyed everywhere yet
                 BehindSignedHead            the log is not what was signed before; a person has to say why

`StorageFull` and `Corrupt` stand in `ledger/errors.py`.
"""

from ledger.errors import Malformed, Refused, Unavailable, Unknown


class LeafTooLarge(Malformed):
    """The event is longer than 65,535 bytes as a leaf."""

    rule = "leaf-size"


class Unstorable(Malformed):
    """The event holds what canonical JSON does not say in one way only: a float, a local time, a large number."""

    rule = "leaf-format"


class AlreadyThere(Refused):
    """A file of this name exists. Nothing is overwritten."""

    rule = "store-exists"


class NoSuchStore(Unknown):
    """There is no such ledger file."""

    rule = "unknown-store"


class AlreadyOwned(Unavailable):
    """Another process writes this ledger."""

    rule = "store-owned"


class NotDurable(Unavailable):
    """The database does not confirm WAL with synchronous=FULL; an acknowledgement would not be true."""

    rule = "store-durability"


class StorageFailed(Unavailable):
    """The disk or the database lock failed before the commit. Nothing was written."""

    rule = "storage-failed"


class OutcomeUnknown(Unavailable):
    """The commit failed: what was asked may be on record or not. Ask again with the same key after the restart."""

    rule = "outcome-unknown"


class WriterClosed(Unavailable):
    """The ledger is shutting down."""

    rule = "writer-closed"


class NothingSigned(Unknown):
    """No head of the log is signed yet, so there is nothing that could be proven."""

    rule = "evidence-4"


class BehindSignedHead(Unavailable):
    """A head was signed that this log does not continue: an old copy, or a fork. It goes on once a person has recorded
    the recovery."""

    rule = "evidence-5"


class OlderFormat(Unavailable):
    """The ledger's file is of an earlier format. `trial-ledger upgrade` makes one of the present format of it."""

    rule = "store-format"


class VaultLocked(Unavailable):
    """The key that the free texts are kept under is not here. What has no free text can be written all the same."""

    rule = "vault-locked"


class ErasureUnfinished(Unavailable):
    """The erasure is on record, but a key or a page of the file could not be destroyed yet. Asked again, or at the next
    start, it is finished."""

    rule = "erasure-unfinished"
