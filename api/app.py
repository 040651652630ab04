"""The composition root: settings in, an application out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import BaseRoute

from api.description import describe, write_responses
from api.handling import HANDLERS, handle_problems
from api.logs import set_up
from api.routes import (
    clock,
    interactive,
    oauth,
    operations,
    reading_access,
    reading_audit,
    reading_design,
    reading_dosing,
    reading_evidence,
    reading_infusions,
    reading_log,
    reading_notices,
    reading_outcomes,
    reading_pack,
    reading_patients,
    reading_privacy,
    reading_products,
    reading_review,
    reading_safety,
    reading_signatures,
    reading_trial,
    reading_ward,
    sessions,
    signings,
)
from api.routes.listed import WRITES
from api.routes.trial import REGISTER
from api.service import Service
from api.settings import Settings
from api.short_way import Paths, ShortWay
from api.writing import Writing

TITLE: Final = "Trial ledger"
WRITINGS: Final = tuple(Writing.of(write) for write in (REGISTER, *WRITES))

READS: Final = (
    reading_trial,
    reading_patients,
    reading_products,
    reading_outcomes,
    reading_review,
    reading_notices,
    reading_pack,
    reading_ward,
    reading_safety,
    reading_infusions,
    reading_dosing,
    reading_design,
    reading_evidence,
    reading_privacy,
    reading_log,
    reading_signatures,
    reading_audit,
    reading_access,
    clock,
    sessions,
    signings,
    oauth,
    operations,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """An application over the trials of a directory. Closing it finishes what waits and lets the files go."""
    set_up()
    settings = settings or Settings()
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.log.start()
        try:
            yield
        finally:
            service.close()

    app = FastAPI(
        title=TITLE,
        version=version("trial-ledger"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=by_name,
    )
    app.state.service = service
    app.router.redirect_slashes = False
    app.router.routes.extend(routes())
    if settings.interactive_docs:
        app.include_router(interactive.router)
    app.add_middleware(
        ShortWay, paths=Paths((each.write.full_path, each.answer) for each in WRITINGS), handlers=HANDLERS
    )
    handle_problems(app)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]  # as FastAPI documents it
    return app


@cache
def routes() -> tuple[BaseRoute, ...]:
    """Every route but the page to try things out. They take a quarter of a second to work out, and are the same for
    every application of a process."""
    router = APIRouter(generate_unique_id_function=by_name)
    for writing in WRITINGS:
        add_write(router, writing)
    for module in READS:
        router.include_router(module.router)
    return tuple(router.routes)


def by_name(route: APIRoute) -> str:
    """What an operation is called."""
    return route.name


def add_write(router: APIRouter, writing: Writing) -> None:
    """One row of the table as a route."""
    write = writing.write
    router.add_api_route(
        write.full_path,
        writing.answer,
        methods=["POST"],
        name=write.operation,
        operation_id=write.operation,
        summary=(write.command.__doc__ or "").strip().splitlines()[0],
        tags=[write.tag],
        status_code=201,
        response_model=None,
        response_class=Response,
        responses=write_responses(),
    )


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = describe(app, WRITINGS)
    return app.openapi_schema
