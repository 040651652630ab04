"""A server for every test that wants one, and a trial that has begun."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.begun import Begun
from tests.api.place import Place
from tests.api.story import Story


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    return Begun.in_directory(tmp_path_factory.mktemp("begun"))


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """With the trial of the story, where there is one."""
    made = request.getfixturevalue("begun").place(tmp_path) if "story" in request.fixturenames else Place(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def story(begun: Begun, place: Place) -> Story:
    """A trial whose start level is open."""
    return begun.story(place)
