"""What the routes share: settings, trials, accounts, limits and counts. One for each application."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Final

import structlog
from starlette.requests import Request

from api.access import Caller, admitted
from api.auth import TOKEN_LENGTH, Account, Accounts
from api.happenings import Happening
from api.incoming import read_body
from api.leases import held
from api.limits import Buckets, origin_of
from api.logs import RequestLog
from api.metrics import RequestMeasures
from api.noting import ACCOUNT, RESOURCE
from api.problems import Refused
from api.roles import Needed
from api.settings import Settings
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
        self.shelf = Shelf(
            settings.directory,
            settings.story_from,
            settings.keys,
            settings.keyring(),
            open_trials=settings.open_trials,
            idle_minutes=settings.idle_minutes,
            verified_whole_up_to=settings.verified_whole_up_to,
        )
        self.accounts = Accounts(settings.accounts)
        self.buckets = Buckets(settings.requests_per_second, settings.requests_at_once)
        self.addresses = Buckets(settings.address_per_second, settings.address_at_once, of="address")
        self.strangers = Buckets(settings.strangers_per_second, settings.strangers_at_once, of="address")
        self.counts: Counter[tuple[str, str]] = Counter()
        self.log = InstallationLog(settings.directory, settings.installation_origin, settings.keys, self.shelf.keyring)
        self._used_on: dict[str, date] = {}
        self.requests = RequestMeasures()
        self.streams: dict[object, tuple[str, int]] = {}
        """Of every event stream that somebody follows: which trial's, and the last position that was sent."""
        self.request_log = RequestLog()
        self._is_training: dict[str, bool] = {}

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
        ledger = self.shelf.opened().get(trial)
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
            self.strangers.take(origin_of(request.client.host if request.client else None))
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
        known = self.shelf.take_open(trial)
        ledger = await asyncio.to_thread(self.shelf.take, trial) if known is None else known
        return self._held(trial, ledger)

    def opened(self, trial: str) -> TrialLedger:
        """A trial's ledger, opened if it is not; this reads the whole file."""
        return self._held(trial, self.shelf.take(trial))

    def _held(self, trial: str, ledger: TrialLedger) -> TrialLedger:
        if not self._is_training.get(trial):
            registered = ledger.world.trial.registered
            self._is_training[trial] = registered is not None and registered.training
        return held(self.shelf, trial, ledger)

    def knows(self, trial: str) -> bool:
        """Whether a trial of this name was opened here."""
        return trial in self._is_training

    def is_training(self, trial: str) -> bool:
        """Whether a trial that was opened holds no real patient."""
        return self._is_training.get(trial, False)

    def training_trials(self) -> list[str]:
        return [name for name in sorted(self._is_training) if self.is_training(name)]

    def stream_lags(self) -> dict[str, int]:
        """How many events the slowest stream of each trial is behind."""
        sizes = {name: ledger.world.size for name, ledger in self.shelf.opened().items()}
        lags: dict[str, int] = {}
        for trial, after in tuple(self.streams.values()):
            lags[trial] = max(lags.get(trial, 0), sizes.get(trial, 0) - 1 - after)
        return lags

    async def body(self, request: Request) -> bytes:
        """What was sent with a request, within the limits."""
        return await read_body(request, self.settings.max_body_bytes, self.settings.body_seconds)

    def close(self) -> None:
        self.shelf.close()
        self.log.close()
        self.request_log.flush()


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service
