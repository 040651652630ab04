"""How cost grows with a log: the same platform trial at several lengths, each measured in a process of its own.

Of each length: opening it (read, hashed, verified and folded), one patient, one cohort and the escalation state as
known at random moments, an inclusion proof, appending, and what all of it takes in memory beside the log's own bytes.
The trial is made by the simulator; `LOG=FILE` takes one that stands (`python -m tests.simulation.platform FILE` makes
one of a million events), and `EVENTS=1000,10000,100000,1000000` says which beginnings of it are measured.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.cli_serve import look_for_cycles_seldom
from benchmarks._common import CALLERS, Row, at_most, beside, keep, seconds
from ledger.application import TrialLedger
from ledger.decisions import safety
from ledger.evidence.proofs import Prover
from ledger.record import Asked
from ledger.store.sqlite import SqliteStore
from ledger.store.tiles import StoredTiles
from ledger.submission import Submission, command_id
from ledger.trial.state import Trial
from projections.cohorts import cohort
from projections.escalation import board
from projections.patients import patient
from tests.bench import INVESTIGATOR, SITE
from tests.simulation.platform import platform

SIZES = tuple(int(size) for size in os.environ.get("EVENTS", "1000,10000,30000").split(","))
QUESTIONS = 200
COMMANDS = 2048
BATCH = 1000
AS_KNOWN_MILLISECONDS = 50.0
MEMORY_OF_LOG = 0.5
FROM = 1_000_000
"""From how many events on the memory is promised: a short log is smaller than the program."""


@dataclass(frozen=True)
class Cost:
    """What was measured of one length. Milliseconds, except where the name says otherwise."""

    events: int
    log_mebibytes: float
    open_seconds: float
    open_mebibytes: float
    patient_p99: float
    cohort_p99: float
    board_p99: float
    proof_p99: float
    commands_per_second: float
    served_mebibytes: float


def measured(path: Path) -> Cost:
    """One length, in this process."""
    chance = random.Random(1)
    look_for_cycles_seldom()
    opened: list[TrialLedger] = []
    took = seconds(lambda: opened.append(TrialLedger.open(path)))
    ledger = opened[0]
    at_rest, size = resident(), ledger.world.size
    numbers, tiles = list(ledger.world.patients), StoredTiles(ledger.store)

    def known(look: Callable[[Any], object]) -> Callable[[], object]:
        return lambda: look(ledger.world_at(chance.randrange(size)))

    asked = {
        "patient_p99": known(lambda world: patient(world, chance.choice(numbers))),
        "cohort_p99": known(lambda world: cohort(world, 0)),
        "board_p99": known(lambda world: board(world, world.recorded_at) if world.trial != Trial() else None),
        "proof_p99": lambda: Prover(tiles).inclusion(chance.randrange(size), size),
    }
    worst = {name: ninety_ninth([seconds(question) for _ in range(QUESTIONS)]) for name, question in asked.items()}
    rate = COMMANDS / seconds(lambda: asyncio.run(commands(ledger, chance)))
    cost = Cost(
        events=size,
        log_mebibytes=path.stat().st_size / 2**20,
        open_seconds=took,
        open_mebibytes=at_rest,
        commands_per_second=rate,
        served_mebibytes=resident(),
        **worst,
    )
    ledger.close()
    return cost


def ninety_ninth(took: list[float]) -> float:
    """In milliseconds."""
    return sorted(took)[len(took) * 99 // 100] * 1000


def resident(process: int | str = "self") -> float:
    """Mebibytes of a process in memory; of this one, unless it is said."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def commands(ledger: TrialLedger, chance: random.Random) -> None:
    """New reports on patients whose last event is near the end, from 64 callers at once."""
    there = [record.patient for record in ledger.store.records(max(0, ledger.world.size - 2000)) if record.patient]
    seen = [number for number in dict.fromkeys(there) if _at_home(ledger, number)]

    async def caller(first: int) -> None:
        for number in range(first, COMMANDS, CALLERS):
            await ledger.submit_async(report(chance.choice(seen), number, ledger))

    await asyncio.gather(*(caller(first) for first in range(CALLERS)))


def _at_home(ledger: TrialLedger, number: str) -> bool:
    screened = ledger.world.patients[number].screened
    return screened is not None and screened.site == SITE


def report(number: str, count: int, ledger: TrialLedger) -> Submission:
    assert ledger.world.recorded_at is not None
    command = safety.ReportAdverseEvent(
        patient=number, term=f"Adverse event {count}", serious=False, onset_at=ledger.world.recorded_at
    )
    return Submission(command, Asked(INVESTIGATOR, command_id("bench", f"key-{count:08}")), "bench")


def beginning(of: Path, size: int, at: Path) -> Path:
    """The first events of a log, as a log."""
    with SqliteStore.open(of, read_only=True) as long, SqliteStore.create(at) as store:
        for first in range(0, size, BATCH):
            with store.appending() as batch:
                batch.save(list(long.records(first, min(first + BATCH, size))))
    return at


def made(at: Path, events: int) -> Path:
    """A platform trial of so many events, a hundred to a patient."""
    with SqliteStore.create(at) as store:
        for records in platform(1, events // 100, events):
            with store.appending() as batch:
                batch.save(records)
    return at


def rows_of(cost: Cost) -> list[Row]:
    """What is promised of one length."""
    of = f"{cost.events:,} events: "
    promised = [
        at_most(f"{of}{what} as known then, p99, against 50 ms", took, AS_KNOWN_MILLISECONDS, 1, "ms")
        for what, took in (
            ("a patient", cost.patient_p99),
            ("a cohort", cost.cohort_p99),
            ("the board", cost.board_p99),
        )
    ]
    return [
        *promised,
        memory_row(f"{of}memory while it is served", cost.served_mebibytes, cost.log_mebibytes, cost.events),
    ]


def memory_row(what: str, held: float, log: float, events: int) -> Row:
    """Mebibytes held against those of the log, as far as anything is promised of so many events."""
    told = (f"{what}, against its log", held, log)
    return at_most(*told, MEMORY_OF_LOG, "MiB") if events >= FROM else beside(*told, "MiB")


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(vars_of(measured(Path(sys.argv[1])))))
        return
    costs = []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        whole = Path(os.environ["LOG"]) if "LOG" in os.environ else made(place / "whole.ledger", max(SIZES))
        for size in SIZES:
            path = beginning(whole, size, place / f"{size}.ledger")
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.long_log", str(path)], check=True, capture_output=True, text=True
            )
            costs.append(Cost(**json.loads(done.stdout)))
            path.unlink()
    keep("long_log", [row for cost in costs for row in rows_of(cost)], curves=[vars_of(cost) for cost in costs])


def vars_of(cost: Cost) -> dict[str, float]:
    return {name: round(getattr(cost, name), 3) for name in cost.__dataclass_fields__}


if __name__ == "__main__":
    main()
