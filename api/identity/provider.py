"""People of an organisation that has an identity provider: its tokens, and whose account each is.

A token admits nobody by itself: its issuer and subject have to stand with an account, where an administrator put them;
role, site and trials are the account's. Scopes take away from what the role grants, and never add.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from api.auth import Account, Accounts
from api.identity.keys import Key, KeyRing
from api.identity.proof import NotProved, Proof
from api.identity.tokens import Asserted, Expected, asserted, key_name
from api.settings import Settings
from ledger.record import Actor

MOST_KEPT: Final = 10_000
AUTHENTICATED: Final = "identity-provider"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A token that was verified: whose account, by which key, and what it said."""

    account: Account
    actor: Actor
    key: Key
    kid: str
    said: Asserted


class Provider:
    """The identity provider of an installation. A token is verified once, and then known by its hash until it ends."""

    def __init__(self, settings: Settings, accounts: Accounts, clock: Callable[[], datetime]) -> None:
        assert settings.oidc_issuer is not None
        assert settings.oidc_audience is not None
        self._settings = settings
        self._accounts = accounts
        self._clock = clock
        self._expected = Expected(
            settings.oidc_issuer,
            settings.oidc_audience,
            settings.oidc_algorithm,
            settings.oidc_token_type,
            settings.oidc_site_claim,
        )
        self.keys = KeyRing(settings.oidc_issuer, settings.oidc_keys, settings.oidc_algorithm)
        self._known: dict[bytes, Admitted] = {}

    async def meet(self, token: str) -> None:
        """Have the keys at hand that a token needs; fetching them is the one thing that takes long."""
        if not self.keys.is_fresh():
            await asyncio.to_thread(self.keys.refresh)
        if _hash(token) in self._known:
            return
        try:
            kid = key_name(token, self._expected)
        except NotProved:
            return
        if self.keys.known(kid) is None and self.keys.may_ask_again():
            await asyncio.to_thread(self.keys.refresh, kid)

    def of(self, token: str) -> Admitted:
        """Whose token it is; `NotProved` says why it is not taken."""
        hashed, now = _hash(token), self._clock()
        known = self._known.get(hashed)
        if known is None:
            known = self._verified(token, now)
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[hashed] = known
        if now >= known.said.expires_at:
            raise NotProved("token-expired")
        if self.keys.known(known.kid) is not known.key:
            del self._known[hashed]
            raise NotProved("token-unknown-key")
        if self._accounts.of(known.account.id) != known.account:
            del self._known[hashed]
            return self.of(token)
        return known

    def _verified(self, token: str, now: datetime) -> Admitted:
        kid = key_name(token, self._expected)
        key = self.keys.known(kid)
        if key is None:
            raise NotProved("token-unknown-key")
        said = asserted(token, key.public, self._expected, now)
        account = self._accounts.linked(self._expected.issuer, said.subject)
        if account is None:
            raise NotProved("token-unknown-subject")
        if self._expected.site_claim and said.site != account.site:
            raise NotProved("token-wrong-site")
        return Admitted(account, Actor(account.id, account.role, account.site, AUTHENTICATED), key, kid, said)

    def proof(self, admitted: Admitted) -> Proof | None:
        """How and when the provider saw the person herself; none where that was too long ago, or is not said."""
        said, now = admitted.said, self._clock()
        wanted = self._settings.oidc_signing_acr
        if said.authenticated_at is None or (wanted and said.context != wanted):
            return None
        fresh = timedelta(seconds=self._settings.oidc_fresh_seconds)
        if not timedelta(0) <= now - said.authenticated_at + timedelta(seconds=10) <= fresh + timedelta(seconds=10):
            return None
        return Proof((AUTHENTICATED, *said.methods), said.authenticated_at)


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()
