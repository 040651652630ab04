"""What the record around a patient's infusions amounts to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from immutables import Map

from ledger.patient import infusion_record as r
from ledger.patient.infusions import IdentityVerified
from ledger.patient.kept import without
from ledger.record import Record
from ledger.types import Event, changed


@dataclass(frozen=True, slots=True)
class Around:
    """The order in force and the identity last verified, by infusion; interruptions and vital signs by position."""

    orders: Map[int, r.DoseOrdered] = Map()
    identities: Map[int, IdentityVerified] = Map()
    interruptions: Map[int, r.InfusionInterrupted] = Map()
    resumptions: Map[int, r.InfusionResumed] = Map()
    vitals: Map[int, r.InfusionVitalsRecorded] = Map()


def _ordered(part: Around, event: r.DoseOrdered, record: Record) -> Around:
    return changed(part, orders=part.orders.set(event.ordinal, event))


def _verified(part: Around, event: IdentityVerified, record: Record) -> Around:
    return changed(part, identities=part.identities.set(event.ordinal, event))


def _read_with_the_signatures(part: Around, event: r.BedsideCheckSigned, record: Record) -> Around:
    """Who signed a check, and whether that stands, is told by the signature (`ledger/signatures.py`)."""
    return part


def _kept(member: str) -> Callable[[Around, Any, Record], Around]:
    """The step that keeps an event by its position, in the place of one that it corrects."""

    def kept(part: Around, event: Event, record: Record) -> Around:
        facts = without(getattr(part, member), record.corrects)
        return changed(part, **{member: facts.set(record.position, event)})

    return kept


STEPS: Final[Mapping[type[Event], Callable[[Around, Any, Record], Around]]] = MappingProxyType(
    {
        r.DoseOrdered: _ordered,
        IdentityVerified: _verified,
        r.BedsideCheckSigned: _read_with_the_signatures,
        r.InfusionInterrupted: _kept("interruptions"),
        r.InfusionResumed: _kept("resumptions"),
        r.InfusionVitalsRecorded: _kept("vitals"),
    }
)
