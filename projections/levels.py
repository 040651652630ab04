"""A dose level as the board shows it at a moment: who is there, how long each window runs, which slots are free."""

from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from ledger.cohort.state import Cohort, Member, Window
from ledger.decisions.standing import tally
from ledger.protocol.document import ProtocolDocument
from ledger.types import Exact, Phase, exact_text
from ledger.world import World
from projections.base import View
from projections.cohorts import LevelState, ReservationView, WindowView, state_of

Letter = Literal["N", "T", "P", "C", "x"]
"""N evaluable without a DLT, T with one, C an open candidate, P pending, x not evaluable and replaced."""


class WindowNow(WindowView):
    """A DLT window, seen on a day at the patient's site."""

    state: Literal["running", "elapsed", "closed"]
    """*Elapsed*: its days are over and it waits to be closed."""
    days_left: int
    """Days after today on which a DLT still counts: 0 on the last day, and afterwards."""


class PlacedPatient(View):
    """A patient of the level, or of a higher one who counts here by the dose received."""

    patient: str
    assigned_level: int
    phase: Phase
    letter: Letter
    sentinel: bool
    evaluable: bool | None
    dlt: bool
    candidates: tuple[str, ...]
    """The candidate DLTs that nobody has ruled on."""
    infusions_given: int
    percent_of_plan: Exact
    """Of the level's total, received in all infusions so far."""
    window: WindowNow | None
    """Null before the first infusion."""


class ReservationNow(ReservationView):
    """A place kept for a patient, seen today."""

    live: bool
    days_left: int


class LevelView(View):
    """One level of the ladder."""

    level: int
    reserve: bool
    total_cells_per_kg: Exact
    state: LevelState
    phase: Phase
    """II at the recommended dose once phase II is entered: the slots are of phase II then, the counts of phase I."""
    slots: int
    free_slots: int
    """What neither a patient nor a live reservation holds; below 0 where more were dosed than there are slots."""
    evaluable: int
    dlt: int
    pending: int
    candidates: int
    hold: int | None
    """A hold in force that reaches this level."""
    decision: int | None
    """The last dose decision that lets further children be dosed here; null at the start level until it is expanded."""
    notation: str
    """The level, then one letter a patient in the order of their numbers, such as `1NNT`; those of phase II after a
    plus sign."""
    patients: tuple[PlacedPatient, ...]
    reservations: tuple[ReservationNow, ...]


def home_day(world: World, at: datetime) -> date:
    """The calendar day at the trial's site; in UTC where it has none, or several."""
    sites = tuple(world.trial.sites)
    return world.site_day(sites[0] if len(sites) == 1 else None, at)


def level_view(world: World, protocol: ProtocolDocument, level: int, now: datetime) -> LevelView:
    """A level of the protocol's ladder at a moment."""
    cohort, today = world.cohort(level), home_day(world, now)
    told, expanded = tally(world, cohort), cohort.expansion if world.trial.phase == "II" else None
    phase: Phase = "II" if expanded else "I"
    patients = tuple(placed(world, protocol, cohort, number, now) for number in sorted(cohort.counted))
    return LevelView(
        level=level,
        reserve=protocol.is_reserve(level),
        total_cells_per_kg=exact_text(protocol.level_total(level)),
        state=state_of(cohort),
        phase=phase,
        slots=expanded.slots if expanded else cohort.slots,
        free_slots=cohort.free_slots(today, phase),
        evaluable=told.evaluable,
        dlt=told.dlt,
        pending=told.pending,
        candidates=told.candidates,
        hold=world.trial.held(level),
        decision=cohort.decision,
        notation=f"{level}{_letters(patients, 'I')}{'+' if expanded else ''}{_letters(patients, 'II')}",
        patients=patients,
        reservations=tuple(_reservation(cohort, number, today) for number in sorted(cohort.reservations)),
    )


def _letters(patients: tuple[PlacedPatient, ...], phase: Phase) -> str:
    return "".join(each.letter for each in patients if each.phase == phase)


def placed(world: World, protocol: ProtocolDocument, cohort: Cohort, number: str, now: datetime) -> PlacedPatient:
    """A patient of a cohort at a moment."""
    member, patient = cohort.counted[number], world.patients.get(number)
    candidates = patient.open_candidates if patient else ()
    share = patient.given_share(protocol.level_total(cohort.level)) if patient else Fraction(0)
    return PlacedPatient(
        patient=number,
        assigned_level=cohort.level if member.assigned_level is None else member.assigned_level,
        phase=member.phase,
        letter=letter_of(member, bool(candidates)),
        sentinel=member.sentinel,
        evaluable=member.evaluable,
        dlt=member.dlt is not None,
        candidates=candidates,
        infusions_given=sum(i.given_on is not None for i in patient.infusions.values()) if patient else 0,
        percent_of_plan=exact_text(share * 100),
        window=window_now(member.window, world.patient_day(number, now)) if member.window else None,
    )


def letter_of(member: Member, candidate: bool) -> Letter:
    """A counted DLT before anything else; an open candidate before what is settled otherwise."""
    if member.dlt is not None:
        return "T"
    if candidate:
        return "C"
    if member.evaluable is None:
        return "P"
    return "N" if member.evaluable else "x"


def window_now(window: Window, today: date) -> WindowNow:
    """A window on a day at the patient's site."""
    over = today > window.planned_to_on
    return WindowNow(
        **dict(WindowView.of(window)),
        state="closed" if not window.running else "elapsed" if over else "running",
        days_left=0 if over or not window.running else (window.planned_to_on - today).days,
    )


def _reservation(cohort: Cohort, number: str, today: date) -> ReservationNow:
    expires_on = cohort.reservations[number]
    left = (expires_on - today).days
    return ReservationNow(
        patient=number,
        expires_on=expires_on,
        kept=number in cohort.kept,
        live=cohort.keeps_slot(number, today),
        days_left=max(left, 0),
    )
