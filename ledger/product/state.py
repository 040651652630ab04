"""What the events of a lot amount to. Every fact is kept with the position that holds it, so that a correction replaces
exactly what it corrects; what is in force is read from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from ledger.product import events as e
from ledger.record import Record, product_stream
from ledger.types import Event, changed

E = TypeVar("E", bound=Event)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held(Generic[E]):
    """A fact that stands: the position that holds it, when it happened, who reported it."""

    position: int
    at: datetime
    by: str
    event: E


@dataclass(frozen=True, slots=True)
class Product:
    """A lot as the log stands. `disputed`: positions that a report contradicts and nobody has corrected since."""

    lot: str
    version: int = 0
    collections: tuple[Held[e.CollectionReceived], ...] = ()
    manufactures: tuple[Held[e.ManufactureCompleted], ...] = ()
    results: tuple[Held[e.ReleaseTestRecorded], ...] = ()
    dispositions: tuple[Held[e.ProductDispositionSet], ...] = ()
    sterility: tuple[Held[e.LateSterilityReported], ...] = ()
    transfers: tuple[Held[e.CustodyTransferred], ...] = ()
    thaws: tuple[Held[e.ProductThawed], ...] = ()
    excursions: tuple[Held[e.TemperatureExcursion], ...] = ()
    destructions: tuple[Held[e.ProductDestroyed], ...] = ()
    disputed: frozenset[int] = frozenset()

    @property
    def stream(self) -> str:
        return product_stream(self.lot)

    @property
    def chain(self) -> str | None:
        """The chain of identity, where every collection of the lot says the same."""
        return _only({held.event.chain_of_identity for held in self.collections})

    @property
    def donor(self) -> str | None:
        """The donor, where every collection of the lot says the same."""
        return _only({held.event.donor for held in self.collections})

    @property
    def recipient(self) -> str | None:
        """The patient for whom the lot is made, where every collection says the same."""
        return _only({held.event.patient for held in self.collections})

    @property
    def identity_disputed(self) -> bool:
        return any(held.position in self.disputed for held in self.collections)

    @property
    def manufacture(self) -> e.ManufactureCompleted | None:
        return self.manufactures[-1].event if self.manufactures else None

    @property
    def manufactured(self) -> bool:
        return self.manufacture is not None and self.manufacture.outcome == "manufactured"

    @property
    def cells(self) -> int:
        """The cells at the end of manufacture."""
        return (self.manufacture.cells or 0) if self.manufacture else 0

    @property
    def bags(self) -> Mapping[str, int]:
        """The cells of each bag at the end of manufacture."""
        return {bag.bag: bag.cells for bag in self.manufacture.bags} if self.manufacture else {}

    def at(self, instant: datetime) -> "Product":
        """The lot with only what had happened to it by an instant, whatever was reported later. Who it is, and what was
        made, is so at all times."""
        kept = ("results", "dispositions", "sterility", "transfers", "thaws", "excursions", "destructions")
        return changed(self, **{name: tuple(h for h in getattr(self, name) if h.at <= instant) for name in kept})

    def result(self, test: str) -> Held[e.ReleaseTestRecorded] | None:
        """The result in force of a release test: of the latest day, and of that day the last one reported."""
        held = [held for held in self.results if held.event.test == test]
        latest = max((each.event.tested_on for each in held), default=None)
        return next((each for each in reversed(held) if each.event.tested_on == latest), None)

    @property
    def disposition(self) -> Held[e.ProductDispositionSet] | None:
        """The disposition in force."""
        return self.dispositions[-1] if self.dispositions else None

    @property
    def sterility_positive(self) -> bool:
        """Whether any final culture that stands was positive; a negative one beside it takes nothing back."""
        return any(held.event.result == "positive" for held in self.sterility)

    def sterility_negative(self, from_on: date) -> bool:
        """Whether the final culture was read as negative on a day or later, and none as positive."""
        negative = any(held.event.result == "negative" and held.event.reported_on >= from_on for held in self.sterility)
        return negative and not self.sterility_positive

    def holder(self, bag: str | None, at: datetime) -> str | None:
        """Who had a bag at an instant by the transfers of the bag and of the lot; null bag: the lot outside bags."""
        held = [t.event for t in self.transfers if t.event.bag in (None, bag) and t.event.transferred_at <= at]
        return sorted(held, key=lambda transfer: transfer.transferred_at)[-1].to_party if held else None

    @property
    def thawed(self) -> Mapping[str, e.ProductThawed]:
        """The bags that were thawed, in that order."""
        return {held.event.bag: held.event for held in sorted(self.thaws, key=lambda thaw: thaw.event.thawed_at)}

    @property
    def open_excursions(self) -> tuple[Held[e.TemperatureExcursion], ...]:
        """The excursions that no disposition was signed after."""
        signed = self.disposition.position if self.disposition else -1
        return tuple(held for held in self.excursions if held.position > signed)

    def destroyed(self, bag: str | None, at: datetime | None = None) -> bool:
        """Whether all that was left of a bag, or of the whole lot, was destroyed (at an instant: before it)."""
        return any(
            held.event.bag in (None, bag) and held.event.cells is None and (at is None or held.event.destroyed_at <= at)
            for held in self.destructions
        )

    def released(self, at: datetime) -> bool:
        """Whether a release, conditional or not, was in force at an instant."""
        signed = [held.event.disposition for held in self.dispositions if held.at <= at]
        return bool(signed) and signed[-1] in ("released", "conditional")


def _only(said: set[T]) -> T | None:
    """What is said, where all say the same."""
    return next(iter(said)) if len(said) == 1 else None


PRODUCT_EVOLUTION: Mapping[type[Event], str] = MappingProxyType(
    {
        e.CollectionReceived: "collections",
        e.ManufactureCompleted: "manufactures",
        e.ReleaseTestRecorded: "results",
        e.ProductDispositionSet: "dispositions",
        e.LateSterilityReported: "sterility",
        e.CustodyTransferred: "transfers",
        e.ProductThawed: "thaws",
        e.TemperatureExcursion: "excursions",
        e.ProductDestroyed: "destructions",
    }
)
"""In which of a product's lists each event is kept."""


def evolve(product: Product, record: Record) -> Product:
    """The product after one more record of its stream. What contradicts the record is kept apart from it."""
    if record.conflicts_with is not None:
        return changed(product, version=record.stream_version, disputed=product.disputed | {record.conflicts_with})
    kept = PRODUCT_EVOLUTION[type(record.event)]
    facts = _kept(getattr(product, kept), record)
    disputed = product.disputed if record.corrects is None else product.disputed - {record.corrects}
    return changed(product, version=record.stream_version, disputed=disputed, **{kept: facts})


def _kept(facts: tuple[Held[Any], ...], record: Record) -> tuple[Held[Any], ...]:
    """The facts with one more, or with a corrected one in the place of what it corrects."""
    held = Held(record.position, record.occurred_at, record.actor.id, record.event)
    if record.corrects is not None and any(fact.position == record.corrects for fact in facts):
        return tuple(held if fact.position == record.corrects else fact for fact in facts)
    return (*facts, held)
