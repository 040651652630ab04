"""What those who run the server ask: is it up, can it write, how much has it done. And the pages for people."""

import os
from html import escape
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

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
    for name, ledger in service.opened_trials().items():
        if ledger.corrupt is not None:
            raise NotReady(f"trial {name} is read-only: it is not what was written")
    return JSONResponse({"status": "ready", "trials": len(service.opened_trials())})


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Counts in the text form of Prometheus."""
    return PlainTextResponse("".join(_metrics(service_of(request))), media_type="text/plain; version=0.0.4")


def _metrics(service: Service) -> list[str]:
    lines = ["# TYPE trial_ledger_events gauge\n"]
    for name, ledger in sorted(service.opened_trials().items()):
        lines.append(f'trial_ledger_events{{trial="{name}"}} {ledger.world.size}\n')
    lines.append("# TYPE trial_ledger_commands_total counter\n")
    lines += _counted(service, "commands", "outcome")
    lines.append("# TYPE trial_ledger_refusals_total counter\n")
    return lines + _counted(service, "refusals", "rule")


def _counted(service: Service, kind: str, label: str) -> list[str]:
    return [
        f'trial_ledger_{kind}_total{{{label}="{value}"}} {count}\n'
        for (counted, value), count in sorted(service.counts.items())
        if counted == kind
    ]


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
    links = ("/docs", "the API, to try out"), ("/openapi.json", "its description"), ("/problems", "every refusal")
    shown = "".join(f'<li><a href="{url}">{url}</a>: {what}</li>' for url, what in links)
    return _page(service, "Trial ledger", f"<ul>{shown}</ul>{trials}")


def _page(service: Service, title: str, body: str) -> Response:
    """A page; where training ledgers are served, it says so."""
    mark = "<p><strong>Training ledgers are served here. They hold no real patient.</strong></p>"
    training = mark if service.training_trials() else ""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<h1>{escape(title)}</h1>{training}{body}</html>",
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
    )
