"""Reading the log: events in pages, one event, live, and the whole state at a point with its digest."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.access import Caller
from api.feed import EventView, Feed, page, shown
from api.problems import Refused
from api.reading import AtLeast, Moment, Now, Reading, Trial, beside, grown, read, reader
from api.roles import OWN, needs
from api.service import service_of
from ledger.record import patient_stream
from ledger.refusals import NoSuchRecord
from ledger.types import Instant, Line, Name, PatientNumber, Position, Sha256, instant_text
from ledger.world import FOLD_VERSION, World
from projections.base import Digest, View, digest, spelled

router: Final = APIRouter(tags=["log"], prefix="/v1/trials/{trial}")
EventReader = Annotated[Caller, reader(needs("events", "R", "received", "setup"))]
Verifier = Annotated[Caller, reader(needs("events", "V"))]
After = Annotated[int, Field(ge=-1, le=2**53 - 1)]
JSON: Final = "application/json"
CHUNK_BYTES: Final = 65_536


class FeedQuery(AtLeast):
    """Which events, from where."""

    after: After = Field(-1, description="Positions greater than this; -1 begins with the first.")
    limit: int | None = Field(None, ge=1, description="How many at most.")
    type: Line | None = Field(None, description="The stored name, such as patient.consent-given.v1.")
    stream: Line | None = Field(None, description="Such as patient/001, cohort/1, trial.")
    patient: PatientNumber | None = Field(None, description="The patient's own stream.")
    actor: Name | None = Field(None, description="Who acted.")

    @property
    def filters(self) -> dict[str, str | None]:
        stream = patient_stream(self.patient) if self.patient is not None else self.stream
        return {"type": self.type, "stream": stream, "actor": self.actor}


class State(View):
    """The whole state at a point of the log, and its digest: the same on every machine, for one fold version."""

    size: int
    position: int | None
    recorded_at: Instant | None
    fold_version: int
    digest: Sha256
    """Of the whole state, what the reader does not see included."""
    state: Any


@router.get("/events", response_model=Feed)
async def list_events(
    request: Request, by: EventReader, trial: Trial, asked: Annotated[FeedQuery, Query()]
) -> Response:
    """The event feed, in the order of the log and without gaps."""
    if asked.patient is not None and asked.stream not in (None, patient_stream(asked.patient)):
        raise Refused("request-invalid", faults=[{"at": "query.stream", "fault": "is not the patient's"}])
    reading = await read(request, by, trial, asked)
    by.seen(reading.world, asked.patient)
    settings = service_of(request).settings
    limit = min(asked.limit or settings.page_limit, settings.page_limit_max)
    return await beside(_feed, reading, trial, asked, limit)


def _feed(reading: Reading, trial: str, asked: FeedQuery, limit: int) -> Response:
    found, after = page(reading, asked.after, limit, **asked.filters)
    items = b",".join(shown(reading, record.position) for record in found)
    headers, following = {}, "null"
    if len(found) == limit and after + 1 < reading.size:
        kept = asked.model_dump(exclude_none=True, exclude={"at_least"})
        url = f"/v1/trials/{trial}/events?{urlencode({**kept, 'after': after, 'limit': limit})}"
        headers["Link"], following = f'<{url}>; rel="next"', f'"{url}"'
    end = f'],"next":{following},"after":{after},"size":{reading.size}}}'
    return Response(b'{"items":[' + items + end.encode(), 200, headers, JSON)


@router.get("/events/{position}", response_model=EventView)
async def show_event(request: Request, by: EventReader, trial: Trial, position: Position, asked: Now) -> Response:
    """One event: its leaf as it is stored, and its hash."""
    reading = await read(request, by, trial, asked)
    store = reading.ledger.store
    record = await beside(store.record, position)
    if not by.may_read(reading.world, record):
        raise NoSuchRecord(f"position {position}")
    return Response(await beside(shown, reading, position), 200, media_type=JSON)


class LiveQuery(AtLeast):
    """From where on."""

    after: After | None = Field(None, description="Positions greater than this; the head, unless it is said.")


LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", pattern="^(-1|0|[1-9][0-9]{0,15})$")]


async def _following(
    request: Request, by: EventReader, trial: Trial, asked: Annotated[LiveQuery, Query()], last: LastEventId = None
) -> tuple[Reading, int]:
    """Where a live reader begins: after the last event it saw, or at the head."""
    service = service_of(request)
    if len(service.streams) >= service.settings.streams_at_once:
        raise Refused("too-many-at-once", "event streams", {"Retry-After": "5"})
    reading = await read(request, by, trial, asked)
    if last is not None:
        return reading, int(last)
    return reading, reading.size - 1 if asked.after is None else asked.after


async def _live(reading: Reading, after: int, tell: Callable[[int], None]) -> AsyncIterator[ServerSentEvent]:
    ledger = reading.ledger
    while True:
        tell(after)
        now = Reading(reading.caller, ledger, ledger.world, reading.now, head=True)
        found, after = await beside(page, now, after, 100)
        for record in found:
            content = await beside(shown, now, record.position)
            yield ServerSentEvent(raw_data=content.decode(), event=record.event.NAME, id=str(record.position))
        if after + 1 >= ledger.world.size:
            await grown(ledger, after + 1, None)


Following = Annotated[tuple[Reading, int], Depends(_following)]


@router.get("/stream", response_class=EventSourceResponse)
async def stream_events(request: Request, trial: Trial, following: Following) -> AsyncIterator[ServerSentEvent]:
    """The event feed, live: `id` is the position, and `Last-Event-ID` goes on after it."""
    streams, key = service_of(request).streams, object()

    def tell(after: int) -> None:
        streams[key] = trial, after

    try:
        async for event in _live(*following, tell):
            yield event
    finally:
        streams.pop(key, None)


@router.get("/replay", response_model=State)
async def replay(request: Request, by: Verifier, trial: Trial, asked: Moment) -> Response:
    """The whole state as known at a point of the log, with its digest. It is sent as it is made, patient by patient."""
    reading = await read(request, by, trial, asked)
    return StreamingResponse(_in_chunks(_state(reading)), media_type=JSON)


def _state(reading: Reading) -> Iterator[bytes]:
    """The members of `State`, the digest last: of what passes, or else of the whole that the reader does not see."""
    world, by, found = reading.world, reading.caller, Digest()
    told = {
        "size": world.size,
        "position": world.size - 1 if world.size else None,
        "recorded_at": instant_text(world.recorded_at) if world.recorded_at else None,
        "fold_version": FOLD_VERSION,
    }
    yield orjson.dumps(told)[:-1] + b',"state":'
    if OWN in by.rights:
        yield from spelled(_seen(world, by))
        digested = digest(world)
    else:
        yield from found.taking(spelled(world))
        digested = found.hex()
    yield b',"digest":"%s"}' % digested.encode()


def _seen(world: World, by: Caller) -> World:
    """The part that concerns the reader's own sites."""
    return replace(
        world,
        patients=world.patients.only(number for number in world.patients if by.sees(world, number)),
        products=world.products.only(lot for lot in world.products if by.sees_lot(world, lot)),
        signatures=world.signatures.seen(lambda record: by.may_read(world, record)),
    )


def _in_chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces, each of which is a change of threads."""
    chunk = bytearray()
    for piece in pieces:
        chunk += piece
        if len(chunk) >= CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk)
