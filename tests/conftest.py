from collections.abc import Iterator

import pytest

from tests.postgres import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server, started with the first test that wants one."""
    started = Cluster()
    yield started
    started.remove()
