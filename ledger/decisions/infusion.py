"""The dose is planned, the patient is ready, the infusion is authorised, and what was given is reported."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.docket import (
    CLOCK_TOLERANCE,
    AlreadySo,
    Decisions,
    Docket,
    Follows,
    PatientCommand,
    Reports,
    decided,
    not_in_the_future,
    report,
)
from ledger.decisions.permits import (
    against_exposure,
    against_first_infusion,
    against_level_use,
    against_lower_levels,
    against_taking_part,
    weight_is_fresh,
)
from ledger.decisions.product_permits import against_lot
from ledger.decisions.standing import planned_on
from ledger.errors import Refused
from ledger.patient import infusions as i
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.record import Entry
from ledger.types import Amount, Count, Day, Exact, Instant, Name, Ordinal, Several, exact, exact_text


class PlanDose(PatientCommand):
    """Plan one infusion's cells from the actual weight."""

    ordinal: Ordinal
    weight_kg: Amount
    weighed_on: Day


class AssessReadiness(PatientCommand):
    """Record the protocol's checks before an infusion. The third is for later infusions only."""

    ordinal: Ordinal
    assessed_at: Instant
    oxygen_assessed_at: Instant
    prednisone_equivalent_mg_per_kg_per_day_max_in_72_h: Amount
    uncontrolled_infection: bool
    ventilator: bool
    oxygen_l_per_min: Amount
    nonhaematologic_reactions_count: Count | None = None


class AuthoriseInfusion(PatientCommand):
    """Allow one infusion: cells calculated a second time, identity checked by two, the lot fit for this patient.

    `chain_of_identity` is the patient's; what the lot says of itself is on record.
    """

    ordinal: Ordinal
    product: Name
    cells_by_second_calculation: Exact
    chain_of_identity: Name
    checkers: Several[Name]


def in_plan(docket: Docket, ordinal: int) -> ProtocolDocument:
    """The protocol in force; `NotInProtocol` for an infusion that it does not plan."""
    protocol = docket.protocol()
    if ordinal not in protocol.ordinals():
        raise no.NotInProtocol(f"infusion {ordinal}")
    return protocol


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


def assess_readiness(docket: Docket, command: AssessReadiness) -> Follows:
    """P6: four checks, judged by the protocol's limits; exactly at a limit passes (A.3-11, A.3-14)."""
    patient, protocol = docket.patient(command.patient), in_plan(docket, command.ordinal)
    event = i.ReadinessAssessed(ordinal=command.ordinal, items=tuple(_items(command, patient, protocol)))
    return report(docket, patient.stream, event)


def _items(command: AssessReadiness, patient: Patient, protocol: ProtocolDocument) -> Iterator[i.ReadinessItem]:
    limits, at, air_at = protocol.readiness, command.assessed_at, command.oxygen_assessed_at
    steroids = command.prednisone_equivalent_mg_per_kg_per_day_max_in_72_h
    yield i.ReadinessItem(
        check="steroids",
        met=exact(steroids) <= exact(limits.steroid_prednisone_mg_per_kg_per_day_max),
        assessed_at=at,
        prednisone_equivalent_mg_per_kg_per_day=steroids,
    )
    infection = command.uncontrolled_infection
    yield i.ReadinessItem(check="infection", met=not infection, assessed_at=at, uncontrolled_infection=infection)
    if command.ordinal in limits.nonhaematologic_ordinals:
        stated = command.nonhaematologic_reactions_count
        if stated is None:
            raise no.FindingsContradict("nonhaematologic_reactions_count is asked for before this infusion")
        count = max(stated, _reactions(patient, limits.nonhaematologic_grade_min))
        yield i.ReadinessItem(check="nonhaematologic-reaction", met=count == 0, assessed_at=at, reactions_count=count)
    on_air = command.ventilator
    yield i.ReadinessItem(check="ventilator", met=not on_air, assessed_at=air_at, ventilator=on_air)
    oxygen = command.oxygen_l_per_min
    yield i.ReadinessItem(
        check="oxygen",
        met=exact(oxygen) <= exact(limits.oxygen_l_per_min_max),
        assessed_at=air_at,
        oxygen_l_per_min=oxygen,
    )


def _reactions(patient: Patient, grade_min: int) -> int:
    """Related, or not yet attributed, non-haematological reactions of the grade since infusion 1 (A.3-12)."""
    first = patient.infusions.get(1)
    since = first.started.started_at if first and first.started else None
    return sum(
        not event.report.haematologic
        and max(event.ctcae_grade or 0, event.grade or 0) >= grade_min
        and event.related
        and (since is None or event.report.onset_at >= since)
        for event in patient.adverse_events.values()
    )


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
    yield from _against_readiness(docket, patient, ordinal, protocol)
    yield from _against_product(docket, patient, command)


def _against_dose(docket: Docket, patient: Patient, command: AuthoriseInfusion) -> Iterator[Refused]:
    dose = patient.doses.get(command.ordinal)
    if dose is None or dose.level != patient.level:
        yield no.DoseNotPlanned(f"infusion {command.ordinal}")
        return
    if not weight_is_fresh(dose.weighed_on, docket.judged_on, docket.protocol()):
        yield no.WeightTooOld(f"infusion {command.ordinal}")
    calculated, planned = exact(command.cells_by_second_calculation), exact(dose.cells)
    if calculated not in (planned, Fraction(int(planned))):
        yield no.DoseAbovePlan(f"infusion {command.ordinal}")


def _against_readiness(docket: Docket, patient: Patient, ordinal: int, protocol: ProtocolDocument) -> Iterator[Refused]:
    noted = patient.readiness.get(ordinal)
    items: tuple[i.ReadinessItem, ...] = noted.event.items if noted else ()  # type: ignore[attr-defined]
    limits = protocol.readiness
    reactions = (
        _reactions(patient, limits.nonhaematologic_grade_min) if ordinal in limits.nonhaematologic_ordinals else 0
    )
    if not items or reactions:
        yield no.ReadinessNotMet(f"infusion {ordinal}")
    for item in items:
        hours = limits.oxygen_valid_hours if item.check in ("oxygen", "ventilator") else limits.valid_hours
        if not item.met or not -CLOCK_TOLERANCE <= docket.judged_at - item.assessed_at <= timedelta(hours=hours):
            yield no.ReadinessNotMet(f"infusion {ordinal}: {item.check}")


def _against_product(docket: Docket, patient: Patient, command: AuthoriseInfusion) -> Iterator[Refused]:
    if len(set(command.checkers)) < 2:
        yield no.CheckersNotDistinct(f"infusion {command.ordinal}")
    at, chain = docket.judged_at, command.chain_of_identity
    yield from against_lot(docket.world, patient, docket.protocol(), command.ordinal, command.product, at, chain=chain)


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        PlanDose: plan_dose,
        AssessReadiness: assess_readiness,
        AuthoriseInfusion: authorise_infusion,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "readiness": AssessReadiness,
    }
)
