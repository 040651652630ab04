from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.store.contract import Store
from ledger.store.postgres.database import Database
from tests.postgres import Cluster
from tests.store.places import FilePlace, Place, SchemaPlace


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "NCT07256210.ledger"


@pytest.fixture(scope="session")
def database(cluster: Cluster) -> Iterator[Database]:
    opened = Database(cluster.service_url)
    yield opened
    opened.close()


@pytest.fixture(params=["file", "schema"])
def place(request: pytest.FixtureRequest, path: Path) -> Place:
    """A file, and a schema of a database: what stands in the contract holds for both."""
    if request.param == "file":
        return FilePlace(path)
    return SchemaPlace(request.getfixturevalue("cluster"), request.getfixturevalue("database"))


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    with place.create() as created:
        yield created
