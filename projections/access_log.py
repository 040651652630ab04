"""The access log as rows: what happened at the door of an installation, for people who search it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from ledger.decisions.installation import KINDS
from ledger.installation.events import GapRecorded, InstallationOpened
from ledger.record import INSTALLATION, Record
from ledger.store.reading import Reading
from ledger.types import Instant, Name, PatientNumber
from projections.base import View

KindWanted = Literal[
    "opened",
    "gap",
    "log-in",
    "log-in-failed",
    "locked-out",
    "logged-out",
    "account-used",
    "account-changed",
    "role-changed",
    "read",
    "exported",
    "signing-failed",
    "command-refused",
    "request-refused",
]
STORED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "opened": InstallationOpened.NAME,
        "gap": GapRecorded.NAME,
        **{kind: event.NAME for kind, event in KINDS.items()},
    }
)
"""Kind -> stored name."""

_KIND_OF: Final[Mapping[str, KindWanted]] = MappingProxyType({name: kind for kind, name in STORED.items()})  # type: ignore[misc]
SEARCHED_AT_ONCE: Final = 500


class AccessRow(View):
    """One thing that happened: who did it, in which role, at which site, how he was known; what, on what, how it ended.

    `about`: the operation that was asked for, or the account that it concerns.
    """

    position: int
    recorded_at: Instant
    occurred_at: Instant
    kind: str
    who: str
    role: str
    site: str | None
    authenticated: str
    about: str | None
    trial: str | None
    patient: str | None
    resource: str | None
    status: int | None
    problem: str | None
    rule: str | None
    change: str | None
    times_count: int
    request_id: str | None


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """Which rows are wanted; none of something: all of it."""

    who: Name | None = None
    kind: KindWanted | None = None
    trial: Name | None = None
    patient: PatientNumber | None = None
    since: Instant | None = None
    until: Instant | None = None


def access_row(record: Record) -> AccessRow:
    """A record of the log as a row."""
    event = record.event
    said = {name: getattr(event, name, None) for name in ("trial", "patient", "resource", "status", "request_id")}
    why = {name: getattr(event, name, None) for name in ("problem", "rule", "change")}
    lost = event.not_kept_count if isinstance(event, GapRecorded) else None
    return AccessRow(
        position=record.position,
        recorded_at=record.recorded_at,
        occurred_at=record.occurred_at,
        kind=_KIND_OF[event.NAME],
        who=record.actor.id,
        role=record.actor.role,
        site=record.actor.site,
        authenticated=record.actor.authenticated,
        about=getattr(event, "operation", None) or getattr(event, "about", None),
        times_count=getattr(event, "times_count", 1) if lost is None else lost,
        **said,
        **why,
    )


def found(store: Reading, wanted: AccessFilter, after: int = -1) -> Iterator[Record]:
    """The records above a position that a filter wants, in order. What the log says of itself, its key for instance, is
    not among them."""
    first = after if wanted.since is None else max(after, _before(store, wanted.since) - 1)
    last = store.size if wanted.until is None else store.positions_until(wanted.until)
    type_wanted = None if wanted.kind is None else STORED[wanted.kind]
    content = {"trial": wanted.trial, "patient": wanted.patient}
    while True:
        some = store.page_holding(first, SEARCHED_AT_ONCE, content, type=type_wanted, actor=wanted.who)
        for record in some:
            if record.position >= last:
                return
            if record.stream == INSTALLATION:
                yield record
        if len(some) < SEARCHED_AT_ONCE:
            return
        first = some[-1].position


def _before(store: Reading, instant: Instant) -> int:
    """How many events were recorded before an instant."""
    size = store.positions_until(instant)
    while size and store.record(size - 1).recorded_at >= instant:
        size -= 1
    return size


def without_clinical_content(row: AccessRow) -> AccessRow:
    """A row for whoever runs the installation: who did what when, and not about whom."""
    return row.model_copy(update={"patient": None, "resource": None})


def rows_of(records: Iterable[Record]) -> Iterator[AccessRow]:
    return map(access_row, records)
