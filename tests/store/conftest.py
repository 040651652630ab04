from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.store.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "NCT07256210.ledger"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.create(path) as created:
        yield created
