"""Reading where the escalation stands: the board, the reasons, decisions, the dossier, the register, what waits."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from api.access import Caller
from api.reading import AsOf, Moment, MomentOrPast, Reading, Trial, beside, read, reader
from api.roles import needs
from api.views import Page
from ledger.patient.events import ProtocolDeviationRecorded
from ledger.record import Record
from ledger.refusals import NoProtocolInForce, NoSuchDecision
from ledger.trial.events import TrialDeviationRecorded
from ledger.types import Level, Sha256
from projections import deviations as d
from projections.base import world_as_it_was
from projections.dlt_register import DltRegister, dlt_register
from projections.dose_decisions import DecisionView, dose_decisions
from projections.dossier import Dossier, dossier_on
from projections.escalation import Board, board
from projections.explain import Explanation, explain
from projections.levels import home_day
from projections.worklists import Worklists, worklists

router: Final = APIRouter(tags=["dosing"], prefix="/v1/trials/{trial}")
Reader = Annotated[Caller, reader(needs("dose-decision", "R"))]
RegisterReader = Annotated[Caller, reader(needs("dlt", "R"))]
PatientReader = Annotated[Caller, reader(needs("patient", "R"))]


class LevelAsOf(AsOf):
    """A level, as known at a moment."""

    level: Level


class DossierBody(Dossier):
    """The dossier, with the hash that a proposal and every signature name."""

    dossier_hash: Sha256


@router.get("/escalation")
async def show_escalation(request: Request, by: Reader, trial: Trial, asked: Moment) -> Board:
    """Where the trial stands, what the design advises, and what may be done next."""
    reading = await read(request, by, trial, asked)
    return await beside(board, reading.world, reading.now, reading.ledger.texts.shown)


@router.get("/escalation/explain")
async def explain_level(
    request: Request, by: Reader, trial: Trial, asked: Annotated[LevelAsOf, Query()]
) -> Explanation:
    """Why a level takes patients or does not: rule by rule, with the positions that each rule looked at."""
    reading = await read(request, by, trial, asked)
    return await beside(_explained, reading, asked.level)


def _explained(reading: Reading, level: int) -> Explanation:
    records = reading.ledger.store.records(0, reading.size)
    return explain(reading.world, records, level, reading.now)


@router.get("/dose-decisions")
async def list_dose_decisions(request: Request, by: Reader, trial: Trial, asked: Moment) -> Page[DecisionView]:
    """All dose decisions, the newest first: who signed, and who is missing."""
    reading = await read(request, by, trial, asked)
    return Page(items=dose_decisions(reading.world, reading.now, text=reading.ledger.texts.shown))


@router.get("/dose-decisions/{decision}")
async def show_dose_decision(
    request: Request, by: Reader, trial: Trial, decision: Annotated[int, Field(ge=1, le=9999)], asked: Moment
) -> DecisionView:
    """One dose decision."""
    reading = await read(request, by, trial, asked)
    for each in dose_decisions(reading.world, reading.now, text=reading.ledger.texts.shown):
        if each.number == decision:
            return each
    raise NoSuchDecision(f"decision {decision}")


@router.get("/dossier")
async def show_dossier(request: Request, by: Reader, trial: Trial, asked: Moment) -> DossierBody:
    """What a dose decision proposed now would rest on, with the hash that proposer and signers name."""
    reading = await read(request, by, trial, asked)
    found = await beside(dossier_on, reading.world, home_day(reading.world, reading.now), reading.ledger.texts.shown)
    if found is None:
        raise NoProtocolInForce("no approved protocol version holds")
    return DossierBody(**dict(found), dossier_hash=found.inputs_hash)


@router.get("/dlt-register")
async def show_dlt_register(request: Request, by: RegisterReader, trial: Trial, asked: MomentOrPast) -> DltRegister:
    """Everything that is, was or may be ruled a DLT, and the tallies of the levels."""
    reading = await read(request, by, trial, asked)
    if asked.as_of_occurred is not None:
        reading = await beside(_as_it_was, reading, asked.as_of_occurred)
    register = await beside(dlt_register, reading.world, reading.ledger.texts.shown)
    seen = tuple(entry for entry in register.entries if by.sees(reading.world, entry.patient))
    return register.model_copy(update={"entries": seen})


def _as_it_was(reading: Reading, at: datetime) -> Reading:
    return replace(reading, world=world_as_it_was(reading.ledger.store.records(0, reading.size), at))


@router.get("/worklists")
async def show_worklists(request: Request, by: PatientReader, trial: Trial, asked: Moment) -> Worklists:
    """Everything that waits for somebody."""
    return await _worklists(await read(request, by, trial, asked))


@router.get("/worklists/{name}")
async def show_worklist(
    request: Request,
    by: PatientReader,
    trial: Trial,
    name: Annotated[str, Field(pattern=f"^({'|'.join(Worklists.model_fields)})$")],
    asked: Moment,
) -> Page[dict[str, Any]]:
    """One of the lists of what waits."""
    lists = await _worklists(await read(request, by, trial, asked))
    return Page(items=tuple(each.model_dump(mode="json") for each in getattr(lists, name)))


async def _worklists(reading: Reading) -> Worklists:
    lists = await beside(worklists, reading.world, reading.now)
    own = {name: tuple(each for each in found if _exists(reading, each)) for name, found in lists}
    return lists.model_copy(update=own)


def _exists(reading: Reading, listed: Any) -> bool:
    return reading.caller.sees(reading.world, getattr(listed, "patient", None))


def _of_type(reading: Reading, name: str) -> list[Record]:
    """All records of a type, as known at the moment."""
    found = reading.ledger.store.page(-1, reading.size + 1, type=name)
    return [record for record in found if record.position < reading.size]


@router.get("/deviations")
async def list_deviations(request: Request, by: PatientReader, trial: Trial, asked: Moment) -> Page[d.Deviation]:
    """What happened, or was decided on paper, against a rule."""
    reading = await read(request, by, trial, asked)
    found = await beside(_deviations, reading)
    return Page(items=tuple(each for each in found if by.sees(reading.world, each.patient)))


def _deviations(reading: Reading) -> tuple[d.Deviation, ...]:
    """Of the commands that have any: all their events, which are adjacent."""
    named = [
        record
        for kind in (ProtocolDeviationRecorded, TrialDeviationRecorded)
        for record in _of_type(reading, kind.NAME)
    ]
    commands: dict[str, tuple[int, int]] = {}
    for record in named:
        answer = reading.ledger.store.answer(record.command_id)
        if answer is not None:
            commands[record.command_id] = (answer.first_position, answer.last_position + 1)
    spans = sorted(set(commands.values()))
    return d.deviations(record for span in spans for record in reading.ledger.store.records(*span))
