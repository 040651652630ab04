"""Real processes on one trial: they race, they are stopped, they are killed."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.application import TrialLedger
from ledger.store.postgres.server import Patience
from projections.base import digest, fold
from tests.bench import Bench
from tests.postgres import Cluster
from tests.sharing.conftest import Join, write
from tests.sharing.reports import a_trial, one_slot_left, report, reserve
from tests.sharing.rivals import Rival

STANDS_STILL_SECONDS = 1.0


@pytest.fixture(scope="module")
def processes(cluster: Cluster) -> Iterator[list[Rival]]:
    started = [Rival(cluster.service_url, Patience(still_transaction=STANDS_STILL_SECONDS)) for _ in range(2)]
    yield started
    for each in started:
        each.end()


class Contest:
    """A trial with two rivals on it, and a ledger of this process that looks."""

    def __init__(self, trial: str, keys: Path, ledger: TrialLedger, rivals: list[Rival]) -> None:
        self.ledger, self.rivals = ledger, rivals
        self._trial, self._keys = trial, keys

    def begin(self, bench: Bench) -> TrialLedger:
        write(self.ledger, bench)
        for rival in self.rivals:
            rival.begin("open", self._trial, self._keys)
        for rival in self.rivals:
            rival.answer()
        return self.ledger


@pytest.fixture
def contest(trial: str, join: Join, tmp_path: Path, processes: list[Rival]) -> Contest:
    return Contest(trial, tmp_path / "keys", join(), processes)


@pytest.mark.slow
def test_two_processes_race_for_the_last_slot_and_one_gets_it(contest: Contest) -> None:
    contest.begin(one_slot_left())
    for rival, number in zip(contest.rivals, ("003", "004"), strict=True):
        rival.begin("submit", reserve(number))
    answers = [rival.answer() for rival in contest.rivals]
    assert sorted(answer == "NoFreeSlot" for answer in answers) == [False, True], answers


@pytest.mark.slow
def test_a_process_that_stood_still_does_not_append_on_what_it_knew(contest: Contest) -> None:
    """Stopped, overtaken, and let go on: it decides on the log as it is by then (F14)."""
    contest.begin(one_slot_left())
    stopped, other = contest.rivals
    stopped.signal(signal.SIGSTOP)
    stopped.begin("submit", reserve("003"))
    assert other.ask("submit", reserve("004")) != "NoFreeSlot"
    stopped.signal(signal.SIGCONT)
    assert stopped.answer() == "NoFreeSlot"


@pytest.mark.slow
def test_a_process_stopped_at_any_moment_keeps_nobody_out_for_long_and_forks_nothing(contest: Contest) -> None:
    """Also in the middle of a transaction, with the lock: the server ends it, and what was not committed is decided
    anew or refused."""
    ledger = contest.begin(a_trial())
    stopped, other = contest.rivals
    acknowledged: dict[str, list[int]] = {}
    for turn in range(12):
        stopped.begin("submit", report(f"stopped {turn}"))
        threading.Event().wait(0.002 * turn)
        stopped.signal(signal.SIGSTOP)
        answer = other.ask("submit", report(f"other {turn}"))
        if isinstance(answer, list):
            acknowledged[f"other {turn}"] = answer
        stopped.signal(signal.SIGCONT)
        answer = stopped.answer()
        if isinstance(answer, list):
            acknowledged[f"stopped {turn}"] = answer
    first = len(a_trial().records)
    terms = {record.position: getattr(record.event, "term", "") for record in ledger.store.records(first)}
    assert {term: [at] for at, term in terms.items() if term in acknowledged} == acknowledged
    assert len(set(terms.values())) == len(terms), "none stands twice"
    assert len([term for term in acknowledged if term.startswith("other")]) == 12, "nobody was kept out"
    ledger.store.verify()


@pytest.mark.slow
def test_followers_in_other_processes_have_the_same_state(contest: Contest) -> None:
    ledger = contest.begin(a_trial())
    for turn in range(10):
        contest.rivals[turn % 2].ask("submit", report(f"Event {turn}"))
    size = len(a_trial().records) + 10
    states = [rival.ask("follow", size) for rival in contest.rivals]
    assert states == [(size, digest(fold(ledger.store.records())))] * 2
