"""Around every request: its id, the headers that every answer has, and problems instead of exceptions."""

import re
import secrets
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.logs import where
from api.noting import ACCOUNT, happening_of, leave_refusal
from api.problems import AT_THE_DOOR, Refused
from api.reading import NotModified
from api.service import TRAINING, Service
from ledger.errors import Contradicted, LedgerError
from ledger.errors import Refused as RefusedByRule
from ledger.installation_log import LogUnavailable

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACE: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_TRIAL: Final = re.compile(r"/v1/trials/([^/]+)")
_NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")
_NO_STORE: Final = (b"cache-control", b"no-store")
_PROCESS: Final = secrets.token_hex(6)
_numbers: Final = count(1)
_log = structlog.get_logger("api")

BY_STATUS: Final = {
    AT_THE_DOOR[name].status: AT_THE_DOOR[name]
    for name in ("request-unreadable", "not-found", "method-not-allowed", "body-too-large", "unsupported-media-type")
}
Handler = Callable[[Request, Exception], Awaitable[Response]]


class Around:
    """The outermost layer: gives each request its id and each answer its headers, and answers what nobody caught."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else f"{_PROCESS}-{next(_numbers):x}"
        scope["request_id"] = request_id
        trial = _TRIAL.match(scope["path"])
        service: Service = scope["app"].state.service
        begun = False
        unkept: LogUnavailable | None = None

        async def sending(message: Message) -> None:
            nonlocal begun, unkept
            if message["type"] == "http.response.start" and unkept is None:
                unkept = await _noted(service, scope, message)
            if unkept is not None:
                return
            if message["type"] == "http.response.start":
                begun = True
                answered: list[tuple[bytes, bytes]] = list(message["headers"])
                answered += [(b"x-request-id", request_id.encode()), _NO_SNIFFING]
                if all(name != b"cache-control" for name, _ in answered):
                    answered.append(_NO_STORE)
                if trial is not None and service.is_training(trial[1]):
                    answered.append((TRAINING.lower().encode(), b"true"))
                message["headers"] = answered
            await send(message)

        try:
            if service.provider is not None and (late := await _unmet(service, Request(scope))) is not None:
                await problems.of_ledger_error(late, request_id)(scope, receive, sending)
                return
            await self._app(scope, receive, sending)
        except Exception as error:
            trace = headers.get("traceparent", "")
            known = trace if _TRACE.fullmatch(trace) else None
            told = {"kind": type(error).__name__, "where": where(error)}
            _log.error("unexpected", request_id=request_id, traceparent=known, **told)
            if begun:
                raise
            await problems.response(AT_THE_DOOR["internal"], request_id)(scope, receive, sending)
        if unkept is not None:
            refused, unkept = unkept, None
            await problems.of_ledger_error(refused, request_id)(scope, receive, sending)


async def _noted(service: Service, scope: Scope, message: Message) -> LogUnavailable | None:
    """Note what is kept of a request; why a copy may not go out, where it cannot be noted first."""
    service.used(scope.get(ACCOUNT))
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


async def _unmet(service: Service, request: Request) -> LedgerError | None:
    """Why a request with a token of the identity provider has to wait; none where its keys are at hand."""
    try:
        await service.meet(request)
    except LedgerError as late:
        return late
    return None


def request_id_of(request: Request) -> str:
    found: str = request.scope.get("request_id", "unknown")
    return found


async def _refused_by_the_ledger(request: Request, error: Exception) -> Response:
    assert isinstance(error, LedgerError)
    by_rule = isinstance(error, RefusedByRule | Contradicted) and request.method == "POST"
    leave_refusal(request.scope, problems.of_error(type(error)), error.rule, by_rule=by_rule)
    if by_rule:
        request.app.state.service.counts["refusals", error.rule] += 1
    if error.status >= 500:
        _log.error("unavailable", request_id=request_id_of(request), kind=type(error).__name__, detail=error.detail)
    return problems.of_ledger_error(error, request_id_of(request))


async def _refused_at_the_door(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    leave_refusal(request.scope, error.problem)
    return problems.response(error.problem, request_id_of(request), error.detail, error.headers, **error.members)


async def _not_of_the_form(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    leave_refusal(request.scope, AT_THE_DOOR["request-invalid"])
    found: list[dict[str, Any]] = list(error.errors())
    return problems.response(AT_THE_DOOR["request-invalid"], request_id_of(request), faults=problems.faults(found))


async def _of_the_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = BY_STATUS.get(error.status_code, AT_THE_DOOR["request-unreadable"])
    leave_refusal(request.scope, problem)
    return problems.response(problem, request_id_of(request), headers=error.headers)


async def _not_modified(_: Request, known: Exception) -> Response:
    assert isinstance(known, NotModified)
    return Response(status_code=304, headers={"ETag": known.tag})


HANDLERS: Final[dict[type[Exception], Handler]] = {
    LedgerError: _refused_by_the_ledger,
    Refused: _refused_at_the_door,
    RequestValidationError: _not_of_the_form,
    HTTPException: _of_the_framework,
    NotModified: _not_modified,
}


def handle_problems(app: FastAPI) -> None:
    """Every error becomes a problem."""
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(Around)
