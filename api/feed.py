"""The event feed: records of the log as they are shown, each with the bytes that its hash is of."""

from collections.abc import Iterator
from typing import Any, Final

import orjson

from api.reading import Reading
from ledger.evidence.merkle import leaf_hash
from ledger.record import Record
from ledger.store.reading import Reading as Store
from ledger.types import Several, Sha256
from projections.base import View
from projections.signatures import Manifestation, signatures_of

SEARCHED_AT_ONCE: Final = 500


class EventView(View):
    """An event: the leaf of the log as it is stored (canonical JSON when its members are sorted), and its hash."""

    position: int
    leaf_hash: Sha256
    leaf: dict[str, Any]
    """Version, origin, type, stream, stream_version, position, times, actor, source, reason, data."""
    signature: Manifestation | None
    """Who signed it, or whose signature it is, and whether that still stands."""


class Feed(View):
    """Some events in order. `after` is the last position that was looked at; go on from there."""

    items: Several[EventView]
    next: str | None
    after: int
    size: int
    """How many events the log holds."""


def shown(reading: Reading, position: int) -> bytes:
    """An event as JSON, with the stored leaf inside, byte for byte."""
    store = reading.ledger.store
    leaf = store.leaf(position)
    signature = signatures_of(reading.world, reading.ledger.texts.shown)(position)
    members = {
        "position": position,
        "leaf_hash": leaf_hash(leaf).hex(),
        "leaf": orjson.Fragment(leaf),
        "signature": None if signature is None else orjson.Fragment(signature.model_dump_json()),
    }
    return orjson.dumps(members)


def page(reading: Reading, after: int, limit: int, **filters: str | None) -> tuple[list[Record], int]:
    """At most `limit` records that the caller may read, at positions above `after`; and the last one looked at."""
    found: list[Record] = []
    for record in scan(reading.ledger.store, after, reading.size, **filters):
        after = record.position
        if reading.caller.may_read(reading.world, record):
            found.append(record)
        if len(found) == limit:
            return found, after
    return found, max(after, reading.size - 1)


def scan(store: Store, after: int, size: int, **filters: str | None) -> Iterator[Record]:
    """The records above a position that a filter wants, in order, as the log stood at a size."""
    while True:
        found = store.page(after, SEARCHED_AT_ONCE, **filters)
        for record in found:
            if record.position >= size:
                return
            yield record
        if len(found) < SEARCHED_AT_ONCE:
            return
        after = found[-1].position
