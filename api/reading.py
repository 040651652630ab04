"""What a read asks for besides its subject: as of when, and how far the log has to have come."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, ParamSpec, Self, TypeVar

from fastapi import Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller
from api.problems import Refused
from api.replies import entity_tag
from api.roles import Needed
from api.service import service_of
from ledger.application import TrialLedger
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record
from ledger.refusals import NoProtocolInForce, NoSuchPatient
from ledger.types import Instant, Name, PatientNumber, Position
from ledger.world import World

P = ParamSpec("P")
R = TypeVar("R")

Trial = Annotated[Name, Path(description="The trial's identifier.", examples=["NCT07256210"])]
Number = Annotated[PatientNumber, Path(description="The patient's pseudonymous number.", examples=["001"])]
Lot = Annotated[Name, Path(description="A lot of cells.", examples=["NK-001-A"])]

AS_OF_POSITION = Field(None, description="As known when this event was the last on record.", examples=[40])
AS_OF_RECORDED = Field(None, description="As known at this instant.", examples=["2026-03-01T00:00:00Z"])
AS_OF_OCCURRED = Field(None, description="What was so by this instant, in the light of all that is known.")
AT_LEAST = Field(None, description="Wait, for a bounded time, until this position is on record.")


class AtLeast(BaseModel):
    """What every read may say. An unknown query is refused."""

    model_config = ConfigDict(extra="forbid")

    at_least: Position | None = AT_LEAST


class AsOf(AtLeast):
    """As known at a moment; now, unless it is said."""

    as_of_position: Position | None = AS_OF_POSITION
    as_of_recorded: Instant | None = AS_OF_RECORDED

    @model_validator(mode="after")
    def _one_moment(self) -> Self:
        if self.as_of_position is not None and self.as_of_recorded is not None:
            raise ValueError("one moment at a time")
        return self


class AsOfOccurred(AsOf):
    """As known at a moment, or as it was at one."""

    as_of_occurred: Instant | None = AS_OF_OCCURRED


VERSIONED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": {"ETag": {"description": "The present version, for If-Match.", "schema": {"type": "string"}}}}
}
"""Reads on which a decision may rest."""

TAGGED: Final = {**VERSIONED, 304: {"description": "The caller has this version: If-None-Match."}}
"""Reads that show nothing but what has this version."""

Now = Annotated[AtLeast, Query()]
Moment = Annotated[AsOf, Query()]
MomentOrPast = Annotated[AsOfOccurred, Query()]


@dataclass(frozen=True, slots=True)
class Reading:
    """A trial as a caller reads it: the state as known at a moment, and what `now` was then."""

    caller: Caller
    ledger: TrialLedger
    world: World
    now: datetime
    head: bool
    known: str | None = None
    """The entity tag that the caller has already."""

    @property
    def size(self) -> int:
        return self.world.size

    def name_version(self, response: Response, stream: str) -> str | None:
        """Name the version that a decision on what is shown rests on, where it is the present one."""
        if not self.head:
            return None
        response.headers["ETag"] = tag = entity_tag(stream, self.world.stream_version(stream))
        return tag

    def tag(self, response: Response, stream: str) -> None:
        """The same, where nothing but this stream is shown; `NotModified` where the caller has this version."""
        tag = self.name_version(response, stream)
        if tag is not None and self.known == tag:
            raise NotModified(tag)


class NotModified(Exception):
    """The caller has this version already."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


def allowed(may: Needed) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency: the caller, who has to have the right. It comes before anything else is looked at."""

    async def caller(request: Request) -> Caller:
        return service_of(request).caller(request, may)

    return caller


def reader(may: Needed) -> object:
    """`Annotated[Caller, reader(needs("patient", "R"))]`."""
    return Depends(allowed(may))


async def read(request: Request, caller: Caller, trial: str, asked: AtLeast) -> Reading:
    """The trial as it is asked for."""
    service = service_of(request)
    ledger = await service.ledger(trial, caller)
    if asked.at_least is not None and not await grown(ledger, asked.at_least, service.settings.at_least_seconds):
        raise Refused("not-there-yet", headers={"Retry-After": "1"}, size=ledger.world.size)
    if isinstance(asked, AsOf) and (asked.as_of_position is not None or asked.as_of_recorded is not None):
        return await asyncio.to_thread(_past, caller, ledger, asked)
    world = ledger.world
    return Reading(caller, ledger, world, _now(ledger, world), True, request.headers.get("if-none-match"))


def _past(caller: Caller, ledger: TrialLedger, asked: AsOf) -> Reading:
    head, now = ledger.world, _now(ledger, ledger.world)
    if asked.as_of_recorded is not None:
        size, at = ledger.store.positions_until(asked.as_of_recorded), min(asked.as_of_recorded, now)
        world = ledger.world_at(size)
    else:
        world = ledger.world_at(min((asked.as_of_position or 0) + 1, head.size))
        at = world.recorded_at or now
    return Reading(caller, ledger, world, at, head=False)


def _now(ledger: TrialLedger, world: World) -> datetime:
    now = ledger.clock()
    return now if world.recorded_at is None else max(now, world.recorded_at)


def known_patient(reading: Reading, number: str) -> Patient:
    """The patient, where one of this number exists for the caller."""
    found = reading.world.patients.get(number)
    if found is None or found.screened is None:
        raise NoSuchPatient(f"patient {number}")
    reading.caller.seen(reading.world, number)
    return found


def protocol_in_force(reading: Reading, number: str) -> ProtocolDocument:
    """The protocol version in force on the day at the patient's site; `NoProtocolInForce` where none is."""
    version = reading.world.trial.protocol_on(reading.world.patient_day(number, reading.now))
    if version is None:
        raise NoProtocolInForce("no approved protocol version holds")
    return version.document


async def grown(ledger: TrialLedger, position: int, seconds: float | None) -> bool:
    """Whether a position is on record, at the latest after so many seconds."""
    if ledger.world.size > position:
        return True
    loop, heard = asyncio.get_running_loop(), asyncio.Event()

    def hear(_: Sequence[Record]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(heard.set)

    stop = ledger.listen(hear)
    try:
        async with asyncio.timeout(seconds):
            while ledger.world.size <= position:
                heard.clear()
                await heard.wait()
    except TimeoutError:
        return False
    finally:
        stop()
    return True


async def beside(work: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Read or compute beside the event loop."""
    return await asyncio.to_thread(work, *arguments, **named)
