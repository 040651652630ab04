"""Limits on the sum over a recipient's infusions, such as that on CD3+ cells per kg.

Of a lot of N product cells with A counted cells, an infusion of c cells to w kg brings A x c / N / w per kg. The sum is
that of the infusions given and the one asked for; an infusion counts by what was reported of it, or else by its lot's
ratio. Before anything is given, the plan stands in: the level's total of cells per kg, at most the whole lot, and the
whole lot where the recipient has no level yet or the lot's cells are not known.
"""

from fractions import Fraction

from ledger.patient.infusions import InfusionCompleted
from ledger.patient.state import Patient
from ledger.product.state import Product
from ledger.product.testing import cells_in_lot
from ledger.protocol.document import ProtocolDocument
from ledger.types import exact


def planned_sum(
    counted: Fraction, product: Product, patient: Patient | None, protocol: ProtocolDocument, weight_kg: Fraction
) -> Fraction:
    """What all planned infusions of a lot together bring per kg."""
    share = Fraction(1)
    if product.cells and patient is not None and patient.level in protocol.levels():
        planned = protocol.level_total(patient.level) * weight_kg
        share = min(share, planned / product.cells)
    return counted * share / weight_kg


def sum_with(
    test: str, product: Product, patient: Patient, ordinal: int, weight_kg: Fraction, cells: Fraction
) -> Fraction | None:
    """What the patient's infusions bring per kg, with this one; nothing where one of them is not known."""
    ratio = _ratio(test, product)
    if ratio is None or weight_kg <= 0:
        return None
    total = ratio * cells / weight_kg
    for earlier, infusion in patient.infusions.items():
        if earlier == ordinal or infusion.given_on is None:
            continue
        brought = _brought(test, infusion.completed, product, ratio)
        if brought is None:
            return None
        total += brought
    return total


def _ratio(test: str, product: Product) -> Fraction | None:
    """Counted cells per product cell."""
    held = product.result(test)
    counted = cells_in_lot(held.event) if held else None
    return None if counted is None or not product.cells else counted / product.cells


def _brought(test: str, given: InfusionCompleted | None, product: Product, ratio: Fraction) -> Fraction | None:
    """What an infusion brought per kg: as reported with it, or by the ratio where it was of this lot."""
    if given is None:
        return None
    reported: str | None = getattr(given, test, None)
    if reported is not None:
        return exact(reported)
    return ratio * given.cells / exact(given.weight_kg) if given.product == product.lot else None
