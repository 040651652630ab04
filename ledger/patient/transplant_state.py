"""What the events around a transplant amount to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from ledger.patient import transplant as t
from ledger.patient.told import Told, keeping, latest
from ledger.record import Record
from ledger.types import Event, changed


@dataclass(frozen=True, slots=True)
class Treatment:
    """What a patient was given around the graft, and the graft."""

    conditioning: tuple[Told[t.ConditioningGiven], ...] = ()
    prophylaxis: tuple[Told[t.ProphylaxisGiven], ...] = ()
    choices: tuple[Told[t.BackboneChosen], ...] = ()
    reschedules: tuple[Told[t.TransplantRescheduled], ...] = ()
    graft: Told[t.TransplantPerformed] | None = None

    @property
    def rescheduled_to(self) -> date | None:
        """The day for which the graft was last planned anew."""
        return self.reschedules[-1].event.to_on if self.reschedules else None

    def chosen(self, choice: str) -> str | None:
        """The agent that was last chosen."""
        found = latest(tuple(told for told in self.choices if told.event.choice == choice))
        return found.event.agent if found else None

    @property
    def backbone(self) -> str | None:
        """The agent of a choice that is given: the one chosen last, or else the first that was given."""
        chosen = latest(self.choices)
        given = (told.event.agent for told in self.conditioning if told.event.choice is not None)
        return chosen.event.agent if chosen else next(given, None)

    @property
    def begun_on(self) -> date | None:
        """The first day of the conditioning."""
        return min((told.event.given_on for told in self.conditioning), default=None)


def _grafted(treatment: Treatment, event: t.TransplantPerformed, record: Record) -> Treatment:
    return changed(treatment, graft=Told(record.position, record.occurred_at, event))


UNTREATED: Final = Treatment()

STEPS: Mapping[type[Event], Callable[[Any, Any, Record], Any]] = MappingProxyType(
    {
        t.ConditioningGiven: keeping("conditioning"),
        t.ProphylaxisGiven: keeping("prophylaxis"),
        t.BackboneChosen: keeping("choices"),
        t.TransplantRescheduled: keeping("reschedules"),
        t.TransplantPerformed: _grafted,
    }
)
