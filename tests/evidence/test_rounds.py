"""The rounds of all trials are made by one clock and a few workers; who is slow holds up nobody else for long."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.decisions import setup
from ledger.evidence.verify import Checkpoint
from ledger.record import Asked
from ledger.rounds import Rounds
from ledger.shelf import Shelf
from ledger.submission import Submission
from tests import patients as p
from tests.bench import SPONSOR, opened_trial
from tests.evidence.filed import POLICY, Evidence, FiledBench

PATIENCE = 60
"""Seconds after which a test gives up; none waits so long where the code is right."""


class Log:
    """A log whose rounds a test can hold up."""

    def __init__(self, origin: str, *, held_up: bool = False, faults: int = 0) -> None:
        self.origin = origin
        self.made = threading.Semaphore(0)
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.most_at_once, self._at_once, self._faults = 0, 0, faults
        if not held_up:
            self.let_go.set()

    def make_due(self) -> None:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        self.begun.set()
        assert self.let_go.wait(PATIENCE)
        self._at_once -= 1
        self.made.release()
        if self._faults:
            self._faults -= 1
            raise OSError("the disk is full")

    def is_made(self) -> bool:
        return self.made.acquire(timeout=PATIENCE)


@pytest.fixture
def rounds() -> Iterator[Rounds]:
    """Rounds that are due at once when their time has come, with two workers of each sort."""
    made = Rounds(every_seconds=0, workers=2)
    yield made
    made.close()


def joined(rounds: Rounds, *logs: Log) -> None:
    for log in logs:
        rounds.join(log)


def test_a_round_is_made_when_its_time_has_come_and_once(rounds: Rounds) -> None:
    log, other = Log("one"), Log("other")
    joined(rounds, log, other)
    rounds.ask(log)
    assert log.is_made()
    rounds.ask(other)
    assert other.is_made()
    assert not log.made.acquire(blocking=False)


def test_what_is_not_due_yet_is_not_made_unless_it_is_urgent() -> None:
    rounds, log = Rounds(every_seconds=3600), Log("one")
    joined(rounds, log)
    rounds.ask(log)
    rounds.ask(log)
    assert not log.begun.is_set()
    rounds.ask(log, urgent=True)
    assert log.is_made()
    rounds.close()


def test_urgent_rounds_wait_for_no_slow_one_that_came_with_time(rounds: Rounds) -> None:
    slow = [Log(f"slow-{number}", held_up=True) for number in range(5)]
    urgent = Log("urgent")
    joined(rounds, *slow, urgent)
    for log in slow:
        rounds.ask(log)
    assert slow[0].begun.wait(PATIENCE)
    rounds.ask(urgent, urgent=True)
    assert urgent.is_made()
    for log in slow:
        log.let_go.set()
    assert all(log.is_made() for log in slow)


def test_a_slow_urgent_round_holds_up_one_worker_only(rounds: Rounds) -> None:
    slow, quick = Log("slow", held_up=True), Log("quick")
    joined(rounds, slow, quick)
    for _ in range(5):
        rounds.ask(slow, urgent=True)
    assert slow.begun.wait(PATIENCE)
    rounds.ask(quick, urgent=True)
    assert quick.is_made()
    slow.let_go.set()
    assert slow.is_made()
    assert slow.is_made(), "what was asked for meanwhile is made after it"
    assert slow.most_at_once == 1


def test_a_round_that_failed_is_made_again(rounds: Rounds) -> None:
    log = Log("one", faults=2)
    joined(rounds, log)
    rounds.ask(log, urgent=True)
    assert [log.is_made() for _ in range(3)] == [True, True, True]


def test_who_has_left_is_made_no_round_and_leaving_waits_for_the_one_under_way(rounds: Rounds) -> None:
    log = Log("one", held_up=True)
    joined(rounds, log)
    rounds.ask(log, urgent=True)
    assert log.begun.wait(PATIENCE)
    leaving = threading.Thread(target=rounds.leave, args=(log,))
    leaving.start()
    assert leaving.is_alive()
    log.let_go.set()
    leaving.join(PATIENCE)
    assert not leaving.is_alive()
    assert log.is_made()
    rounds.ask(log, urgent=True)
    rounds.ask(log)
    rounds.close()
    assert not log.made.acquire(blocking=False)


def test_a_thousand_trials_need_no_thousand_threads() -> None:
    before = threading.active_count()
    rounds, logs = Rounds(every_seconds=0, workers=4), [Log(f"trial-{number}") for number in range(1_000)]
    joined(rounds, *logs)
    for number, log in enumerate(logs):
        rounds.ask(log, urgent=number % 10 == 0)
    most = max(threading.active_count() for log in logs if log.is_made())
    assert most - before <= 2 * 4 + 1
    rounds.close()


def test_the_trials_of_a_shelf_share_their_threads(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "trials", keys=tmp_path / "keys")
    for number in range(20):
        trial = f"TRIAL-{number}"
        registered = setup.RegisterTrial(
            trial_id=trial, title="T", sponsor="S", origin=f"test.example/{trial}", training=False
        )
        shelf.register(Submission(registered, Asked(SPONSOR, f"{number:032x}")))
        notary = shelf.notary(trial)
        assert notary is not None
        assert notary.signed(1) is not None
    named = [thread.name for thread in threading.enumerate() if thread.name.startswith("notary")]
    assert len(named) <= 2 * 4 + 1
    shelf.close()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("notary")] == []


def test_what_is_due_is_signed_and_cosigned_before_the_end(tmp_path: Path) -> None:
    bench = FiledBench(tmp_path / "trial.ledger")
    bench.now = datetime.now(UTC).replace(microsecond=0)
    opened_trial(bench=bench, training=False)
    evidence, rounds = Evidence(tmp_path, bench.ledger, lambda: bench.now), Rounds()
    evidence.notary.start(rounds)
    p.screen(bench, "001")
    evidence.notary.close()
    rounds.close()
    head = bench.ledger.store.signed_head()
    assert head is not None
    assert set(POLICY.cosigned(Checkpoint.parse(bench.ledger.store.cosigned_note(head)))) == {"site", "ethics", "cro"}
    bench.ledger.close()


def test_a_witness_that_did_not_answer_is_asked_again_though_the_log_does_not_grow(tmp_path: Path) -> None:
    bench = FiledBench(tmp_path / "trial.ledger")
    bench.now = datetime.now(UTC).replace(microsecond=0)
    opened_trial(bench=bench, training=False)
    evidence, store = Evidence(tmp_path, bench.ledger, lambda: bench.now), bench.ledger.store
    evidence.down = {"ethics"}
    evidence.notary.make_due()
    evidence.down = set()
    evidence.notary.make_due()
    size = store.size
    head = store.signed_head()
    assert head is not None
    assert set(POLICY.cosigned(Checkpoint.parse(store.cosigned_note(head)))) == {"site", "ethics", "cro"}
    evidence.notary.make_due()
    assert (store.size, store.signed_head()) == (size, head), "and not once more when all have answered"
    bench.ledger.close()
