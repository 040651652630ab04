"""What the events around a given consent amount to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from ledger.patient import agreement as a
from ledger.patient.told import Told, keeping, latest
from ledger.record import Record
from ledger.types import Event, changed


@dataclass(frozen=True, slots=True)
class Agreement:
    """What became of a patient's consent."""

    withdrawals: tuple[Told[a.ConsentWithdrawn], ...] = ()
    dissents: tuple[Told[a.DissentRecorded], ...] = ()
    required: tuple[Told[a.ReconsentRequired], ...] = ()

    @property
    def withdrawn(self) -> a.Scope | None:
        """How far consent was withdrawn; a wider withdrawal is not narrowed by another."""
        scopes = {told.event.scope for told in self.withdrawals}
        return "all-participation" if "all-participation" in scopes else next(iter(scopes), None)

    @property
    def ended_at(self) -> datetime | None:
        """When every participation was ended by a withdrawal."""
        wide = (told.at for told in self.withdrawals if told.event.scope == "all-participation")
        return min(wide, default=None)

    def at(self, instant: datetime) -> "Agreement":
        """What had been said by an instant. A form that is to be signed is judged by its own day."""
        kept = {name: tuple(each for each in getattr(self, name) if each.at <= instant) for name in _SAID}
        return changed(self, **kept)

    @property
    def forms(self) -> tuple[Told[a.ReconsentRequired], ...]:
        """The forms that are to be signed, each as it was last asked for, in that order."""
        newest: dict[str, Told[a.ReconsentRequired]] = {}
        for told in self.required:
            newest.pop(told.event.form_version, None)
            newest[told.event.form_version] = told
        return tuple(newest.values())

    @property
    def dissented_at(self) -> datetime | None:
        """When a minor last said no."""
        found = latest(self.dissents)
        return found.at if found else None


_SAID = ("withdrawals", "dissents")

NOTHING_SAID: Final = Agreement()

STEPS: Mapping[type[Event], Callable[[Any, Any, Record], Any]] = MappingProxyType(
    {
        a.ConsentWithdrawn: keeping("withdrawals"),
        a.DissentRecorded: keeping("dissents"),
        a.ReconsentRequired: keeping("required"),
    }
)
