"""Reading the review of patients' records: queries, source verification, endorsement."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from api.access import Caller
from api.reading import AsOf, Moment, Number, Trial, beside, known_patient, protocol_in_force, read, reader
from api.roles import needs
from api.views import Page
from ledger.types import PatientNumber
from projections import review as r

router: Final = APIRouter(tags=["review"], prefix="/v1/trials/{trial}")
QueryReader = Annotated[Caller, reader(needs("query", "R"))]
VerificationReader = Annotated[Caller, reader(needs("source-verification", "R"))]
EndorsementReader = Annotated[Caller, reader(needs("endorsement", "R"))]


class QueriesAsked(AsOf):
    """Which queries, as known at a moment."""

    patient: PatientNumber | None = Field(None, description="Only this patient's.")
    closed: bool = Field(False, description="With the closed ones.")


@router.get("/queries")
async def list_queries(
    request: Request, by: QueryReader, trial: Trial, asked: Annotated[QueriesAsked, Query()]
) -> Page[r.QueryView]:
    """The queries on patients' records, the oldest first, with their age."""
    reading = await read(request, by, trial, asked)
    by.seen(reading.world, asked.patient)
    found = r.queries(reading.world, reading.now, asked.patient, closed=asked.closed)
    return Page(items=tuple(each for each in found if by.sees(reading.world, each.patient)))


@router.get("/patients/{patient}/source-verification")
async def show_source_verification(
    request: Request, by: VerificationReader, trial: Trial, patient: Number, asked: Moment
) -> r.VerificationList:
    """Which records of a patient were compared with the source documents, and which wait for it."""
    reading = await read(request, by, trial, asked)
    known = known_patient(reading, patient)
    return await beside(r.verification, reading.world, protocol_in_force(reading, patient), known)


@router.get("/patients/{patient}/endorsement")
async def show_endorsement(
    request: Request, by: EndorsementReader, trial: Trial, patient: Number, asked: Moment
) -> r.EndorsementView:
    """What an investigator signs now: every record in force, and the hash that the signature names."""
    reading = await read(request, by, trial, asked)
    known = known_patient(reading, patient)
    return await beside(r.endorsement, known, reading.ledger.store)
