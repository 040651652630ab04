"""Who calls: a file of accounts, and bearer tokens against it. Deny by default.

A token is 256 random bits; the file holds its SHA-256 and nothing that would give it back. One line of JSON an account:

    {"token_sha256": "...", "client": "maria-ward-3", "id": "maria", "role": "principal_investigator",
     "site": "NDGOI", "trials": ["NCT07256210"], "expires_on": "2027-01-31"}

`client` is whose idempotency keys they are, `id` the person or system that acts, for ever: who leaves is retired, the
line stays with its `retired_on`, and the id is never given again (21 CFR 11.100(a)). `trials: null` means every trial;
`token_sha256: null`, that the account has no token: it logs in (`api/identity`), in the account whose `client` is its
`id`. The file is followed: who is taken out is refused at once. A file that cannot be read admits nobody.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError

from api.happenings import Happening
from api.identity.lines import Followed, locked, read_lines, write_lines
from ledger.application import system_clock
from ledger.errors import Contradicted
from ledger.record import Actor
from ledger.types import Day, Frozen, Line, Name, Role, Several, Sha256

TOKEN_PREFIX: Final = "tl_"  # noqa: S105 - how a leaked token is recognised
TOKEN_BYTES: Final = 32
TOKEN_LENGTH: Final = len(TOKEN_PREFIX) + 43


class IdRetired(Contradicted):
    """The id belonged to somebody who left; it is never given again."""

    rule = "id-retired"


class Link(Frozen):
    """Who somebody is at an identity provider."""

    issuer: Line
    subject: Line


class LinkTaken(Contradicted):
    """The subject of the identity provider is linked to another account."""

    rule = "link-taken"


class Account(Frozen):
    """One caller: a person or a system, in one role."""

    token_sha256: Sha256 | None = None
    client: Name
    id: Name
    printed_name: Line | None = None
    """As it stands with a signature (21 CFR 11.50); who has none does not sign."""
    role: Role
    site: Name | None = None
    trials: Several[Name] | None = None
    expires_on: Day | None = None
    retired_on: Day | None = None
    links: Several[Link] = ()

    @property
    def actor(self) -> Actor:
        return Actor(self.id, self.role, self.site, "bearer")

    def may_see(self, trial: str) -> bool:
        return self.trials is None or trial in self.trials

    def in_force(self, on: date) -> bool:
        return self.retired_on is None and (self.expires_on is None or on <= self.expires_on)


class _Known(NamedTuple):
    """The accounts of a file: all, by the hash of their token, and those that log in, by their id."""

    accounts: tuple[Account, ...]
    by_hash: Mapping[str, tuple[Account, Actor]]
    by_id: Mapping[str, Account]
    by_link: Mapping[Link, Account]


class Accounts:
    """The accounts of a file. What changes in it while it is followed is noted."""

    def __init__(self, path: Path, note: Callable[[Happening], None], look_every_seconds: float = 0.02) -> None:
        self._file = Followed(path, _known, look_every_seconds, self._changed)
        self._note = note

    def holder(self, token: str) -> tuple[Account, Actor] | None:
        """Whose token it is, if it is in force today. What is compared is the hash, so time tells nothing."""
        found = self._file.now().by_hash.get(token_hash(token))
        if found is None or not found[0].in_force(system_clock().date()):
            return None
        return found

    def of(self, id: str) -> Account | None:
        """The account in which a person or a system logs in, if it is in force today."""
        found = self._file.now().by_id.get(id)
        return found if found is not None and found.in_force(system_clock().date()) else None

    def linked(self, issuer: str, subject: str) -> Account | None:
        """The account of somebody whom an identity provider names, if it is in force today."""
        try:
            found = self._file.now().by_link.get(Link(issuer=issuer, subject=subject))
        except ValidationError:
            return None
        return self.of(found.id) if found is not None else None

    def _changed(self, before: _Known, after: _Known) -> None:
        for did, one in differences(before.accounts, after.accounts):
            self._note(Happening("account-changed", None, f"{one.id}: {did}", None, one.role, one.site))


def _known(path: Path) -> _Known:
    accounts = tuple(read_accounts(path))
    return _Known(
        accounts,
        {each.token_sha256: (each, each.actor) for each in accounts if each.token_sha256 is not None},
        {each.id: each for each in accounts if each.client == each.id},
        {link: each for each in accounts if each.client == each.id for link in each.links},
    )


def differences(before: Iterable[Account], after: Iterable[Account]) -> Iterator[tuple[str, Account]]:
    """What was done to accounts between two states of their file."""
    earlier = {each.client: each for each in before}
    later = {each.client: each for each in after}
    for client, one in later.items():
        was = earlier.get(client)
        if was is None:
            yield "added", one
        elif one.retired_on is not None and was.retired_on is None:
            yield "retired", one
        elif one.token_sha256 != was.token_sha256:
            yield ("token revoked" if one.token_sha256 is None else "token given"), one
        elif one != was:
            yield "changed", one
    yield from (("taken out", earlier[client]) for client in earlier if client not in later)


def token_hash(token: str) -> str:
    """SHA-256 of the token's text, in hex."""
    return sha256(token.encode()).hexdigest()


def new_token(prefix: str) -> str:
    """A token that nobody can guess: 256 random bits behind a prefix that says of which kind it is."""
    return prefix + secrets.token_urlsafe(TOKEN_BYTES)


def read_accounts(path: Path) -> Iterator[Account]:
    """The accounts of a file; `AccountsUnreadable` names the line that is none."""
    return read_lines(path, Account)


def add_account(
    path: Path,
    *,
    id: str,
    role: Role,
    site: str | None = None,
    trials: tuple[str, ...] | None = None,
    client: str | None = None,
    expires_on: date | None = None,
    printed_name: str | None = None,
) -> str:
    """Make an account and give its token, which is not kept and cannot be asked for again."""
    account = Account(
        client=client or id,
        id=id,
        role=role,
        site=site,
        trials=trials,
        expires_on=expires_on,
        printed_name=printed_name,
    )
    return give_token(path, account)


def give_token(path: Path, account: Account) -> str:
    """Add an account with a new token."""
    token = new_token(TOKEN_PREFIX)
    save_account(path, account.model_copy(update={"token_sha256": token_hash(token)}))
    return token


def save_account(path: Path, account: Account) -> None:
    """Add an account, in the place of one of the same client that has no token; `IdRetired` for an id that was."""
    with locked(path):
        known = list(read_accounts(path))
        if any(each.id == account.id and each.retired_on is not None for each in known):
            raise IdRetired(account.id)
        before = [each for each in known if each.client == account.client and each.token_sha256 is None]
        links = tuple(link for each in before if each.id == account.id for link in each.links)
        write_lines(
            path, [*(each for each in known if each not in before), account.model_copy(update={"links": links})]
        )


def link_account(path: Path, id: str, link: Link) -> bool:
    """Say who somebody is at an identity provider; whether there is such an account. `LinkTaken` if another one is."""
    with locked(path):
        known = list(read_accounts(path))
        if any(link in each.links and each.id != id for each in known):
            raise LinkTaken(id)
        own = [each for each in known if each.id == each.client == id and each.retired_on is None]
        linked = {each: each.model_copy(update={"links": tuple(dict.fromkeys((*each.links, link)))}) for each in own}
        write_lines(path, [linked.get(each, each) for each in known])
    return bool(own)


def remove_client(path: Path, client: str) -> int:
    """Take every token of a client out; how many there were. The account stays, and its id with whom it belongs to."""
    with locked(path):
        known = list(read_accounts(path))
        taken = [each for each in known if each.client == client and each.token_sha256 is not None]
        rest = [each.model_copy(update={"token_sha256": None}) if each in taken else each for each in known]
        write_lines(path, dict.fromkeys(rest))
    return len(taken)


def retire(path: Path, id: str, on: date) -> int:
    """End every account of a person or system, for ever; how many there were in force."""
    with locked(path):
        known = list(read_accounts(path))
        ended = [each for each in known if each.id == id and each.retired_on is None]
        over = {"token_sha256": None, "retired_on": on}
        rest = [each.model_copy(update=over) if each in ended else each for each in known]
        write_lines(path, dict.fromkeys(rest))
    return len(ended)
