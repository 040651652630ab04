"""The deviation log: what happened, or was decided on paper, against a rule."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from ledger.patient.events import ProtocolDeviationRecorded
from ledger.record import Record
from ledger.trial.events import TrialDeviationRecorded
from ledger.types import Instant
from projections.base import View
from projections.broken import title_named


class Deviation(View):
    """One broken rule of one fact."""

    position: int
    about: int
    """The fact that broke the rule: the first event of the same command that is none of its deviations."""
    patient: str | None
    """Null for a deviation of the trial."""
    rule: str
    kind: str
    """The name of the refusal that a command would have got."""
    title: str
    importance: str | None
    occurred_at: Instant
    """When the fact happened."""
    recorded_at: Instant
    actor: str
    role: str
    site: str | None
    protocol_version: int


def deviations(records: Iterable[Record]) -> tuple[Deviation, ...]:
    """The deviation log of some records: of the whole log, or of all events of the commands in question.

    The events of a command are adjacent; the fact may stand before its deviations or, where it was decided on paper,
    after them.
    """
    return tuple(row for _, command in groupby(records, attrgetter("command_id")) for row in _of_command(list(command)))


def _of_command(records: list[Record]) -> Iterator[Deviation]:
    fact = next((record for record in records if not isinstance(record.event, _DEVIATIONS)), records[0])
    for record in records:
        match record.event:
            case ProtocolDeviationRecorded(rule=rule, kind=kind, importance=importance):
                yield _row(record, fact, rule, kind, importance)
            case TrialDeviationRecorded(rule=rule, kind=kind):
                yield _row(record, fact, rule, kind, None)
            case _:
                pass


_DEVIATIONS = (ProtocolDeviationRecorded, TrialDeviationRecorded)


def _row(record: Record, fact: Record, rule: str, kind: str, importance: str | None) -> Deviation:
    return Deviation(
        position=record.position,
        about=fact.position,
        patient=record.patient,
        rule=rule,
        kind=kind,
        title=title_named(kind),
        importance=importance,
        occurred_at=fact.occurred_at,
        recorded_at=record.recorded_at,
        actor=record.actor.id,
        role=record.actor.role,
        site=record.actor.site,
        protocol_version=record.protocol_version,
    )
