"""EDC systems: a secret for a short-lived token (RFC 6749, client credentials), bound to the account's source and site.

The account is that of the system: its id is the source that its reports name, its site the only one there is for it.
A secret is 256 random bits, kept as SHA-256. A new one may overlap with the one before, so that none is ever missing.
"""

import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from api.auth import Account, Accounts, token_hash
from api.happenings import Happening
from api.identity.credentials import Credentials
from api.identity.proof import NotProved, Proof
from api.identity.sessions import MACHINE_PREFIX, MOST_OF_A_MACHINE, Sessions
from ledger.decisions.installation import Kind
from ledger.types import Role

SECRET_PREFIX: Final = "tc_"  # noqa: S105 - how a leaked secret is recognised
MACHINE: Final[Role] = "edc_system"
SCOPES: Final = frozenset({"ledger.read", "ledger.write"})


class Machines:
    """What a secret is given for: tokens of this process, by the SHA-256 of each."""

    def __init__(
        self,
        accounts: Accounts,
        known: Callable[[str], Credentials | None],
        note: Callable[[Happening], None],
        clock: Callable[[], datetime],
        life: timedelta,
    ) -> None:
        self._accounts = accounts
        self._known = known
        self._note = note
        self._clock = clock
        self.life = life
        self.sessions = Sessions(MACHINE_PREFIX, MOST_OF_A_MACHINE, clock, life, life)

    def token(self, id: str, secret: str, scopes: frozenset[str]) -> str:
        """A token for who has the secret; `NotProved` for anybody else, which is noted."""
        account = self._accounts.of(id)
        try:
            credentials = self._checked(account, secret)
        except NotProved as failed:
            self._note(_of("log-in-failed", account, failed.rule))
            raise
        assert account is not None
        token, session = self.sessions.open(
            account, credentials.turn, Proof(("client-secret",), self._clock()), None, scopes
        )
        self._note(replace(_of("log-in", account, None), authenticated=session.actor.authenticated))
        return token

    def _checked(self, account: Account | None, secret: str) -> Credentials:
        if account is None:
            raise NotProved("unknown-account")
        if account.role != MACHINE:
            raise NotProved("no-machine")
        credentials, now, given = self._known(account.id), self._clock(), token_hash(secret)
        for each in credentials.secrets if credentials is not None else ():
            if hmac.compare_digest(each.sha256, given):
                if each.expires_at is not None and each.expires_at <= now:
                    raise NotProved("secret-expired")
                assert credentials is not None
                return credentials
        raise NotProved("wrong-secret")


def _of(kind: Kind, account: Account | None, rule: str | None) -> Happening:
    role, site = (account.role, account.site) if account is not None else (None, None)
    who = account.id if account is not None else None
    return Happening(kind, who, "token", rule, role, site)
