"""A platform trial: one protocol, thousands of patients over the years, as many events as are wanted; for seeing how
cost grows. `python -m tests.simulation.platform --events 1000000 --patients 10000 FILE` writes it as a ledger.

Phase I and II are walked like any simulated trial, by a few. Everyone else is screened, asked, examined and seen on the
ward, and what happens is reported, while a few hundred of them are there at a time: every event is decided by the
ledger's own rules. Nobody watches this walk; that is what the shorter ones are for.
"""

import argparse
import random
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.decisions import screening
from ledger.decisions.docket import Command, Docket
from ledger.record import Record
from ledger.store.sqlite import SqliteStore
from ledger.world import World
from tests.bench import SITE
from tests.simulation import after_graft, mishaps, reporting, reviewing, ward
from tests.simulation import safety as toxicities
from tests.simulation.beginnings import FAR_SITE
from tests.simulation.ending import bring_into_phase_two
from tests.simulation.simulator import Mishap, wander
from tests.simulation.usual import STEPS, confirm, gone, place
from tests.simulation.walk import Temper, Walk
from tests.simulation.watch import Watch

PRESENT: Final = 300
"""How many patients are there at a time, at most."""
BEFORE: Final = tuple(step for step in STEPS if step not in (confirm, place))
"""What is done with those for whom there is no place in the cohorts."""
HAPPENINGS: Final[tuple[tuple[int, Mishap], ...]] = (
    (40, ward.look),
    (15, ward.medicate),
    (6, ward.stop),
    (10, toxicities.toxicity),
    (5, toxicities.update),
    (6, reviewing.ask_about),
    (8, reviewing.settle),
    (3, reviewing.verify),
    (4, reporting.classify),
    (4, after_graft.visit),
    (3, after_graft.contact),
    (2, after_graft.stage_gvhd),
    (1, mishaps.fail_screening),
    (1, mishaps.leave_the_study),
)
PHASES: Final = 240
"""Steps for those who get a dose."""


class Unwatched(Watch):
    """Nobody looks."""

    def follow(self, docket: Docket, command: Command, after: World, appended: tuple[Record, ...]) -> None:
        """Nothing is looked at."""

    def look_back(self, records: list[Record], world: World, chance: random.Random) -> None:
        """Nothing is looked at."""


def platform(seed: int, patients: int, events: int) -> Iterator[list[Record]]:
    """The records of such a trial, a few at a time, in order."""
    walk = Walk(seed, Temper("roomy", PHASES, mishaps=0.05, nonsense=0.0, toxicity=0.1, phase_two=True))
    walk.watch = Unwatched()
    wander(walk, PHASES)
    bring_into_phase_two(walk)
    records, told = walk.bench.records, 0
    present: deque[str] = deque(walk.numbers(), maxlen=PRESENT)
    known, first = len(present), len(records)
    while len(records) < events:
        walk.said.clear()
        due = known + (patients - known) * (len(records) - first) // (events - first)
        if len(walk.world.patients) < min(patients, due + PRESENT // 3):
            present.append(arrive(walk, len(walk.world.patients) + 1))
        step(walk, walk.pick(present))
        if len(records) - told >= 1000:
            yield records[told:]
            told = len(records)
    yield records[told:]


def arrive(walk: Walk, number: int) -> str:
    """One more patient is screened."""
    named, born = f"{number:05d}", walk.pick(("2021-11", "2016-03", "2013-02", "2008-04", "2005-01"))
    site = SITE if walk.maybe(0.75) else FAR_SITE
    walk.ask(screening.ScreenPatient(number=named, site=site, birth_year_month=born, sex=walk.pick(("female", "male"))))
    return named


def step(walk: Walk, number: str) -> None:
    """The next step of a patient's way, or something that happens."""
    patient = walk.patient(number)
    if not gone(patient) and walk.maybe(0.3) and any(each(walk, patient) for each in BEFORE):
        return
    weights, happenings = zip(*HAPPENINGS, strict=True)
    walk.chance.choices(happenings, weights)[0](walk, number)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.platform", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("file", type=Path, help="the ledger to write; it may not exist")
    given = parser.parse_args()
    with SqliteStore.create(given.file) as store:
        for records in platform(given.seed, given.patients, given.events):
            with store.appending() as batch:
                batch.save(records)
            if sys.stderr.isatty():
                print(f"\r{store.size:,} events", end="", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
