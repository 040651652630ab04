"""Appending on PostgreSQL: commands through the ledger against the library's own `save`, on one server.

Both sides commit durably (`fsync` and `synchronous_commit` on) to the same cluster, made for this run. Our side decides
every command, keeps the state, the tree and the answers by key; the library's side only saves, one event at a time.
"""

import itertools
import tempfile
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application

from api.cli_serve import look_for_cycles_seldom
from benchmarks._common import (
    CALLERS,
    COMMANDS,
    asked_at_once,
    at_least,
    in_threads,
    keep,
    paired,
    ready_trial,
    records_of,
    write_trial_into,
)
from benchmarks.append import Report
from ledger.application import TrialLedger
from ledger.keyring import Keyring
from ledger.store.codec import encode
from ledger.store.postgres.database import Database
from tests.postgres import OWNER, Cluster

_numbers = itertools.count(1)


def ours(cluster: Cluster, keys: Path) -> float:
    """Commands a second: 64 callers on one event loop, each waiting for its answer."""
    trial = f"BENCH{next(_numbers)}"
    write_trial_into(ready_trial(), cluster.owner_url, cluster.service_url, trial)
    database = Database(cluster.service_url)
    ledger = TrialLedger(database.open(trial), keyring=Keyring(keys))
    took = asked_at_once(ledger)
    ledger.close()
    database.close()
    return COMMANDS / took


def librarys(cluster: Cluster, contents: list[str]) -> float:
    """Events a second: 64 threads, each saving one event at a time with the library's application."""
    application = Application[UUID](
        {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": "library",
            "POSTGRES_HOST": str(cluster.directory),
            "POSTGRES_USER": OWNER,
            "POSTGRES_PASSWORD": "",
            "POSTGRES_POOL_SIZE": str(CALLERS),
            "POSTGRES_IDLE_IN_TRANSACTION_SESSION_TIMEOUT": "60",
        }
    )
    made = len(contents) // 8

    def caller(first: int) -> None:
        for number in range(first, made, CALLERS):
            report = Report()
            report.reported(contents[number])
            application.save(report)

    took = in_threads(caller)
    application.close()
    return made / took


def main() -> None:
    look_for_cycles_seldom()
    contents = [encode(record).decode() for record in records_of(ready_trial(), COMMANDS).records]
    cluster = Cluster("max_connections=150")
    try:
        with tempfile.TemporaryDirectory() as keys, cluster.database("library"):
            one, other = paired(lambda: ours(cluster, Path(keys)), lambda: librarys(cluster, contents), rounds=3)
        what = "commands/s, 64 callers, PostgreSQL: library save one at a time"
        keep("append_postgres", [at_least(what, one, other, 7, "/s")])
    finally:
        cluster.remove()


if __name__ == "__main__":
    main()
