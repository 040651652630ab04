"""Problems instead of exceptions."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import problems
from api.access import ACROSS_SITES, hides_another_site
from api.around import Around
from api.noting import leave_refusal
from api.problems import AT_THE_DOOR, Refused
from api.reading import NotModified
from ledger.errors import Contradicted, LedgerError
from ledger.errors import Refused as RefusedByRule

_log = structlog.get_logger("api")

BY_STATUS: Final = {
    AT_THE_DOOR[name].status: AT_THE_DOOR[name]
    for name in ("request-unreadable", "not-found", "method-not-allowed", "body-too-large", "unsupported-media-type")
}
Handler = Callable[[Request, Exception], Awaitable[Response]]


def request_id_of(request: Request) -> str:
    found: str = request.scope.get("request_id", "unknown")
    return found


async def _refused_by_the_ledger(request: Request, error: Exception) -> Response:
    assert isinstance(error, LedgerError)
    by_rule = isinstance(error, RefusedByRule | Contradicted) and request.method == "POST"
    why = ACROSS_SITES if hides_another_site(error) else error.rule
    leave_refusal(request.scope, problems.of_error(type(error)), why, by_rule=by_rule)
    if by_rule:
        request.app.state.service.counts["refusals", error.rule] += 1
    if error.status >= 500:
        request.app.state.service.counts["unavailable", error.rule or type(error).__name__] += 1
        _log.error("unavailable", request_id=request_id_of(request), kind=type(error).__name__, detail=error.detail)
    return problems.of_ledger_error(error, request_id_of(request))


async def _refused_at_the_door(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    leave_refusal(request.scope, error.problem, ACROSS_SITES if hides_another_site(error) else "")
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
