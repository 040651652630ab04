"""What the routes share: settings, trials, accounts, limits and counts. One for each application."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog
from starlette.requests import Request

from api.access import Caller, admitted
from api.auth import TOKEN_LENGTH, Account, Accounts
from api.happenings import Happening
from api.identity.identity import Identity
from api.identity.sessions import SESSION_PREFIX, Session
from api.limits import Buckets
from api.problems import CHALLENGE, Refused
from api.roles import Needed
from api.settings import Settings
from api.signings import Signings
from ledger.application import TrialLedger
from ledger.record import Actor
from ledger.refusals import NoSuchTrial
from ledger.shelf import Shelf

TRAINING: Final = "Ledger-Training"
"""The header that marks what comes from a ledger that holds no real patient."""

_log = structlog.get_logger("door")


class Service:
    """The trials of a directory, and who may come in."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.shelf = Shelf(settings.directory, settings.story_from, settings.keys, signed_only=True)
        self.follow()
        self.buckets = Buckets(settings.requests_per_second, settings.requests_at_once)
        self.counts: Counter[tuple[str, str]] = Counter()
        self._open: dict[str, TrialLedger] = {}

    def follow(self, look_every_seconds: float = 0.02) -> None:
        """Who may come in, by the files of accounts and credentials, followed from now on."""
        self.accounts = Accounts(self.settings.accounts, self.note, look_every_seconds)
        self.identity = Identity(self.settings, self.accounts, self.note, look_every_seconds=look_every_seconds)
        run = timedelta(minutes=self.settings.signing_run_minutes)
        self.signings = Signings(lambda: self.identity.clock(), run)

    def note(self, happening: Happening) -> None:
        """Keep what happened at the door."""
        told = {name: getattr(happening, name) for name in ("who", "about", "rule", "role", "site", "trial")}
        _log.info(happening.kind, **{name: value for name, value in told.items() if value is not None})

    def holder(self, request: Request) -> tuple[Account, Actor]:
        """Whose token a request carries; refused without one, and where the client asks too fast."""
        token = bearer(request)
        found = self._of_session(token) if token.startswith(SESSION_PREFIX) else self._of_account(token)
        if found is None:
            raise Refused("unauthenticated", headers={"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'})
        self.buckets.take(found[0].client)
        return found

    def _of_account(self, token: str) -> tuple[Account, Actor] | None:
        known = len(token) == TOKEN_LENGTH and token.isascii()
        return self.accounts.holder(token) if known else None

    def _of_session(self, token: str) -> tuple[Account, Actor] | None:
        session = self.identity.session(token)
        if session is None:
            return None
        if session.must is not None:
            raise Refused(session.must)
        return session.account, session.actor

    def is_session(self, request: Request) -> bool:
        """Whether the token of a request is that of a session."""
        return bearer(request).startswith(SESSION_PREFIX)

    def session(self, request: Request) -> tuple[str, Session]:
        """The session of a request with its token, also one in which something has to be done first."""
        token = bearer(request)
        if not self.is_session(request):
            self.holder(request)
            raise Refused("session-needed")
        session = self.identity.session(token)
        if session is None:
            raise Refused("unauthenticated", headers={"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'})
        self.buckets.take(session.account.client)
        return token, session

    def caller(self, request: Request, may: Needed) -> Caller:
        """Who asks, with what the route grants to that role."""
        account, actor = self.holder(request)
        return admitted(account, actor, may)

    async def ledger(self, trial: str, caller: Caller) -> TrialLedger:
        """A trial that exists and that the caller's account is for; for others it does not exist."""
        if not caller.account.may_see(trial):
            raise NoSuchTrial(f"trial {trial}")
        known = self._open.get(trial)
        return await asyncio.to_thread(self.opened, trial) if known is None else known

    def opened(self, trial: str) -> TrialLedger:
        """A trial's ledger, opened if it is not; this reads the whole file."""
        self._open[trial] = ledger = self.shelf.trial(trial)
        return ledger

    def opened_trials(self) -> Mapping[str, TrialLedger]:
        return self._open

    def is_training(self, trial: str) -> bool:
        """Whether a trial that is open holds no real patient."""
        ledger = self._open.get(trial)
        registered = ledger.world.trial.registered if ledger is not None else None
        return registered is not None and registered.training

    def training_trials(self) -> list[str]:
        return [name for name in sorted(self._open) if self.is_training(name)]

    def close(self) -> None:
        self.identity.close()
        self._open.clear()
        self.shelf.close()


def bearer(request: Request) -> str:
    """The token of a request; refused without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("unauthenticated", headers={"WWW-Authenticate": CHALLENGE})
    return token


def origin_of(request: Request) -> str:
    """From where a request comes."""
    return request.client.host if request.client is not None else ""


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service
