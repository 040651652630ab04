"""One process over many small trials: resident memory for each that is open, and what a command and a read take when
they go round all of them, against the same on one trial; and how long one takes that has to be opened first, with
another closed for it, against opening and closing its file alone.

    python -m benchmarks.scale_trials [TRIALS]
"""

import asyncio
import gc
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks._common import Row, at_most, keep
from ledger.application import TrialLedger
from ledger.decisions import setup
from ledger.record import Asked
from ledger.shelf import Shelf
from ledger.store.sqlite import Directory
from ledger.submission import Submission, command_id
from projections.escalation import board
from tests.bench import SPONSOR

TRIALS = 1000
EVENTS = 12
PAGE_BYTES = 4096
NUMBERS = count()


@dataclass(frozen=True)
class Measured:
    """What many trials in one process take."""

    trials: int
    resident_bytes_a_trial: float
    threads: int
    one_ms: float
    round_ms: float
    round_p99_ms: float
    read_ms: float
    cold_ms: float
    alone_ms: float


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


def register(shelf: Shelf, name: str) -> None:
    """A small trial: its registration and a few sites."""
    command = setup.RegisterTrial(
        trial_id=name, title="A small trial", sponsor="S", origin=f"bench.example/{name}", training=False
    )
    shelf.register(Submission(command, Asked(SPONSOR, command_id("bench", f"register-{name}")), "bench"))

    async def sites() -> None:
        with shelf.using(name) as ledger:
            await asyncio.gather(*(ledger.submit_async(site(name)) for _ in range(EVENTS)))

    asyncio.run(sites())


def site(name: str) -> Submission:
    """A site that is not open yet."""
    number = next(NUMBERS)
    key = command_id("bench", f"{name}-{number:08}")
    return Submission(setup.OpenSite(site=f"S{number}", utc_offset="+03:00"), Asked(SPONSOR, key), "bench")


def open_site(shelf: Shelf, name: str) -> None:
    with shelf.using(name) as ledger:
        ledger.submit(site(name))


def read_board(shelf: Shelf, name: str) -> None:
    with shelf.using(name) as ledger:
        board(ledger.world, ledger.clock())


def each_ms(work: Callable[[str], None], names: list[str]) -> list[float]:
    found = []
    for name in names:
        begun = time.perf_counter()
        work(name)
        found.append((time.perf_counter() - begun) * 1000)
    return found


def measure(directory: Path, trials: int, *, signs: bool = True) -> Measured:
    """Make so many trials, then serve them: all open, and all but a few closed."""
    names = [f"T{number:05}" for number in range(trials)]
    keys = directory / "keys" if signs else None
    shelf = Shelf(directory, keys=keys, open_trials=10)
    for name in names:
        register(shelf, name)
    shelf.close()

    shelf = Shelf(directory, keys=keys, open_trials=trials)
    shelf.trial(names[0])
    before = resident_bytes()
    for name in names[1:]:
        shelf.trial(name)
    resident = (resident_bytes() - before) / max(1, trials - 1)
    threads = threading.active_count()
    each_ms(lambda name: open_site(shelf, name), names)  # the first write of a file that was just opened
    one = each_ms(lambda _: open_site(shelf, names[0]), names[: min(trials, 200)])
    around = each_ms(lambda name: open_site(shelf, name), names)
    read = each_ms(lambda name: read_board(shelf, name), names)
    shelf.close()

    shelf = Shelf(directory, keys=keys, open_trials=10)
    some = names[: min(trials, 100)]
    cold = each_ms(lambda name: read_board(shelf, name), some)
    shelf.close()
    alone = each_ms(lambda name: TrialLedger.open(Directory(directory).file(name)).close(), some)
    return Measured(
        trials=trials,
        resident_bytes_a_trial=resident,
        threads=threads,
        one_ms=statistics.median(one),
        round_ms=statistics.median(around),
        round_p99_ms=statistics.quantiles(around, n=100)[98],
        read_ms=statistics.median(read),
        cold_ms=statistics.median(cold),
        alone_ms=statistics.median(alone),
    )


def rows(found: Measured) -> list[Row]:
    """The promises, with what is only told beside them."""
    told = f"{found.trials:,} small trials open"
    return [
        at_most(f"resident memory a trial, {told}: 1 MiB", found.resident_bytes_a_trial / 1024, 1024, 1, "KiB"),
        at_most("a command, round all of them: on one trial", found.round_ms, found.one_ms, 3, "ms"),
        at_most("a read of a trial to be opened first: its file alone", found.cold_ms, found.alone_ms, 5, "ms"),
    ]


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS
    with tempfile.TemporaryDirectory() as name:
        found = measure(Path(name), trials)
    print(found)
    keep("scale_trials", rows(found))


if __name__ == "__main__":
    main()
