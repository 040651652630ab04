from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.application import TrialLedger
from ledger.keyring import Keyring
from ledger.store.postgres.database import Database, make_trial
from ledger.store.postgres.server import Patience
from tests.bench import START, Bench
from tests.postgres import SERVICE, Cluster
from tests.store.places import a_new_name

Join = Callable[..., TrialLedger]


@pytest.fixture
def trial(cluster: Cluster) -> str:
    name = a_new_name()
    make_trial(cluster.owner_url, name, SERVICE)
    return name


@pytest.fixture
def join(cluster: Cluster, trial: str, tmp_path: Path) -> Iterator[Join]:
    """Another process at work on the trial, as far as the database can tell: connections, state and thread of its
    own."""
    opened: list[tuple[Database, TrialLedger]] = []

    def joined(url: str | None = None, patience: Patience | None = None) -> TrialLedger:
        database = Database(url or cluster.service_url, patience)
        opened.append((database, TrialLedger(database.open(trial), lambda: START, keyring=Keyring(tmp_path / "keys"))))
        return opened[-1][1]

    yield joined
    for database, ledger in opened:
        ledger.close()
        database.close()


def write(ledger: TrialLedger, bench: Bench) -> None:
    """A trial as it stands in memory, at the beginning of an empty log."""
    with ledger.store.appending() as batch:
        batch.save(bench.records)
