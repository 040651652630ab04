"""The states of a trial at any moment, whatever of it is in memory: always the fold of its log from the beginning."""

import random
from collections.abc import Iterator

import pytest

from ledger import history
from ledger.history import History, folded
from ledger.patient.evolution import FURTHER
from ledger.record import Record
from ledger.strands import Folding
from ledger.world import PATIENTS, World
from projections.base import digest
from tests.simulation.simulator import wander
from tests.simulation.walk import Walk


class Records:
    """A log in memory."""

    def __init__(self, records: list[Record]) -> None:
        self.held = records

    @property
    def size(self) -> int:
        return len(self.held)

    def records(self, start: int = 0, stop: int | None = None) -> Iterator[Record]:
        return iter(self.held[start:stop])

    def stream(self, stream: str, until: int | None = None) -> list[Record]:
        return [record for record in self.held[:until] if record.stream == stream]


@pytest.fixture(scope="module", params=[7, 23])
def walked(request: pytest.FixtureRequest) -> list[Record]:
    """The records of a simulated trial in which some come further than screening."""
    walk = Walk.drawn(request.param)
    wander(walk, walk.temper.steps)
    return walk.bench.records


@pytest.mark.parametrize("at_start", [0, 10**9], ids=["at rest", "awake"])
def test_a_replayed_trial_is_the_fold_of_its_log_whatever_of_it_is_in_memory(
    walked: list[Record], at_start: int
) -> None:
    kept = History(Records(walked), every=20, awake=2, at_start=at_start)
    world = kept.replayed()
    assert world.patients.awake <= 2 + 20 + len(world.beyond_screening)
    assert digest(world) == digest(World().after(walked))


def test_a_part_of_a_log_is_folded_alike_with_its_patients_at_rest(
    walked: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "AWAKE_AT_START", 0)
    for size in (0, len(walked) // 2, len(walked)):
        world = folded(Records(walked), iter(walked[:size]), size)
        assert world.patients.awake == len(world.beyond_screening)
        assert digest(world) == digest(World().after(walked[:size])), size


@pytest.mark.parametrize("every", [1, 2, 5, 50])
def test_every_moment_is_the_fold_of_the_log_up_to_it(walked: list[Record], every: int) -> None:
    kept = History(Records(walked), every, awake=3, at_start=0)
    head = kept.replayed()
    further = [record.position + 1 for record in walked if type(record.event) in FURTHER]
    for size in {*further, *random.Random(1).sample(range(len(walked)), 20)} - {len(walked)}:
        then = kept.at(size, head)
        assert digest(then) == digest(World().after(walked[:size])), size
        assert then.stream_version("trial") == sum(record.stream == "trial" for record in walked[:size])


def test_of_what_is_folded_again_no_more_is_kept_than_is_said(walked: list[Record]) -> None:
    numbers = sorted({record.patient for record in walked if record.patient})
    folding = Folding(PATIENTS, Records(walked), events=60)
    for until in range(len(walked) // 2, len(walked), 7):
        for number in numbers:
            own = [record for record in walked[:until] if record.patient == number]
            if own:
                assert folding.strand(number, until).state.version == len(own)
                assert folding.held <= 60


def test_what_is_decided_wakes_whom_it_is_about_and_changes_nothing_else(walked: list[Record]) -> None:
    half = len(walked) // 2
    log = Records(walked[:half])
    world = History(log, every=50, awake=0, at_start=0).replayed()
    assert world.patients.awake == len(world.beyond_screening)
    assert world.products.awake == 0
    for record in walked[half:]:
        world = world.apply(record)
        log.held.append(record)
        assert world.stream_version(record.stream) == record.stream_version
        if record.conflicts_with is None and type(record.event).NAME != "trial.record-signed.v1":
            assert world.on_record(record.stream, record.event, record.occurred_at) == record.position
    assert digest(world) == digest(World().after(walked))
    rested = world.with_awake(1)
    assert rested.patients.awake <= 1 + len(world.beyond_screening)
    assert rested.products.awake <= 1
    assert digest(rested) == digest(world)
