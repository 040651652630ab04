"""What the routes share: settings, trials, accounts, limits and counts. One for each application."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import structlog
from starlette.requests import Request

from api.access import Caller, admitted
from api.auth import TOKEN_LENGTH, TOKEN_PREFIX, Account, Accounts
from api.carried import bearer, origin_of
from api.happenings import Happening
from api.identity.identity import Identity
from api.identity.proof import NotProved, Proof
from api.identity.provider import Provider
from api.identity.sessions import MACHINE_PREFIX, SESSION_PREFIX, Session
from api.incoming import read_body
from api.leases import held
from api.limits import Buckets
from api.logs import RequestLog
from api.metrics import RequestMeasures
from api.noting import ACCOUNT, ACTOR, RESOURCE, WHY
from api.problems import CHALLENGE, Refused
from api.roles import Needed
from api.settings import Settings
from api.signings import Signings
from api.traces import Traces
from api.trials import trials_of
from ledger.application import TrialLedger, system_clock
from ledger.decisions.installation import Kind
from ledger.installation_log import PATIENCE_SECONDS, InstallationLog, LogUnavailable
from ledger.record import Actor
from ledger.refusals import NoSuchTrial
from ledger.shelf import Shelf

TRAINING: Final = "Ledger-Training"
"""The header that marks what comes from a ledger that holds no real patient."""

SCOPES: Final = "ledger_scopes"
"""Where a request keeps what its token was given for."""

TOLD: Final = frozenset({"log-in-failed", "locked-out", "account-changed", "signing-failed", "exported"})
"""What the server's own log tells too; of the rest there is too much."""

_log = structlog.get_logger("door")


class Service:
    """The trials of a directory, and who may come in."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.directory.mkdir(parents=True, exist_ok=True)
        self.shelf = Shelf(
            trials_of(settings),
            settings.story_from,
            settings.keys,
            settings.keyring(),
            signed_only=True,
            open_trials=settings.open_trials,
            idle_minutes=settings.idle_minutes,
        )
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
        self.traces = Traces(settings.traces_url) if settings.traces_url is not None else None
        self._is_training: dict[str, bool] = {}
        self.follow()

    def follow(self, look_every_seconds: float = 0.02) -> None:
        """Who may come in, by the files of accounts and credentials, followed from now on."""
        self.accounts = Accounts(self.settings.accounts, self.note, look_every_seconds)
        self.identity = Identity(self.settings, self.accounts, self.note, look_every_seconds=look_every_seconds)
        run = timedelta(minutes=self.settings.signing_run_minutes)
        self.signings = Signings(lambda: self.identity.clock(), run)
        self.provider = (
            None
            if self.settings.oidc_issuer is None
            else Provider(self.settings, self.accounts, lambda: self.identity.clock())
        )

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

    def used(self, account: Account | None, by: Actor | None) -> None:
        """Note an account that is used, once a day, and how it was known then."""
        today = system_clock().date()
        if account is None or by is None or self._used_on.get(account.id) == today:
            return
        self._used_on[account.id] = today
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
        token = bearer(request)
        request.scope[ACCOUNT] = None
        if token.startswith(TOKEN_PREFIX):
            found = self.accounts.holder(token) if len(token) == TOKEN_LENGTH and token.isascii() else None
            if found is None:
                raise self._not_known(request, "token-unknown")
        else:
            found = self._of_other(request, token)
        request.scope[ACCOUNT], request.scope[ACTOR] = found
        self.buckets.take(found[0].client)
        return found

    def _of_other(self, request: Request, token: str) -> tuple[Account, Actor]:
        """Of a token that was not made with an account: a session's, a machine's, an identity provider's."""
        if token.startswith(SESSION_PREFIX):
            session = self.identity.session(token)
            if session is not None and session.must is not None:
                request.scope[ACCOUNT], request.scope[ACTOR] = session.account, session.actor
                raise Refused(session.must)
        elif token.startswith(MACHINE_PREFIX):
            session = self.identity.machine(token)
        elif self.provider is not None and token.count(".") == 2:
            return self._of_provider(request, token, self.provider)
        else:
            session = None
        if session is None:
            raise self._not_known(request, "token-unknown")
        request.scope[SCOPES] = session.scopes
        return session.account, session.actor

    def _of_provider(self, request: Request, token: str, provider: Provider) -> tuple[Account, Actor]:
        try:
            admitted = provider.of(token)
        except NotProved as fault:
            raise self._not_known(request, fault.rule) from None
        request.scope[SCOPES] = admitted.said.scopes
        return admitted.account, admitted.actor

    def _not_known(self, request: Request, rule: str) -> Refused:
        """A token that is not taken, and why, which is noted; an origin that sends many of them has to wait."""
        self.strangers.take(origin_of(request))
        request.scope[WHY] = rule
        return Refused("unauthenticated", headers={"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'})

    async def meet(self, request: Request) -> None:
        """Before a request with a token of the identity provider is handled: have its keys at hand."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if self.provider is not None and scheme.lower() == "bearer" and token.count(".") == 2:
            await self.provider.meet(token)

    async def prove(
        self, request: Request, password: str | None, otp: str | None, *, continuing: bool = False
    ) -> Proof:
        """How the caller of a request proves herself just now, to sign.

        With a token of the identity provider: that it saw her a short while ago, which its `auth_time` says; otherwise
        `fresh-authentication-needed` (401), as RFC 9470 has it. With any other token: her password and code, as
        `Identity.prove` takes them, under the account that logs in by her id.
        """
        account, _ = self.holder(request)
        token = bearer(request)
        if self.provider is not None and token.count(".") == 2:
            proof = self.provider.proof(self.provider.of(token))
            if proof is None:
                self.note(_refused(account, "signing-failed", "signature", "fresh-authentication-needed"))
                raise Refused("fresh-authentication-needed", headers={"WWW-Authenticate": self._fresh()})
            return proof
        return await self.identity.prove(account, password or "", otp, origin_of(request), continuing=continuing)

    def _fresh(self) -> str:
        longest = self.settings.oidc_fresh_seconds
        return f'{CHALLENGE}, error="insufficient_user_authentication", max_age="{longest}"'

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
            raise self._not_known(request, "token-unknown")
        self.buckets.take(session.account.client)
        return token, session

    def caller(self, request: Request, may: Needed) -> Caller:
        """Who asks, with what the route grants to that role."""
        account, actor = self.holder(request)
        request.scope[RESOURCE] = may.resource
        return admitted(account, actor, may, request.scope.get(SCOPES))

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

    async def body(self, request: Request, most_bytes: int | None = None) -> bytes:
        """What was sent with a request, within the limits; `most_bytes`: where less is expected."""
        limit = self.settings.max_body_bytes
        limit = limit if most_bytes is None else min(limit, most_bytes)
        return await read_body(request, limit, self.settings.body_seconds)

    def close(self) -> None:
        self.identity.close()
        self.shelf.close()
        self.log.close()
        self.request_log.flush()
        if self.traces is not None:
            self.traces.close()


def _refused(account: Account, kind: Kind, about: str, rule: str, trial: str | None = None) -> Happening:
    return Happening(kind, account.id, about, rule, account.role, account.site, trial)


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service
