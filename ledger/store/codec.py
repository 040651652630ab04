"""A record as bytes: the leaf, canonical JSON (RFC 8785) of the envelope with its event.

Member names are ASCII, `[a-z][a-z0-9_]*`; for such names the order of code units that RFC 8785 asks for is the order
of bytes, and `orjson` with sorted keys writes the very same bytes, many times faster. What the two would write
differently, or what JSON can say in two ways, is refused: floats, integers from 2^53 on, date-times, text that is not
in NFC, and any type but `dict`, `list`, `tuple`, `str`, `int`, `bool` and `None`.

Reading is strict: one version, one set of members, one spelling. What does not fit is `Corrupt`. Writing asks the same
of the envelope, so that nothing is written that cannot be read.
"""

import re
import unicodedata
from datetime import datetime
from functools import lru_cache
from types import NoneType
from typing import Annotated, Any, Final, get_origin

import orjson
from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from ledger.catalogue import EVENTS
from ledger.changing import maker
from ledger.errors import Corrupt
from ledger.record import Actor, Head, Record, Source
from ledger.store.errors import LeafTooLarge, Unstorable
from ledger.store.upcasts import upcast
from ledger.types import Count, Event, Sha256, instant_text

LEAF_VERSION: Final = 1
LARGEST_LEAF_BYTES: Final = 65_535
LARGEST_INTEGER: Final = 2**53 - 1

_MEMBER_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CLOCK = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}"
_OFFSET = r"[+-](?:(?:0[1-9]|1[0-9]|2[0-3]):[0-5][0-9]|00:(?:0[1-9]|[1-5][0-9]))"
_AS_CANONICAL: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)

UtcSpelled = Annotated[str, StringConstraints(pattern=f"^{_CLOCK}Z$")]
"""An instant in UTC in its one stored spelling."""

Spelled = Annotated[str, StringConstraints(pattern=f"^{_CLOCK}(?:Z|{_OFFSET})$")]
"""An instant with its offset in its one stored spelling: an offset of nothing is `Z`."""

_CLOSED = with_config(ConfigDict(strict=True, extra="forbid"))


@_CLOSED
class ActorMembers(TypedDict):
    """Who acted."""

    id: str
    role: str
    site: str | None
    authenticated: str


@_CLOSED
class SourceMembers(TypedDict):
    """The machine that reported."""

    system: str
    audit_id: str | None
    originator: str | None
    originator_role: str | None
    entered_at: Spelled | None


@_CLOSED
class HeadMembers(TypedDict):
    """The newest checkpoint that was seen."""

    size: Count
    root: Sha256


@_CLOSED
class Envelope(TypedDict):
    """A leaf of version 1, member by member. Every member is always there; what is not known is null."""

    v: Annotated[int, Field(ge=LEAF_VERSION, le=LEAF_VERSION)]
    origin: str
    after: HeadMembers | None
    type: str
    stream: str
    stream_version: Annotated[int, Field(ge=1)]
    position: Count
    command_id: Annotated[str, StringConstraints(min_length=1)]
    occurred_at: Spelled
    recorded_at: UtcSpelled
    actor: ActorMembers
    source: SourceMembers | None
    protocol_version: Count
    reason: Sha256 | None
    corrects: Count | None
    conflicts_with: Count | None
    data: dict[str, Any]


_read_envelope: Final = TypeAdapter(Envelope).validator.validate_python
_read_event: Final = {name: TypeAdapter(kind).validator.validate_python for name, kind in EVENTS.items()}
_actor: Final = lru_cache(maxsize=1024)(Actor)
_head: Final = lru_cache(maxsize=64)(Head)
_made_record: Final = maker(Record)
_with_free_content: Final = frozenset(
    name
    for name, kind in EVENTS.items()
    if any(get_origin(field.annotation) is dict for field in kind.model_fields.values())
)


def encode(record: Record) -> bytes:
    """The leaf of a record; `Unstorable` where it has no canonical form, `LeafTooLarge` beyond 65,535 bytes."""
    members = _members(record)
    try:
        _read_envelope(members)
        leaf = canonical(members)
    except ValidationError as faults:
        raise Unstorable(f"{record.event.NAME} for {record.stream}: {_places(faults)}") from None
    except Unstorable as fault:
        raise Unstorable(f"{record.event.NAME} for {record.stream}: {fault}") from None
    if len(leaf) > LARGEST_LEAF_BYTES:
        raise LeafTooLarge(f"{record.event.NAME} for {record.stream}: {len(leaf)} bytes")
    return leaf


def decode(leaf: bytes) -> Record:
    """The record that a leaf holds, its event brought up to date; `Corrupt` for any other bytes."""
    return record_of(open_leaf(leaf))


def open_leaf(leaf: bytes) -> Envelope:
    """The envelope of a leaf as it is stored; `Corrupt` for bytes that are not a leaf of this version."""
    try:
        tree = orjson.loads(leaf)
        if orjson.dumps(tree, option=_AS_CANONICAL) != leaf:
            raise Corrupt("a leaf that is not canonical JSON")
        envelope: Envelope = _read_envelope(tree)
    except ValidationError as faults:
        raise Corrupt(f"a leaf that is not of version {LEAF_VERSION}: {_places(faults)}") from None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        raise Corrupt("a leaf that is not canonical JSON") from None
    return envelope


def record_of(envelope: Envelope) -> Record:
    """The record of an envelope; `Corrupt` where the catalogue does not know the event, or its content is another."""
    name, data = upcast(envelope["type"], envelope["data"])
    if (read := _read_event.get(name)) is None:
        raise Corrupt("a leaf whose type is not in the catalogue")
    try:
        if name in _with_free_content:
            _refuse_what_has_no_one_spelling(data)
        return _record(envelope, read(data))
    except ValidationError as faults:
        raise Corrupt(f"a leaf that is not a {name}: {_places(faults)}") from None
    except Unstorable as fault:
        raise Corrupt(f"a leaf with {fault}") from None
    except ValueError:
        raise Corrupt("a leaf with an instant that no calendar has") from None


def _record(envelope: Envelope, event: Event) -> Record:
    after, source = envelope["after"], envelope["source"]
    return _made_record(
        origin=envelope["origin"],
        position=envelope["position"],
        stream=envelope["stream"],
        stream_version=envelope["stream_version"],
        event=event,
        occurred_at=datetime.fromisoformat(envelope["occurred_at"]),
        recorded_at=datetime.fromisoformat(envelope["recorded_at"]),
        actor=_actor(**envelope["actor"]),
        command_id=envelope["command_id"],
        protocol_version=envelope["protocol_version"],
        source=None if source is None else _source(source),
        reason=envelope["reason"],
        corrects=envelope["corrects"],
        conflicts_with=envelope["conflicts_with"],
        after=None if after is None else _head(**after),
    )


def canonical(tree: Any) -> bytes:
    """The bytes that RFC 8785 gives for a tree; `Unstorable` for a tree that it may not hold."""
    _refuse_what_has_no_one_spelling(tree)
    try:
        return orjson.dumps(tree, option=_AS_CANONICAL)
    except orjson.JSONEncodeError:
        raise Unstorable("a text with a lone surrogate, or a tree that is too deep") from None


def _refuse_what_has_no_one_spelling(tree: Any) -> None:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind is str:
            if not (node.isascii() or unicodedata.is_normalized("NFC", node)):
                raise Unstorable("a text that is not in NFC")
        elif kind is dict:
            if not all(map(_is_member_name, node)):
                raise Unstorable("a member name that is not [a-z][a-z0-9_]*")
            waiting.extend(node.values())
        elif kind is int:
            if not -LARGEST_INTEGER <= node <= LARGEST_INTEGER:
                raise Unstorable("an integer beyond 2^53 - 1")
        elif kind is list or kind is tuple:
            waiting.extend(node)
        elif kind is not bool and kind is not NoneType:
            raise Unstorable(f"a {kind.__name__}")


@lru_cache(maxsize=4096, typed=True)
def _is_member_name(name: object) -> bool:
    return type(name) is str and _MEMBER_NAME.fullmatch(name) is not None


def _members(record: Record) -> dict[str, Any]:
    actor, source, after = record.actor, record.source, record.after
    return {
        "v": LEAF_VERSION,
        "origin": record.origin,
        "after": None if after is None else {"size": after.size, "root": after.root},
        "type": record.event.NAME,
        "stream": record.stream,
        "stream_version": record.stream_version,
        "position": record.position,
        "command_id": record.command_id,
        "occurred_at": instant_text(record.occurred_at),
        "recorded_at": instant_text(record.recorded_at),
        "actor": {"id": actor.id, "role": actor.role, "site": actor.site, "authenticated": actor.authenticated},
        "source": None if source is None else _source_members(source),
        "protocol_version": record.protocol_version,
        "reason": record.reason,
        "corrects": record.corrects,
        "conflicts_with": record.conflicts_with,
        "data": record.event.model_dump(),
    }


def _source_members(source: Source) -> dict[str, Any]:
    return {
        "system": source.system,
        "audit_id": source.audit_id,
        "originator": source.originator,
        "originator_role": source.originator_role,
        "entered_at": None if source.entered_at is None else instant_text(source.entered_at),
    }


def _source(members: SourceMembers) -> Source:
    entered_at = members["entered_at"]
    return Source(
        system=members["system"],
        audit_id=members["audit_id"],
        originator=members["originator"],
        originator_role=members["originator_role"],
        entered_at=None if entered_at is None else datetime.fromisoformat(entered_at),
    )


def _places(faults: ValidationError) -> str:
    """Where the faults are, without what stands there."""
    named = faults.errors(include_url=False, include_context=False, include_input=False)
    return ", ".join(".".join(str(step) for step in fault["loc"]) or "all of it" for fault in named[:10])
