"""What happened to a lot, from the collection to the last bag: facts, whatever they broke."""

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Any, Final, Literal

from ledger import refusals as no
from ledger.decisions.docket import (
    CLOCK_TOLERANCE,
    AlreadySo,
    Decisions,
    Docket,
    Entries,
    Follows,
    ProductCommand,
    Reports,
    deviation,
    query,
    report,
)
from ledger.decisions.donor_standing import tests_hold
from ledger.decisions.patient_effects import automatic_hold
from ledger.decisions.products_standing import (
    culture_final_on,
    recipients_of,
    stream_of_recipient,
)
from ledger.errors import LedgerError
from ledger.product import events as e
from ledger.product.state import Product
from ledger.trial.dosing import HoldCause
from ledger.types import Amount, Count, Day, Event, Instant, Name, PatientNumber, Quantity, Several, changed, exact

LATE_STERILITY: Final[HoldCause] = "late-sterility"
"""The cause of the hold that a positive culture sets."""


class ReceiveCollection(ProductCommand):
    """Report that a donor's collection arrived; the first one opens the lot."""

    chain_of_identity: Name
    donor: Name
    donation_number: e.DonationNumber
    collected_at: Instant
    patient: PatientNumber | None = None


class RecordManufacture(ProductCommand):
    """Report the end of manufacture."""

    outcome: Literal["manufactured", "failed"]
    cells: Count | None = None
    bags: Several[e.Bag] = ()
    finished_at: Instant


class ReportLateSterility(ProductCommand):
    """Report the final sterility culture."""

    result: Literal["negative", "positive"]
    reported_on: Day


class TransferCustody(ProductCommand):
    """Report that a bag, or the lot, changed hands."""

    bag: Name | None = None
    from_party: Name
    to_party: Name
    temperature_c: Quantity
    transferred_at: Instant


class RecordThaw(ProductCommand):
    """Report that a bag was thawed, and what was counted in it."""

    bag: Name
    thawed_at: Instant
    viability_percent: Amount
    cells: Count


class RecordExcursion(ProductCommand):
    """Report that the lot was warmer than it may be."""

    highest_c: Quantity
    lasted_minutes: Count
    started_at: Instant


class RecordDestruction(ProductCommand):
    """Report that cells were destroyed; without a number, all that was left."""

    bag: Name | None = None
    cells: Count | None = None
    cause: e.DestructionCause
    witnessed_by: Name
    destroyed_at: Instant


def receive_collection(docket: Docket, command: ReceiveCollection) -> Follows:
    """The link of donor and recipient. Where another collection denies it, it is a deviation; in one lot it blocks."""
    products = docket.world.products
    event = e.CollectionReceived(**_content(command))
    product = products.get(command.lot) or Product(command.lot)
    broken = (*_against_chain(docket, command.lot, event), *_against_tests(docket, event))
    return _reported(docket, product, event, broken)


def _against_chain(docket: Docket, lot: str, event: e.CollectionReceived) -> Iterator[LedgerError]:
    for other, product in sorted(docket.world.products.items()):
        for held in product.collections:
            if held.position != docket.asked.corrects and _deny(held.event, event, same_lot=other == lot):
                yield no.ChainOfIdentityBroken(f"lot {lot}: lot {other}")
                return


def _against_tests(docket: Docket, event: e.CollectionReceived) -> Iterator[LedgerError]:
    """Cells are collected on recent infectious tests of the donor, where those are on record (FACT)."""
    recipient = docket.world.patients.get(event.patient) if event.patient else None
    determined = recipient.donors.determination(event.donor) if recipient else None
    rules, collected_on = docket.protocol().donor, event.collected_at.date()
    if determined is not None and not tests_hold(rules, determined.event.infectious_tests_on, collected_on):
        yield no.DonorTestsTooOld(f"donor {event.donor}")


def _deny(one: e.CollectionReceived, other: e.CollectionReceived, *, same_lot: bool) -> bool:
    """One lot has one chain of identity, one chain one donor and one recipient, one donation one donor."""
    same_chain = one.chain_of_identity == other.chain_of_identity
    same_donation = one.donation_number == other.donation_number
    other_recipient = None not in (one.patient, other.patient) and one.patient != other.patient
    return (
        (same_lot and not same_chain)
        or (same_chain and other_recipient)
        or ((same_chain or same_donation) and one.donor != other.donor)
    )


def record_manufacture(docket: Docket, command: RecordManufacture) -> Follows:
    """What was made. Refused only where it contradicts itself."""
    product = docket.product(command.lot)
    named = [bag.bag for bag in command.bags]
    if len(set(named)) < len(named):
        raise no.FindingsContradict("a bag is named twice")
    if sum(bag.cells for bag in command.bags) > (command.cells or 0):
        raise no.FindingsContradict("the bags hold more cells than were made")
    if command.outcome == "manufactured" and command.cells is None:
        raise no.FindingsContradict("the cells of what was manufactured are asked for")
    return _reported(docket, product, e.ManufactureCompleted(lot=product.lot, **_content(command)))


def report_late_sterility(docket: Docket, command: ReportLateSterility) -> Follows:
    """A fact. A positive culture blocks the lot and, where the protocol says so, holds for review (A.3-19)."""
    product, protocol = docket.product(command.lot), docket.protocol()
    final_on = culture_final_on(product, protocol.release_limits)

    def broken() -> Iterator[LedgerError]:
        if command.result == "negative" and final_on is not None and command.reported_on < final_on:
            yield no.LateSterilityTooEarly(f"lot {product.lot}")

    follows = _reported(docket, product, e.LateSterilityReported(**_content(command)), broken())
    if isinstance(follows, AlreadySo) or command.result == "negative" or product.sterility_positive:
        return follows
    return (*follows, *(_hold(docket, product) if protocol.review_holds.positive_late_sterility else ()))


def _hold(docket: Docket, product: Product) -> Entries:
    """Hold the lowest level among the patients whom the lot concerns, and all above; the trial where there is none."""
    concerned = recipients_of(docket.world, product)
    placed = [(patient.level, patient.number) for patient in concerned if patient.level is not None]
    if placed:
        level, number = min(placed)
        return (automatic_hold(docket.world, "level", level, LATE_STERILITY, number),)
    number_or_none = concerned[0].number if concerned else None
    return (automatic_hold(docket.world, "trial", None, LATE_STERILITY, number_or_none),)


def transfer_custody(docket: Docket, command: TransferCustody) -> Follows:
    """The chain of custody. From another party than the holder is a deviation: a link is missing."""
    product = docket.product(command.lot)
    if command.from_party == command.to_party:
        raise no.FindingsContradict("custody passes from one party to another")

    def broken() -> Iterator[LedgerError]:
        yield from _against_bag(product, command.bag)
        others = tuple(held for held in product.transfers if held.position != docket.asked.corrects)
        holder = changed(product, transfers=others).holder(command.bag, command.transferred_at)
        if holder not in (None, command.from_party):
            yield no.CustodyBroken(f"lot {product.lot}")

    return _reported(docket, product, e.CustodyTransferred(**_content(command)), broken())


def record_thaw(docket: Docket, command: RecordThaw) -> Follows:
    """A bag was thawed; of a lot that was not released, or a bag that was destroyed, that is a deviation."""
    product = docket.product(command.lot)
    if exact(command.viability_percent) > 100:
        raise no.FindingsContradict("more than 100 percent")

    def broken() -> Iterator[LedgerError]:
        yield from _against_bag(product, command.bag)
        if not product.released(command.thawed_at + CLOCK_TOLERANCE):
            yield no.ProductNotReleased(f"lot {product.lot}")
        if product.destroyed(command.bag, command.thawed_at):
            yield no.ProductIsDestroyed(f"lot {product.lot}: bag {command.bag}")

    return _reported(docket, product, e.ProductThawed(**_content(command)), broken())


def record_excursion(docket: Docket, command: RecordExcursion) -> Follows:
    """The lot was too warm: it is not infused until quality assurance signs a disposition after this."""
    return _reported(docket, docket.product(command.lot), e.TemperatureExcursion(**_content(command)))


def record_destruction(docket: Docket, command: RecordDestruction) -> Follows:
    """Cells were destroyed before a witness, who is another person than the one who reports it."""
    product = docket.product(command.lot)

    def broken() -> Iterator[LedgerError]:
        yield from _against_bag(product, command.bag)
        if command.witnessed_by == docket.asked.by.id:
            yield no.CheckersNotDistinct(f"lot {product.lot}")

    return _reported(docket, product, e.ProductDestroyed(**_content(command)), broken())


def _against_bag(product: Product, bag: str | None) -> Iterator[LedgerError]:
    if bag is not None and bag not in product.bags:
        yield no.BagNotOnRecord(f"lot {product.lot}: bag {bag}")


def _content(command: ProductCommand) -> dict[str, Any]:
    """What a command says of its lot, as the event has it."""
    return {name: value for name, value in command if name != "lot"}


def _reported(docket: Docket, product: Product, event: Event, broken: Iterable[LedgerError] = ()) -> Follows:
    """The report with a deviation for each broken rule; where it contradicts the record, with a query on the recipient
    instead."""
    follows, stream = report(docket, product.stream, event), stream_of_recipient(docket.world, product)
    if isinstance(follows, AlreadySo):
        return follows
    if (on_record := follows[0].conflicts_with) is not None:
        return (*follows, *query(docket, stream, on_record, event))
    return (*follows, *(deviation(stream, error) for error in broken))


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        ReceiveCollection: receive_collection,
        RecordManufacture: record_manufacture,
        ReportLateSterility: report_late_sterility,
        TransferCustody: transfer_custody,
        RecordThaw: record_thaw,
        RecordExcursion: record_excursion,
        RecordDestruction: record_destruction,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "collection": ReceiveCollection,
        "manufacture": RecordManufacture,
        "late-sterility": ReportLateSterility,
        "custody": TransferCustody,
        "thaw": RecordThaw,
        "excursion": RecordExcursion,
        "destruction": RecordDestruction,
    }
)
