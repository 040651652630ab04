"""By what somebody proves who he is: a file beside that of the accounts, one line of JSON a person or system.

It holds argon2id hashes, SHA-256 of machine secrets, and the secrets of second factors. Those the server has to read
with nobody there, and a key beside them would protect nothing: so they are not encrypted, and the file is readable by
its owner alone. It is a file of its own (`LEDGER_CREDENTIALS_PATH`), to be left out where ledgers and accounts are
copied. What others did to an account stands in `changes` until the owner has been told.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from api.identity.lines import locked, read_lines, write_lines
from ledger.types import Frozen, Instant, Name, Several, Sha256

Did = Literal[
    "password-set",
    "password-changed",
    "second-factor-enrolled",
    "second-factor-removed",
    "locked-out",
    "unlocked",
    "vouched-for",
    "secret-given",
]


class Change(Frozen):
    """What was done to somebody's credentials, when, and by whom: an account, or who ran the command line."""

    at: Instant
    did: Did
    by: str


class MachineSecret(Frozen):
    """A secret of a machine, as SHA-256; until when it is taken, where another one replaces it."""

    sha256: Sha256
    expires_at: Instant | None = None


class Credentials(Frozen):
    """Of one person or system. `turn` grows whenever its sessions end.

    `password_once`: somebody else set the password; it opens one log-in, `password_spent` when that was.
    `signing_suspended`: an administrator set the password, or took the second factor, and none was left to tell him
    from the owner. Until a second person vouches, the account signs nothing.
    """

    id: Name
    turn: int = 0
    password: str | None = None
    password_once: bool = False
    password_spent: bool = False
    otp_secret: str | None = None
    otp_pending: str | None = None
    otp_step: int = 0
    locked_at: Instant | None = None
    signing_suspended: bool = False
    changes: Several[Change] = ()
    secrets: Several[MachineSecret] = ()
    noted: int = 0
    """How many of the changes the server has noted as happenings."""

    def after(self, at: datetime, did: Did, by: str, /, **fields: object) -> "Credentials":
        """With some fields changed, sessions ended, and the change told."""
        told = (*self.changes, Change(at=at, did=did, by=by))
        return self.model_copy(update={**fields, "turn": self.turn + 1, "changes": told})


Changing = Callable[[Credentials], Credentials | None]


def read_credentials(path: Path) -> Mapping[str, Credentials]:
    """By id; `AccountsUnreadable` names the line that is none."""
    return {each.id: each for each in read_lines(path, Credentials)}


def change_credentials(path: Path, id: str, change: Changing) -> Credentials | None:
    """Change what one has, alone with the file; nothing is written where `change` gives none. What holds then."""
    with locked(path):
        known = dict(read_credentials(path))
        before = known.get(id) or Credentials(id=id)
        after = change(before)
        if after is not None and after != before:
            known[id] = after
            write_lines(path, known.values())
    return after
