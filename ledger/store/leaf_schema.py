"""What the entries of a log look like, as JSON Schema (2020-12): the envelope, and the `data` of each kind of event."""

from collections.abc import Iterator
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from ledger.catalogue import EVENTS
from ledger.store.codec import Envelope

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SPELLED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def leaf_schemas() -> Iterator[tuple[str, bytes]]:
    """The files below `schema/`: `leaf.json`, and one for each stored name of an event."""
    yield "schema/leaf.json", _spelled(TypeAdapter(Envelope).json_schema())
    for name, kind in sorted(EVENTS.items()):
        yield f"schema/{name}.json", _spelled(kind.model_json_schema())


def _spelled(schema: dict[str, Any]) -> bytes:
    return orjson.dumps({"$schema": DIALECT, **schema}, option=_SPELLED)
