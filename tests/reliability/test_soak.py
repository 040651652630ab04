"""A minute of mixed load; an hour of it is `make soak`."""

from pathlib import Path

import pytest

from tests.reliability.soak import soak

SECONDS = 60


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_minute_of_mixed_load_shows_nothing_wrong(tmp_path: Path) -> None:
    found = soak(tmp_path, SECONDS)
    assert found.wrong == []
    assert min(len(found.callers.acknowledged), len(found.followed), len(found.verified)) > 0
