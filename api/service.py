"""What the routes share: settings, trials, accounts, limits and counts. One for each application."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

import structlog
from starlette.requests import Request

from api.access import Caller, admitted
from api.auth import TOKEN_LENGTH, Account, Accounts
from api.happenings import Happening
from api.limits import Buckets
from api.noting import ACCOUNT, RESOURCE
from api.problems import Refused
from api.roles import Needed
from api.settings import Settings
from api.trials import trials_of
from ledger.application import TrialLedger, system_clock
from ledger.installation_log import PATIENCE_SECONDS, InstallationLog, LogUnavailable
from ledger.record import Actor
from ledger.refusals import NoSuchTrial
from ledger.shelf import Shelf

TRAINING: Final = "Ledger-Training"
"""The header that marks what comes from a ledger that holds no real patient."""

_CHALLENGE: Final = 'Bearer realm="trial-ledger"'
TOLD: Final = frozenset({"log-in-failed", "locked-out", "account-changed", "signing-failed", "exported"})
"""What the server's own log tells too; of the rest there is too much."""

_log = structlog.get_logger("door")


class Service:
    """The trials of a directory, and who may come in."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.directory.mkdir(parents=True, exist_ok=True)
        self.shelf = Shelf(trials_of(settings), settings.story_from, settings.keys, settings.keyring())
        self.accounts = Accounts(settings.accounts)
        self.buckets = Buckets(settings.requests_per_second, settings.requests_at_once)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.log = InstallationLog(settings.directory, settings.installation_origin, settings.keys, self.shelf.keyring)
        self._used_on: dict[str, date] = {}
        self._open: dict[str, TrialLedger] = {}

    def note(self, happening: Happening) -> None:
        """Keep what happened at the door; it is on disk in a moment."""
        self.log.note(happening.noted(), happening.actor)
        self._tell(happening)

    async def keep(self, happening: Happening) -> None:
        """Keep what happened at the door before anything else happens; `LogUnavailable`."""
        self._tell(happening)
        kept = asyncio.wrap_future(self.log.keep(happening.noted(), happening.actor))
        try:
            await asyncio.wait_for(kept, PATIENCE_SECONDS)
        except TimeoutError:
            raise LogUnavailable("the log of the installation does not answer") from None

    def used(self, account: Account | None) -> None:
        """Note an account that is used, once a day."""
        today = system_clock().date()
        if account is None or self._used_on.get(account.id) == today:
            return
        self._used_on[account.id] = today
        by = account.actor
        self.note(
            Happening("account-used", by.id, account.client, role=by.role, site=by.site, authenticated=by.authenticated)
        )

    def of_what_is_known(self, happening: Happening) -> Happening:
        """A happening without a trial or a patient that there is not: an identifier in a path may be anything."""
        trial = happening.trial
        if trial is None or not self.shelf.has(trial):
            return replace(happening, trial=None, patient=None)
        ledger = self._open.get(trial)
        known = ledger is not None and happening.patient in ledger.world.patients
        return happening if known or happening.patient is None else replace(happening, patient=None)

    def _tell(self, happening: Happening) -> None:
        if happening.kind not in TOLD:
            return
        told = {name: getattr(happening, name) for name in ("who", "about", "rule", "role", "site", "trial")}
        _log.info(happening.kind, **{name: value for name, value in told.items() if value is not None})

    def holder(self, request: Request) -> tuple[Account, Actor]:
        """Whose token a request carries; refused without one, and where the client asks too fast."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused("unauthenticated", headers={"WWW-Authenticate": _CHALLENGE})
        known = len(token) == TOKEN_LENGTH and token.isascii()
        found = self.accounts.holder(token) if known else None
        request.scope[ACCOUNT] = None if found is None else found[0]
        if found is None:
            raise Refused("unauthenticated", headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'})
        self.buckets.take(found[0].client)
        return found

    def caller(self, request: Request, may: Needed) -> Caller:
        """Who asks, with what the route grants to that role."""
        account, actor = self.holder(request)
        request.scope[RESOURCE] = may.resource
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
        self.log.close()


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service
