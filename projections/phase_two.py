"""Where phase II stands: its places, its boundary, and whether it is over."""

from datetime import date

from ledger.cohort.state import Cohort
from ledger.decisions.expansion import (
    boundary_crossed,
    expansion_slots,
    has_candidate,
    treated,
    waits_for_a_dose,
)
from ledger.protocol.document import ProtocolDocument
from ledger.world import World
from projections.base import View


class PhaseTwoView(View):
    """Phase II at the recommended dose."""

    level: int
    decision: int | None
    """The dose decision by which it was entered, or last extended."""
    slots: int
    """Patients that it takes in all."""
    placed: int
    free_slots: int
    """What neither a patient nor a live reservation holds."""
    treated: int
    """Patients treated at the level whom the boundary counts."""
    observed: int
    """Those of them whose window is over, or with a DLT or a candidate."""
    dlt: int
    candidates: int
    stops_at_dlt: int | None
    """The least count of DLTs that stops with so many treated; null where none does."""
    crossed: bool
    """The counts stop phase II: nobody more is treated, and the hold cannot be lifted."""
    complete: bool
    """Nobody more can come, every window is closed and every candidate ruled on."""
    line: str
    """The same in a line."""


def phase_two(world: World, protocol: ProtocolDocument, today: date) -> PhaseTwoView | None:
    """Phase II as it stands on a day; none before it is entered, and after its recommended dose was withdrawn."""
    level, phase = world.trial.rp2d, protocol.phase_2
    cohort = world.cohort(level) if level is not None else None
    if level is None or cohort is None or cohort.expansion is None or world.trial.phase == "I":
        return None
    told, placed = treated(world, protocol, cohort), len(cohort.members_of("II"))
    reached = range(told.patients + 1)
    stops = next((d for d in reached if phase is not None and phase.boundary.crossed(d, told.patients)), None)
    crossed, complete = boundary_crossed(world, protocol, cohort), is_complete(world, protocol, cohort)
    return PhaseTwoView(
        level=level,
        decision=cohort.decision,
        slots=cohort.expansion.slots,
        placed=placed,
        free_slots=cohort.free_slots(today, "II"),
        treated=told.patients,
        observed=told.observed,
        dlt=told.dlts,
        candidates=told.candidates,
        stops_at_dlt=stops,
        crossed=crossed,
        complete=complete,
        line=(
            f"phase II at level {level}: {placed} of {cohort.expansion.slots} placed, "
            f"{told.dlts} DLT in {told.patients} treated, "
            f"{'no count stops' if stops is None else f'{stops} stop'}{' (crossed)' if crossed else ''}"
            f"{'; complete' if complete else ''}"
        ),
    )


def is_complete(world: World, protocol: ProtocolDocument, cohort: Cohort) -> bool:
    """Whether phase II is over: the cap leaves it nobody more, and everybody in it was observed to the end."""
    members = cohort.members_of("II")
    if expansion_slots(world, protocol, cohort.level) > len(members):
        return False
    return not any(
        has_candidate(world, number)
        or (member.window is not None and member.window.running)
        or (number in world.patients and waits_for_a_dose(world.patients[number]))
        for number, member in members.items()
    )
