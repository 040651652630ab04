"""The dose order of one infusion, to be printed on one page: cells/kg -> cells -> mL, and who calculated what."""

from datetime import date
from fractions import Fraction
from textwrap import wrap
from typing import Final

from ledger.decisions.standing import planned_on
from ledger.types import Day, Exact, exact, exact_text
from ledger.world import World
from projections.base import TextOf, View, no_text
from projections.bedside import CheckView
from projections.infusions import AuthorisationView, OrderView, PlanView, WeightChangeView, infusion_record
from projections.signatures import Manifestation

WIDTH: Final = 78
LABEL: Final = 30
DECIMALS: Final = 4


class DoseOrderView(View):
    """What the ward and the cell laboratory need to prepare one infusion."""

    registry_id: str
    protocol_version: int
    patient: str
    site: str | None
    level: int
    level_total_cells_per_kg: Exact
    ordinal: int
    share: Exact
    protocol_day: int
    planned_on: Day | None
    plan: PlanView
    weight_change: WeightChangeView | None
    weight_change_alert_percent: int
    order: OrderView | None
    """Null while only the cells are planned, or where the order no longer fits the plan."""
    exact_volume_ml: Exact | None
    """Before it is rounded down."""
    authorisation: AuthorisationView | None
    chain_of_identity: str | None
    checkers: tuple[str, ...]
    checks: tuple[CheckView, ...]
    unsigned_checkers: tuple[str, ...]


def dose_order(world: World, number: str, ordinal: int, today: date, text: TextOf = no_text) -> DoseOrderView | None:
    """The order in force of an infusion; none before its cells are planned."""
    patient, version = world.patients[number], world.trial.protocol_on(today)
    dose, order = patient.doses.get(ordinal), patient.around.orders.get(ordinal)
    if version is None or dose is None:
        return None
    protocol, record = version.document, infusion_record(world, version.document, number, ordinal, text)
    assert record.plan is not None
    fits = order is not None and (order.level, order.planned_cells) == (dose.level, dose.cells)
    return DoseOrderView(
        registry_id=protocol.registry_id,
        protocol_version=version.number,
        patient=number,
        site=patient.screened.site if patient.screened else None,
        level=dose.level,
        level_total_cells_per_kg=exact_text(protocol.level_total(dose.level)),
        ordinal=ordinal,
        share=exact_text(protocol.share(ordinal)),
        protocol_day=protocol.day_of(ordinal),
        planned_on=planned_on(patient, protocol, ordinal),
        plan=record.plan,
        weight_change=record.weight_change,
        weight_change_alert_percent=protocol.weight_change_alert_percent,
        order=record.order if fits else None,
        exact_volume_ml=_exact_volume(record.order, record.plan) if fits and record.order else None,
        authorisation=record.authorisation if fits else None,
        chain_of_identity=record.chain_of_identity,
        checkers=record.checkers,
        checks=record.checks,
        unsigned_checkers=record.unsigned_checkers,
    )


def _exact_volume(order: OrderView, plan: PlanView) -> Exact:
    return exact_text(exact(plan.cells) / exact(order.viable_cells_per_ml))


def dose_order_text(view: DoseOrderView) -> str:
    """The same on one page of plain text."""
    plan, change = view.plan, view.weight_change
    lines = [
        f"DOSE ORDER   {view.registry_id}, protocol version {view.protocol_version}",
        "=" * WIDTH,
        _line("Patient", f"{view.patient} ({view.site})"),
        _line(
            "Infusion", f"{view.ordinal}, planned day {view.protocol_day:+d}, {view.planned_on or 'date not planned'}"
        ),
        _line("Dose level", f"{view.level}: {_number(view.level_total_cells_per_kg)} cells/kg in all infusions"),
        _line("Weight", f"{plan.weight_kg} kg on {plan.weighed_on}"),
    ]
    if change is not None:
        said = f"{change.from_kg} kg -> {change.to_kg} kg, {_number(change.percent)} %"
        lines.append(_line("Weight change", said))
        if change.alert:
            lines.append(_line("", f"*** ALERT: more than {view.weight_change_alert_percent} %; check the weight ***"))
    lines += [
        "-" * WIDTH,
        _line("Cells/kg", f"{_number(plan.cells_per_kg)} = level total x {view.share}"),
        _line("Cells", f"{_number(plan.cells)} = cells/kg x weight"),
        *_ordered(view),
    ]
    return "\n".join([*lines, "=" * WIDTH, ""])


def _ordered(view: DoseOrderView) -> list[str]:
    order, allowed = view.order, view.authorisation
    if order is None or view.exact_volume_ml is None:
        return [_line("Volume", "NOT ORDERED for this plan")]
    lines = [
        _line("Product", f"{order.product}, bags {', '.join(order.bags) or 'not stated'}"),
        _line("Viable cells/mL", order.viable_cells_per_ml),
        _line("Exact volume", f"{_number(view.exact_volume_ml)} mL = cells / viable cells per mL"),
    ]
    if order.available_volume_ml is not None:
        lines.append(_line("Available", f"{order.available_volume_ml} mL"))
    lines += [
        _line("GIVE", f"{order.volume_ml} mL (rounded down to steps of {order.volume_step_ml} mL)"),
        _line("That is", f"{_number(order.cells)} viable cells, {_number(order.percent_of_plan)} % of the plan"),
        "-" * WIDTH,
        _line("First calculation", order.calculated_by),
        _line("Second calculation", allowed.second_calculation_by if allowed else "______________________"),
        _line("Authorised until", str(allowed.valid_until) if allowed else "NOT AUTHORISED"),
        *(_signature(allowed.signature) if allowed and allowed.signature else []),
        _line("Chain of identity", view.chain_of_identity or "______________________"),
        _line("Checked by two", ", ".join(view.checkers) or "______________________ / ______________________"),
        *(line for check in view.checks for line in _signature(check.signature)),
        *(_line("", f"{each}, not signed yet: ______________________") for each in view.unsigned_checkers),
    ]
    return lines


def _signature(signed: Manifestation) -> list[str]:
    """A signature under what it signs: name, time, meaning, and whether it stands (21 CFR 11.50)."""
    return [_line("", part) for part in wrap(signed.line, WIDTH - LABEL)]


def _line(label: str, said: str) -> str:
    return f"{label:<{LABEL}}{said}"


def _number(quantity: str) -> str:
    """A number to read, in groups of three: exact with up to four decimals, else cut after them, never rounded up."""
    value = Fraction(quantity)
    scaled = abs(value) * 10**DECIMALS
    whole, decimals = divmod(int(scaled), 10**DECIMALS)
    grouped = ("-" if value < 0 else "") + f"{whole:,}".replace(",", " ")
    if scaled.denominator > 1:
        return f"{grouped}.{decimals:0{DECIMALS}d}..."
    return f"{grouped}.{decimals:0{DECIMALS}d}".rstrip("0").rstrip(".")
