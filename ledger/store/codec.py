"""A record as bytes: the leaf, canonical JSON (`canonical.py`) of the envelope with its event.

Reading is strict: one version, one set of members, one spelling. What does not fit is `Corrupt`. Writing asks the same
of the envelope, so that nothing is written that cannot be read.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, Final, get_origin

import orjson
from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from ledger.catalogue import EVENTS
from ledger.changing import maker
from ledger.errors import Corrupt
from ledger.record import Actor, Head, Record, Source
from ledger.store.canonical import AS_CANONICAL, PLAIN, refuse_what_has_no_one_spelling
from ledger.store.canonical import canonical as canonical
from ledger.store.errors import LeafTooLarge, Unstorable
from ledger.store.upcasts import upcast
from ledger.types import Count, Event, Frozen, Sha256, instant_text

LEAF_VERSION: Final = 1
LARGEST_LEAF_BYTES: Final = 65_535

_CLOCK = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}"
_OFFSET = r"[+-](?:(?:0[1-9]|1[0-9]|2[0-3]):[0-5][0-9]|00:(?:0[1-9]|[1-5][0-9]))"
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
_given: Final = {kind: set(kind.model_fields) for kind in EVENTS.values()}
_with_free_content: Final = frozenset(
    name
    for name, kind in EVENTS.items()
    if any(get_origin(field.annotation) is dict for field in kind.model_fields.values())
)


def encode(record: Record) -> bytes:
    """The leaf of a record; `Unstorable` where it has no canonical form, `LeafTooLarge` beyond 65,535 bytes."""
    _share_set_of_fields(record.event)
    members = _members(record)
    try:
        _read_envelope(members)
        leaf = _canonical_members(record.event.NAME, members)
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
        if orjson.dumps(tree, option=AS_CANONICAL) != leaf:
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
            refuse_what_has_no_one_spelling(data)
        event = read(data)
        _share_set_of_fields(event)
        return _record(envelope, event)
    except ValidationError as faults:
        raise Corrupt(f"a leaf that is not a {name}: {_places(faults)}") from None
    except Unstorable as fault:
        raise Corrupt(f"a leaf with {fault}") from None
    except ValueError:
        raise Corrupt("a leaf with an instant that no calendar has") from None


def _share_set_of_fields(event: Event) -> None:
    """Of every event pydantic keeps which of its fields were given. A leaf gives all of them: one set for all events of
    a type tells the same, in a quarter less memory for what is kept of a trial."""
    object.__setattr__(event, "__pydantic_fields_set__", _given[type(event)])


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


def _canonical_members(name: str, members: dict[str, Any]) -> bytes:
    """The same for an envelope that was read. Where the content is plain values under the names of an event's fields,
    and all of it is ASCII, there is nothing to refuse but an integer that is too large, which `orjson` tells."""
    if name not in _with_free_content and PLAIN.issuperset(map(type, members["data"].values())):
        try:
            leaf = orjson.dumps(members, option=AS_CANONICAL)
        except orjson.JSONEncodeError:
            return canonical(members)
        if leaf.isascii():
            return leaf
    return canonical(members)


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
        "data": _content(record.event),
    }


def _content(content: Frozen) -> dict[str, Any]:
    """What `model_dump` gives, sooner: an event's fields, those that are not plain values spelled out."""
    return {name: value if type(value) in PLAIN else _spelled(value) for name, value in vars(content).items()}


def _spelled(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Frozen):
        return _content(value)
    return [_spelled(each) for each in value] if isinstance(value, tuple) else value


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
