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
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType, NoneType
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from ledger.catalogue import EVENTS
from ledger.errors import Corrupt
from ledger.record import Actor, Head, Record, Source
from ledger.store.errors import LeafTooLarge, Unstorable
from ledger.store.upcasts import upcast
from ledger.types import Count, Event, Sha256, instant_text

LEAF_VERSION: Final = 1
LARGEST_LEAF_BYTES: Final = 65_535
LARGEST_INTEGER: Final = 2**53 - 1

_MEMBER_NAME = re.compile(r"[a-z][a-z0-9_]*")
_INSTANT_LENGTHS: Final = frozenset({len("2026-03-02T10:15:00.000000Z"), len("2026-03-02T10:15:00.000000+03:00")})
_AS_CANONICAL: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
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
    entered_at: str | None


@_CLOSED
class HeadMembers(TypedDict):
    """The newest checkpoint that was seen."""

    size: Count
    root: Sha256


@_CLOSED
class Envelope(TypedDict):
    """A leaf of version 1, member by member. Every member is always there; what is not known is null."""

    v: Literal[1]
    origin: str
    after: HeadMembers | None
    type: str
    stream: str
    stream_version: Annotated[int, Field(ge=1)]
    position: Count
    command_id: Annotated[str, StringConstraints(min_length=1)]
    occurred_at: str
    recorded_at: Annotated[str, StringConstraints(pattern="Z$")]
    actor: ActorMembers
    source: SourceMembers | None
    protocol_version: Count
    reason: Sha256 | None
    corrects: Count | None
    conflicts_with: Count | None
    data: dict[str, Any]


_ENVELOPE: Final = TypeAdapter(Envelope)
_DATA: Mapping[str, TypeAdapter[Event]] = MappingProxyType({name: TypeAdapter(kind) for name, kind in EVENTS.items()})


def encode(record: Record) -> bytes:
    """The leaf of a record; `Unstorable` where it has no canonical form, `LeafTooLarge` beyond 65,535 bytes."""
    try:
        members = _members(record)
        _ENVELOPE.validate_python(members)
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
        if canonical(tree) != leaf:
            raise Corrupt("a leaf that is not canonical JSON")
        return _ENVELOPE.validate_python(tree)
    except ValidationError as faults:
        raise Corrupt(f"a leaf that is not of version {LEAF_VERSION}: {_places(faults)}") from None
    except (orjson.JSONDecodeError, Unstorable):
        raise Corrupt("a leaf that is not canonical JSON") from None


def record_of(envelope: Envelope) -> Record:
    """The record of an envelope; `Corrupt` where the catalogue does not know the event, or its content is another."""
    name, data = upcast(envelope["type"], envelope["data"])
    if (adapter := _DATA.get(name)) is None:
        raise Corrupt("a leaf whose type is not in the catalogue")
    try:
        event = adapter.validate_python(data)
    except ValidationError as faults:
        raise Corrupt(f"a leaf that is not a {name}: {_places(faults)}") from None
    after, source = envelope["after"], envelope["source"]
    return Record(
        origin=envelope["origin"],
        position=envelope["position"],
        stream=envelope["stream"],
        stream_version=envelope["stream_version"],
        event=event,
        occurred_at=_instant(envelope["occurred_at"]),
        recorded_at=_instant(envelope["recorded_at"]),
        actor=Actor(**envelope["actor"]),
        command_id=envelope["command_id"],
        protocol_version=envelope["protocol_version"],
        source=None if source is None else _source(source),
        reason=envelope["reason"],
        corrects=envelope["corrects"],
        conflicts_with=envelope["conflicts_with"],
        after=None if after is None else Head(**after),
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
        "occurred_at": _spelled(record.occurred_at),
        "recorded_at": _spelled(record.recorded_at),
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
        "entered_at": None if source.entered_at is None else _spelled(source.entered_at),
    }


def _source(members: SourceMembers) -> Source:
    entered_at = members["entered_at"]
    return Source(
        system=members["system"],
        audit_id=members["audit_id"],
        originator=members["originator"],
        originator_role=members["originator_role"],
        entered_at=None if entered_at is None else _instant(entered_at),
    )


def _spelled(at: datetime) -> str:
    """The stored spelling of an instant; `Unstorable` without an offset, or with one of seconds."""
    text = instant_text(at)
    if len(text) not in _INSTANT_LENGTHS:
        raise Unstorable("an instant without an offset of hours and minutes")
    return text


def _instant(text: str) -> datetime:
    """The instant of its one stored spelling; `Corrupt` for any other."""
    try:
        at = datetime.fromisoformat(text)
        if _spelled(at) == text:
            return at
    except (ValueError, Unstorable):
        pass
    raise Corrupt("a leaf with an instant in another spelling")


def _places(faults: ValidationError) -> str:
    """Where the faults are, without what stands there."""
    named = faults.errors(include_url=False, include_context=False, include_input=False)
    return ", ".join(".".join(str(step) for step in fault["loc"]) or "all of it" for fault in named[:10])
