"""Reading who signed what, and which signatures have to be given again."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from api.access import Caller
from api.reading import AsOf, Reading, Trial, beside, read, reader
from api.roles import needs
from api.views import Page
from ledger.types import Name, PatientNumber
from projections.signatures import Manifestation, signatures

router: Final = APIRouter(tags=["log"], prefix="/v1/trials/{trial}")
SignatureReader = Annotated[Caller, reader(needs("events", "R"))]


class SignaturesAsked(AsOf):
    """Which signatures, as known at a moment."""

    patient: PatientNumber | None = Field(None, description="Only on this patient's record.")
    signer: Name | None = Field(None, description="Only this person's.")
    stale: bool | None = Field(None, description="Only those that no longer stand, or only those that do.")


@router.get("/signatures")
async def list_signatures(
    request: Request, by: SignatureReader, trial: Trial, asked: Annotated[SignaturesAsked, Query()]
) -> Page[Manifestation]:
    """Every signature with printed name, time, meaning, what it signs, and whether it still stands."""
    reading = await read(request, by, trial, asked)
    by.seen(reading.world, asked.patient)
    return Page(items=await beside(_found, reading, asked))


def _found(reading: Reading, asked: SignaturesAsked) -> tuple[Manifestation, ...]:
    made, by = reading.world.signatures.made, reading.caller
    return tuple(
        shown
        for shown in signatures(reading.world, reading.ledger.texts.shown, stale=asked.stale)
        if asked.signer in (None, shown.signer)
        and asked.patient in (None, made[shown.position].event.patient)
        and by.may_read(reading.world, made[shown.position].record)
    )
