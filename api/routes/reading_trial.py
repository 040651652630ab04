"""Reading the trial itself: its versions, readings, sites, people and holds."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.requests import Request

from api import views
from api.access import Caller
from api.problems import Refused
from api.reading import TAGGED, VERSIONED, Moment, Now, Trial, read, reader
from api.roles import needs
from api.service import service_of
from api.tables import CSV_CONTENT, Table, table
from api.views import Page
from ledger.record import TRIAL
from ledger.types import Day
from projections.levels import home_day

router: Final = APIRouter(tags=["trial"])
Reader = Annotated[Caller, reader(needs("trial", "R"))]
DelegationReader = Annotated[Caller, reader(needs("delegations", "R"))]
Version = Annotated[int, Field(ge=1, le=9999)]


@router.get("/v1/trials")
async def list_trials(request: Request, by: Reader, _: Now) -> Page[views.TrialView]:
    """The trials that the account is for."""
    service = service_of(request)
    names = [name for name in service.shelf.names() if by.account.may_see(name)]
    worlds = [(await service.ledger(name, by)).world for name in names]
    found = [views.trial_view(world, home_day(world, world.recorded_at)) for world in worlds if world.recorded_at]
    return Page(items=tuple(found))


@router.get("/v1/trials/{trial}", responses=VERSIONED)
async def show_trial(request: Request, response: Response, by: Reader, trial: Trial, asked: Moment) -> views.TrialView:
    """A trial, and how far its log has come."""
    reading = await read(request, by, trial, asked)
    reading.name_version(response, TRIAL)
    return views.trial_view(reading.world, home_day(reading.world, reading.now))


@router.get("/v1/trials/{trial}/protocol-versions")
async def list_protocol_versions(request: Request, by: Reader, trial: Trial, asked: Moment) -> Page[views.VersionLine]:
    """All protocol versions, and which is in force."""
    reading = await read(request, by, trial, asked)
    return Page(items=views.versions(reading.world, home_day(reading.world, reading.now)))


@router.get("/v1/trials/{trial}/protocol-versions/{version}")
async def show_protocol_version(
    request: Request, by: Reader, trial: Trial, version: Version, asked: Moment
) -> views.VersionView:
    """A protocol version with its document, and the hash that an approval has to name."""
    reading = await read(request, by, trial, asked)
    found = reading.world.trial.versions.get(version)
    if found is None:
        raise Refused("not-found", "no such protocol version")
    return views.version_view(reading.world, found, home_day(reading.world, reading.now))


@router.get("/v1/trials/{trial}/interpretations")
async def list_interpretations(
    request: Request, by: Reader, trial: Trial, asked: Moment
) -> Page[views.InterpretationView]:
    """The readings of ambiguous lines of the protocol, proposed and in force."""
    reading = await read(request, by, trial, asked)
    return Page(items=views.interpretations(reading.world))


@router.get("/v1/trials/{trial}/sites")
async def list_sites(request: Request, by: Reader, trial: Trial, asked: Moment) -> Page[views.SiteView]:
    """The sites, with the machines that may report for them."""
    reading = await read(request, by, trial, asked)
    return Page(items=views.sites(reading.world))


class DelegationQuery(Table):
    """As known at a moment; in force on which day, in which form."""

    on: Day | None = Field(
        None, description="The day on which a role is in force or not; that of the moment, or today."
    )


@router.get(
    "/v1/trials/{trial}/delegations",
    response_model=Page[views.DelegationView],
    responses={200: {"content": CSV_CONTENT}},
)
async def list_delegations(
    request: Request, by: DelegationReader, trial: Trial, asked: Annotated[DelegationQuery, Query()]
) -> Response:
    """The delegation log: who was given which role, where, for which time, on which training."""
    reading = await read(request, by, trial, asked)
    held = views.delegations(reading.world, asked.on or home_day(reading.world, reading.now))
    rows = tuple(each for each in held if each.site is None or by.sees_site(each.site))
    return table(views.DelegationView, rows, asked.format)


@router.get("/v1/trials/{trial}/holds", responses=TAGGED)
async def list_holds(
    request: Request, response: Response, by: Reader, trial: Trial, asked: Moment
) -> Page[views.HoldLine]:
    """All holds, lifted or not. A lift rests on the trial's version, which is the entity tag."""
    reading = await read(request, by, trial, asked)
    reading.tag(response, TRIAL)
    return Page(items=views.holds(reading.world))
