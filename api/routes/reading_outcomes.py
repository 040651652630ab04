"""Reading what became of patients: outcomes, the follow-up, secondary endpoints, and planned against given."""

from typing import Annotated, Final

from fastapi import APIRouter, Response
from starlette.requests import Request

from api.access import Caller
from api.reading import VERSIONED, Moment, Number, Reading, Trial, beside, read, reader
from api.roles import needs
from api.views import Page
from ledger.protocol.document import ProtocolDocument
from ledger.record import patient_stream
from ledger.refusals import NoProtocolInForce, NoSuchPatient
from projections.endpoints import Endpoints, endpoints
from projections.feasibility import Feasibility, feasibility
from projections.follow_up import FollowUpRow, follow_up
from projections.levels import home_day
from projections.outcomes import PatientOutcomes, patient_outcomes

router: Final = APIRouter(tags=["outcomes"], prefix="/v1/trials/{trial}")
PatientReader = Annotated[Caller, reader(needs("patient", "R"))]


def _protocol(reading: Reading) -> ProtocolDocument:
    version = reading.world.trial.protocol_on(home_day(reading.world, reading.now))
    if version is None:
        raise NoProtocolInForce("no approved protocol version holds")
    return version.document


@router.get("/patients/{patient}/outcomes", responses=VERSIONED)
async def show_outcomes(
    request: Request, response: Response, by: PatientReader, trial: Trial, patient: Number, asked: Moment
) -> PatientOutcomes:
    """What became of a patient, by the day."""
    reading = await read(request, by, trial, asked)
    found = reading.world.patients.get(patient)
    if found is None or found.screened is None:
        raise NoSuchPatient(f"patient {patient}")
    by.seen(reading.world, patient)
    reading.name_version(response, patient_stream(patient))
    return patient_outcomes(reading.world, _protocol(reading), patient)


@router.get("/follow-up")
async def show_follow_up(request: Request, by: PatientReader, trial: Trial, asked: Moment) -> Page[FollowUpRow]:
    """Every grafted patient with the visits that are due and overdue, and what is not on record of those made."""
    reading = await read(request, by, trial, asked)
    found = await beside(follow_up, reading.world, _protocol(reading), reading.now)
    return Page(items=tuple(row for row in found if by.sees(reading.world, row.patient)))


@router.get("/feasibility")
async def show_feasibility(request: Request, by: PatientReader, trial: Trial, asked: Moment) -> Feasibility:
    """Planned against given, over all who were enrolled; patient by patient for those whom the caller may see."""
    reading = await read(request, by, trial, asked)
    found = await beside(feasibility, reading.world, _protocol(reading))
    rows = tuple(row for row in found.patients if by.sees(reading.world, row.patient))
    return found.model_copy(update={"patients": rows})


@router.get("/endpoints")
async def show_endpoints(request: Request, by: PatientReader, trial: Trial, asked: Moment) -> Endpoints:
    """The secondary endpoints as counts: response, lymphocytes, and the main outcomes of the transplant."""
    reading = await read(request, by, trial, asked)
    return await beside(endpoints, reading.world, _protocol(reading))
