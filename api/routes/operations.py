"""What those who run the server ask: is it up, can it write, how much has it done. And the pages for people."""

import asyncio
import os
from hmac import compare_digest
from html import escape
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from api.around import OF_A_PAGE
from api.measured import measured
from api.metrics import MEDIA_TYPE
from api.problems import Refused, catalogue
from api.service import Service, service_of
from ledger.errors import Unavailable

router: Final = APIRouter(tags=["operations"])


class NotReady(Unavailable):
    """The server cannot take writes now."""

    rule = "not-ready"


@router.get("/healthz", responses={200: {"description": "The process answers."}})
async def healthz() -> Response:
    """Whether the process answers."""
    return JSONResponse({"status": "up"})


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Whether the directory can be written, accounts and trials be reached, and every open trial is as it was
    written."""
    service = service_of(request)
    if not os.access(service.settings.directory, os.W_OK):
        raise NotReady("the directory cannot be written")
    service.accounts.holder("")
    service.shelf.names()
    for name, ledger in service.shelf.opened().items():
        if ledger.corrupt is not None:
            raise NotReady(f"trial {name} is read-only: it is not what was written")
        if ledger.store.outcome_unknown:
            raise NotReady(f"trial {name}: nobody knows what became of its last commit")
    return JSONResponse({"status": "ready", "trials": len(service.shelf.opened())})


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Counts in the text form of Prometheus."""
    service = service_of(request)
    token = service.settings.metrics_token
    if token is not None:
        given = request.headers.get("authorization", "").encode()
        if not compare_digest(given, b"Bearer " + token.get_secret_value().encode()):
            raise Refused("unauthenticated", headers={"WWW-Authenticate": "Bearer"})
    return Response(await asyncio.to_thread(measured, service), media_type=MEDIA_TYPE)


@router.get("/problems", response_class=HTMLResponse, include_in_schema=False)
async def list_problems(request: Request) -> Response:
    """Every kind of problem."""
    rows = "".join(
        f'<li><a href="{each.type}"><code>{each.name}</code></a> {each.status} {escape(each.title)}</li>'
        for each in sorted(catalogue().values(), key=lambda each: (each.status, each.name))
    )
    return _page(service_of(request), "Problems", f"<p>Every way in which a request is refused.</p><ul>{rows}</ul>")


@router.get("/problems/{type}", response_class=HTMLResponse)
async def show_problem(request: Request, type: str) -> Response:
    """What a problem means, and by which rule."""
    problem = catalogue().get(type)
    if problem is None:
        raise Refused("not-found")
    rule = f"<p>Rule <code>{escape(problem.rule)}</code>.</p>" if problem.rule else ""
    about = f"<p>{escape(problem.title)}</p><p>HTTP status {problem.status}.</p>{rule}"
    return _page(service_of(request), problem.name, f'{about}<p><a href="/problems">All problems</a></p>')


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def front_page(request: Request) -> Response:
    """Where to begin."""
    service = service_of(request)
    boards = "".join(
        f'<li><a href="/v1/trials/{escape(name)}/escalation">{escape(name)}</a>: where the escalation stands</li>'
        for name in service.training_trials()
    )
    trials = f"<p>Training ledgers here; a read needs a token:</p><ul>{boards}</ul>" if boards else ""
    links = [("/openapi.json", "the description of the API"), ("/problems", "every refusal")]
    if service.settings.interactive_docs:
        links.insert(0, ("/docs", "the API, to try out"))
    shown = "".join(f'<li><a href="{url}">{url}</a>: {what}</li>' for url, what in links)
    return _page(service, "Trial ledger", f"<ul>{shown}</ul>{trials}")


def _page(service: Service, title: str, body: str) -> Response:
    """A page; where training ledgers are served, it says so."""
    mark = "<p><strong>Training ledgers are served here. They hold no real patient.</strong></p>"
    training = mark if service.training_trials() else ""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<h1>{escape(title)}</h1>{training}{body}</html>",
        headers={"Content-Security-Policy": OF_A_PAGE},
    )
