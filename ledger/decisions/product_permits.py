"""Why a product is not infused to a patient (domain G.4-4, E.1), as the sequence of rules that are broken."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction

from ledger import refusals as no
from ledger.decisions.docket import CLOCK_TOLERANCE
from ledger.decisions.donor_standing import against_cells_of
from ledger.decisions.products_release import required_tests, verdict_now
from ledger.decisions.products_standing import infused
from ledger.decisions.products_sums import sum_with
from ledger.errors import Refused
from ledger.patient.state import Patient
from ledger.product.account import account
from ledger.product.state import Product
from ledger.protocol.document import ProtocolDocument
from ledger.types import changed, exact
from ledger.world import World

Broken = Iterator[Refused]


def against_lot(
    world: World,
    patient: Patient,
    protocol: ProtocolDocument,
    ordinal: int,
    lot: str,
    at: datetime,
    *,
    chain: str | None = None,
) -> Broken:
    """Why a lot is not given for a planned infusion at an instant, by what had happened to it then.

    Its cells are those of the order, or else of the plan. An infusion without a plan is judged by the lot alone: of no
    cells.
    """
    dose, order, known = patient.doses.get(ordinal), patient.around.orders.get(ordinal), world.products.get(lot)
    weight_kg, cells = (exact(dose.weight_kg), exact(dose.cells)) if dose else (Fraction(1), Fraction(0))
    if dose is not None and order is not None and (order.product, order.planned_cells) == (lot, dose.cells):
        cells = exact(order.cells)
    others = infused((each for number, each in world.participants.items() if number != patient.number), lot)
    before = changed(patient, infusions=patient.infusions.delete(ordinal)) if ordinal in patient.infusions else patient
    product = known.at(at + CLOCK_TOLERANCE) if known else None
    yield from against_product(product, before, protocol, ordinal, weight_kg, cells, chain, at, cells_to_others=others)


def against_bags(world: World, lot: str, bags: tuple[str, ...]) -> Broken:
    """Bags that the lot does not have."""
    known = world.products.get(lot)
    for bag in bags:
        if known is not None and known.manufactured and bag not in known.bags:
            yield no.BagNotOnRecord(f"lot {lot}: bag {bag}")


def against_product(
    product: Product | None,
    patient: Patient,
    protocol: ProtocolDocument,
    ordinal: int,
    weight_kg: Fraction,
    cells: Fraction,
    chain_of_identity: str | None,
    now: datetime,
    *,
    cells_to_others: int = 0,
) -> Broken:
    """Why so many cells of a lot are not given to a patient of this weight now, in the order in which people look.

    `chain_of_identity` is the patient's, where it was compared; `cells_to_others` are cells of the lot that other
    patients received.
    """
    if product is None or not product.collections:
        yield no.ProductUnknown("the product")
        return
    yield from against_disposition(product, patient, protocol, now)
    yield from against_identity(product, patient, protocol, chain_of_identity)
    yield from against_stock(product, patient, cells, now, cells_to_others)
    yield from against_sums(product, patient, protocol, ordinal, weight_kg, cells)


def against_disposition(product: Product, patient: Patient, protocol: ProtocolDocument, now: datetime) -> Broken:
    """Quality: released before now, nothing found since that denies it."""
    signed = product.disposition
    if signed is not None and signed.event.disposition == "rejected":
        yield no.ProductRejected(f"lot {product.lot}")
    elif signed is None or signed.event.disposition == "quarantined" or signed.at > now + CLOCK_TOLERANCE:
        yield no.ProductNotReleased(f"lot {product.lot}")
    if product.sterility_positive:
        yield no.SterilityPositive(f"lot {product.lot}")
    for test in required_tests(protocol):
        if verdict_now(test, product, patient, protocol) is False:
            yield no.ReleaseTestFailed(f"lot {product.lot}: {test}")
    if product.open_excursions:
        yield no.ExcursionUnresolved(f"lot {product.lot}")


def against_identity(
    product: Product, patient: Patient, protocol: ProtocolDocument, chain_of_identity: str | None
) -> Broken:
    """Chain of identity: undisputed, the patient's own, made for this patient, of the donor of the graft."""
    if product.chain is None or product.donor is None or product.identity_disputed:
        yield no.ChainOfIdentityBroken(f"lot {product.lot}")
    if chain_of_identity is not None and product.chain != chain_of_identity:
        yield no.IdentityDoesNotMatch(f"lot {product.lot}")
    if product.recipient != patient.number:
        yield no.RecipientDiffers(f"lot {product.lot}, patient {patient.number}")
    yield from against_cells_of(patient, protocol, product.donor)


def against_stock(
    product: Product, patient: Patient, cells: Fraction, now: datetime, cells_to_others: int = 0
) -> Broken:
    """Enough cells left, in the custody of the patient's site. Part of a cell is none."""
    if product.destroyed(None):
        yield no.ProductIsDestroyed(f"lot {product.lot}")
        return
    left = account(product, infused((patient,), product.lot) + cells_to_others).left
    site = patient.screened.site if patient.screened else None
    at_site = sum(count for bag, count in left.items() if _is_at(product.holder(bag, now), site))
    if sum(left.values()) < int(cells):
        yield no.CellsTooFew(f"lot {product.lot}")
    elif at_site < int(cells):
        yield no.NotInCustodyOfSite(f"lot {product.lot}")


def _is_at(party: str | None, site: str | None) -> bool:
    """Whether a party is a site or a place within it: `NDGOI`, `NDGOI.ward`."""
    return site is not None and party is not None and (party == site or party.startswith(f"{site}."))


def against_sums(
    product: Product, patient: Patient, protocol: ProtocolDocument, ordinal: int, weight_kg: Fraction, cells: Fraction
) -> Broken:
    """What the protocol limits over all infusions of a patient, with this one at the actual weight."""
    for limit in protocol.release_limits.measured:
        if not limit.summed_over_infusions:
            continue
        total = sum_with(limit.test, product, patient, ordinal, weight_kg, cells)
        if total is None:
            yield no.SumNotKnown(f"lot {product.lot}: {limit.test}")
        elif not limit.met(total):
            yield no.SumOverLimit(f"lot {product.lot}: {limit.test}")
