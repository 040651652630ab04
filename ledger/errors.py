"""Every way of saying no, as a tree. Raise a leaf, catch a branch.

    LedgerError
      Malformed        422  what no state could accept
      Refused          409  what the present state forbids: a permission whose rule is broken
      Contradicted     409  a second ruling or determination under the same revision
      Unknown          404  what the ledger has never heard of
      Overtaken        412  decided on a state that has moved on
      Forbidden        403  asked by someone who may not
        SignatureMissing    and what has to be signed was not
      KeyReused        422  one idempotency key, two requests
      Unavailable      503  the ledger cannot write now
        Busy                its queue is full
        Corrupt             what is stored is not what was written
      StorageFull      507  the disk is full

A leaf names the rule that it stands for (`docs/rules.md`). The message carries identifiers, never what was entered.
"""

from typing import ClassVar


class LedgerError(Exception):
    """Anything the ledger says no with."""

    status: ClassVar[int] = 500
    rule: ClassVar[str] = ""

    @property
    def detail(self) -> str:
        return str(self)


class Malformed(LedgerError):
    status = 422


class Refused(LedgerError):
    status = 409


class Contradicted(LedgerError):
    """Something else stands on record already; `on_record` is its position."""

    status = 409

    def __init__(self, detail: str, on_record: int | None = None) -> None:
        super().__init__(detail)
        self.on_record = on_record


class Unknown(LedgerError):
    status = 404


class Overtaken(LedgerError):
    status = 412

    def __init__(self, detail: str, current: str | None = None) -> None:
        super().__init__(detail)
        self.current = current


class Forbidden(LedgerError):
    status = 403


class SignatureMissing(Forbidden):
    """What is asked for has to be signed by the person who asks; `meaning` is what that would mean, in words."""

    rule = "signature-required"

    def __init__(self, detail: str, meaning: str | None = None) -> None:
        super().__init__(detail)
        self.meaning = meaning


class Unavailable(LedgerError):
    status = 503


class Busy(Unavailable):
    """Too many commands are waiting; try again."""

    rule = "busy"


class Corrupt(Unavailable):
    """What is stored is not what was written."""

    rule = "corrupt"


class StorageFull(Unavailable):
    """The disk is full; nothing was written."""

    status = 507
    rule = "storage-full"


class KeyReused(LedgerError):
    """The key stands for another request."""

    status = 422
    rule = "idempotency-key-reused"
