"""A server for every test that wants one, and a trial that has begun, or has come further."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.begun import Begun, infused_once
from tests.api.place import Place
from tests.api.story import Story


@pytest.fixture(scope="session")
def begun_once(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    return Begun.played(tmp_path_factory.mktemp("begun"))


@pytest.fixture(scope="session")
def infused_before(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    return Begun.played(tmp_path_factory.mktemp("infused"), infused_once)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Empty, but for the trial of the story where there is one."""
    begins = "story" in request.fixturenames
    made = request.getfixturevalue("begun_once").place(tmp_path) if begins else Place(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def story(begun_once: Begun, place: Place) -> Story:
    """A trial whose start level is open."""
    return begun_once.story(place)


@pytest.fixture
def infused_story(infused_before: Begun, tmp_path: Path) -> Iterator[Story]:
    """A trial whose first patient had its first infusion."""
    place = infused_before.place(tmp_path)
    yield infused_before.story(place)
    place.stop()
