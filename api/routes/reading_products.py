"""Reading lots of cells: what was found of each, who gave and who received it, and where every cell is."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.requests import Request

from api.access import Caller
from api.reading import VERSIONED, AsOf, Lot, Moment, Reading, Trial, beside, read, reader
from api.roles import needs
from api.tables import CSV_CONTENT, Table, table
from api.views import Page
from ledger.record import product_stream
from ledger.refusals import NoSuchProduct
from ledger.types import Name, PatientNumber
from projections import products as p

router: Final = APIRouter(tags=["products"], prefix="/v1/trials/{trial}")
ProductReader = Annotated[Caller, reader(needs("product", "R"))]


class Traced(AsOf):
    """Which lots, as known at a moment."""

    donor: Name | None = Field(None, description="Only lots of this donor's cells: to whom they went.")
    patient: PatientNumber | None = Field(
        None, description="Only lots for this patient, or given: from whom they came."
    )


@router.get("/products")
async def list_products(
    request: Request, by: ProductReader, trial: Trial, asked: Annotated[Traced, Query()]
) -> Page[p.ProductView]:
    """All lots that were collected or given, with their trace in both directions and the account of their cells."""
    reading = await read(request, by, trial, asked)
    by.seen(reading.world, asked.patient)
    found = await beside(p.products, reading.world, asked.donor, asked.patient)
    return Page(items=tuple(_seen(reading, each) for each in found if by.sees_lot(reading.world, each.lot)))


@router.get(
    "/product-accountability", response_model=Page[p.AccountabilityRow], responses={200: {"content": CSV_CONTENT}}
)
async def show_accountability(
    request: Request, by: ProductReader, trial: Trial, asked: Annotated[Table, Query()]
) -> Response:
    """The product accountability log: of every lot, what was made, lost, infused, destroyed and is left."""
    reading = await read(request, by, trial, asked)
    found = await beside(p.accountability, reading.world)
    rows = tuple(each for each in found if by.sees_lot(reading.world, each.lot))
    return table(p.AccountabilityRow, rows, asked.format)


@router.get("/products/{lot}", responses=VERSIONED)
async def show_product(
    request: Request, response: Response, by: ProductReader, trial: Trial, lot: Lot, asked: Moment
) -> p.ProductView:
    """One lot."""
    reading = await read(request, by, trial, asked)
    found = await beside(p.product, reading.world, lot)
    if found is None:
        raise NoSuchProduct(f"lot {lot}")
    by.seen_lot(reading.world, lot)
    reading.name_version(response, product_stream(lot))
    return _seen(reading, found)


def _seen(reading: Reading, found: p.ProductView) -> p.ProductView:
    """The lot without what was given to patients who do not exist for the caller."""
    links = tuple(link for link in found.trace if reading.caller.sees(reading.world, link.patient))
    return found.model_copy(update={"trace": links})
