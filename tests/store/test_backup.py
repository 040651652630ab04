"""A copy is a prefix of the log, checked before it has its name; nothing is overwritten."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.errors import Corrupt
from ledger.evidence.merkle import leaf_hash, root_of
from ledger.store.backup import backup, restore
from ledger.store.codec import encode
from ledger.store.errors import AlreadyThere, NoSuchStore
from ledger.store.sqlite import SqliteStore
from tests.store.builders import append, as_owner_of_the_file, filled, records

SIZE = 300


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def test_a_backup_is_the_ledger_in_one_file(path: Path, copy: Path) -> None:
    with filled(path, SIZE) as store:
        backup(path, copy)
        with SqliteStore.open(copy) as found:
            assert found.head() == store.head()
            assert list(found.records()) == records(0, SIZE)


def test_a_backup_leaves_nothing_else_behind(path: Path, copy: Path) -> None:
    filled(path, 3).close()
    backup(path, copy)
    assert sorted(found.name for found in copy.parent.glob("copy*")) == ["copy"]
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_backup_under_load_is_a_prefix(path: Path, copy: Path) -> None:
    with filled(path, 10) as store, ThreadPoolExecutor(1) as thread:
        taking = thread.submit(backup, path, copy)
        position = 10
        while not taking.done():
            append(store, *records(position, position + 5))
            position += 5
        taking.result()
    with SqliteStore.open(copy) as found:
        assert 10 <= found.size <= position
        assert found.root == root_of(leaf_hash(encode(each)) for each in records(0, found.size))


def test_a_restored_ledger_goes_on(path: Path, copy: Path, tmp_path: Path) -> None:
    with filled(path, SIZE):
        backup(path, copy)
    restored = tmp_path / "restored"
    restore(copy, restored)
    with SqliteStore.open(restored) as store:
        append(store, *records(SIZE, SIZE + 3))
        store.verify()


@pytest.mark.parametrize("copying", [backup, restore])
def test_nothing_is_overwritten(path: Path, copy: Path, copying: type) -> None:
    filled(path, 3).close()
    copy.write_bytes(b"mine")
    with pytest.raises(AlreadyThere):
        copying(path, copy)
    assert copy.read_bytes() == b"mine"


@pytest.mark.parametrize("copying", [backup, restore])
def test_a_corrupt_ledger_is_not_copied(path: Path, copy: Path, copying: type) -> None:
    filled(path, 30).close()
    with as_owner_of_the_file(path) as connection:
        connection.execute("UPDATE events SET state = x'00' WHERE notification_id = 12")
    with pytest.raises(Corrupt, match="position 11"):
        copying(path, copy)
    assert list(copy.parent.glob("copy*")) == []


def test_there_is_nothing_to_copy_without_a_ledger(path: Path, copy: Path) -> None:
    with pytest.raises(NoSuchStore):
        backup(path, copy)
    with pytest.raises(NoSuchStore):
        restore(path, copy)
