"""What identifies a fact in its stream, and whether two reports say the same."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Protocol

from ledger.record import Record, Source
from ledger.types import Event, FreeText, instant_text, utc


class Log(Protocol):
    """Where a record is found by its position."""

    def record(self, position: int) -> Record: ...


class Archive(Log, Protocol):
    """What a decision may look up beyond the state: a record by its position, the text behind a commitment, and which
    texts there are."""

    def text(self, commitment: str) -> str | None: ...

    def is_kept(self, commitment: str) -> bool:
        """Whether the text is there, readable or not."""
        ...

    def texts_about(self, subjects: tuple[str, ...]) -> tuple[str, ...]:
        """The commitments to every text that is kept about some subjects."""
        ...


def source_key(source: Source) -> str:
    """Under which entry of a machine's own audit trail something was reported."""
    return f"{source.system}|{source.audit_id}"


@cache
def free_texts(kind: type[Event]) -> frozenset[str]:
    """The fields of an event or command that hold a commitment to a free text."""
    return frozenset(
        name
        for name, info in kind.model_fields.items()
        if any(isinstance(m, FreeText) for m in info.metadata) or "FreeText" in repr(info.annotation)
    )


def structured(event: Event) -> Mapping[str, Any]:
    """An event's content without its free texts."""
    return event.model_dump(mode="json", exclude=set(free_texts(type(event))))


def fact_key(event: Event, occurred_at: datetime) -> str:
    """What identifies a fact in its stream: its name and key fields, or its whole content with its time."""
    named = event.KEY if event.KEY is not None else event.NEWEST
    if named is not None:
        return "|".join([event.NAME, *[_key_text(getattr(event, field)) for field in named]])
    return f"{event.NAME}|{_content_key(event, instant_text(utc(occurred_at)))}"


def _key_text(part: object) -> str:
    """An instant is the same one under every offset."""
    if type(part) is str:
        return part
    return str(utc(part)) if isinstance(part, datetime) else str(part)


def contradiction_key(event: Event) -> str:
    """What identifies, in its stream, a report that contradicts the record: its whole content."""
    return f"contradiction|{event.NAME}|{_content_key(event, '')}"


def key_on_record(record: Record) -> str:
    """The key under which a record's position is kept."""
    if record.conflicts_with is not None:
        return contradiction_key(record.event)
    return fact_key(record.event, record.occurred_at)


def _content_key(event: Event, at: str) -> str:
    """A short hash of an event's content and time, the same for the event as made and as read back from its leaf."""
    content = json.dumps((structured(event), at), sort_keys=True)
    return sha256(content.encode()).hexdigest()[:24]


def same_fact(one: Event, other: Event, archive: Archive) -> bool:
    """Whether an event says the same as one on record; free texts are compared opened, since two salts make equal texts
    differ. A text that was erased or redacted contradicts none; one that cannot be read here may say something else."""
    texts = set(free_texts(type(one)))
    if type(one) is not type(other) or one.model_dump(exclude=texts) != other.model_dump(exclude=texts):
        return False
    return all(_same_text(getattr(one, field), getattr(other, field), archive) for field in texts)


def _same_text(on_record: str | None, said: str | None, archive: Archive) -> bool:
    if on_record is None or said is None:
        return on_record is said
    before = archive.text(on_record)
    return not archive.is_kept(on_record) if before is None else before == archive.text(said)
