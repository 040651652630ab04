"""Reading the installation's own log, and the review of who may come in: what an inspector asks about access."""

import tempfile
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path as FilePath
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from api.access import Caller
from api.access_review import AccountReview, review
from api.problems import Refused
from api.reading import beside, reader
from api.roles import OWN, needs
from api.service import Service, service_of
from api.tables import CSV, CSV_CONTENT
from api.views import Page
from ledger.application import TrialLedger, system_clock
from ledger.installation_log import LogUnavailable
from ledger.record import INSTALLATION, Record
from ledger.store.bundle import write_bundle
from ledger.types import Instant, Name, PatientNumber, Position
from projections.access_log import AccessFilter, AccessRow, KindWanted, access_row, found, without_clinical_content
from projections.tabular import views_csv

router: Final = APIRouter(tags=["access"], prefix="/v1")
Reader = Annotated[Caller, reader(needs("access-log", "R", "received", "setup"))]
Verifier = Annotated[Caller, reader(needs("access-log", "V"))]
Reviewer = Annotated[Caller, reader(needs("accounts", "R"))]
ZIP: Final = "application/zip"


class AccessQuery(BaseModel):
    """Which rows, from where, in which form."""

    model_config = ConfigDict(extra="forbid")

    who: Name | None = Field(None, description="The account that acted.")
    kind: KindWanted | None = None
    trial: Name | None = None
    patient: PatientNumber | None = None
    since: Instant | None = Field(None, description="Recorded at this instant or later.")
    until: Instant | None = Field(None, description="Recorded at this instant or earlier.")
    after: Position | None = Field(None, description="Where the page before ended.")
    limit: int | None = Field(None, ge=1)
    format: Literal["json", "csv"] = "json"

    @property
    def wanted(self) -> AccessFilter:
        named = ("who", "kind", "trial", "patient", "since", "until")
        return AccessFilter(**{name: getattr(self, name) for name in named})


class NoQuery(BaseModel):
    """Nothing more is asked."""

    model_config = ConfigDict(extra="forbid")


class ReviewQuery(BaseModel):
    """What counts as ending soon, in which form."""

    model_config = ConfigDict(extra="forbid")

    within_days: int = Field(30, ge=0, le=3650, description="What ends within so many days is listed as ending.")
    format: Literal["json", "csv"] = "json"


@router.get("/access-log", response_model=Page[AccessRow], responses={200: {"content": CSV_CONTENT}})
async def show_access_log(request: Request, by: Reader, asked: Annotated[AccessQuery, Query()]) -> Response:
    """What happened at the door: reads, exports, refusals, log-ins, changes of accounts and roles."""
    service = service_of(request)
    if "setup" in by.rights and asked.patient is not None:
        raise Refused("forbidden", "administrator: patients in the access log")
    return await beside(_answer, service, by, asked)


def _answer(service: Service, by: Caller, asked: AccessQuery) -> Response:
    settings = service.settings
    limit = min(asked.limit or settings.page_limit, settings.page_limit_max)
    after = -1 if asked.after is None else asked.after
    mine = (each for each in found(_log(service).store, asked.wanted, after) if _sees(service, by, each))
    rows = tuple(_shown(by, each) for each in islice(mine, limit))
    headers, following = {}, None
    if len(rows) == limit:
        kept = asked.model_dump(mode="json", exclude_none=True, exclude={"after"})
        following = f"/v1/access-log?{urlencode({**kept, 'limit': limit, 'after': rows[-1].position})}"
        headers["Link"] = f'<{following}>; rel="next"'
    if asked.format == "csv":
        return Response("".join(views_csv(AccessRow, rows)), 200, headers, CSV)
    return Response(Page[AccessRow](items=rows, next=following).model_dump_json(), 200, headers, "application/json")


def _log(service: Service) -> TrialLedger:
    """The log with everything that was noted until now, as far as it can be written."""
    service.log.settle()
    ledger = service.log.ledger
    if ledger is None:
        raise LogUnavailable("the log of the installation cannot be read")
    return ledger


def _shown(by: Caller, record: Record) -> AccessRow:
    row = access_row(record)
    return without_clinical_content(row) if "setup" in by.rights else row


def _sees(service: Service, by: Caller, record: Record) -> bool:
    """Whether a row exists for the caller: its own acknowledgements; of an own site, what its people did and what was
    done with its patients; of the trials that the account is for."""
    trial, patient = getattr(record.event, "trial", None), getattr(record.event, "patient", None)
    if trial is not None and not by.account.may_see(trial):
        return False
    if "received" in by.rights:
        return record.actor.id == by.account.id
    if not by.own:
        return True
    if trial is not None and patient is not None and service.shelf.has(trial):
        return by.sees(service.opened(trial).world, patient)
    return record.actor.site is not None and by.sees_site(record.actor.site)


@router.get("/access-log/bundle", response_class=Response, responses={200: {"content": {ZIP: {}}}})
async def export_access_log(request: Request, by: Verifier, _: Annotated[NoQuery, Query()]) -> Response:
    """The access log for whoever checks it offline, as a trial's bundle is checked, up to its newest signed head."""
    if OWN in by.rights:
        raise Refused("forbidden", "entries of all sites")
    service = service_of(request)
    place = tempfile.TemporaryDirectory(prefix="trial-ledger-access-")
    path = FilePath(place.name) / f"{INSTALLATION}.zip"
    try:
        await beside(lambda: write_bundle(_log(service).store, path))
    except BaseException:
        place.cleanup()
        raise
    return FileResponse(path, media_type=ZIP, filename=path.name, background=BackgroundTask(place.cleanup))


@router.get("/access-review", response_model=Page[AccountReview], responses={200: {"content": CSV_CONTENT}})
async def review_access(request: Request, by: Reviewer, asked: Annotated[ReviewQuery, Query()]) -> Response:
    """Every account with its role and site, its last log-in and last use, and its delegations: to be gone through from
    time to time (11.300(b))."""
    service = service_of(request)
    rows = await beside(lambda: tuple(_reviewed(service, by, asked.within_days, system_clock().date())))
    if asked.format == "csv":
        return Response("".join(views_csv(AccountReview, rows)), 200, None, CSV)
    return Response(Page[AccountReview](items=rows).model_dump_json(), 200, None, "application/json")


def _reviewed(service: Service, by: Caller, within_days: int, today: date) -> Iterator[AccountReview]:
    seen = _log(service).world.installation.accounts
    worlds = {name: service.opened(name).world for name in service.shelf.names() if by.account.may_see(name)}
    return review(service.settings.accounts, seen, worlds, today, within_days)
