"""Starting: importing the service, then opening a trial by its number of events: every page and every hash is checked,
and the state folded from the first event on. The floor is reading and hashing the same leaves."""

import gc
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from benchmarks._common import Row, beside, keep, paired, ready_trial, records_of, seconds, write_trial
from ledger.application import TrialLedger

SIZES = tuple(int(size) for size in os.environ.get("EVENTS", "1000,10000,40000").split(","))
IMPORT = "import api.app"
FLOOR = "import fastapi, pydantic, eventsourcing.sqlite, structlog, typer"


def imported(what: str) -> float:
    """Milliseconds of a new Python that imports something."""
    return seconds(lambda: subprocess.run([sys.executable, "-c", what], check=True)) * 1000


def opened(path: Path) -> float:
    """Microseconds an event."""
    gc.collect()
    found: list[TrialLedger] = []
    took = seconds(lambda: found.append(TrialLedger.open(path)))
    size = found[0].world.size
    found[0].close()
    return took / size * 1e6


def read_and_hashed(path: Path) -> float:
    """Microseconds an event, of reading the leaves and hashing each once."""
    with closing(sqlite3.connect(path)) as connection:

        def work() -> int:
            rows = connection.execute("SELECT state FROM events ORDER BY notification_id")
            return len([sha256(b"\x00" + leaf).digest() for (leaf,) in rows])

        found: list[int] = []
        took = seconds(lambda: found.append(work()))
    return took / found[0] * 1e6


def main() -> None:
    rows: list[Row] = []
    one, other = paired(lambda: imported(IMPORT), lambda: imported(FLOOR), rounds=3)
    rows.append(beside("importing the service: only what it stands on", one, other, "ms"))
    with tempfile.TemporaryDirectory() as name:
        for size in SIZES:
            bench = records_of(ready_trial(min(500, size // 4)), size - min(500, size // 4))
            path = Path(name) / f"{size}.ledger"
            write_trial(bench, path).close()
            one, other = paired(lambda at=path: opened(at), lambda at=path: read_and_hashed(at), rounds=3)  # type: ignore[misc]
            rows.append(beside(f"opening {size:,} events: reading and hashing them", one, other, "us/event"))
    keep("startup", rows)


if __name__ == "__main__":
    main()
