"""A server for every test that wants one, and a trial that has begun."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.place import Place
from tests.api.story import Story, begin


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def story(place: Place) -> Story:
    """A trial whose start level is open."""
    return begin(place)
