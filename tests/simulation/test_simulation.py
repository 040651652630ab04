"""Whole trials from seeds, the short form. The long one is `make simulate SEEDS=1000`."""

import pytest

from tests.simulation.found import Found
from tests.simulation.simulator import simulate
from tests.simulation.walk import Walk

SEEDS = 30
EVERYDAY = frozenset({1, 2, 3})
"""Seeds of the everyday run, short trials; the others are for the whole suite."""


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=() if seed in EVERYDAY else pytest.mark.slow) for seed in range(SEEDS)]
)
def test_a_whole_trial_keeps_every_invariant(seed: int) -> None:
    outcome = simulate(seed)
    assert outcome.found is None, outcome.found


@pytest.mark.slow
def test_the_same_seed_walks_the_same_way() -> None:
    assert simulate(3) == simulate(3)


def test_what_is_found_is_told_with_its_seed_and_the_last_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(walk: Walk, number: str) -> bool:
        raise Found(f"something about {number} in seed {walk.seed}")

    monkeypatch.setattr("tests.simulation.simulator.MISHAPS", ((1, wrong),))
    outcome = next(found for found in map(simulate, range(9)) if found.found is not None)
    assert outcome.end == "found"
    assert outcome.found is not None
    temper, *steps = outcome.found.splitlines()
    assert temper.startswith("Temper(")
    assert len(steps) > 2
    assert outcome.found.endswith(f"--from {outcome.seed} --seeds 1")
