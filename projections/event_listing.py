"""The log as a text that can be printed: event by event, what happened, by whom, when twice, what it says, and why."""

from collections.abc import Iterable, Iterator

import orjson
from pydantic import JsonValue

from ledger.types import instant_text
from projections.audit_trail import AuditRow


def event_listing(rows: Iterable[AuditRow]) -> Iterator[str]:
    """A paragraph for each event of an audit trail; refusals are no events and are passed over."""
    for row in rows:
        if row.kind == "event":
            yield "\n".join(_paragraph(row)) + "\n\n"


def _paragraph(row: AuditRow) -> Iterator[str]:
    yield f"{row.position}  {row.title}"
    yield f"    {row.type}, {row.stream}, recorded {instant_text(row.recorded_at)}"
    if row.occurred_at is not None:
        yield f"    happened {instant_text(row.occurred_at)}{', entered late' if row.late else ''}"
    place = f" at {row.site}" if row.site else ""
    yield f"    by {row.actor}, {row.role}{place}, authenticated by {row.authenticated}"
    if (reporter := row.reporter) is not None:
        entered = f", entered there by {reporter.originator}" if reporter.originator else ""
        yield f"    reported by the system {reporter.system} under {reporter.audit_id or 'no number'}{entered}"
    if row.corrects is not None:
        yield f"    corrects event {row.corrects}"
    if row.conflicts_with is not None:
        yield f"    contradicts event {row.conflicts_with}"
    if row.reason is not None:
        yield f"    because: {_said(row.reason_text or f'(text {row.reason})')}"
    for member, value in row.content.items():
        yield f"      {member}: {_said(value)}"
    for change in row.changes:
        yield f"      {change.member} was {_said(change.old)}, is {_said(change.new)}"


def _said(value: JsonValue) -> str:
    """A text on one line; everything else as JSON."""
    if isinstance(value, str):
        return value if value.isprintable() else orjson.dumps(value).decode()
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
