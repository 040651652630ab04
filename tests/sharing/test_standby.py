"""The scripts that make, use and promote a standby; and who goes on, and who does not, when it becomes the primary."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.chaos.cluster import Node, Refused
from api.chaos.pair import NAME, Pair, a_pair
from api.chaos.trial import TRIAL
from ledger.application import TrialLedger
from ledger.keyring import Keyring
from ledger.store.errors import OutcomeUnknown, StorageFailed
from ledger.store.postgres.database import Database
from ledger.store.postgres.server import Patience
from ledger.submission import Receipt
from tests.bench import START
from tests.sharing.conftest import Join, write
from tests.sharing.reports import a_trial, report

FIRST = len(a_trial().records)
NOT_ANSWERED = (OutcomeUnknown, StorageFailed)
SOON = Patience(connection=2, lock=0.2, commit=0.5)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with a_pair() as made:
        yield made


@pytest.fixture
def trial() -> str:
    return TRIAL


@pytest.fixture
def ledger(pair: Pair, join: Join) -> TrialLedger:
    """A process that knows both servers, at the beginning of a trial."""
    made = join(pair.url, SOON)
    write(made, a_trial())
    return made


def until_answered(ledger: TrialLedger, term: str) -> Receipt:
    """As a client does that is told to come again."""
    for _ in range(100):
        try:
            return ledger.submit(report(term))
        except NOT_ANSWERED:
            threading.Event().wait(0.1)
    raise AssertionError("never answered")


def asked(node: Node, question: str) -> object:
    with psycopg.connect(node.url("postgres", "ledger"), autocommit=True) as admin:
        found = admin.execute(question.encode()).fetchone()
    return None if found is None else found[0]


@pytest.mark.slow
def test_a_process_goes_on_with_the_promoted_standby_and_nothing_is_lost(pair: Pair, ledger: TrialLedger) -> None:
    before = [until_answered(ledger, f"Before {turn}").records for turn in range(3)]
    pair.lose_the_primary()
    with pytest.raises(NOT_ANSWERED):
        ledger.submit(report("Meanwhile"))
    pair.promote()
    after = until_answered(ledger, "Meanwhile").records
    assert [record.position for record in after] == [FIRST + 3]
    assert [until_answered(ledger, f"Before {turn}").records for turn in range(3)] == before
    ledger.store.verify()
    pair.follow()
    assert asked(pair.primary, "SELECT sync_state FROM pg_stat_replication") == "sync"
    assert until_answered(ledger, "After").records[0].position == FIRST + 4
    assert asked(pair.standby, f'SELECT count(*) FROM "trial_{TRIAL}".events') == FIRST + 5


@pytest.mark.slow
def test_an_old_primary_that_comes_back_acknowledges_nothing_not_even_what_it_kept(
    pair: Pair, ledger: TrialLedger, tmp_path: Path
) -> None:
    """It has on its disk what it was never confirmed; who asks for that by its key is not told that it is on record."""
    old = pair.primary
    pair.line.cut()
    with pytest.raises(OutcomeUnknown):
        ledger.submit(report("Fever"))
    old.kill()
    pair.promote()
    assert until_answered(ledger, "Chills").records[0].position == FIRST
    old.start()
    database = Database(old.service_url, SOON)
    astray = TrialLedger(database.open(TRIAL), lambda: START, keyring=Keyring(tmp_path / "keys"))
    assert astray.world.size == FIRST + 1, "it shows what only its own disk has"
    for term in ("Fever", "Headache", "Fever"):
        with pytest.raises(NOT_ANSWERED):
            astray.submit(report(term))
    astray.close()
    database.close()
    assert until_answered(ledger, "Fever").records[0].position == FIRST + 1
    ledger.store.verify()


@pytest.mark.slow
def test_the_scripts_refuse_what_would_lose_or_stop_everything(pair: Pair) -> None:
    with pytest.raises(Refused, match="is not empty"):
        pair.standby.script("make-standby.sh", pair.primary.url("postgres"), str(pair.standby.data), NAME)
    with pytest.raises(Refused, match="is connected already"):
        pair.standby.script("make-standby.sh", pair.primary.url("postgres"), str(pair.standby.directory / "new"), NAME)
    with pytest.raises(Refused, match="a standby itself"):
        pair.standby.script("make-standby.sh", pair.standby.url("postgres"), str(pair.standby.directory / "new"), "x")
    with pytest.raises(Refused, match="small letters"):
        pair.primary.script("use-standby.sh", pair.primary.url("postgres"), "standby'; --")
    with pytest.raises(Refused, match="a standby itself"):
        pair.standby.script("use-standby.sh", pair.standby.url("postgres"), NAME)
    with pytest.raises(Refused, match="no standby"):
        pair.primary.script("promote.sh", pair.primary.url("postgres"), "alone")
    with pytest.raises(Refused, match="still talks to it"):
        pair.standby.script("promote.sh", pair.standby.url("postgres"), "alone")
    asked(pair.standby, "SELECT pg_wal_replay_pause()::text")
    with pytest.raises(Refused, match="does not apply"):
        pair.standby.script("promote.sh", pair.standby.url("postgres"), "alone")
    with pytest.raises(Refused, match="no standby of the name other"):
        pair.primary.script("use-standby.sh", pair.primary.url("postgres"), "other")
    assert asked(pair.primary, "SHOW synchronous_standby_names") == f"FIRST 1 ({NAME})"


@pytest.mark.slow
def test_a_new_primary_that_shall_wait_for_the_next_standby_acknowledges_nothing_before_there_is_one(
    pair: Pair, ledger: TrialLedger
) -> None:
    pair.lose_the_primary()
    pair.standby.script("promote.sh", pair.standby.url("postgres"), NAME)
    pair.primary, pair.standby = pair.standby, pair.primary
    for _ in range(3):
        with pytest.raises(NOT_ANSWERED):
            ledger.submit(report("Fever"))
    pair.follow()
    assert until_answered(ledger, "Fever").records[0].position == FIRST
    assert asked(pair.standby, f'SELECT count(*) FROM "trial_{TRIAL}".events') == FIRST + 1
