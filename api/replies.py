"""How a write is answered."""

from typing import Any

import orjson
from starlette.responses import Response

from ledger.application import TrialLedger
from ledger.submission import Receipt
from ledger.types import Frozen, Instant, Several, Sha256, instant_text
from projections.ward import SheetGrade


class AppendedEvent(Frozen):
    """An event of the answer; a position is given when it is on record."""

    position: int | None
    type: str
    stream: str


class ReceiptBody(Frozen):
    """What a write was answered with: where its events stand, and the hashes of their leaves."""

    positions: Several[int]
    recorded_at: Instant | None
    leaf_hashes: Several[Sha256]
    events: Several[AppendedEvent]
    already: bool
    dry_run: bool
    grades: Several[SheetGrade] | None = None
    """Of a ward sheet: what was computed at once; empty before the first infusion."""


def body_of(receipt: Receipt, grades: tuple[SheetGrade, ...] | None = None) -> bytes:
    """The receipt as bytes, the same for every repetition under one key."""
    records = receipt.records
    positions = [] if receipt.dry_run else [record.position for record in records]
    content: dict[str, Any] = {
        "positions": positions,
        "recorded_at": instant_text(records[0].recorded_at) if positions else None,
        "leaf_hashes": [leaf.hex() for leaf in receipt.leaf_hashes],
        "events": [
            {
                "position": None if receipt.dry_run else record.position,
                "type": record.event.NAME,
                "stream": record.stream,
            }
            for record in records
        ],
        "already": receipt.already,
        "dry_run": receipt.dry_run,
    }
    if grades is not None:
        content["grades"] = [grade.model_dump(mode="json") for grade in grades]
    return orjson.dumps(content)


def reply(
    trial: str,
    stream: str,
    receipt: Receipt,
    ledger: TrialLedger | None,
    grades: tuple[SheetGrade, ...] | None = None,
) -> Response:
    """201 where something was appended, 200 where it stood already or was only tried out.

    The entity tag is the version of the aggregate in the path after the append.
    """
    headers = {"ETag": entity_tag(stream, _version(stream, receipt, ledger))}
    if receipt.records and not receipt.dry_run:
        position = receipt.records[0].position
        headers["Location"] = f"/v1/trials/{trial}/events/{position}"
        headers["Link"] = f'</v1/trials/{trial}/evidence/receipts/{position}>; rel="receipt"'
    status = 200 if receipt.already or receipt.dry_run else 201
    return Response(body_of(receipt, grades), status, headers, "application/json")


def entity_tag(stream: str, version: int) -> str:
    return f'"{stream}@{version}"'


def _version(stream: str, receipt: Receipt, ledger: TrialLedger | None) -> int:
    appended = [record.stream_version for record in receipt.records if record.stream == stream]
    if appended and not receipt.already and not receipt.dry_run:
        return max(appended)
    return ledger.world.stream_version(stream) if ledger is not None else 0
