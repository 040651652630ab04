"""A cohort as it is represented under its own version: a function of its own events, so that nothing in it moves with
the clock or with another stream, and an entity tag can name it."""

from typing import Literal

from ledger.cohort import state as c
from ledger.designs.reading import FIRST_SLOTS
from ledger.types import Day, Phase
from ledger.world import World
from projections.base import View

LevelState = Literal["not_opened", "enrolling", "observing", "cleared", "expanding", "exceeded", "reopened"]
"""The words of domain B.1. *Observing*: its slots are taken and it is not cleared."""


class WindowView(View):
    """The days in which a DLT counts, both ends included."""

    from_on: Day
    planned_to_on: Day
    closed_on: Day | None
    early_end: str | None
    complete: bool
    """The scheduled assessments were done, and the window did not end early."""

    @classmethod
    def of(cls, window: c.Window) -> "WindowView":
        return cls(
            from_on=window.from_on,
            planned_to_on=window.planned_to_on,
            closed_on=window.closed_on,
            early_end=window.early_end,
            complete=window.complete,
        )


class MemberView(View):
    """A patient of the cohort, or of a higher level's who counts here by the dose received."""

    patient: str
    assigned_level: int
    phase: Phase
    sentinel: bool
    evaluable: bool | None
    """Null until it is determined; a counted DLT makes a patient evaluable."""
    reason: str | None
    """Why evaluable or not, as determined."""
    revision: int
    """Of the determination; 0 before the first."""
    signatures: tuple[str, ...]
    """Who has signed a determination that still lacks a second signature."""
    dlt: int | None
    """The position of the ruling by which a DLT counts."""
    window: WindowView | None


class ReservationView(View):
    """A place kept for a patient; it lapses after the day."""

    patient: str
    expires_on: Day
    kept: bool
    """Conditioning or manufacture began: it lapses no more, and only a person gives it back."""


class CohortView(View):
    """One dose level's patients."""

    level: int
    version: int
    """The version of its stream: the entity tag is `"cohort/<level>@<version>"`."""
    state: LevelState
    slots: int
    """The total that the level is filled to in phase I, whose patients alone are counted here."""
    phase_two_slots: int | None
    """How many patients of phase II it takes in all; null where it takes none."""
    evaluable: int
    dlt: int
    pending: int
    exceeded: bool
    decision: int | None
    """The last dose decision that lets further children be dosed here; null at the start level until it is expanded."""
    reservations: tuple[ReservationView, ...]
    members: tuple[MemberView, ...]


def cohort(world: World, level: int) -> CohortView:
    """The cohort of a level; of one that never opened, an empty one of version 0."""
    found = world.cohort(level)
    return CohortView(
        level=level,
        version=found.version,
        state=state_of(found),
        slots=found.slots,
        phase_two_slots=found.expansion.slots if found.expansion else None,
        evaluable=found.evaluable,
        dlt=found.dlts,
        pending=found.pending,
        exceeded=found.exceeded,
        decision=found.decision,
        reservations=tuple(
            ReservationView(patient=number, expires_on=expires_on, kept=number in found.kept)
            for number, expires_on in sorted(found.reservations.items())
        ),
        members=tuple(_member(found, number) for number in sorted(found.counted)),
    )


def cohorts(world: World) -> tuple[CohortView, ...]:
    """Every level that has a record, from the lowest."""
    return tuple(cohort(world, level) for level in sorted(world.cohorts))


def state_of(found: c.Cohort) -> LevelState:
    """The word for a level: exceeded before anything else, then by whether there is room, then by its counts."""
    if found.exceeded:
        return "exceeded"
    if not found.opened and not found.members:
        return "not_opened"
    if found.evaluable + found.pending >= found.slots:
        settled = found.pending == 0 and found.cleared == (found.evaluable, found.dlts)
        return "cleared" if settled else "observing"
    if found.reopened:
        return "reopened"
    return "expanding" if found.slots > FIRST_SLOTS else "enrolling"


def _member(found: c.Cohort, number: str) -> MemberView:
    member = found.counted[number]
    return MemberView(
        patient=number,
        assigned_level=found.level if member.assigned_level is None else member.assigned_level,
        phase=member.phase,
        sentinel=member.sentinel,
        evaluable=member.evaluable,
        reason=member.determination.reason if member.determination else None,
        revision=member.revision,
        signatures=tuple(opinion.member for opinion in member.opinions),
        dlt=member.dlt,
        window=WindowView.of(member.window) if member.window else None,
    )
