"""The trace of a donor's cells to every recipient, and of a recipient's cells to every donor.

Both ways read one list of links, so that whatever is found from one end is found from the other.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.product.events import CollectionReceived
from ledger.product.state import Product


@dataclass(frozen=True, slots=True)
class Given:
    """An infusion as reported on a patient; `cells` is null while only its start is known."""

    patient: str
    ordinal: int
    lot: str
    cells: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """One donation in one lot, and one infusion of it; what is not known or has not happened is null."""

    lot: str
    donor: str | None
    donation_number: str | None
    chain_of_identity: str | None
    meant_for: str | None
    given: Given | None

    @property
    def broken(self) -> bool:
        """Whether cells were given that nobody collected, or to another patient than they were meant for."""
        return self.given is not None and (self.donor is None or self.meant_for != self.given.patient)


def links(products: Mapping[str, Product], given: Iterable[Given]) -> tuple[Link, ...]:
    """Every donation with every infusion of its lot, and infusions of lots that the ledger does not know, by lot."""
    infusions = sorted(given, key=lambda each: (each.lot, each.at, each.patient, each.ordinal))
    lots = sorted({*products, *(each.lot for each in infusions)})
    return tuple(
        link
        for lot in lots
        for link in _links_of(lot, products.get(lot), [each for each in infusions if each.lot == lot])
    )


_NONE_YET: Final[tuple[Given | None, ...]] = (None,)


def _links_of(lot: str, product: Product | None, infusions: list[Given]) -> Iterator[Link]:
    collections: list[CollectionReceived | None] = [held.event for held in product.collections] if product else []
    for collection in collections or [None]:
        for given in infusions or _NONE_YET:
            yield _link(lot, collection, given)


def _link(lot: str, collection: CollectionReceived | None, given: Given | None) -> Link:
    if collection is None:
        return Link(lot, None, None, None, None, given)
    return Link(
        lot, collection.donor, collection.donation_number, collection.chain_of_identity, collection.patient, given
    )


def from_donor(donor: str, every: Iterable[Link]) -> tuple[Link, ...]:
    """What became of a donor's cells: the lots made of them and who received them, or is to."""
    return tuple(link for link in every if link.donor == donor)


def to_patient(patient: str, every: Iterable[Link]) -> tuple[Link, ...]:
    """Where a patient's cells come from: the lots given to or meant for the patient, with their donors."""
    return tuple(
        link
        for link in every
        if link.meant_for == patient or (link.given is not None and link.given.patient == patient)
    )


def of_chain(chain_of_identity: str, every: Iterable[Link]) -> tuple[Link, ...]:
    """Everything under one chain of identity."""
    return tuple(link for link in every if link.chain_of_identity == chain_of_identity)
