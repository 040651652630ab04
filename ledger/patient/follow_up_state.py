"""What the outcomes and the follow-up of a patient amount to: the reports in force, by the position that holds them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final, TypeVar

from immutables import Map

from ledger.patient import visits as v
from ledger.patient.outcomes import Engraftment, OutcomeRecorded, Relapse
from ledger.record import Record
from ledger.types import Event, Frozen, changed

O = TypeVar("O", bound=Frozen)  # noqa: E741 - an outcome


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The reports in force."""

    outcomes: Map[int, OutcomeRecorded] = Map()
    visits: Map[int, v.VisitRecorded] = Map()
    missed: Map[int, v.VisitMissed] = Map()
    contacts: Map[int, v.ContactAttempted] = Map()

    def each(self, kind: type[O]) -> Iterator[O]:
        """The outcomes of a kind, in the order in which they were recorded."""
        for _, recorded in sorted(self.outcomes.items(), key=lambda entry: entry[0]):
            if isinstance(recorded.outcome, kind):
                yield recorded.outcome

    @property
    def visited(self) -> Mapping[int, date]:
        """The planned visits that were made, by their protocol day."""
        return {visit.visit: visit.visited_on for visit in self.visits.values() if visit.visit is not None}

    @property
    def missed_days(self) -> frozenset[int]:
        """The planned visits that were reported as missed, by their protocol day."""
        return frozenset(missed.visit for missed in self.missed.values())

    @property
    def relapsed_on(self) -> date | None:
        """The day of the first relapse of any kind."""
        return min((relapse.on for relapse in self.each(Relapse)), default=None)

    def engrafted_on(self, of: str) -> date | None:
        """The day on which neutrophils, or platelets, engrafted."""
        return min((engrafted.on for engrafted in self.each(Engraftment) if engrafted.of == of), default=None)


Step = Callable[[FollowUp, Any, Record], FollowUp]


def _kept(member: str) -> Step:
    """A step that keeps the event, in the place of what it corrects."""

    def step(part: FollowUp, event: Event, record: Record) -> FollowUp:
        facts: Map[int, Any] = getattr(part, member)
        if record.corrects is not None and record.corrects in facts:
            facts = facts.delete(record.corrects)
        return changed(part, **{member: facts.set(record.position, event)})

    return step


STEPS: Final[Mapping[type[Event], Step]] = MappingProxyType(
    {
        OutcomeRecorded: _kept("outcomes"),
        v.VisitRecorded: _kept("visits"),
        v.VisitMissed: _kept("missed"),
        v.ContactAttempted: _kept("contacts"),
    }
)
