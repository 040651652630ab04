"""The dose order: cells/kg -> cells -> mL, by two people and by the ledger, never above the plan (G.4-4, E.1)."""

from collections.abc import Iterator
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.calculations import against_calculation
from ledger.decisions.docket import Decisions, Docket, Follows, PatientCommand, decided
from ledger.decisions.permits import against_taking_part, in_plan
from ledger.errors import Refused
from ledger.patient.infusion_record import DoseOrdered
from ledger.patient.infusions import DosePlanned
from ledger.patient.state import Patient
from ledger.protocol.dosing import volume_within
from ledger.types import Amount, Exact, Name, Ordinal, Several, decimal_text, exact, exact_text


class OrderDose(PatientCommand):
    """Order one infusion's dose in mL, with the first of the two calculations.

    `viable_cells_per_ml`: as counted after the thaw, or as stated for the product. `available_volume_ml`: all there is
    of the product, where it may be less than the plan asks for.
    """

    ordinal: Ordinal
    product: Name
    bags: Several[Name] = ()
    viable_cells_per_ml: Amount
    available_volume_ml: Amount | None = None
    cells_by_first_calculation: Exact
    volume_ml_by_first_calculation: Amount


def order_dose(docket: Docket, command: OrderDose) -> Follows:
    """The volume is the most whole steps that the plan, and the product, allow; rounded down, never up."""
    patient, protocol = docket.patient(command.patient), in_plan(docket, command.ordinal)
    dose = patient.doses.get(command.ordinal)
    if dose is None or dose.level != patient.level:
        raise no.DoseNotPlanned(f"infusion {command.ordinal}")
    if exact(command.viable_cells_per_ml) <= 0:
        raise no.FindingsContradict("there is no viable cell in the product")
    volume_ml = ordered_volume_ml(dose, command, exact(protocol.dose_order.volume_step_ml))
    if volume_ml <= 0:
        raise no.FindingsContradict(
            "the smallest volume that can be given holds more cells than the plan, or there is none"
        )
    event = DoseOrdered(
        ordinal=command.ordinal,
        level=dose.level,
        product=command.product,
        bags=command.bags,
        planned_cells=dose.cells,
        viable_cells_per_ml=command.viable_cells_per_ml,
        volume_step_ml=protocol.dose_order.volume_step_ml,
        available_volume_ml=command.available_volume_ml,
        volume_ml=decimal_text(volume_ml),
        cells=exact_text(volume_ml * exact(command.viable_cells_per_ml)),
        calculated_by=docket.asked.by.id,
    )
    stands = patient.around.orders.get(command.ordinal) == event
    return decided(
        docket, patient.stream, event, _against_order(docket, patient, command, dose, volume_ml), stands=stands
    )


def ordered_volume_ml(dose: DosePlanned, command: OrderDose, step_ml: Fraction) -> Fraction:
    """The most whole steps whose viable cells are within the plan, and which there are."""
    within = volume_within(exact(dose.cells), exact(command.viable_cells_per_ml), step_ml)
    if command.available_volume_ml is None:
        return within
    return min(within, exact(command.available_volume_ml) // step_ml * step_ml)


def _against_order(
    docket: Docket, patient: Patient, command: OrderDose, dose: DosePlanned, volume_ml: Fraction
) -> Iterator[Refused]:
    yield from against_taking_part(patient, docket.protocol(), docket.judged_on)
    yield from against_calculation(
        dose, volume_ml, command.cells_by_first_calculation, command.volume_ml_by_first_calculation
    )


DECISIONS: Final[Decisions] = MappingProxyType({OrderDose: order_dose})
