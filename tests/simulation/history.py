"""What holds of the whole log, checked now and then: rebuilt equals followed, the order of patients never matters."""

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from immutables import Map

from ledger.cohort.state import Cohort, Member
from ledger.cohort.state import evolve as evolve_cohort
from ledger.decisions.standing import advice
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record
from ledger.store.codec import decode, encode
from ledger.strands import Strand, Strands
from ledger.world import PATIENTS, World
from tests.simulation.found import claim


def folded(records: list[Record], world: World | None = None) -> World:
    """The state after the records, one after another."""
    world = world or World()
    for record in records:
        world = world.apply(record)
    return world


def difference(one: Any, other: Any, path: str = "world") -> str:
    """Where two states differ; the empty text where they do not."""
    if one == other:
        return ""
    if hasattr(one, "__dataclass_fields__") and type(one) is type(other):
        within = (difference(getattr(one, f.name), getattr(other, f.name), f"{path}.{f.name}") for f in fields(one))
        return next((found for found in within if found), path)
    return f"{path}: {one!r} and {other!r}"


def check_rebuilt(records: list[Record], followed: World, chance: random.Random) -> None:
    """Folded from scratch, or from any point, it is the state that was followed."""
    cut = chance.randrange(len(records) + 1)
    rebuilt = folded(records[cut:], folded(records[:cut]))
    found = difference(rebuilt, followed)
    claim(not found, f"rebuilt differs from followed: {found}")


def check_bytes(records: list[Record]) -> None:
    """Every record reads back from its bytes as it was."""
    for record in records:
        claim(decode(encode(record)) == record, f"position {record.position} reads back differently: {record}")


def check_order(records: list[Record], world: World, protocol: ProtocolDocument, chance: random.Random) -> None:
    """With the patients of each cohort in another order, and under other numbers, counts and advice are the same."""
    reordered = world
    for level, cohort in world.cohorts.items():
        again = Cohort(level)
        for record in interleaved([record for record in records if record.level == level], chance):
            again = evolve_cohort(again, record)
        found = difference(_counts(again), _counts(cohort), f"cohort {level}")
        claim(not found, f"the order of patients matters: {found}")
        reordered = replace(reordered, cohorts=reordered.cohorts.set(level, again))
    claim(advice(reordered, protocol) == advice(world, protocol), "the order of patients changes the advice")
    claim(advice(renumbered(world, chance), protocol) == advice(world, protocol), "patients' numbers change the advice")


def renumbered(world: World, chance: random.Random) -> World:
    """The same trial with the patients of each cohort under each other's numbers, at a lower level that they count at
    too."""
    names: dict[str, str] = {}
    for cohort in world.cohorts.values():
        numbers = sorted(cohort.members)
        names |= zip(numbers, chance.sample(numbers, len(numbers)), strict=True)
    cohorts = {
        level: replace(cohort, members=_named(cohort.members, names), received_here=_named(cohort.received_here, names))
        for level, cohort in world.cohorts.items()
    }
    renamed = (replace(known, number=names.get(number, number)) for number, known in world.patients.items())
    patients = {known.number: Strand(known, Map(), first=0, last=0) for known in renamed}
    return replace(world, cohorts=Map(cohorts), patients=Strands(PATIENTS, Map(patients)))


def _named(members: Map[str, Member], names: Mapping[str, str]) -> Map[str, Member]:
    return Map({names.get(number, number): member for number, member in members.items()})


def interleaved(records: list[Record], chance: random.Random) -> list[Record]:
    """The records in another order that keeps the order of each patient's own, and of those of the level as a whole."""
    rows: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        rows[getattr(record.event, "patient", "")].append(record)
    waiting, shuffled = list(rows.values()), []
    while waiting:
        row = chance.choice(waiting)
        shuffled.append(row.pop(0))
        waiting = [row for row in waiting if row]
    return shuffled


def _counts(cohort: Cohort) -> tuple[Any, ...]:
    """All that the design and the permissions are told of a cohort."""
    numbers = (cohort.evaluable, cohort.pending, cohort.dlts, cohort.slots, cohort.exceeded, cohort.opened)
    return (*numbers, dict(cohort.members), dict(cohort.reservations))
