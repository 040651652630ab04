"""Reading what was erased and redacted, and what waits for a second person."""

from typing import Annotated, Final

from fastapi import APIRouter
from starlette.requests import Request

from api.access import Caller
from api.reading import Moment, Trial, beside, read, reader
from api.roles import needs
from projections import privacy as p

router: Final = APIRouter(tags=["privacy"], prefix="/v1/trials/{trial}")
PrivacyReader = Annotated[Caller, reader(needs("erasure", "R"))]


@router.get("/privacy")
async def show_privacy(request: Request, by: PrivacyReader, trial: Trial, asked: Moment) -> p.PrivacyView:
    """Every erasure and redaction of the trial: who asked, on which ground, and whether it was confirmed."""
    reading = await read(request, by, trial, asked)
    found = await beside(p.privacy, reading.world)
    return found.model_copy(
        update={"erasures": tuple(each for each in found.erasures if by.sees(reading.world, each.patient))}
    )
