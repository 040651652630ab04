"""The dose is planned, and the infusion is authorised."""

from collections.abc import Iterator
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.behind import against_first_dose
from ledger.decisions.calculations import against_second_calculation
from ledger.decisions.docket import (
    AlreadySo,
    Decisions,
    Docket,
    Follows,
    PatientCommand,
    decided,
    not_in_the_future,
)
from ledger.decisions.permits import (
    against_exposure,
    against_first_infusion,
    against_level_use,
    against_lower_levels,
    against_taking_part,
    in_plan,
    weight_is_fresh,
)
from ledger.decisions.product_permits import against_lot
from ledger.decisions.readiness import against_readiness
from ledger.decisions.standing import planned_on
from ledger.errors import Refused
from ledger.patient import infusions as i
from ledger.patient.state import Patient
from ledger.record import Entry
from ledger.types import Amount, Day, Exact, Name, Ordinal, Several, exact, exact_text


class PlanDose(PatientCommand):
    """Plan one infusion's cells from the actual weight."""

    ordinal: Ordinal
    weight_kg: Amount
    weighed_on: Day


class AuthoriseInfusion(PatientCommand):
    """Allow one infusion: cells and mL calculated a second time, identity checked by two, the lot fit for this patient.

    `chain_of_identity` is the patient's; what the lot says of itself is on record.
    """

    ordinal: Ordinal
    product: Name
    cells_by_second_calculation: Exact
    volume_ml_by_second_calculation: Amount | None = None
    chain_of_identity: Name
    checkers: Several[Name]


def plan_dose(docket: Docket, command: PlanDose) -> Follows:
    """cells/kg = level total x share; cells = cells/kg x weight. Exact fractions, never rounded up (P3, A.3-16)."""
    patient, protocol = docket.patient(command.patient), in_plan(docket, command.ordinal)
    if patient.level is None:
        raise no.NotAssigned(f"patient {patient.number}")
    if exact(command.weight_kg) <= 0:
        raise no.FindingsContradict("the weight is not positive")
    per_kg = protocol.planned_cells_per_kg(patient.level, command.ordinal)
    event = i.DosePlanned(
        ordinal=command.ordinal,
        level=patient.level,
        weight_kg=command.weight_kg,
        weighed_on=command.weighed_on,
        cells_per_kg=exact_text(per_kg),
        cells=exact_text(per_kg * exact(command.weight_kg)),
    )
    not_in_the_future(docket, event)

    def broken() -> Iterator[Refused]:
        yield from against_taking_part(patient, protocol, docket.judged_on)
        planned = planned_on(patient, protocol, command.ordinal) or docket.judged_on
        if not weight_is_fresh(command.weighed_on, max(planned, command.weighed_on), protocol):
            yield no.WeightTooOld(f"patient {patient.number}, infusion {command.ordinal}")

    return decided(docket, patient.stream, event, broken(), stands=patient.doses.get(command.ordinal) == event)


def authorise_infusion(docket: Docket, command: AuthoriseInfusion) -> Follows:
    """Every condition of domain G.4-4, or no infusion. At most 100 % of the plan; valid for a day at most."""
    docket.signer("principal_investigator", "investigator")
    patient, protocol = docket.patient(command.patient), in_plan(docket, command.ordinal)
    dose = patient.doses.get(command.ordinal)
    identity = i.IdentityVerified(
        ordinal=command.ordinal,
        product=command.product,
        chain_of_identity=command.chain_of_identity,
        checkers=command.checkers,
    )
    event = i.InfusionAuthorised(
        ordinal=command.ordinal,
        level=patient.level if patient.level is not None else protocol.start,
        product=command.product,
        max_cells=dose.cells if dose else "0",
        volume_ml=command.volume_ml_by_second_calculation,
        second_calculation_by=docket.asked.by.id,
        valid_until=docket.judged_at + timedelta(hours=protocol.authorisation_valid_hours),
    )
    broken = tuple(against_infusion(docket, patient, command))
    stands = patient.authorised.get(command.ordinal) == event and (not broken or docket.asked.on_paper)
    follows = decided(docket, patient.stream, event, broken, stands=stands)
    return follows if isinstance(follows, AlreadySo) else (Entry(patient.stream, identity), *follows)


def against_infusion(docket: Docket, patient: Patient, command: AuthoriseInfusion) -> Iterator[Refused]:
    """Why this infusion is not authorised (domain G.4-4), in the order in which people look."""
    protocol, ordinal = docket.protocol(), command.ordinal
    yield from against_taking_part(patient, protocol, docket.judged_on)
    yield from against_level_use(docket.world, patient)
    if patient.level is not None:
        yield from against_exposure(docket.world, patient.level)
        yield from against_lower_levels(docket.world, protocol, patient.level)
        yield from against_first_dose(docket.world, patient.level)
    if patient.may_have_dlt:
        yield no.PatientHasDlt(f"patient {patient.number}")
    infusion = patient.infusions.get(ordinal)
    if infusion is not None and (infusion.given_on or infusion.omitted):
        yield no.InfusionAlreadyGiven(f"infusion {ordinal}")
    for earlier in range(1, ordinal):
        before = patient.infusions.get(earlier)
        if before is None or before.completed is None:
            yield no.EarlierInfusionNotGiven(f"infusion {earlier}")
    if ordinal == 1:
        yield from against_first_infusion(docket, patient, protocol)
    yield from _against_dose(docket, patient, command)
    yield from against_readiness(docket, patient, ordinal, protocol)
    yield from _against_product(docket, patient, command)
    yield from _against_calculations(docket, patient, command)


def _against_dose(docket: Docket, patient: Patient, command: AuthoriseInfusion) -> Iterator[Refused]:
    dose = patient.doses.get(command.ordinal)
    if dose is None or dose.level != patient.level:
        yield no.DoseNotPlanned(f"infusion {command.ordinal}")
        return
    if not weight_is_fresh(dose.weighed_on, docket.judged_on, docket.protocol()):
        yield no.WeightTooOld(f"infusion {command.ordinal}")


def _against_calculations(docket: Docket, patient: Patient, command: AuthoriseInfusion) -> Iterator[Refused]:
    dose = patient.doses.get(command.ordinal)
    if dose is not None and dose.level == patient.level:
        stated = command.cells_by_second_calculation, command.volume_ml_by_second_calculation
        yield from against_second_calculation(patient, dose, command.product, *stated, docket.asked.by.id)


def _against_product(docket: Docket, patient: Patient, command: AuthoriseInfusion) -> Iterator[Refused]:
    if len(set(command.checkers)) < 2:
        yield no.CheckersNotDistinct(f"infusion {command.ordinal}")
    at, chain = docket.judged_at, command.chain_of_identity
    yield from against_lot(docket.world, patient, docket.protocol(), command.ordinal, command.product, at, chain=chain)


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        PlanDose: plan_dose,
        AuthoriseInfusion: authorise_infusion,
    }
)
