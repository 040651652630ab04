"""A copy is a prefix of the log, checked before it has its name; nothing is overwritten."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.errors import Corrupt
from ledger.evidence.merkle import leaf_hash, root_of
from ledger.store import schema
from ledger.store.backup import IN_THE_PREFIX, backup, restore, restore_until
from ledger.store.codec import encode
from ledger.store.errors import AlreadyThere, NoSuchStore, NothingThatEarly
from ledger.store.rows import Restoration
from ledger.store.sqlite import SqliteStore
from tests.store.builders import append, as_owner_of_the_file, filled, narrated, records, refusal, sealed

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


@pytest.fixture
def whole(path: Path) -> Path:
    """300 events in batches of seven."""
    filled(path, SIZE).close()
    return path


@pytest.mark.parametrize("asked", [7, 10, 13, 256, 258, 259, 299])
def test_a_log_is_restored_to_an_earlier_point_with_the_leaves_and_the_root_that_it_had_then(
    whole: Path, copy: Path, asked: int
) -> None:
    restore_until(whole, copy, asked)
    kept = asked // 7 * 7
    with SqliteStore.open(copy) as found, SqliteStore.open(whole, read_only=True) as store:
        assert found.size == kept
        assert [found.leaf(position) for position in range(kept)] == [store.leaf(each) for each in range(kept)]
        assert found.root == root_of(leaf_hash(encode(each)) for each in records(0, kept))
        assert found.head() == store.head_within(kept)
        assert found.restoration() == Restoration(kept, found.root, SIZE, store.root)
        found.verify()
        append(found, *records(kept, kept + 20))
        found.verify()
    assert not list(copy.parent.glob("copy.partial*"))


def test_what_came_later_is_not_in_the_file_at_all(path: Path, copy: Path) -> None:
    early, late = sealed("Known early"), sealed("Known late")
    with SqliteStore.create(path) as store:
        append(store, narrated(0, early), texts=[early])
        with store.appending() as batch:
            batch.save((), (), (), [refusal(0)])
        append(store, narrated(1, late), texts=[late])
        with store.appending() as batch:
            batch.save((), (), (), [refusal(1)])
    restore_until(path, copy, 1)
    with SqliteStore.open(copy, read_only=True) as found:
        assert [each.commitment for each in found.kept_texts((early.commitment, late.commitment))] == [early.commitment]
        assert found.answer(f"{0:032x}") is not None
        assert found.answer(f"{1:032x}") is None
        assert len(found.refusals(0, 10)) == 1
    assert late.commitment.encode() in path.read_bytes()
    assert late.commitment.encode() not in copy.read_bytes()


def test_a_restoration_that_leaves_nothing_out_is_a_restoration(whole: Path, copy: Path) -> None:
    restore_until(whole, copy, SIZE + 5)
    with SqliteStore.open(copy, read_only=True) as found:
        assert (found.size, found.restoration()) == (SIZE, None)


def test_a_restored_log_may_be_restored_again(whole: Path, copy: Path, tmp_path: Path) -> None:
    restore_until(whole, copy, 100)
    restore_until(copy, tmp_path / "again", 50)
    with SqliteStore.open(tmp_path / "again", read_only=True) as found:
        restored = found.restoration()
        assert restored is not None
        assert (restored.size, restored.of_size) == (49, 98)


def test_there_is_no_earlier_point_than_the_first_batch(whole: Path, copy: Path) -> None:
    with pytest.raises(NothingThatEarly):
        restore_until(whole, copy, 6)
    assert list(copy.parent.glob("copy*")) == []


def test_a_corrupt_backup_is_not_restored_to_an_earlier_point(whole: Path, copy: Path) -> None:
    with as_owner_of_the_file(whole) as connection:
        connection.execute("UPDATE events SET state = x'00' WHERE notification_id = 290")
    with pytest.raises(Corrupt, match="position 289"):
        restore_until(whole, copy, 100)
    assert list(copy.parent.glob("copy*")) == []


def test_of_every_table_it_is_said_what_a_prefix_holds() -> None:
    assert list(IN_THE_PREFIX) == list(schema.TABLES)
