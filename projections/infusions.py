"""A patient's infusions in full: planned, ordered, authorised, given, interrupted, measured (domain E.1).

What the lot says of itself - its results at release, its cells after the thaw - is read from the lot, so that this
moves with more than the patient's own stream.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import zip_longest

from ledger.decisions.weight_change import weight_change
from ledger.patient.infusion_record import DoseOrdered, InfusionInterrupted, InfusionResumed, VitalSigns
from ledger.patient.infusions import InfusionAuthorised, InfusionCompleted, InfusionStarted
from ledger.patient.state import Infusion, Patient
from ledger.product.state import Product
from ledger.protocol.document import ProtocolDocument
from ledger.types import Amount, Day, Exact, Instant, exact_text
from ledger.world import World
from projections.base import TextOf, View, no_text
from projections.bedside import CheckView, checks, unsigned_checkers
from projections.signatures import Manifestation, manifestation


class PlanView(View):
    """The dose as planned, exact."""

    weight_kg: Amount
    weighed_on: Day
    cells_per_kg: Exact
    cells: Exact


class WeightChangeView(View):
    """How the weight has changed since the infusion before."""

    from_kg: Amount
    to_kg: Amount
    percent: Exact
    alert: bool
    """More than the protocol's percentage, either way."""


class OrderView(View):
    """The dose as ordered in mL, with the first calculation."""

    product: str
    bags: tuple[str, ...]
    viable_cells_per_ml: Amount
    volume_step_ml: Amount
    available_volume_ml: Amount | None
    volume_ml: Amount
    cells: Exact
    percent_of_plan: Exact
    calculated_by: str


class AuthorisationView(View):
    """The permission, with the second calculation."""

    product: str
    valid_until: Instant
    max_cells: Exact
    volume_ml: Amount | None
    second_calculation_by: str
    signature: Manifestation | None


class InterruptionView(View):
    """An interruption; `resumed_at` is null where it was not reported to have gone on."""

    interrupted_at: Instant
    cause: str
    resumed_at: Instant | None


class GivenView(View):
    """What was given."""

    weight_kg: Amount
    weighed_on: Day | None
    cells: int
    cells_by_volume: Exact | None
    """Cells/mL x viability x volume, where all three were reported."""
    cells_per_kg: Exact
    percent_of_plan: Exact
    cd3_cells_per_kg: Amount | None
    cells_per_ml: Amount | None
    viability_percent: Amount | None
    volume_ml: Amount | None
    residual_volume_ml: Amount | None
    reaction: bool | None


class ReleaseResultView(View):
    """A result of the lot at release."""

    test: str
    result: str
    unit: str | None
    passed: bool | None


class ThawView(View):
    """A bag after its thaw."""

    bag: str
    thawed_at: Instant
    viability_percent: Amount
    cells: int


class InfusionRecordView(View):
    """One infusion, from its plan to its end."""

    ordinal: int
    level: int | None
    plan: PlanView | None
    weight_change: WeightChangeView | None
    order: OrderView | None
    authorisation: AuthorisationView | None
    product: str | None
    bags: tuple[str, ...]
    chain_of_identity: str | None
    checkers: tuple[str, ...]
    checks: tuple[CheckView, ...]
    """Each checker's own signature."""
    unsigned_checkers: tuple[str, ...]
    """Those named as checkers who have not signed."""
    premedication: tuple[str, ...]
    cells_at_release: int | None
    """Of the whole lot."""
    at_release: tuple[ReleaseResultView, ...]
    after_thaw: tuple[ThawView, ...]
    started_at: Instant | None
    ended_at: Instant | None
    interruptions: tuple[InterruptionView, ...]
    vitals: tuple[VitalSigns, ...]
    given: GivenView | None
    omitted: str | None
    """Why it is not given."""


class InfusionsView(View):
    """A patient's infusions, and what they come to."""

    patient: str
    level: int | None
    planned_cells_per_kg: Exact | None
    """The level's total."""
    received_cells_per_kg: Exact
    percent_of_level_total: Exact | None
    infusions: tuple[InfusionRecordView, ...]


def infusions(world: World, protocol: ProtocolDocument | None, number: str, text: TextOf = no_text) -> InfusionsView:
    """Every infusion of a patient of whom anything is on record."""
    patient = world.patients[number]
    known = {*patient.doses, *patient.infusions, *patient.around.orders, *patient.authorised}
    on_ladder = protocol is not None and patient.level in protocol.levels()
    total = protocol.level_total(patient.level) if protocol and on_ladder and patient.level is not None else None
    received = patient.given_share(Fraction(1))
    return InfusionsView(
        patient=number,
        level=patient.level,
        planned_cells_per_kg=exact_text(total) if total else None,
        received_cells_per_kg=exact_text(received),
        percent_of_level_total=exact_text(received * 100 / total) if total else None,
        infusions=tuple(infusion_record(world, protocol, number, ordinal, text) for ordinal in sorted(known)),
    )


def infusion_record(
    world: World, protocol: ProtocolDocument | None, number: str, ordinal: int, text: TextOf = no_text
) -> InfusionRecordView:
    """One infusion of a patient in full."""
    patient = world.patients[number]
    infusion = patient.infusions.get(ordinal) or Infusion(ordinal)
    started, done = infusion.started, infusion.completed
    dose, order = patient.doses.get(ordinal), patient.around.orders.get(ordinal)
    lot = done.product if done else started.product if started else order.product if order else None
    product = world.products.get(lot) if lot is not None else None
    bags = started.bags if started and started.bags else order.bags if order else ()
    verified = patient.around.identities.get(ordinal)
    chain = started.chain_of_identity if started else None
    checkers = _checkers(started, verified.checkers if verified else ())
    signed = checks(world, patient, ordinal, lot, text)
    return InfusionRecordView(
        ordinal=ordinal,
        level=started.level if started else dose.level if dose else patient.level,
        plan=PlanView.model_validate(dose.model_dump(exclude={"ordinal", "level"})) if dose else None,
        weight_change=_change(patient, ordinal, protocol),
        order=_order(order) if order else None,
        authorisation=_authorisation(world, patient, ordinal, text),
        product=lot,
        bags=bags,
        chain_of_identity=chain or (verified.chain_of_identity if verified else None),
        checkers=checkers,
        checks=signed,
        unsigned_checkers=unsigned_checkers(checkers, signed),
        premedication=started.premedication if started else (),
        cells_at_release=product.cells if product and product.manufactured else None,
        at_release=tuple(_at_release(product)) if product else (),
        after_thaw=tuple(_after_thaw(product, bags)) if product else (),
        started_at=started.started_at if started else None,
        ended_at=done.ended_at if done else None,
        interruptions=interruptions(patient, ordinal),
        vitals=_vitals(patient, ordinal),
        given=_given(done) if done else None,
        omitted=infusion.omitted.cause if infusion.omitted else None,
    )


def _checkers(started: InfusionStarted | None, verified: tuple[str, ...]) -> tuple[str, ...]:
    """Those at the bedside; where nobody said who they were, those of the authorisation."""
    return started.checkers if started and started.checkers else verified


def _change(patient: Patient, ordinal: int, protocol: ProtocolDocument | None) -> WeightChangeView | None:
    change = weight_change(patient, ordinal, protocol) if protocol else None
    if change is None:
        return None
    return WeightChangeView(
        from_kg=change.from_kg, to_kg=change.to_kg, percent=exact_text(change.percent), alert=change.alert
    )


def _order(order: DoseOrdered) -> OrderView:
    percent = Fraction(order.cells) * 100 / Fraction(order.planned_cells)
    said = order.model_dump(exclude={"ordinal", "level", "planned_cells"})
    return OrderView.model_validate({**said, "percent_of_plan": exact_text(percent)})


def _authorisation(world: World, patient: Patient, ordinal: int, text: TextOf) -> AuthorisationView | None:
    authorised = patient.authorised.get(ordinal)
    if authorised is None:
        return None
    signed = world.signatures.at(patient.stream, InfusionAuthorised, ordinal)
    shown = {**authorised.model_dump(exclude={"ordinal", "level"}), "signature": None}
    return AuthorisationView.model_validate(shown | ({"signature": manifestation(signed, text)} if signed else {}))


def _given(done: InfusionCompleted) -> GivenView:
    return GivenView.model_validate(done.model_dump(exclude={"ordinal", "product", "ended_at"}))


def interruptions(patient: Patient, ordinal: int) -> tuple[InterruptionView, ...]:
    """The interruptions in their order, each with the first time after it at which the infusion went on."""
    stops = sorted(
        (e for e in patient.around.interruptions.values() if e.ordinal == ordinal), key=lambda e: e.interrupted_at
    )
    goes_on = sorted(
        (e for e in patient.around.resumptions.values() if e.ordinal == ordinal), key=lambda e: e.resumed_at
    )
    return tuple(
        InterruptionView(interrupted_at=stop.interrupted_at, cause=stop.cause, resumed_at=_after(stop, after, goes_on))
        for stop, after in zip_longest(stops, stops[1:])
    )


def _after(
    stop: InfusionInterrupted, following: InfusionInterrupted | None, goes_on: list[InfusionResumed]
) -> Instant | None:
    """When an interrupted infusion went on, before it was interrupted again."""
    return next(
        (
            each.resumed_at
            for each in goes_on
            if each.resumed_at >= stop.interrupted_at
            and (following is None or each.resumed_at <= following.interrupted_at)
        ),
        None,
    )


def _vitals(patient: Patient, ordinal: int) -> tuple[VitalSigns, ...]:
    taken = (each for each in patient.around.vitals.values() if each.ordinal == ordinal)
    return tuple(
        VitalSigns.model_validate(each.model_dump(exclude={"ordinal"}))
        for each in sorted(taken, key=lambda each: each.taken_at)
    )


def _at_release(product: Product) -> Iterator[ReleaseResultView]:
    for test in sorted({held.event.test for held in product.results}):
        held = product.result(test)
        if held is not None:
            said = held.event
            yield ReleaseResultView(test=test, result=said.result, unit=said.unit, passed=said.passed)


def _after_thaw(product: Product, bags: tuple[str, ...]) -> Iterator[ThawView]:
    """The bags of the infusion; all that were thawed, where nobody said which."""
    for bag, thaw in product.thawed.items():
        if not bags or bag in bags:
            yield ThawView(
                bag=bag, thawed_at=thaw.thawed_at, viability_percent=thaw.viability_percent, cells=thaw.cells
            )
