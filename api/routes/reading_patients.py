"""Reading patients: the list, one patient, what happened day by day, adverse events, cohorts."""

from itertools import islice
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.requests import Request

from api import views
from api.access import Caller
from api.reading import (
    TAGGED,
    VERSIONED,
    AsOf,
    Moment,
    MomentOrPast,
    Number,
    Reading,
    Trial,
    beside,
    known_patient,
    protocol_in_force,
    read,
    reader,
)
from api.roles import needs
from api.tables import CSV_CONTENT, Table, table
from api.views import Page
from ledger.decisions.products_standing import patients_of_lot
from ledger.record import Record, cohort_stream, patient_stream, product_stream
from ledger.refusals import NoProtocolInForce, NoSuchCohort
from ledger.types import Day, Level, PatientNumber
from projections import cohorts as c
from projections import eligibility as el
from projections import patients as p
from projections.donors import DonorsView, donors
from projections.levels import home_day
from projections.patient_timeline import Timeline, patient_timeline
from projections.schedule import PatientSchedule, patient_schedule

router: Final = APIRouter(tags=["patients"], prefix="/v1/trials/{trial}")
PatientReader = Annotated[Caller, reader(needs("patient", "R"))]
SafetyReader = Annotated[Caller, reader(needs("adverse-event", "R"))]
EligibilityReader = Annotated[Caller, reader(needs("eligibility", "R"))]
CohortReader = Annotated[Caller, reader(needs("slots", "R"))]


class SeenOn(AsOf):
    """A day, as known at a moment."""

    on: Day | None = Field(None, description="The day on which it is seen; today, unless it is said.")


class PatientsQuery(AsOf):
    """Which patients, as known at a moment."""

    after: PatientNumber | None = Field(None, description="Those with a later number.")
    limit: int | None = Field(None, ge=1, description="How many at most; all, unless it is said.")


@router.get("/patients")
async def list_patients(
    request: Request, response: Response, by: PatientReader, trial: Trial, asked: Annotated[PatientsQuery, Query()]
) -> Page[p.PatientLine]:
    """All patients that the caller may see, by number."""
    reading = await read(request, by, trial, asked)
    found = await beside(_lines, reading, asked)
    following = None
    if len(found) == asked.limit:
        kept = asked.model_dump(mode="json", exclude_none=True, exclude={"at_least"})
        following = f"/v1/trials/{trial}/patients?{urlencode({**kept, 'after': found[-1].number})}"
        response.headers["Link"] = f'<{following}>; rel="next"'
    return Page(items=found, next=following)


def _lines(reading: Reading, asked: PatientsQuery) -> tuple[p.PatientLine, ...]:
    lines = p.patients(reading.world, asked.after or "")
    sees = reading.caller.sees_site
    return tuple(islice((line for line in lines if line.site is None or sees(line.site)), asked.limit))


@router.get("/patients/{patient}", responses=TAGGED)
async def show_patient(
    request: Request, response: Response, by: PatientReader, trial: Trial, patient: Number, asked: Moment
) -> p.PatientView:
    """A patient as the log stands, under the patient's own version."""
    reading = await read(request, by, trial, asked)
    known_patient(reading, patient)
    reading.tag(response, patient_stream(patient))
    shown = p.patient(reading.world, patient)
    assert shown is not None
    return shown


@router.get("/patients/{patient}/timeline", responses=VERSIONED)
async def show_timeline(
    request: Request, response: Response, by: PatientReader, trial: Trial, patient: Number, asked: MomentOrPast
) -> Timeline:
    """What happened to a patient, by date and by protocol day."""
    reading = await read(request, by, trial, asked)
    known_patient(reading, patient)
    reading.name_version(response, patient_stream(patient))
    records = await beside(_about, reading, patient)
    text = reading.ledger.texts.shown
    return await beside(
        patient_timeline, reading.world, records, patient, as_of_occurred=asked.as_of_occurred, text=text
    )


@router.get("/patients/{patient}/schedule")
async def show_schedule(
    request: Request, by: PatientReader, trial: Trial, patient: Number, asked: Annotated[SeenOn, Query()]
) -> PatientSchedule:
    """A patient's own calendar: doses, infusions and graft on their dates, and the follow-up visits that are due."""
    reading = await read(request, by, trial, asked)
    known_patient(reading, patient)
    today = reading.world.patient_day(patient, reading.now)
    return patient_schedule(reading.world, protocol_in_force(reading, patient), patient, asked.on or today)


def _about(reading: Reading, patient: str) -> list[Record]:
    """The patient's stream, the cohorts', and those of the patient's lots."""
    lots = [lot for lot in reading.world.products if patient in patients_of_lot(reading.world, lot)]
    streams = [patient_stream(patient), *map(cohort_stream, reading.world.cohorts), *map(product_stream, lots)]
    found = [record for stream in streams for record in reading.ledger.store.stream(stream, reading.size)]
    return sorted(found, key=lambda record: record.position)


@router.get("/patients/{patient}/eligibility", responses=VERSIONED)
async def show_eligibility(
    request: Request, response: Response, by: EligibilityReader, trial: Trial, patient: Number, asked: Moment
) -> el.EligibilityView:
    """The verdict on every criterion today, with what it rests on and what is missing."""
    reading = await read(request, by, trial, asked)
    known_patient(reading, patient)
    reading.name_version(response, patient_stream(patient))
    shown = el.eligibility(reading.world, patient, reading.now)
    if shown is None:
        raise NoProtocolInForce("no approved protocol version holds")
    return shown


@router.get("/screening-log", response_model=Page[el.ScreeningRow], responses={200: {"content": CSV_CONTENT}})
async def show_screening_log(
    request: Request, by: PatientReader, trial: Trial, asked: Annotated[Table, Query()]
) -> Response:
    """The screening and enrolment log: everybody who was screened, and what came of it."""
    reading = await read(request, by, trial, asked)
    found = await beside(el.screening_log, reading.world, reading.now)
    rows = tuple(row for row in found if by.sees(reading.world, row.patient))
    return table(el.ScreeningRow, rows, asked.format)


@router.get("/patients/{patient}/donor", responses=VERSIONED)
async def show_donor(
    request: Request, response: Response, by: PatientReader, trial: Trial, patient: Number, asked: Moment
) -> DonorsView:
    """The candidates with what stands against each, the ranking, the donor selected, and the blood groups."""
    reading = await read(request, by, trial, asked)
    known_patient(reading, patient)
    reading.name_version(response, patient_stream(patient))
    return donors(reading.world, protocol_in_force(reading, patient), patient, reading.now)


@router.get("/patients/{patient}/adverse-events", responses=TAGGED)
async def list_adverse_events(
    request: Request, response: Response, by: SafetyReader, trial: Trial, patient: Number, asked: Moment
) -> Page[views.AdverseEventView]:
    """A patient's adverse events, with their grades and relation."""
    reading = await read(request, by, trial, asked)
    found = known_patient(reading, patient)
    reading.tag(response, patient_stream(patient))
    return Page(items=views.adverse_events(found))


@router.get("/cohorts")
async def list_cohorts(request: Request, by: CohortReader, trial: Trial, asked: Moment) -> Page[c.CohortView]:
    """Every level that was opened or has anyone in it."""
    reading = await read(request, by, trial, asked)
    return Page(items=c.cohorts(reading.world))


@router.get("/cohorts/{level}", responses=TAGGED)
async def show_cohort(
    request: Request, response: Response, by: CohortReader, trial: Trial, level: Level, asked: Moment
) -> c.CohortView:
    """One dose level's patients and slots, under the cohort's own version."""
    reading = await read(request, by, trial, asked)
    version = reading.world.trial.protocol_on(home_day(reading.world, reading.now))
    if level not in reading.world.cohorts and (version is None or level not in version.document.levels()):
        raise NoSuchCohort(f"level {level}")
    reading.tag(response, cohort_stream(level))
    return c.cohort(reading.world, level)
