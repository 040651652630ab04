"""The audit trail: who did what, old value and new value, when it happened, when it was recorded, and why.

A row is a record of the log, or a command that was refused. What a row says depends on its own stream alone, so that
an answer for one patient reads that patient's stream and nothing else.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

import orjson
from pydantic import Field, JsonValue

from ledger.record import Record
from ledger.types import Instant, instant_text
from projections.base import TextOf, View, is_late, no_text, patient_of
from projections.changes import Change, changes, content
from projections.signatures import Manifestation, SignatureOf, unsigned
from projections.tabular import csv_lines
from projections.titles import title


class Reporter(View):
    """The machine that reported, and the person who entered the fact there."""

    system: str
    audit_id: str | None
    originator: str | None
    originator_role: str | None
    entered_at: Instant | None


class AuditRow(View):
    """One line of the audit trail. A refusal has no position, stream or content."""

    kind: Literal["event", "refusal"]
    recorded_at: Instant
    actor: str
    role: str
    type: str
    """The stored name of the event, or the command that was refused."""
    title: str
    position: int | None = None
    """Where it stands in the log."""
    occurred_at: Instant | None = None
    lag_seconds: int | None = None
    """From happening to recording."""
    late: bool = False
    """Recorded more than 24 hours after it happened."""
    site: str | None = None
    authenticated: str | None = None
    """How the actor was authenticated."""
    reporter: Reporter | None = None
    stream: str | None = None
    patient: str | None = None
    protocol_version: int | None = None
    content: dict[str, JsonValue] = Field(default_factory=dict)
    """What the event says."""
    changes: tuple[Change, ...] = ()
    """What it replaces: of a correction, and of a fact that is said anew."""
    corrects: int | None = None
    conflicts_with: int | None = None
    reason: str | None = None
    """The commitment to why."""
    reason_text: str | None = None
    """Why, where the reader may see it."""
    command_id: str | None = None
    rule: str | None = None
    """Of a refusal: the rule that was broken."""
    signature: Manifestation | None = None
    """Who signed it, where it is signed, and whether the signature still stands."""


class AuditFilter(View):
    """Which rows are wanted; what is not given does not matter."""

    stream: str | None = None
    patient: str | None = None
    """All that concerns the patient, in whatever stream."""
    actor: str | None = None
    type: str | None = None
    recorded_from: Instant | None = None
    recorded_to: Instant | None = None
    """This instant included."""

    def wants(self, record: Record) -> bool:
        given = (
            (self.stream, record.stream),
            (self.patient, patient_of(record)),
            (self.actor, record.actor.id),
            (self.type, record.event.NAME),
        )
        return all(wanted in (None, found) for wanted, found in given) and self._in_time(record.recorded_at)

    def wants_refusal(self, refusal: "RefusedCommand") -> bool:
        """A refusal has neither stream nor patient (domain G.4-13)."""
        if self.stream or self.patient:
            return False
        given = ((self.actor, refusal.actor_id), (self.type, refusal.command_type))
        return all(wanted in (None, found) for wanted, found in given) and self._in_time(refusal.recorded_at)

    def _in_time(self, at: datetime) -> bool:
        return (self.recorded_from is None or self.recorded_from <= at) and (
            self.recorded_to is None or at <= self.recorded_to
        )


class RefusedCommand(Protocol):
    """What the store keeps of a command that was refused."""

    @property
    def recorded_at(self) -> datetime: ...
    @property
    def actor_id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def command_type(self) -> str: ...
    @property
    def rule(self) -> str: ...


StreamOf = Callable[[str], Iterable[Record]]
"""All records of a stream, in order and from its first."""

EVERYTHING: Final = AuditFilter()


def audit_trail(
    records: Iterable[Record],
    stream: StreamOf,
    *,
    wanted: AuditFilter = EVERYTHING,
    refusals: Iterable[RefusedCommand] = (),
    text: TextOf = no_text,
    signature: SignatureOf = unsigned,
) -> Iterator[AuditRow]:
    """The rows of some records and refusals, both in the order of their recording, that a filter wants.

    The records may be any part of the log, such as a page of it; `stream` reads what they replace.
    """
    rows = _events(records, stream, wanted, text, signature)
    refused = (_refusal(each) for each in refusals if wanted.wants_refusal(each))
    return heapq.merge(rows, refused, key=lambda row: row.recorded_at)


def _events(
    records: Iterable[Record], stream: StreamOf, wanted: AuditFilter, text: TextOf, signature: SignatureOf
) -> Iterator[AuditRow]:
    replaced: dict[str, dict[int, tuple[Change, ...]]] = {}
    for record in filter(wanted.wants, records):
        if record.stream not in replaced:
            replaced[record.stream] = changes(stream(record.stream), text)
        row = _event(record, replaced[record.stream].get(record.position, ()), text)
        yield row.model_copy(update={"signature": signature(record.position)})


def _event(record: Record, changed: tuple[Change, ...], text: TextOf) -> AuditRow:
    return AuditRow(
        kind="event",
        recorded_at=record.recorded_at,
        type=record.event.NAME,
        title=title(record.event),
        position=record.position,
        occurred_at=record.occurred_at,
        lag_seconds=(record.recorded_at - record.occurred_at) // timedelta(seconds=1),
        late=is_late(record),
        stream=record.stream,
        patient=patient_of(record),
        protocol_version=record.protocol_version,
        content=content(record, text),
        changes=changed,
        corrects=record.corrects,
        conflicts_with=record.conflicts_with,
        reason=record.reason,
        reason_text=text(record.reason) if record.reason else None,
        command_id=record.command_id,
        **_who(record),
    )


def _who(record: Record) -> dict[str, Any]:
    by = record.actor
    return {
        "actor": by.id,
        "role": by.role,
        "site": by.site,
        "authenticated": by.authenticated,
        "reporter": _reporter(record),
    }


def _reporter(record: Record) -> Reporter | None:
    source = record.source
    if source is None:
        return None
    return Reporter(
        system=source.system,
        audit_id=source.audit_id,
        originator=source.originator,
        originator_role=source.originator_role,
        entered_at=source.entered_at,
    )


def _refusal(refusal: RefusedCommand) -> AuditRow:
    return AuditRow(
        kind="refusal",
        recorded_at=refusal.recorded_at,
        actor=refusal.actor_id,
        role=refusal.role,
        type=refusal.command_type,
        title=f"Refused by rule {refusal.rule}",
        rule=refusal.rule,
    )


COLUMNS: Final = (
    *("kind", "position", "recorded_at", "occurred_at", "lag_seconds", "late"),
    *("actor", "role", "site", "authenticated", "system", "audit_id", "originator"),
    *("type", "title", "stream", "patient", "protocol_version", "changes", "content"),
    *("corrects", "conflicts_with", "reason", "reason_text", "command_id", "rule"),
    *("signed_by", "signer_name", "signed_at", "signature_meaning", "signature_status"),
)


def audit_csv(rows: Iterable[AuditRow]) -> Iterator[str]:
    """The rows as lines of CSV (RFC 4180, safe in a spreadsheet)."""
    return csv_lines(COLUMNS, map(_cells, rows))


def audit_json(rows: Iterable[AuditRow]) -> Iterator[str]:
    """The rows as lines of JSON, one object a line."""
    return (f"{row.model_dump_json()}\n" for row in rows)


def _cells(row: AuditRow) -> tuple[object, ...]:
    reporter = row.reporter
    told: dict[str, object] = {
        **dict(row),
        "recorded_at": instant_text(row.recorded_at),
        "occurred_at": instant_text(row.occurred_at) if row.occurred_at else None,
        "system": reporter.system if reporter else None,
        "audit_id": reporter.audit_id if reporter else None,
        "originator": reporter.originator if reporter else None,
        "changes": "; ".join(f"{c.member}: {_said(c.old)} -> {_said(c.new)}" for c in row.changes),
        "content": _said(row.content),
        **_signature_cells(row.signature),
    }
    return tuple(told[column] for column in COLUMNS)


def _signature_cells(signature: Manifestation | None) -> dict[str, object]:
    return {
        "signed_by": signature.signer if signature else None,
        "signer_name": signature.name if signature else None,
        "signed_at": instant_text(signature.signed_at) if signature else None,
        "signature_meaning": signature.meaning if signature else None,
        "signature_status": signature.status if signature else None,
    }


def _said(value: JsonValue) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
