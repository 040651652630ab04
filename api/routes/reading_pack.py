"""Reading the committee's pack: what a dose decision was, or would be, taken on, as JSON or as a page to print."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller
from api.reading import AsOf, AtLeast, Reading, Trial, beside, read, reader
from api.roles import needs
from ledger.refusals import NoProtocolInForce, NoSuchDecision
from projections.dose_decisions import signed_so_far
from projections.pack import Pack, committee_pack, cut_off
from projections.pack_document import pack_document

router: Final = APIRouter(tags=["dosing"], prefix="/v1/trials/{trial}")
Reader = Annotated[Caller, reader(needs("dose-decision", "R"))]
Format = Annotated[Literal["json", "html"], Field(description="JSON, or a page to read and to print.")]
HTML: Final = "text/html; charset=utf-8"
NOTHING_FROM_ELSEWHERE: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
ALSO_HTML: Final = {"text/html": {"schema": {"type": "string"}}}


class PackNow(AsOf):
    """As known at a moment, in which form."""

    format: Format = "json"


class PackThen(AtLeast):
    """In which form."""

    format: Format = "json"


@router.get("/committee-pack", response_model=Pack, responses={200: {"content": ALSO_HTML}})
async def show_committee_pack(
    request: Request, by: Reader, trial: Trial, asked: Annotated[PackNow, Query()]
) -> Response:
    """What a dose decision proposed now would rest on: dossier, reasons, listings, and what is open."""
    reading = await read(request, by, trial, asked)
    return await beside(_answer, reading, None, asked.format)


@router.get("/dose-decisions/{decision}/pack", response_model=Pack, responses={200: {"content": ALSO_HTML}})
async def show_decision_pack(
    request: Request,
    by: Reader,
    trial: Trial,
    decision: Annotated[int, Field(ge=1, le=9999)],
    asked: Annotated[PackThen, Query()],
) -> Response:
    """The pack of a decision as of its data cut-off: the same bytes whenever it is asked for."""
    reading = await read(request, by, trial, asked)
    return await beside(_answer, reading, decision, asked.format)


def _answer(reading: Reading, number: int | None, format: Format) -> Response:
    store, world, at, proposed = reading.ledger.store, reading.world, reading.now, None
    if number is not None:
        decision = world.trial.decisions.get(number)
        if decision is None:
            raise NoSuchDecision(f"decision {number}")
        proposed = store.record(decision.position)
        world, at = reading.ledger.world_at(cut_off(decision)), proposed.recorded_at
    pack = committee_pack(world, tuple(store.records(0, world.size)), at, proposed, reading.ledger.texts.shown)
    if pack is None:
        raise NoProtocolInForce("no approved protocol version holds")
    if format == "html":
        decided = reading.world.trial.decisions[number] if number is not None else None
        signed = signed_so_far(reading.world, decided, reading.ledger.texts.shown) if decided is not None else ()
        return Response(pack_document(pack, signed), 200, NOTHING_FROM_ELSEWHERE, HTML)
    return Response(pack.model_dump_json(), 200, None, "application/json")
