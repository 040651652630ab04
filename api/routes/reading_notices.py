"""Reading the notices to those who dose."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from api.access import Caller
from api.reading import AsOf, Trial, beside, read, reader
from api.roles import needs
from api.views import Page
from ledger.protocol.terms import Word
from projections import notices as n

router: Final = APIRouter(tags=["notices"], prefix="/v1/trials/{trial}")
NoticeReader = Annotated[Caller, reader(needs("notice", "R"))]


class NoticesAsked(AsOf):
    """Which notices, as known at a moment."""

    party: Word | None = Field(None, description="Only those that concern this party.", examples=["ward"])
    acknowledged: bool = Field(False, description="With those that nobody has to acknowledge any more.")


@router.get("/notices")
async def list_notices(
    request: Request, by: NoticeReader, trial: Trial, asked: Annotated[NoticesAsked, Query()]
) -> Page[n.NoticeView]:
    """What those who dose have to hear of, the oldest first: who has acknowledged it and who has not."""
    reading = await read(request, by, trial, asked)
    found = await beside(n.notices, reading.world, reading.now, asked.party, all_of_them=asked.acknowledged)
    return Page(items=tuple(each for each in found if by.sees(reading.world, each.patient)))
