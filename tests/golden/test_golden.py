"""The bytes of every event version ever released are read as what was written then."""

import pytest

from ledger.catalogue import EVENTS
from ledger.store.codec import decode, encode
from tests.golden.samples import ALL, SAMPLES
from tests.golden.write import GOLDEN, path_of

RELEASED = sorted(path.stem for path in GOLDEN.glob("*.json"))


def test_every_event_of_the_catalogue_has_one_sample() -> None:
    assert set(SAMPLES) == set(EVENTS)
    assert len(ALL) == len(SAMPLES)


def test_every_event_of_the_catalogue_has_its_golden_bytes() -> None:
    assert set(EVENTS) <= set(RELEASED), "run `python -m tests.golden.write`"


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_golden_bytes_are_read_as_the_sample_and_written_as_they_were(name: str) -> None:
    golden = path_of(name).read_bytes()
    assert decode(golden) == SAMPLES[name]
    assert encode(SAMPLES[name]) == golden


@pytest.mark.parametrize("name", RELEASED)
def test_every_version_ever_released_is_read(name: str) -> None:
    assert decode(path_of(name).read_bytes()).event.NAME in EVENTS
