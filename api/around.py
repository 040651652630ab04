"""Around every request: its id, the headers that every answer has, how many and how long at most, what is counted and
logged of it; and a problem for what nobody caught."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.leases import holding
from api.limits import network_of
from api.logs import where
from api.noting import ACCOUNT, ACTOR, TEMPLATE, happening_of
from api.problems import AT_THE_DOOR, Refused
from api.service import TRAINING, Service
from ledger.errors import LedgerError
from ledger.installation_log import LogUnavailable

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACE: Final = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_TRIAL: Final = re.compile(r"/v1/trials/([^/]+)")
_PROCESS: Final = secrets.token_hex(6)
_numbers: Final = count(1)
_log = structlog.get_logger("api")

ALWAYS_ANSWERED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by machines that watch, also when the server is busy; not in the log."""

ON_EVERY_ANSWER: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
UNLESS_SAID: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""Pages that show something say what they may load themselves, and that nobody may frame them."""

OF_A_PAGE: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The policy of a page for people: its own style, and nothing from elsewhere."""


@dataclass(slots=True)
class _Passing:
    """A request on its way."""

    request_id: str
    trace: str | None
    trial: str | None
    headers: list[tuple[bytes, bytes]]
    begun_at: float
    status: int = 0

    @classmethod
    def of(cls, scope: Scope, service: Service) -> "_Passing":
        headers, trial = dict(scope["headers"]), _TRIAL.match(scope["path"])
        given, trace = headers.get(b"x-request-id", b"").decode("latin-1"), headers.get(b"traceparent", b"")
        request_id = given if _ID.fullmatch(given) else f"{_PROCESS}-{next(_numbers):x}"
        added = [*ON_EVERY_ANSWER, (b"x-request-id", request_id.encode())]
        hsts = service.settings.hsts_seconds
        if scope["scheme"] == "https" and hsts:
            added.append((b"strict-transport-security", b"max-age=%d" % hsts))
        known = trace.decode() if _TRACE.fullmatch(trace) else None
        return cls(request_id, known, trial[1] if trial else None, added, perf_counter())


class Around:
    """The outermost layer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service: Service = scope["app"].state.service
        passing = _Passing.of(scope, service)
        scope["request_id"] = passing.request_id
        with holding(service.shelf):
            service.requests.in_flight += 1
            try:
                await self._answered(scope, receive, send, service, passing)
            finally:
                service.requests.in_flight -= 1
                _note(scope, service, passing)

    async def _answered(self, scope: Scope, receive: Receive, send: Send, service: Service, passing: _Passing) -> None:
        unkept: LogUnavailable | None = None

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                passing.status = message["status"]
                _complete(message, service, passing)
            await send(message)

        async def beginning(message: Message) -> None:
            """What has begun may take its time: a download, an event stream. What has to be noted first is."""
            nonlocal unkept
            if message["type"] == "http.response.start" and unkept is None:
                unkept = await _noted(service, scope, message)
            if unkept is None:
                limit.reschedule(None)
                await sending(message)

        limit = asyncio.timeout(service.settings.request_seconds)
        try:
            async with limit:
                _admit(scope, service)
                if service.provider is not None:
                    await service.meet(Request(scope))
                await self._app(scope, receive, beginning)
        except LedgerError as late:
            answer = problems.of_ledger_error(late, passing.request_id)
        except Refused as refused:
            answer = problems.response(refused.problem, passing.request_id, refused.detail, refused.headers)
        except TimeoutError as fault:
            if not limit.expired():
                answer = _unexpected(fault, passing)
            else:
                answer = problems.response(AT_THE_DOOR["took-too-long"], passing.request_id, "", {"Retry-After": "1"})
        except Exception as error:
            answer = _unexpected(error, passing)
        else:
            if unkept is None:
                return
            answer = problems.of_ledger_error(unkept, passing.request_id)
        await answer(scope, receive, sending)


async def _noted(service: Service, scope: Scope, message: Message) -> LogUnavailable | None:
    """Note what is kept of a request; why a copy may not go out, where it cannot be noted first."""
    service.used(scope.get(ACCOUNT), scope.get(ACTOR))
    headers = Headers(raw=message.get("headers", []))
    told = happening_of(scope, message["status"], headers, service.settings.reads_noted)
    if told is None:
        return None
    told = service.of_what_is_known(told)
    if told.kind != "exported":
        service.note(told)
        return None
    try:
        await service.keep(told)
    except LogUnavailable as unkept:
        return unkept
    return None


def _admit(scope: Scope, service: Service) -> None:
    """Before it is known who asks: from one address not too fast, and all together not too many."""
    if scope["path"] in ALWAYS_ANSWERED:
        return
    client = scope.get("client")
    service.addresses.take(network_of(client[0] if client else None))
    if service.requests.in_flight > service.settings.requests_in_flight:
        raise Refused("too-many-at-once", headers={"Retry-After": "1"})


def _unexpected(error: Exception, passing: _Passing) -> Response:
    told = {"kind": type(error).__name__, "where": where(error)}
    _log.error("unexpected", request_id=passing.request_id, traceparent=passing.trace, **told)
    if passing.status:
        raise error
    return problems.response(AT_THE_DOOR["internal"], passing.request_id)


def _complete(message: Message, service: Service, passing: _Passing) -> None:
    """The headers that every answer has."""
    said: dict[bytes, bytes] = dict(message["headers"])
    headers = [*message["headers"], *passing.headers, *(each for each in UNLESS_SAID if each[0] not in said)]
    if passing.trial is not None and service.is_training(passing.trial) and TRAINING_RAW not in said:
        headers.append((TRAINING_RAW, b"true"))
    message["headers"] = headers


TRAINING_RAW: Final = TRAINING.lower().encode()


def _note(scope: Scope, service: Service, passing: _Passing) -> None:
    """Count the request, and write its line in the log: the route's template, and nothing that was in its place."""
    took = perf_counter() - passing.begun_at
    route = str(scope.get(TEMPLATE) or getattr(scope.get("route"), "path", "none"))
    service.requests.answered_in(scope["method"], route, passing.status, took)
    if scope["path"] in ALWAYS_ANSWERED or not (service.settings.log_requests or service.traces):
        return
    trial = passing.trial if passing.trial is not None and service.knows(passing.trial) else None
    told = {"method": scope["method"], "route": route, "trial": trial, "status": passing.status}
    ids = {"request_id": passing.request_id, "traceparent": passing.trace}
    if service.traces is not None:
        service.traces.tell(took, passing.trace, {**told, **ids})
    if service.settings.log_requests:
        service.request_log.tell({**told, "milliseconds": round(took * 1000, 2), **ids})
