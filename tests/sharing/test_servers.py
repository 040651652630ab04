"""The server of the database goes down, or waits for a standby that is gone: who writes is told in time, and no answer
is given that is not true."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from ledger.application import TrialLedger
from ledger.store.errors import OutcomeUnknown, StorageFailed
from ledger.store.postgres.database import make_trial
from ledger.store.postgres.server import Patience
from ledger.submission import Receipt
from tests.postgres import SERVICE, Cluster
from tests.sharing.conftest import Join, write
from tests.sharing.reports import a_trial, report
from tests.store.places import a_new_name

FIRST = len(a_trial().records)
SOON = Patience(connection=2, lock=0.2, commit=0.5)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server that may be stopped, and that says which standby it waits for."""
    started = Cluster()
    yield started
    started.remove()


@pytest.fixture
def trial(cluster: Cluster) -> str:
    name = a_new_name()
    make_trial(cluster.owner_url, name, SERVICE)
    return name


@pytest.fixture
def ledger(join: Join) -> TrialLedger:
    made = join(patience=SOON)
    write(made, a_trial())
    return made


def wait_for_standby(cluster: Cluster, name: str) -> None:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as admin:
        admin.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        admin.execute("SELECT pg_reload_conf()")
        while admin.execute("SHOW synchronous_standby_names").fetchone() != (name,):
            admin.execute("SELECT pg_sleep(0.01)")


def test_while_the_standby_is_gone_nothing_is_acknowledged_and_everything_is_once_it_is_back(
    cluster: Cluster, ledger: TrialLedger
) -> None:
    """F10: the caller is answered within the deadline, reads go on, and asked again by its key it stands once."""
    wait_for_standby(cluster, "nobody")
    with pytest.raises(OutcomeUnknown):
        ledger.submit(report("Fever"))
    with pytest.raises(StorageFailed, match="LockNotAvailable"):
        ledger.submit(report("Chills"))
    assert ledger.store.record(FIRST - 1) == a_trial().records[-1], "reads go on"
    wait_for_standby(cluster, "")
    terms = ["Fever", "Chills", "Fever"]
    positions = [_until_answered(ledger, term).records[0].position for term in terms]
    assert positions == [FIRST, FIRST + 1, FIRST]
    ledger.store.verify()
    assert ledger.store.size == FIRST + 2


def _until_answered(ledger: TrialLedger, term: str) -> Receipt:
    """As a client does that is told to come again."""
    for _ in range(100):
        try:
            return ledger.submit(report(term))
        except StorageFailed:
            threading.Event().wait(0.1)
    raise AssertionError("never answered")


def test_a_server_that_crashed_is_gone_on_with_when_it_is_back(
    cluster: Cluster, ledger: TrialLedger, join: Join
) -> None:
    """Every process connects again by itself, and listens again."""
    other = join(patience=SOON)
    receipt = ledger.submit(report("Fever"))
    cluster.stop("immediate")
    with pytest.raises(StorageFailed):
        ledger.submit(report("Chills"))
    cluster.start()
    assert _until_answered(ledger, "Fever").records == receipt.records
    after = _until_answered(other, "Chills").records
    assert [record.position for record in after] == [FIRST + 1]
    grown = threading.Event()
    stop = ledger.listen(lambda _: grown.set())
    assert ledger.world.size == FIRST + 2 or grown.wait(20)
    stop()
    ledger.store.verify()
