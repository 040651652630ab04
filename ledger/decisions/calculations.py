"""Two people calculate a dose, and the ledger does: cells and mL have to agree exactly (domain G.4-4)."""

from collections.abc import Iterator
from fractions import Fraction

from ledger import refusals as no
from ledger.errors import Refused
from ledger.patient.infusions import DosePlanned
from ledger.patient.state import Patient
from ledger.types import exact


def against_calculation(
    dose: DosePlanned, volume_ml: Fraction, cells: str, stated_volume_ml: str | None
) -> Iterator[Refused]:
    """A person's calculation, held against the ledger's exact one: the cells, of which part of one is none, and mL."""
    planned = exact(dose.cells)
    if exact(cells) not in (planned, Fraction(int(planned))):
        yield no.DoseAbovePlan(f"infusion {dose.ordinal}")
    if stated_volume_ml is None or exact(stated_volume_ml) != volume_ml:
        yield no.VolumesDiffer(f"infusion {dose.ordinal}")


def against_second_calculation(
    patient: Patient, dose: DosePlanned, product: str, cells: str, volume_ml: str | None, by: str
) -> Iterator[Refused]:
    """The second calculation, by another person than the first, of an order for this plan and this product."""
    order = patient.around.orders.get(dose.ordinal)
    if order is None or (order.level, order.product, order.planned_cells) != (dose.level, product, dose.cells):
        yield no.DoseNotOrdered(f"infusion {dose.ordinal}")
        return
    yield from against_calculation(dose, exact(order.volume_ml), cells, volume_ml)
    if order.calculated_by == by:
        yield no.CalculationNotIndependent(f"infusion {dose.ordinal}")
