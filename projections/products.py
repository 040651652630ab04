"""A lot of cells as it stands: who it comes from and who received it, what was found of it, where every cell is.

The trace reads both ways: a lot's links name the donors and every infusion; all lots of a donor, or of a patient, are
those whose links name them. An infusion from a lot that nobody collected makes a lot of it here, with a broken link.
"""

from collections.abc import Iterable

from ledger.decisions.products_standing import given_to, infused
from ledger.product.account import account
from ledger.product.events import Disposition
from ledger.product.state import Product
from ledger.product.trace import Link, links
from ledger.types import Day, Instant
from ledger.world import World
from projections.base import View


class ReleaseTestView(View):
    """The result in force of a release test."""

    test: str
    result: str
    unit: str | None
    passed: bool | None
    """Null where no limit judges it, or not yet."""
    tested_on: Day
    position: int


class TransferView(View):
    """A bag, or the lot as a whole (null), changed hands."""

    bag: str | None
    from_party: str
    to_party: str
    temperature_c: str
    transferred_at: Instant


class PlaceView(View):
    """The cells that are left in a bag; null: outside the bags."""

    bag: str | None
    cells: int


class AccountView(View):
    """made = lost_at_thaw + infused + destroyed + remaining - unaccounted."""

    made: int
    lost_at_thaw: int
    infused: int
    destroyed: int
    remaining: int
    unaccounted: int
    """Reported as infused or destroyed beyond what there was: 0, or someone has to explain it."""
    left: tuple[PlaceView, ...]


class LinkView(View):
    """One donation in the lot, and one infusion of it; null where it is not known, or has not happened."""

    donor: str | None
    donation_number: str | None
    chain_of_identity: str | None
    meant_for: str | None
    patient: str | None
    """Who received it."""
    ordinal: int | None
    cells: int | None
    given_at: Instant | None
    broken: bool
    """Given although nobody collected it, or to another patient than it was meant for."""


class ProductView(View):
    """A lot of cells."""

    lot: str
    version: int
    """The version of its stream: the entity tag is `"product/<lot>@<version>"`."""
    chain_of_identity: str | None
    donor: str | None
    recipient: str | None
    identity_disputed: bool
    manufactured: bool
    disposition: Disposition | None
    signed_by: str | None
    signed_at: Instant | None
    sterility_positive: bool
    open_excursions: tuple[int, ...]
    """The positions of excursions that no disposition was signed after."""
    release_tests: tuple[ReleaseTestView, ...]
    custody: tuple[TransferView, ...]
    account: AccountView
    trace: tuple[LinkView, ...]


class AccountabilityRow(View):
    """A lot in the product accountability log: every cell that was made, and where it went."""

    lot: str
    recipient: str | None
    chain_of_identity: str | None
    received_on: Day | None
    """The day of the first collection, at its place."""
    manufactured: bool
    disposition: Disposition | None
    made: int
    lost_at_thaw: int
    infused: int
    destroyed: int
    remaining: int
    unaccounted: int


def accountability(world: World) -> tuple[AccountabilityRow, ...]:
    """The product accountability log, by lot."""
    return tuple(_accounted(world, each) for each in products(world))


def _accounted(world: World, shown: ProductView) -> AccountabilityRow:
    known = world.products.get(shown.lot)
    collected = [held.event.collected_at.date() for held in known.collections] if known else []
    members = set(AccountabilityRow.model_fields)
    said = {name: value for name, value in (*shown, *shown.account) if name in members}
    return AccountabilityRow(**said, received_on=min(collected, default=None))


def products(world: World, donor: str | None = None, patient: str | None = None) -> tuple[ProductView, ...]:
    """Every lot that was collected or given, by name; only those of a donor, or of a patient, where one is named."""
    every = links(world.products, given_to(world.participants.values()))
    wanted = {
        link.lot
        for link in every
        if donor in (None, link.donor)
        and patient in (None, link.meant_for, link.given.patient if link.given is not None else None)
    }
    return tuple(_product(world, lot, [link for link in every if link.lot == lot]) for lot in sorted(wanted))


def product(world: World, lot: str) -> ProductView | None:
    """One lot; nothing where nobody collected it and nobody received it."""
    return next((found for found in products(world) if found.lot == lot), None)


def _product(world: World, lot: str, trace: Iterable[Link]) -> ProductView:
    known = world.products.get(lot) or Product(lot)
    signed = known.disposition
    return ProductView(
        lot=lot,
        version=known.version,
        chain_of_identity=known.chain,
        donor=known.donor,
        recipient=known.recipient,
        identity_disputed=known.identity_disputed,
        manufactured=known.manufactured,
        disposition=signed.event.disposition if signed else None,
        signed_by=signed.by if signed else None,
        signed_at=signed.at if signed else None,
        sterility_positive=known.sterility_positive,
        open_excursions=tuple(held.position for held in known.open_excursions),
        release_tests=_release_tests(known),
        custody=_custody(known),
        account=_account(world, known),
        trace=tuple(map(_link, trace)),
    )


def _release_tests(known: Product) -> tuple[ReleaseTestView, ...]:
    tests = sorted({held.event.test for held in known.results})
    return tuple(
        ReleaseTestView(
            test=test,
            result=held.event.result,
            unit=held.event.unit,
            passed=held.event.passed,
            tested_on=held.event.tested_on,
            position=held.position,
        )
        for test in tests
        if (held := known.result(test)) is not None
    )


def _custody(known: Product) -> tuple[TransferView, ...]:
    transfers = sorted((held.event for held in known.transfers), key=lambda event: event.transferred_at)
    return tuple(TransferView(**dict(event)) for event in transfers)


def _account(world: World, known: Product) -> AccountView:
    found = account(known, infused(world.participants.values(), known.lot))
    return AccountView(
        made=found.made,
        lost_at_thaw=found.lost_at_thaw,
        infused=found.infused,
        destroyed=found.destroyed,
        remaining=found.remaining,
        unaccounted=found.unaccounted,
        left=tuple(PlaceView(bag=bag, cells=cells) for bag, cells in found.left.items()),
    )


def _link(link: Link) -> LinkView:
    given = link.given
    return LinkView(
        donor=link.donor,
        donation_number=link.donation_number,
        chain_of_identity=link.chain_of_identity,
        meant_for=link.meant_for,
        patient=given.patient if given else None,
        ordinal=given.ordinal if given else None,
        cells=given.cells if given else None,
        given_at=given.at if given else None,
        broken=link.broken,
    )
