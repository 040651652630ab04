"""Local people: log in, prove oneself to sign, change what one proves oneself by. Every end of it is noted."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from api.auth import Account, Accounts, same
from api.happenings import Happening
from api.identity import checking, people, totp
from api.identity.alert import Alerts
from api.identity.credentials import Change, Credentials, change_credentials, read_credentials
from api.identity.lines import Followed
from api.identity.machines import Machines
from api.identity.passwords import Hashing, weakness
from api.identity.proof import NotProved, Proof
from api.identity.sessions import MOST_OF_ONE, SESSION_PREFIX, Session, Sessions
from api.identity.throttle import Throttle
from api.problems import CHALLENGE, Refused
from api.settings import Settings
from ledger.application import system_clock
from ledger.decisions.installation import Kind
from ledger.record import Actor

T = TypeVar("T")
Clock = Callable[[], datetime]
CHANGE_PASSWORD: Final = "password-change-due"  # noqa: S105 - the name of a problem
ENROL: Final = "second-factor-due"


@dataclass(frozen=True, slots=True)
class LogIn:
    """A session that begins: its token, and what others did to the account since its owner was here last."""

    token: str
    session: Session
    told: tuple[Change, ...]


class Identity:
    """Who somebody is, on one installation. `clock` may be replaced; every instant here comes from it."""

    def __init__(
        self,
        settings: Settings,
        accounts: Accounts,
        note: Callable[[Happening], None],
        clock: Clock = system_clock,
        look_every_seconds: float = 0.02,
    ) -> None:
        self.settings = settings
        self.accounts = accounts
        self.clock = clock
        self.alerts = Alerts(settings.alert_command)
        self.hashing = Hashing(settings.argon2_memory_kib, settings.argon2_passes)
        self.sessions = Sessions(
            SESSION_PREFIX,
            MOST_OF_ONE,
            lambda: self.clock(),
            timedelta(hours=settings.session_hours),
            timedelta(minutes=settings.session_idle_minutes),
        )
        self.machines = Machines(
            accounts, self._known, note, lambda: self.clock(), timedelta(minutes=settings.machine_token_minutes)
        )
        self._note = note
        self._by_account = Throttle(lambda: self.clock(), 2, timedelta(days=1))
        self._by_origin = Throttle(lambda: self.clock(), settings.failures_of_an_origin, timedelta(seconds=30))
        self._file = Followed(settings.credentials, self._read, look_every_seconds)

    def close(self) -> None:
        self.hashing.close()
        self.alerts.finish()

    async def log_in(self, id: str, password: str, otp: str | None, origin: str) -> LogIn:
        """A session for who proves himself; `log-in-refused` for everybody else, whatever was wrong."""
        known = self._known(id)
        entered = await self._attempt(
            "log-in-failed",
            id,
            origin,
            lambda: checking.entered(self._file.path, known, password, otp, self.hashing, self.clock()),
        )
        credentials, proof, told = entered
        self._file.look()
        account = self.accounts.of(id)
        assert account is not None
        token, session = self.sessions.open(account, credentials.turn, proof, self._due(credentials))
        self._note(_of("log-in", account, "session", by=session.actor))
        return LogIn(token, session, told)

    def _due(self, credentials: Credentials) -> str | None:
        if credentials.password_once:
            return CHANGE_PASSWORD
        return ENROL if self.settings.second_factor_required and credentials.otp_secret is None else None

    def session(self, token: str) -> Session | None:
        """The session of a token, while its account is as it was and proves itself by what it did."""
        return self._still(token, self.sessions)

    def machine(self, token: str) -> Session | None:
        """The session of a machine's token, likewise."""
        return self._still(token, self.machines.sessions)

    def _still(self, token: str, sessions: Sessions) -> Session | None:
        session = sessions.of(token)
        if session is None:
            return None
        credentials = self._file.now().get(session.account.id)
        account = self.accounts.of(session.account.id)
        if credentials is None or credentials.turn != session.turn or not same(account, session.account):
            sessions.close(token)
            return None
        return session

    def log_out(self, token: str, session: Session) -> None:
        self.sessions.close(token)
        self._note(_of("logged-out", session.account, "session", by=session.actor))

    async def prove(
        self, account: Account, password: str, otp: str | None, origin: str = "", *, continuing: bool = False
    ) -> Proof:
        """How the holder of an account proved himself just now, to sign: `Proof(method, at)`.

        `method` is `("password",)`, or `("password", "otp")` where the account has a second factor, whose code is then
        needed and used up: the code of a log-in signs nothing. `continuing` a run of signatures, the password alone is
        enough (21 CFR 11.200(a)(1)(i)); that the run began with a whole proof in the session is the caller's to see.

        Refused with `signing-refused` (403) whatever was wrong, also where somebody else set the password, or an
        administrator took the second factor and nobody has vouched since; with `too-many-attempts` (429) where the next
        try has to wait. Failures count as those of log-in do, up to the lock-out, and each is noted as
        `signing-failed`, with the reason.
        """
        known = self._known(account.id)
        needs_code = not continuing

        def check() -> Proof:
            return checking.signed(self._file.path, known, password, otp, self.hashing, self.clock(), needs_code)

        return await self._attempt("signing-failed", account.id, origin, check)

    async def change_password(self, session: Session, password: str, new: str, origin: str) -> None:
        """Replace one's own password; every session of the account ends."""
        known = await self._own(session, password, origin)
        account = session.account
        weak = weakness(new, words_about(account), known.otp_secret is not None)
        if weak is not None:
            raise Refused("password-too-weak", weak)
        hashed = await self.hashing.beside(self.hashing.hash, new)
        await self._change(account, lambda one: people.password_changed(one, hashed, self.clock()))

    async def begin_second_factor(self, session: Session, password: str, otp: str | None, origin: str) -> str:
        """A new secret, shown once. It is the second factor when a code of it was given; until then the old one is."""
        if session.must == CHANGE_PASSWORD:
            raise Refused(CHANGE_PASSWORD)
        known = await self._own(session, password, origin)
        if known.otp_secret is not None:
            await self.prove(session.account, password, otp, origin)
        secret = totp.new_secret()
        await self._change(session.account, lambda one: one.model_copy(update={"otp_pending": secret}))
        return secret

    async def confirm_second_factor(self, session: Session, otp: str) -> None:
        """The code of the new secret makes it the second factor; every session of the account ends."""

        def enrol(one: Credentials) -> Credentials | None:
            step = totp.step_of(one.otp_pending, otp, self.clock(), 0) if one.otp_pending else None
            return None if step is None else people.second_factor_enrolled(one, step, self.clock())

        if await self._change(session.account, enrol) is None:
            raise _refusal("log-in-failed")

    def machine_token(self, id: str, secret: str, scopes: frozenset[str], origin: str) -> str:
        """A token for a machine; `NotProved` for anybody else. An origin that fails often waits; no machine is
        locked out, since nobody guesses its secret."""
        self._by_origin.begin(origin)
        token = self.machines.token(id, secret, scopes)
        self._by_origin.succeeded(origin)
        return token

    async def vouch(self, by: Account, other: str, password: str, otp: str | None, origin: str) -> None:
        """Who knows the person says that she has her account again, with a fresh proof of his own."""
        account = self.accounts.of(other)
        unseen = by.role == "principal_investigator" and account is not None and account.site != by.site
        if account is None or unseen or other not in self._file.now():
            raise Refused("not-found")
        if other == by.id:
            raise Refused("forbidden", "nobody vouches for himself")
        await self.prove(by, password, otp, origin)
        await self._change(account, lambda one: people.vouched_for(one, self.clock(), by.id))

    async def _own(self, session: Session, password: str, origin: str) -> Credentials:
        known = self._known(session.account.id)

        def check() -> Credentials:
            if known is None or not self.hashing.verify(known.password, password):
                raise NotProved("wrong-password")
            return known

        return await self._attempt("log-in-failed", session.account.id, origin, check)

    async def _change(
        self, account: Account, change: Callable[[Credentials], Credentials | None]
    ) -> Credentials | None:
        path = self._file.path
        after = await self.hashing.beside(change_credentials, path, account.id, change)
        self._file.look()
        return after

    async def _attempt(self, kind: Kind, id: str, origin: str, check: Callable[[], T]) -> T:
        """What a check gives, counted as a failure until it gave it."""
        if origin:
            self._by_origin.begin(origin)
        count = self._by_account.begin(id)
        try:
            found = await self.hashing.beside(check)
        except NotProved as failed:
            await self._failed(kind, id, count, failed.rule)
            raise _refusal(kind) from None
        self._by_account.forget(id)
        if origin:
            self._by_origin.succeeded(origin)
        return found

    async def _failed(self, kind: Kind, id: str, count: int, rule: str) -> None:
        account = self.accounts.of(id)
        if account is None:
            self._note(Happening(kind, None, "log-in", "unknown-account"))
            return
        self._note(_of(kind, account, "log-in", rule))
        if count >= self.settings.lock_out_after and id in self._file.now():
            await self._change(account, lambda one: people.locked_out(one, self.clock()))

    def _known(self, id: str) -> Credentials | None:
        return self._file.now().get(id) if self.accounts.of(id) is not None else None

    def _read(self, path: Path) -> Mapping[str, Credentials]:
        """What is in the file; changes that nobody has noted yet are noted, also those of the command line."""
        known = read_credentials(path)
        for id, one in known.items():
            if one.noted < len(one.changes):
                self._tell(id, one.changes[one.noted :])
                change_credentials(path, id, lambda now: now.model_copy(update={"noted": len(now.changes)}))
        return known

    def _tell(self, id: str, changes: tuple[Change, ...]) -> None:
        account = self.accounts.of(id)
        role, site = (account.role, account.site) if account is not None else (None, None)
        for change in changes:
            if change.did == "locked-out":
                self._note(Happening("locked-out", id, id, "lock-out", role, site))
                self.alerts.tell("locked-out", account=id)
            else:
                self._by_account.forget(id)
                self._note(Happening("account-changed", change.by, f"{id}: {change.did}", None, role, site))


def _refusal(kind: Kind) -> Refused:
    """One answer for whatever was wrong."""
    if kind == "signing-failed":
        return Refused("signing-refused")
    return Refused("log-in-refused", headers={"WWW-Authenticate": CHALLENGE})


def _of(kind: Kind, account: Account, about: str, rule: str | None = None, *, by: Actor | None = None) -> Happening:
    """What happened with an account; `by`: who acted, where it is known how."""
    how = by.authenticated if by is not None else None
    return Happening(kind, account.id, about, rule, account.role, account.site, authenticated=how)


def words_about(account: Account) -> tuple[str, ...]:
    """What anybody knows about an account."""
    return (*re.split(r"[._@-]", account.id), account.id, account.site or "", *(account.trials or ()))
