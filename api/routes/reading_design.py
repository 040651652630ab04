"""Reading what would happen next: the tree of the coming cohort, the design on average, the boundary of phase II."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from api.access import Caller
from api.reading import AsOf, Reading, Trial, beside, read, reader
from api.roles import needs
from ledger.designs.operating import Enrolment
from ledger.protocol.document import ProtocolDocument
from ledger.refusals import NoProtocolInForce
from projections.levels import home_day
from projections.what_next import (
    BOUNDARY_RATES,
    RATES_PATTERN,
    BoundaryView,
    DesignCharacteristics,
    WhatNext,
    boundary,
    characteristics,
    rates_of,
    what_next,
)

router: Final = APIRouter(tags=["dosing"], prefix="/v1/trials/{trial}")
Reader = Annotated[Caller, reader(needs("dose-decision", "R"))]


class LookingAhead(AsOf):
    """How many cohorts ahead, from what was known at a moment."""

    depth: int = Field(1, ge=1, le=2, description="How many cohorts to look ahead.")


class UnderRates(AsOf):
    """Under these true rates, by the protocol version that was in force at a moment."""

    rates: str = Field(
        pattern=RATES_PATTERN,
        description="The true DLT rate of every level from the lowest, the reserve included.",
        examples=["0.05,0.10,0.20,0.45"],
    )
    cap: int | None = Field(None, ge=1, le=1000, description="The enrolment cap; the protocol's, unless it is said.")
    enrolment: Enrolment = Field("whole_cohorts", description="Three together, or asking again after each patient.")
    seed: int = Field(1, ge=0, le=2**63 - 1, description="Of the simulation, on ladders of more than five levels.")


class AtRates(AsOf):
    """True rates at the recommended dose, from what was known at a moment."""

    rates: str = Field(BOUNDARY_RATES, pattern=RATES_PATTERN, description="True DLT rates at the recommended dose.")


@router.get("/escalation/tree")
async def show_transition_tree(
    request: Request, by: Reader, trial: Trial, asked: Annotated[LookingAhead, Query()]
) -> WhatNext:
    """What every outcome of the coming cohort would lead to. It foresees, and permits nothing."""
    reading = await read(request, by, trial, asked)
    return await beside(what_next, reading.world, _protocol(reading), asked.depth)


@router.get("/design/characteristics")
async def show_characteristics(
    request: Request, by: Reader, trial: Trial, asked: Annotated[UnderRates, Query()]
) -> DesignCharacteristics:
    """What the design does on average: exact up to five levels, else simulated from a seed with its error."""
    reading = await read(request, by, trial, asked)
    protocol, rates = _protocol(reading), rates_of(asked.rates)
    return await beside(characteristics, protocol, rates, cap=asked.cap, enrolment=asked.enrolment, seed=asked.seed)


@router.get("/design/boundary")
async def show_boundary(request: Request, by: Reader, trial: Trial, asked: Annotated[AtRates, Query()]) -> BoundaryView:
    """The toxicity boundary of phase II, and how likely it is crossed under true rates."""
    reading = await read(request, by, trial, asked)
    return await beside(boundary, reading.world, _protocol(reading), rates_of(asked.rates))


def _protocol(reading: Reading) -> ProtocolDocument:
    version = reading.world.trial.protocol_on(home_day(reading.world, reading.now))
    if version is None:
        raise NoProtocolInForce("no approved protocol version holds")
    return version.document
