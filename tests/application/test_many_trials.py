"""Many small trials in one process, short form; the long one is `benchmarks/scale_trials.py`."""

from pathlib import Path

import pytest

from benchmarks.scale_trials import measure

TRIALS = 40
MIB = 1 << 20


@pytest.mark.slow
def test_many_trials_are_served_by_one_process_within_a_mebibyte_each(tmp_path: Path) -> None:
    found = measure(tmp_path, TRIALS)
    assert found.trials == TRIALS
    assert found.resident_bytes_a_trial < MIB
