"""Is the treatment feasible: planned against given, per patient and over all who were enrolled (P2).

Of each patient, whether

    manufactured   a lot for the patient was made, or cells were given
    released       a lot for the patient was released, conditionally or not
    all_given      every planned infusion was given
    on_day         every planned infusion was given, within the protocol's days around day 0
    dose_reached   the infusions gave the protocol's least share of the level's total

is *yes* as soon as it is so, *no* once it cannot be so any more (the infusions are settled, or the patient has died,
has withdrawn or is off study), and not known until then. A share counts whom it is known of. Day 0 is the day of the
graft, or the planned one until then: a graft that was moved after the first infusion moves that infusion off its day.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from ledger.decisions.standing import day_zero_on
from ledger.patient.state import Infusion, Patient
from ledger.product.state import Product
from ledger.protocol.document import ProtocolDocument
from ledger.types import Day, Exact, exact, exact_text
from ledger.world import World
from projections.base import View
from projections.estimates import Share, share


class InfusionAgainstPlan(View):
    """One infusion: what the level plans, and what was given."""

    ordinal: int
    planned_cells_per_kg: Exact | None
    """Null before a level is assigned."""
    given_cells_per_kg: Exact | None
    percent_of_plan: Exact | None
    given_on: Day | None
    protocol_day: int | None
    """The day on which it was given, from day 0."""
    on_day: bool | None
    """Whether that is within the protocol's days for it."""
    omitted: str | None
    """Why it was not given."""


class PatientFeasibility(View):
    """An enrolled patient; null where it is not known yet."""

    patient: str
    level: int | None
    failed_manufactures: int
    manufactured: bool | None
    released: bool | None
    infusions: tuple[InfusionAgainstPlan, ...]
    planned_cells_per_kg: Exact | None
    given_cells_per_kg: Exact
    percent_of_plan: Exact | None
    all_given: bool | None
    on_day: bool | None
    dose_reached: bool | None


class Omissions(View):
    """How many infusions were omitted for a reason."""

    cause: str
    infusions: int


class Feasibility(View):
    """Planned against given, over all who were enrolled."""

    enrolled: int
    minimum_percent_of_plan: int
    """The share of the level's total that `dose_reached` asks for."""
    manufactured: Share
    released: Share
    all_given: Share
    on_day: Share
    dose_reached: Share
    omissions: tuple[Omissions, ...]
    patients: tuple[PatientFeasibility, ...]


def feasibility(world: World, protocol: ProtocolDocument) -> Feasibility:
    """The report under a protocol version."""
    enrolled = [
        _patient(world, patient, protocol)
        for number, patient in world.patients.in_order()
        if patient.enrolled is not None
    ]
    omitted = Counter(each.omitted for row in enrolled for each in row.infusions if each.omitted is not None)
    return Feasibility(
        enrolled=len(enrolled),
        minimum_percent_of_plan=protocol.evaluability.minimum_percent_of_plan,
        manufactured=share(row.manufactured for row in enrolled),
        released=share(row.released for row in enrolled),
        all_given=share(row.all_given for row in enrolled),
        on_day=share(row.on_day for row in enrolled),
        dose_reached=share(row.dose_reached for row in enrolled),
        omissions=tuple(Omissions(cause=cause, infusions=count) for cause, count in sorted(omitted.items())),
        patients=tuple(enrolled),
    )


def _patient(world: World, patient: Patient, protocol: ProtocolDocument) -> PatientFeasibility:
    lots = [lot for lot in world.products.values() if lot.recipient == patient.number]
    infusions = tuple(_infusion(patient, protocol, ordinal) for ordinal in protocol.ordinals())
    over = _over(patient, infusions)
    received = [infusion.completed for infusion in patient.infusions.values() if infusion.completed]
    given = sum((exact(each.cells_per_kg) for each in received), Fraction(0))
    planned = None if patient.level is None else protocol.level_total(patient.level)
    percent = None if planned is None else given * 100 / planned
    enough = percent is not None and percent >= protocol.evaluability.minimum_percent_of_plan
    all_given = all(each.given_on for each in infusions)
    return PatientFeasibility(
        patient=patient.number,
        level=patient.level,
        failed_manufactures=sum(_failed(lot) for lot in lots),
        manufactured=_known(patient.dosed or any(lot.manufactured for lot in lots), over),
        released=_known(any(_released(lot) for lot in lots), over),
        infusions=infusions,
        planned_cells_per_kg=None if planned is None else exact_text(planned),
        given_cells_per_kg=exact_text(given),
        percent_of_plan=None if percent is None else exact_text(percent),
        all_given=_known(all_given, over),
        on_day=_known(all(each.on_day for each in infusions), over or any(each.on_day is False for each in infusions)),
        dose_reached=_known(enough, over),
    )


def _known(so: bool, over: bool) -> bool | None:
    """Yes as soon as it is so; no once it cannot be so any more."""
    return True if so else (False if over else None)


def _over(patient: Patient, infusions: Iterable[InfusionAgainstPlan]) -> bool:
    """Whether no further infusion is to come."""
    gone = patient.death or patient.off_study or patient.withdrawn
    return bool(gone) or all(patient.infusions.get(each.ordinal, Infusion(0)).settled for each in infusions)


def _failed(lot: Product) -> bool:
    return lot.manufacture is not None and lot.manufacture.outcome == "failed"


def _released(lot: Product) -> bool:
    """Whether a lot was ever released, conditionally or not."""
    return any(held.event.disposition in ("released", "conditional") for held in lot.dispositions)


def _infusion(patient: Patient, protocol: ProtocolDocument, ordinal: int) -> InfusionAgainstPlan:
    infusion = patient.infusions.get(ordinal) or Infusion(ordinal)
    planned = None if patient.level is None else protocol.planned_cells_per_kg(patient.level, ordinal)
    given = exact(infusion.completed.cells_per_kg) if infusion.completed else None
    day = _protocol_day(infusion.given_on, day_zero_on(patient))
    first, last = protocol.window_of(ordinal)
    return InfusionAgainstPlan(
        ordinal=ordinal,
        planned_cells_per_kg=None if planned is None else exact_text(planned),
        given_cells_per_kg=None if given is None else exact_text(given),
        percent_of_plan=None if given is None or planned is None else exact_text(given * 100 / planned),
        given_on=infusion.given_on,
        protocol_day=day,
        on_day=None if day is None else first <= day <= last,
        omitted=infusion.omitted.cause if infusion.omitted and infusion.given_on is None else None,
    )


def _protocol_day(on: date | None, day_zero: date | None) -> int | None:
    return None if on is None or day_zero is None else (on - day_zero).days
