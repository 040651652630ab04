"""Reading infusions: the record of each in full, and the dose order, as JSON or as a page to print."""

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller
from api.reading import AsOf, Moment, Number, Reading, Trial, read, reader
from api.roles import needs
from ledger.protocol.document import ProtocolDocument
from ledger.refusals import NoSuchDoseOrder, NoSuchPatient
from ledger.types import Ordinal
from projections import infusions as i
from projections.dose_order import DoseOrderView, dose_order, dose_order_text

router: Final = APIRouter(tags=["infusions"], prefix="/v1/trials/{trial}/patients/{patient}/infusions")
InfusionReader = Annotated[Caller, reader(needs("infusion", "R"))]
Which = Annotated[Ordinal, Path(description="Which of the patient's infusions.", examples=[1])]
PLAIN: Final = "text/plain; charset=utf-8"


class Printed(AsOf):
    """In which form, as known at a moment."""

    format: Literal["json", "text"] = Field("json", description="`text`: one page of plain text, to print.")


def _about(reading: Reading, number: str) -> tuple[date, ProtocolDocument | None]:
    """The day at the patient's site and the protocol then, where a patient of this number exists for the caller."""
    known = reading.world.patients.get(number)
    if known is None or known.screened is None:
        raise NoSuchPatient(f"patient {number}")
    reading.caller.seen(reading.world, number)
    today = reading.world.patient_day(number, reading.now)
    version = reading.world.trial.protocol_on(today)
    return today, version.document if version else None


@router.get("")
async def list_infusions(
    request: Request, by: InfusionReader, trial: Trial, patient: Number, asked: Moment
) -> i.InfusionsView:
    """A patient's infusions in full, and what they come to of the level's total."""
    reading = await read(request, by, trial, asked)
    _, protocol = _about(reading, patient)
    return i.infusions(reading.world, protocol, patient, reading.ledger.texts.shown)


@router.get("/{ordinal}")
async def show_infusion(
    request: Request, by: InfusionReader, trial: Trial, patient: Number, ordinal: Which, asked: Moment
) -> i.InfusionRecordView:
    """One infusion, from its plan to its end; empty where nothing of it is on record."""
    reading = await read(request, by, trial, asked)
    _, protocol = _about(reading, patient)
    return i.infusion_record(reading.world, protocol, patient, ordinal, reading.ledger.texts.shown)


@router.get(
    "/{ordinal}/dose-order",
    response_model=DoseOrderView,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def show_dose_order(
    request: Request,
    by: InfusionReader,
    trial: Trial,
    patient: Number,
    ordinal: Which,
    asked: Annotated[Printed, Query()],
) -> Response:
    """The dose order of an infusion: cells/kg -> cells -> mL, with who calculated it and who authorised it."""
    reading = await read(request, by, trial, asked)
    today, _ = _about(reading, patient)
    shown = dose_order(reading.world, patient, ordinal, today, reading.ledger.texts.shown)
    if shown is None:
        raise NoSuchDoseOrder(f"patient {patient}, infusion {ordinal}")
    if asked.format == "text":
        return Response(dose_order_text(shown), media_type=PLAIN)
    return Response(shown.model_dump_json(), media_type="application/json")
