"""Reading the ward: the sheets by day, the medication, and the empty paper form of a patient."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse
from starlette.requests import Request

from api.access import Caller
from api.reading import Moment, Number, Reading, Trial, beside, read, reader
from api.roles import needs
from api.routes.reading_patients import SeenOn
from api.views import Page
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record, patient_stream
from ledger.refusals import NoProtocolInForce, NoSuchPatient
from projections import ward as w
from projections.paper_form import paper_form

router: Final = APIRouter(tags=["ward"], prefix="/v1/trials/{trial}")
WardReader = Annotated[Caller, reader(needs("patient", "R"))]


@router.get("/patients/{patient}/ward-sheets")
async def show_ward_sheets(
    request: Request, by: WardReader, trial: Trial, patient: Number, asked: Moment
) -> w.WardHistory:
    """A patient's ward sheets by day, with the grades computed of each, and the scheduled days that are missing."""
    reading = await read(request, by, trial, asked)
    protocol = _seen(reading, patient)
    records = await beside(_of_patient, reading, patient)
    return await beside(w.ward_history, reading.world, records, patient, _today(reading, patient), protocol)


@router.get("/patients/{patient}/medication")
async def list_medication(
    request: Request, by: WardReader, trial: Trial, patient: Number, asked: Moment
) -> Page[w.MedicationView]:
    """What a patient was given beside the protocol's product."""
    reading = await read(request, by, trial, asked)
    protocol = _seen(reading, patient)
    return Page(items=w.medication(reading.world, patient, protocol))


@router.get("/patients/{patient}/paper-form", response_class=PlainTextResponse)
async def print_paper_form(
    request: Request, by: WardReader, trial: Trial, patient: Number, asked: Annotated[SeenOn, Query()]
) -> PlainTextResponse:
    """The ward sheet of a patient as an empty form on paper, for when the ledger cannot be reached."""
    reading = await read(request, by, trial, asked)
    _seen(reading, patient)
    return PlainTextResponse(paper_form(reading.world, patient, asked.on or _today(reading, patient)))


def _seen(reading: Reading, number: str) -> ProtocolDocument:
    """The protocol in force, where a patient of this number exists for the caller."""
    found = reading.world.patients.get(number)
    if found is None or found.screened is None:
        raise NoSuchPatient(f"patient {number}")
    reading.caller.seen(reading.world, number)
    version = reading.world.version_on(_today(reading, number))
    if version is None:
        raise NoProtocolInForce("no approved protocol version holds")
    return version.document


def _today(reading: Reading, number: str) -> date:
    return reading.world.patient_day(number, reading.now)


def _of_patient(reading: Reading, number: str) -> list[Record]:
    return list(reading.ledger.store.stream(patient_stream(number), reading.size))
