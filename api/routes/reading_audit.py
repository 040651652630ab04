"""Reading the audit trail: who did what, old value and new value, when, why; refusals included; JSON and CSV."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller
from api.feed import scan
from api.reading import AsOf, Reading, Trial, beside, read, reader
from api.roles import TABLE, needs
from api.service import service_of
from api.tables import CSV, CSV_CONTENT
from api.views import Page
from ledger.decisions.products_standing import patients_of_lot
from ledger.record import TRIAL, Record, cohort_stream, patient_stream, product_stream
from ledger.store.rows import Refusal
from ledger.types import Instant, Line, Name, PatientNumber
from projections.audit_trail import AuditFilter, AuditRow, audit_csv, audit_trail
from projections.base import no_text
from projections.signatures import signatures_of

router: Final = APIRouter(tags=["log"], prefix="/v1/trials/{trial}")
Reader = Annotated[Caller, reader(needs("events", "R"))]
Cursor = Annotated[str, Field(pattern=r"^(-1|0|[1-9][0-9]{0,15})~(0|[1-9][0-9]{0,15})$")]


class AuditQuery(AsOf):
    """Which rows, from where, in which form."""

    stream: Line | None = None
    patient: PatientNumber | None = Field(None, description="All that concerns the patient, in whatever stream.")
    actor: Name | None = None
    type: Line | None = Field(None, description="The stored name of an event, or the command that was refused.")
    recorded_from: Instant | None = None
    recorded_to: Instant | None = Field(None, description="This instant included.")
    cursor: Cursor | None = Field(None, description="Where the page before ended.")
    limit: int | None = Field(None, ge=1)
    format: Literal["json", "csv"] = "json"

    @property
    def wanted(self) -> AuditFilter:
        return AuditFilter(
            stream=self.stream,
            patient=self.patient,
            actor=self.actor,
            type=self.type,
            recorded_from=self.recorded_from,
            recorded_to=self.recorded_to,
        )


@router.get(
    "/audit-trail",
    response_model=Page[AuditRow],
    responses={200: {"content": CSV_CONTENT}},
)
async def show_audit_trail(
    request: Request, by: Reader, trial: Trial, asked: Annotated[AuditQuery, Query()]
) -> Response:
    """The audit trail: the filter's rows in the order of their recording, with what each replaces."""
    reading = await read(request, by, trial, asked)
    by.seen(reading.world, asked.patient)
    settings = service_of(request).settings
    limit = min(asked.limit or settings.page_limit, settings.page_limit_max)
    return await beside(_answer, reading, trial, asked, limit)


def _answer(reading: Reading, trial: str, asked: AuditQuery, limit: int) -> Response:
    tape = _Tape.at(asked.cursor)
    rows = list(islice(_rows(reading, asked, tape), limit))
    headers, following = {}, None
    if len(rows) == limit:
        kept = asked.model_dump(mode="json", exclude_none=True, exclude={"at_least", "cursor"})
        cursor = tape.after(rows)
        following = f"/v1/trials/{trial}/audit-trail?{urlencode({**kept, 'limit': limit, 'cursor': cursor})}"
        headers["Link"] = f'<{following}>; rel="next"'
    if asked.format == "csv":
        return Response("".join(audit_csv(rows)), 200, headers, CSV)
    page = Page[AuditRow](items=tuple(rows), next=following)
    return Response(page.model_dump_json(), 200, headers, "application/json")


@dataclass(slots=True)
class _Tape:
    """How far records and refusals have been read: a position, and the number of a refusal."""

    position: int
    refusal: int
    numbers: list[int] = field(default_factory=list)

    @classmethod
    def at(cls, cursor: str | None) -> "_Tape":
        position, _, refusal = (cursor or "-1~0").partition("~")
        return cls(int(position), int(refusal))

    def after(self, rows: Iterable[AuditRow]) -> str:
        """The cursor behind some rows: the last position and the last refusal among them."""
        refused = 0
        for row in rows:
            if row.position is None:
                refused += 1
            else:
                self.position = row.position
        return f"{self.position}~{self.numbers[refused - 1] if refused else self.refusal}"


def _rows(reading: Reading, asked: AuditQuery, tape: _Tape) -> Iterator[AuditRow]:
    store, wanted = reading.ledger.store, asked.wanted
    opens = "R" in TABLE["texts"].get(reading.caller.account.role, ())
    return audit_trail(
        (each for each in _records(reading, asked, tape.position) if reading.caller.may_read(reading.world, each)),
        lambda stream: store.stream(stream, reading.size),
        wanted=wanted,
        refusals=_refusals(reading, wanted, tape),
        text=reading.ledger.texts.shown if opens else no_text,
        signature=signatures_of(reading.world, reading.ledger.texts.shown),
    )


def _records(reading: Reading, asked: AuditQuery, after: int) -> Iterator[Record]:
    """The part of the log that the filter may want, in order, by the shortest way to it."""
    store, size = reading.ledger.store, reading.size
    if asked.recorded_from is not None:
        after = max(after, _before(reading, asked.recorded_from) - 1)
    if asked.patient is not None:
        lots = [lot for lot in reading.world.products if asked.patient in patients_of_lot(reading.world, lot)]
        shared = [*map(cohort_stream, reading.world.cohorts), *map(product_stream, lots), TRIAL]
        streams = [patient_stream(asked.patient), *shared]
        merged = heapq.merge(*(store.stream(each, size) for each in streams), key=lambda record: record.position)
        return (record for record in merged if record.position > after)
    return scan(store, after, size, type=asked.type, stream=asked.stream, actor=asked.actor)


def _before(reading: Reading, instant: Instant) -> int:
    """How many events were recorded before an instant."""
    store = reading.ledger.store
    size = store.positions_until(instant)
    while size and store.record(size - 1).recorded_at >= instant:
        size -= 1
    return size


def _refusals(reading: Reading, wanted: AuditFilter, tape: _Tape) -> Iterator[Refusal]:
    """The refusals that the filter wants; those of others are not shown to who reads for one site."""
    number = tape.refusal
    while found := reading.ledger.store.refusals(number, 500):
        for refusal in found:
            number = refusal.number or number
            known = reading.head or refusal.recorded_at <= reading.now
            mine = not reading.caller.own or refusal.actor_id == reading.caller.account.id
            if known and mine and wanted.wants_refusal(refusal):
                tape.numbers.append(number)
                yield refusal
