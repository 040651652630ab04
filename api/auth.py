"""Who calls: bearer tokens against a file of accounts. Deny by default.

A token is 256 random bits; the file holds its SHA-256 and nothing that would give it back. One line of JSON an account:

    {"token_sha256": "...", "client": "maria-ward-3", "id": "maria", "role": "principal_investigator",
     "site": "NDGOI", "trials": ["NCT07256210"], "expires_on": "2027-01-31"}

`client` is whose idempotency keys they are, `id` the person or system that acts; `trials: null` means every trial. The
file is read again when it changes, and looked at fifty times a second at most, so that an account taken out is refused
at once. A file that cannot be read admits nobody.
"""

import fcntl
import math
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Final

from pydantic import ValidationError

from ledger.application import system_clock
from ledger.errors import Unavailable
from ledger.record import Actor
from ledger.types import Day, Frozen, Name, Role, Several, Sha256

TOKEN_PREFIX: Final = "tl_"  # noqa: S105 - how a leaked token is recognised
TOKEN_BYTES: Final = 32
TOKEN_LENGTH: Final = len(TOKEN_PREFIX) + 43


class AccountsUnreadable(Unavailable):
    """The file of accounts cannot be read, so nobody is admitted."""

    rule = "accounts-unreadable"


class Account(Frozen):
    """One caller: a person or a system, in one role, with one token."""

    token_sha256: Sha256
    client: Name
    id: Name
    role: Role
    site: Name | None = None
    trials: Several[Name] | None = None
    expires_on: Day | None = None

    @property
    def actor(self) -> Actor:
        return Actor(self.id, self.role, self.site, "bearer")

    def may_see(self, trial: str) -> bool:
        return self.trials is None or trial in self.trials

    def in_force(self, on: date) -> bool:
        return self.expires_on is None or on <= self.expires_on


class Accounts:
    """The accounts of a file, by the hash of their token."""

    def __init__(self, path: Path, look_every_seconds: float = 0.02) -> None:
        self._path = path
        self._look_every_seconds = look_every_seconds
        self._looked_at = -math.inf
        self._seen: tuple[int, int, int] | None = None
        self._by_hash: Mapping[str, tuple[Account, Actor]] = {}

    def holder(self, token: str) -> tuple[Account, Actor] | None:
        """Whose token it is, if it is in force today. What is compared is the hash, so time tells nothing."""
        now = monotonic()
        if now - self._looked_at >= self._look_every_seconds:
            self._follow_the_file()
            self._looked_at = now
        found = self._by_hash.get(token_hash(token))
        if found is None or not found[0].in_force(system_clock().date()):
            return None
        return found

    def _follow_the_file(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._seen, self._by_hash = None, {}
            return
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            self._by_hash = {account.token_sha256: (account, account.actor) for account in read_accounts(self._path)}
            self._seen = seen


def token_hash(token: str) -> str:
    """SHA-256 of the token's text, in hex."""
    return sha256(token.encode()).hexdigest()


def read_accounts(path: Path) -> Iterator[Account]:
    """The accounts of a file; `AccountsUnreadable` names the line that is none."""
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                yield Account.model_validate_json(line)
            except ValidationError:
                raise AccountsUnreadable(f"line {number} of {path.name}") from None


def add_account(
    path: Path,
    *,
    id: str,
    role: Role,
    site: str | None = None,
    trials: tuple[str, ...] | None = None,
    client: str | None = None,
    expires_on: date | None = None,
) -> str:
    """Make an account and give its token, which is not kept and cannot be asked for again."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    account = Account(
        token_sha256=token_hash(token),
        client=client or id,
        id=id,
        role=role,
        site=site,
        trials=trials,
        expires_on=expires_on,
    )
    with _locked(path):
        _write(path, [*read_accounts(path), account])
    return token


def remove_client(path: Path, client: str) -> int:
    """Take out every account of a client; how many there were."""
    with _locked(path):
        known = list(read_accounts(path))
        kept = [account for account in known if account.client != client]
        _write(path, kept)
    return len(known) - len(kept)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{path}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, accounts: list[Account]) -> None:
    """The whole file anew, in one step, readable by its owner alone."""
    beside = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{account.model_dump_json()}\n" for account in accounts)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
