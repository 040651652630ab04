"""Who is logged in. A session is in memory, by the SHA-256 of its token: a restart ends all of them.

It ends when it is closed, when it was not used for some time, after some hours anyway, and at once when the account is
not the one that logged in any more (another role or site, retired) or what it proves itself by has changed (a password,
a second factor, a lock-out).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from api.auth import Account, new_token, token_hash
from api.identity.proof import Proof
from ledger.record import Actor

SESSION_PREFIX: Final = "ts_"
MACHINE_PREFIX: Final = "te_"
MOST_OF_ONE: Final = 10
MOST_OF_A_MACHINE: Final = 100
"""Sessions of one account at a time; a further one ends the oldest."""


@dataclass(slots=True)
class Session:
    """One log-in. `must` names what has to be done before anything else; `scopes`, what it was asked for."""

    account: Account
    actor: Actor
    turn: int
    proof: Proof
    expires_at: datetime
    used_at: datetime
    must: str | None = None
    scopes: frozenset[str] | None = None


class Sessions:
    """The sessions of one kind in this process: people's, or machines'."""

    def __init__(
        self, prefix: str, most: int, clock: Callable[[], datetime], longest: timedelta, idle: timedelta
    ) -> None:
        self._prefix = prefix
        self._most = most
        self._clock = clock
        self._longest = longest
        self._idle = idle
        self._by_hash: dict[str, Session] = {}

    def open(
        self,
        account: Account,
        turn: int,
        proof: Proof,
        must: str | None = None,
        scopes: frozenset[str] | None = None,
    ) -> tuple[str, Session]:
        """A new session and its token, which is kept as a hash only."""
        now = self._clock()
        self._sweep(now)
        of_one = [key for key, each in self._by_hash.items() if each.account.id == account.id]
        for key in of_one[: max(0, len(of_one) - self._most + 1)]:
            del self._by_hash[key]
        actor = Actor(account.id, account.role, account.site, "+".join(proof.method))
        session = Session(account, actor, turn, proof, now + self._longest, now, must, scopes)
        token = new_token(self._prefix)
        self._by_hash[token_hash(token)] = session
        return token, session

    def of(self, token: str) -> Session | None:
        """The session of a token, which is used herewith; none where it is over."""
        session = self._by_hash.get(token_hash(token))
        if session is None or self._is_over(session, now := self._clock()):
            return None
        session.used_at = now
        return session

    def close(self, token: str) -> None:
        self._by_hash.pop(token_hash(token), None)

    def _is_over(self, session: Session, now: datetime) -> bool:
        return now >= session.expires_at or now - session.used_at >= self._idle

    def _sweep(self, now: datetime) -> None:
        self._by_hash = {key: each for key, each in self._by_hash.items() if not self._is_over(each, now)}
