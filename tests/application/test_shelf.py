"""Trials are opened on demand and closed when nobody uses them, never under whoever does."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from ledger.decisions import setup
from ledger.record import Asked
from ledger.refusals import NoSuchTrial
from ledger.shelf import Shelf
from ledger.store.errors import StorageFailed, WriterClosed
from ledger.submission import Receipt, Submission, command_id
from ledger.timekeeping import StoryClock
from tests.bench import SPONSOR

NAMES = ("A", "B", "C", "D")
MINUTE = 60.0


class Hands:
    """A shelf of four trials of which two may stay open, and the clock by which they are idle."""

    def __init__(self, directory: Path, *, signs: bool = True) -> None:
        self.seconds = 0.0
        self.keys = count(1)
        self.shelf = Shelf(
            directory,
            keys=directory / "keys" if signs else None,
            open_trials=2,
            idle_minutes=10,
            steady=lambda: self.seconds,
        )
        for name in NAMES:
            self.register(name)

    def register(self, name: str) -> Receipt:
        command = setup.RegisterTrial(
            trial_id=name, title="T", sponsor="S", origin=f"test.example/{name}", training=False
        )
        self.seconds += 1
        return self.shelf.register(Submission(command, Asked(SPONSOR, command_id("vera", f"key-{name}")), "hash"))

    def use(self, name: str) -> int:
        """Open a site; the number of events then."""
        self.seconds += 1
        key = command_id("vera", f"site-{next(self.keys)}")
        with self.shelf.using(name) as ledger:
            ledger.submit(Submission(setup.OpenSite(site=f"S{key[:6]}", utc_offset="+03:00"), Asked(SPONSOR, key), "h"))
            return ledger.world.size

    @property
    def open(self) -> set[str]:
        return set(self.shelf.opened())


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    made = Hands(tmp_path)
    yield made
    made.shelf.close()


def test_no_more_trials_stay_open_than_may(hands: Hands) -> None:
    for name in (*NAMES, *NAMES):
        hands.use(name)
        assert len(hands.open) <= 2
    assert hands.open == {"C", "D"}


def test_the_least_recently_used_is_closed_first(hands: Hands) -> None:
    for name in ("A", "B", "A", "C"):
        hands.use(name)
    assert hands.open == {"A", "C"}


def test_what_was_written_is_there_when_it_is_opened_again(hands: Hands) -> None:
    before = hands.use("A")
    for name in ("B", "C", "D"):
        hands.use(name)
    assert "A" not in hands.open
    assert hands.use("A") > before


def test_a_trial_in_use_is_not_closed_however_many_are_open(hands: Hands) -> None:
    with hands.shelf.using("A") as ledger:
        for name in ("B", "C", "D"):
            hands.use(name)
        hands.seconds += 1000 * MINUTE
        hands.shelf.tidy()
        assert hands.open == {"A"}
        hands.use("A")
        assert hands.shelf.opened()["A"] is ledger
    hands.seconds += 1000 * MINUTE
    hands.shelf.tidy()
    assert hands.open == set()


def test_what_is_idle_for_long_enough_is_closed(hands: Hands) -> None:
    hands.use("A")
    hands.seconds += 9 * MINUTE
    hands.use("B")
    hands.seconds += 2 * MINUTE
    hands.shelf.tidy()
    assert hands.open == {"B"}


def test_a_look_keeps_nothing_open(hands: Hands) -> None:
    hands.use("A")
    hands.seconds += 11 * MINUTE
    assert {name for name, _ in hands.shelf.visit()} >= {"A"}
    hands.shelf.tidy()
    assert hands.open == set()


def test_a_closed_trial_has_its_last_head_signed(hands: Hands) -> None:
    hands.use("A")
    with hands.shelf.using("A") as ledger:
        store, notary = ledger.store, hands.shelf.notary("A")
        assert notary is not None
        head = notary.signed(store.size)
        assert head is not None
        assert head.size == store.size
    hands.seconds += 11 * MINUTE
    hands.shelf.tidy()
    assert hands.shelf.notary("A") is None
    with pytest.raises(StorageFailed):
        store.record(0)


def test_what_was_found_altered_stays_open_and_says_so(tmp_path: Path) -> None:
    hands = Hands(tmp_path, signs=False)
    hands.use("A")
    hands.shelf.opened()["A"]._corrupt = "position 1: the leaf is not the one that was hashed"
    hands.seconds += 11 * MINUTE
    hands.shelf.tidy()
    assert hands.shelf.opened()["A"].corrupt is not None
    hands.shelf.close()


def test_a_trial_that_there_is_not_leaves_nothing_behind(hands: Hands) -> None:
    for _ in range(3):
        with pytest.raises(NoSuchTrial):
            hands.shelf.take("E")
    assert "E" not in hands.shelf._places


def test_a_story_clock_goes_on_where_it_stood_when_the_trial_is_opened_again(tmp_path: Path) -> None:
    story = datetime(2026, 1, 5, tzinfo=UTC)
    shelf = Shelf(tmp_path, story_from=story, open_trials=1)
    for name in ("A", "B"):
        command = setup.RegisterTrial(
            trial_id=name, title="T", sponsor="S", origin=f"test.example/{name}", training=True
        )
        shelf.register(Submission(command, Asked(SPONSOR, command_id("vera", f"key-{name}")), "hash"))
    with shelf.using("A") as ledger:
        assert isinstance(ledger.clock, StoryClock)
        ledger.clock.set_forward(story + timedelta(days=3))
    shelf.trial("B")
    assert set(shelf.opened()) == {"B"}
    assert shelf.trial("A").clock() == story + timedelta(days=3)
    shelf.close()


@pytest.mark.slow
def test_many_at_once_find_their_trial_open_and_lose_nothing(hands: Hands) -> None:
    """Eight threads over four trials of which two stay open: every write is taken, none meets a closed ledger."""
    begin = {name: hands.use(name) for name in NAMES}
    stop, faults = threading.Event(), []

    def tidying() -> None:
        while not stop.is_set():
            hands.seconds += 11 * MINUTE
            hands.shelf.tidy()

    def writing(first: int) -> None:
        for number in range(25):
            try:
                hands.use(NAMES[(first + number) % 4])
            except (WriterClosed, StorageFailed) as fault:
                faults.append(fault)

    tidier = threading.Thread(target=tidying)
    tidier.start()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(writing, range(8)))
    stop.set()
    tidier.join()
    assert faults == []
    sites = {name: sum(1 for _ in hands.shelf.trial(name).world.trial.sites) for name in NAMES}
    assert sites == dict.fromkeys(NAMES, 51), begin
