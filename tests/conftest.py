from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.examples import EVERYDAY
from tests.postgres import Cluster


def pytest_configure(config: pytest.Config) -> None:
    """`make test-fast` tries fewer examples; see `tests/examples.py`."""
    if config.getoption("markexpr") == "not slow":
        settings.load_profile(EVERYDAY)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is slow begins first, so that no process is left with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server, started with the first test that wants one."""
    started = Cluster()
    yield started
    started.remove()
