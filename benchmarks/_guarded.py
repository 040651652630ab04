"""The real server with two ends more, which take the body of a report and do nothing with it:

POST /bare                       passes no control: it is answered before all that is around a request
POST /v1/trials/{trial}/guarded  passes every control of a command, and decides nothing

python -m benchmarks._guarded DIRECTORY PORT
"""

from datetime import UTC, datetime
from typing import Final

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.incoming import dry_run, expected_version, idempotency_key, tree_of
from api.roles import needs
from api.service import service_of
from api.settings import Settings
from api.writing import request_hash
from benchmarks._server import EMPTY_ANSWER, serve
from ledger.decisions.authority import holds_role
from ledger.decisions.docket import Docket
from ledger.record import Asked
from ledger.submission import command_id
from tests.bench import Bench

BARE: Final = "/bare"
AROUND: Final = "/around"
GUARDED: Final = "/guarded"
MAY: Final = needs("adverse-event", "W")
UNREAD: Final = Bench()
"""The archive of a docket; whether somebody holds a role does not ask for it."""


class Bare:
    """Outside of everything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != BARE:
            await self._app(scope, receive, send)
            return
        await Request(scope, receive).body()
        await answer()(scope, receive, send)


class Within:
    """Where a command is served (`api/short_way.py`), with or without what `api/writing.py` does before the ledger is
    asked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith((AROUND, GUARDED)):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        if scope["path"].endswith(GUARDED):
            await controls(request)
        else:
            await request.body()
        await answer()(scope, receive, send)


async def controls(request: Request) -> None:
    """Who asks, with what right; the key, the version, the bytes; whether the patient exists for the caller, and the
    delegation in force. What fails raises its refusal."""
    service = service_of(request)
    caller = service.caller(request, MAY)
    key = idempotency_key(request.headers)
    ledger = await service.ledger(request.scope["path"].split("/")[3], caller)
    dry_run(request)
    body = await service.body(request)
    tree_of(request.headers, body)
    request_hash(request, body)
    expected_version(request.headers)
    caller.seen(ledger.world, "001")
    asked = Asked(caller.actor, command_id(caller.account.client, key))
    assert holds_role(Docket(ledger.world, asked, datetime.now(UTC), UNREAD))


def answer() -> Response:
    return Response(EMPTY_ANSWER, status_code=201, media_type="application/json")


def with_these_ends(settings: Settings) -> FastAPI:
    app = create_app(settings)
    app.user_middleware.append(Middleware(Within))  # within all others
    app.add_middleware(Bare)  # around all others
    return app


if __name__ == "__main__":
    serve(with_these_ends)
