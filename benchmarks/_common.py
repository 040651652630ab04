"""What the benchmarks share: a trial to write into, a clock that takes the median, and a table that keeps its word."""

import asyncio
import json
import os
import platform
import sqlite3
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ledger.application import TrialLedger
from ledger.decisions import safety, screening
from ledger.decisions.carry_out import carry_out
from ledger.decisions.docket import Command
from ledger.record import Actor, Asked
from ledger.submission import Submission, command_id
from tests.bench import INVESTIGATOR, SITE, Bench, opened_trial

CALLERS = 64
COMMANDS = 4096
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """One promise: ours, the peer's, their ratio, and what was promised of it."""

    what: str
    ours: str
    peer: str
    ratio: float
    promise: str
    kept: bool


def at_least(what: str, ours: float, peer: float, promised: float, unit: str) -> Row:
    """More is better: ours must be at least so many times the peer's."""
    ratio = ours / peer
    return Row(
        what, f"{ours:,.0f} {unit}", f"{peer:,.0f} {unit}", round(ratio, 2), f">= {promised} x", ratio >= promised
    )


def at_most(what: str, ours: float, peer: float, promised: float, unit: str) -> Row:
    """Less is better: ours must be at most so many times the peer's."""
    ratio = ours / peer
    return Row(
        what, f"{ours:,.1f} {unit}", f"{peer:,.1f} {unit}", round(ratio, 2), f"<= {promised} x", ratio <= promised
    )


def beside(what: str, ours: float, peer: float, unit: str) -> Row:
    """A figure beside its peer's, of which nothing was promised."""
    return Row(what, f"{ours:,.1f} {unit}", f"{peer:,.1f} {unit}", round(ours / peer, 2), "", kept=True)


def paired(one: Callable[[], float], other: Callable[[], float], rounds: int = 5) -> tuple[float, float]:
    """The medians of two measurements taken in turn, A B A B, so that a noisy machine is noisy for both."""
    ours, theirs = zip(*[(one(), other()) for _ in range(rounds)], strict=True)
    return statistics.median(ours), statistics.median(theirs)


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def cpu_seconds(work: Callable[[], object]) -> float:
    """The processor time of what waits for nothing: others on the machine do not count."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def keep(name: str, rows: Iterable[Row], **more: object) -> None:
    """Print the table, and write the figures, the machine and whatever else was found into `benchmarks/results/`."""
    found = list(rows)
    machine = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "measured_on": datetime.now(UTC).date().isoformat(),
    }
    RESULTS.mkdir(exist_ok=True)
    document = {"benchmark": name, "machine": machine, "rows": [asdict(row) for row in found], **more}
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    widths = [max(len(row.what) for row in found), 18, 18]
    for row in found:
        kept = "kept" if row.kept else "NOT kept"
        promised = f"promised {row.promise:<9} {kept}" if row.promise else ""
        print(
            f"{row.what:<{widths[0]}}  {row.ours:>{widths[1]}}  {row.peer:>{widths[2]}}  {row.ratio:>6} x  {promised}"
        )
    sys.stdout.flush()


def ready_trial(patients: int = 500) -> Bench:
    """A trial in memory with an approved protocol and patients in screening."""
    bench = opened_trial()
    for number in range(1, patients + 1):
        screened = screening.ScreenPatient(number=f"{number:03}", site=SITE, birth_year_month="2016-03", sex="female")
        bench.ask(screened)
    return bench


def write_trial(bench: Bench, path: Path) -> TrialLedger:
    """The same trial as a ledger file, record by record as it stands in memory."""
    from ledger.store.sqlite import SqliteStore

    with SqliteStore.create(path) as store, store.appending() as batch:
        batch.save(bench.records)
    return TrialLedger.open(path)


def write_trial_into(bench: Bench, owner_url: str, service_url: str, trial: str) -> None:
    """The same as a schema of a database, made by the role that owns it and written by the one that serves."""
    from ledger.store.postgres.database import Database, make_trial
    from tests.postgres import SERVICE

    make_trial(owner_url, trial, SERVICE)
    with closing(Database(service_url)) as database, database.open(trial) as store, store.appending() as batch:
        batch.save(bench.records)


def adverse_event(number: int, patients: int = 500) -> Command:
    """A report that is new: the usual kind of write."""
    return safety.ReportAdverseEvent(
        patient=f"{number % patients + 1:03}",
        term=f"Adverse event {number}",
        serious=False,
        onset_at=datetime(2026, 1, 5, 7, 0, tzinfo=UTC),
    )


def submission(number: int, by: Actor = INVESTIGATOR) -> Submission:
    return Submission(adverse_event(number), Asked(by, command_id("bench", f"key-{number:08}")), "bench")


def asked_at_once(ledger: TrialLedger) -> float:
    """Seconds of all commands from 64 callers on one event loop, each waiting for its answer."""

    async def caller(first: int) -> None:
        for number in range(first, COMMANDS, CALLERS):
            await ledger.submit_async(submission(number))

    async def all_callers() -> None:
        await asyncio.gather(*(caller(first) for first in range(CALLERS)))

    return seconds(lambda: asyncio.run(all_callers()))


def in_threads(caller: Callable[[int], None]) -> float:
    """Seconds until 64 callers are done, each in a thread of its own and told its number."""
    threads = [threading.Thread(target=caller, args=(first,)) for first in range(CALLERS)]

    def all_callers() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return seconds(all_callers)


def commands(directory: Path) -> float:
    """Commands a second: 64 callers on one event loop, each waiting for its answer."""
    ledger = write_trial(ready_trial(), directory / f"ours-{os.urandom(4).hex()}.ledger")
    took = asked_at_once(ledger)
    ledger.close()
    return COMMANDS / took


def records_of(bench: Bench, count: int) -> Bench:
    """The trial after so many reports, decided in memory."""
    for number in range(count):
        done = carry_out(bench.docket(INVESTIGATOR), adverse_event(number))
        bench.world = done.world
        bench.records.extend(done.records)
    return bench
