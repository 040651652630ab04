"""Where in the log the counts of the levels stand: the positions that an advice rests on, read off the state."""

from collections.abc import Iterator

from ledger.cohort import events as c
from ledger.cohort.state import Cohort, Member
from ledger.patient.events import DoseLevelAssigned
from ledger.record import cohort_stream, patient_stream
from ledger.types import Event
from ledger.world import World


def rests_on(world: World) -> tuple[int, ...]:
    """Assignments, closed windows, evaluability, counted DLTs, open candidates, and the decisions that open levels."""
    found = {position for cohort in world.cohorts.values() for position in _of_cohort(world, cohort)}
    return tuple(sorted(found))


def _of_cohort(world: World, cohort: Cohort) -> Iterator[int]:
    decision = world.trial.decisions.get(cohort.decision or 0)
    if decision is not None:
        yield decision.position
    for number, member in cohort.counted.items():
        for position in _of_member(world, cohort, number, member):
            if position is not None:
                yield position


def _of_member(world: World, cohort: Cohort, number: str, member: Member) -> Iterator[int | None]:
    yield _at(world, patient_stream(number), DoseLevelAssigned)
    if member.window is not None and member.window.closed_on is not None:
        yield _at(world, cohort.stream, c.DltWindowClosed, number, member.window.closed_on)
    if member.assigned_level is not None:
        yield _at(world, cohort_stream(member.assigned_level), c.EvaluabilityDetermined, number, member.revision)
    elif member.determination is not None:
        yield _at(world, cohort.stream, c.EvaluabilityDetermined, number, member.revision)
    yield member.dlt
    if number in world.patients:
        yield from (position for position in world.patients[number].candidates.values() if position >= 0)


def _at(world: World, stream: str, kind: type[Event], *key: object) -> int | None:
    """The position of the fact of this kind and key."""
    return world.fact(stream, "|".join((kind.NAME, *map(str, key))))
