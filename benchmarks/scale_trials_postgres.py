"""Appending to many trials on PostgreSQL, by one to four servers, against the same under one lock: all in one trial.

64 callers in all, each waiting for its answer, go round the trials of their server. A trial is written by one server,
as a proxy that hashes the trial in the path has it (`docs/scale.md`); only the one trial is written by all of them, in
turn, under its lock. What waits for one trial's lock is committed together, up to 64 commands at once; what is spread
over many trials is committed one by one. So the one lock is no straw man.

    python -m benchmarks.scale_trials_postgres [TRIALS]
"""

import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path

from benchmarks._common import CALLERS, Row, beside, keep, write_trial_into
from ledger.decisions import setup
from tests.bench import SPONSOR, Bench
from tests.postgres import Cluster

TRIALS = 100
SERVERS = (1, 2, 4)
SECONDS = 4.0
_numbers = count(1)


def new_trial(cluster: Cluster) -> str:
    """A trial that is registered, and nothing else."""
    name = f"T{next(_numbers):05}"
    bench = Bench()
    bench.ask(
        setup.RegisterTrial(
            trial_id=name, title="A small trial", sponsor="S", origin=f"bench.example/{name}", training=False
        ),
        by=SPONSOR,
    )
    write_trial_into(bench, cluster.owner_url, cluster.service_url, name)
    return name


def appends_a_second(cluster: Cluster, keys: Path, names: list[str], servers: int) -> float:
    """Commands a second that so many servers answer together, on these trials."""
    command = [sys.executable, "-m", "benchmarks._appends", cluster.service_url, str(keys)]
    running = [
        subprocess.Popen(
            [*command, f"S{number}", str(CALLERS // servers), str(SECONDS), *(names[number::servers] or names)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(servers)
    ]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in running:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    answers = [each.communicate()[0] for each in running]
    assert all(each.returncode == 0 for each in running)
    return sum(int(answer) for answer in answers) / SECONDS


def sizes(trials: int) -> list[int]:
    """10, 100, ... trials, up to so many."""
    return [*(size for size in (10, 100, 1000) if size < trials), trials]


def rows(cluster: Cluster, keys: Path, trials: int) -> list[Row]:
    under_one_lock = {servers: appends_a_second(cluster, keys, [new_trial(cluster)], servers) for servers in SERVERS}
    names = [new_trial(cluster) for _ in range(trials)]
    return [
        beside(
            f"commands/s, PostgreSQL, {size:,} trials, {servers} server{'s' * (servers > 1)}: all in one trial",
            appends_a_second(cluster, keys, names[:size], servers),
            under_one_lock[servers],
            "/s",
        )
        for size in sizes(trials)
        for servers in SERVERS
    ]


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS
    cluster = Cluster("max_connections=150")
    try:
        with tempfile.TemporaryDirectory() as keys:
            found = rows(cluster, Path(keys), trials)
    finally:
        cluster.remove()
    keep("scale_trials_postgres", found, callers=CALLERS, seconds=SECONDS)


if __name__ == "__main__":
    main()
