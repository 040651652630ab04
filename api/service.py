"""What the routes share: settings, trials, accounts, limits and counts. One for each application."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final

import structlog
from starlette.requests import Request

from api.access import Caller, admitted
from api.auth import TOKEN_LENGTH, Account, Accounts
from api.happenings import Happening
from api.limits import Buckets
from api.problems import Refused
from api.roles import Needed
from api.settings import Settings
from ledger.application import TrialLedger
from ledger.record import Actor
from ledger.refusals import NoSuchTrial
from ledger.shelf import Shelf

TRAINING: Final = "Ledger-Training"
"""The header that marks what comes from a ledger that holds no real patient."""

_CHALLENGE: Final = 'Bearer realm="trial-ledger"'
_log = structlog.get_logger("door")


class Service:
    """The trials of a directory, and who may come in."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.shelf = Shelf(settings.directory, settings.story_from, settings.keys, settings.keyring())
        self.accounts = Accounts(settings.accounts)
        self.buckets = Buckets(settings.requests_per_second, settings.requests_at_once)
        self.counts: Counter[tuple[str, str]] = Counter()
        self._open: dict[str, TrialLedger] = {}

    def note(self, happening: Happening) -> None:
        """Keep what happened at the door."""
        told = {name: getattr(happening, name) for name in ("who", "about", "rule", "role", "site", "trial")}
        _log.info(happening.kind, **{name: value for name, value in told.items() if value is not None})

    def holder(self, request: Request) -> tuple[Account, Actor]:
        """Whose token a request carries; refused without one, and where the client asks too fast."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused("unauthenticated", headers={"WWW-Authenticate": _CHALLENGE})
        known = len(token) == TOKEN_LENGTH and token.isascii()
        found = self.accounts.holder(token) if known else None
        if found is None:
            raise Refused("unauthenticated", headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'})
        self.buckets.take(found[0].client)
        return found

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
        self._open.clear()
        self.shelf.close()


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service
