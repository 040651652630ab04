"""Reading the reporting of safety: the clocks, the line listing, the reviews."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.requests import Request

from api.access import Caller
from api.reading import AsOf, Moment, Reading, Trial, beside, read, reader
from api.roles import needs
from api.views import Page
from ledger.types import PatientNumber
from projections import safety_clocks as c
from projections import safety_listing as s
from projections.safety_reviews import ReviewView, safety_reviews

router: Final = APIRouter(tags=["reporting"], prefix="/v1/trials/{trial}")
SeriousReader = Annotated[Caller, reader(needs("serious", "R"))]
TrialReader = Annotated[Caller, reader(needs("trial", "R"))]
CSV: Final = "text/csv; charset=utf-8"


class ClocksQuery(AsOf):
    """Whose clocks, as known at a moment."""

    patient: PatientNumber | None = None
    open_only: bool = Field(False, description="Only clocks that nothing has met.")


class ListingQuery(AsOf):
    """Which adverse events, in which form, as known at a moment."""

    serious_only: bool = False
    format: Literal["json", "csv"] = "json"


@router.get("/safety-clocks")
async def show_safety_clocks(
    request: Request, by: SeriousReader, trial: Trial, asked: Annotated[ClocksQuery, Query()]
) -> Page[c.EventClocks]:
    """By when what has to be reported of each adverse event, why, and how it stands; reports in quarantine too."""
    reading = await read(request, by, trial, asked)
    by.seen(reading.world, asked.patient)
    return Page(items=tuple(await beside(_clocks, reading, asked)))


def _clocks(reading: Reading, asked: ClocksQuery) -> list[c.EventClocks]:
    shown = []
    for each in c.safety_clocks(reading.world, reading.now):
        if asked.patient in (None, each.patient) and reading.caller.sees(reading.world, each.patient):
            waiting = tuple(clock for clock in each.clocks if clock.standing in c.OPEN)
            shown.append(each.model_copy(update={"clocks": waiting}) if asked.open_only else each)
    return [each for each in shown if each.clocks]


@router.get(
    "/safety-listing",
    response_model=Page[s.SafetyRow],
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def show_safety_listing(
    request: Request, by: SeriousReader, trial: Trial, asked: Annotated[ListingQuery, Query()]
) -> Response:
    """The line listing of adverse events, with seriousness, causality of both parties, and what is due and was sent."""
    reading = await read(request, by, trial, asked)
    return await beside(_listing, reading, asked)


def _listing(reading: Reading, asked: ListingQuery) -> Response:
    found = s.safety_listing(reading.world, reading.now, serious_only=asked.serious_only)
    rows = tuple(row for row in found if reading.caller.sees(reading.world, row.patient))
    if asked.format == "csv":
        return Response("".join(s.listing_csv(rows)), 200, None, CSV)
    return Response(Page[s.SafetyRow](items=rows).model_dump_json(), 200, None, "application/json")


@router.get("/safety-reviews")
async def list_safety_reviews(request: Request, by: TrialReader, trial: Trial, asked: Moment) -> Page[ReviewView]:
    """The safety reviews, each with the holds that it was about."""
    reading = await read(request, by, trial, asked)
    return Page(items=safety_reviews(reading.world))
