"""A long log is verified from where it was verified last; what that leaves out is found by the full verification."""

import shutil
from pathlib import Path

import pytest

from ledger.errors import Corrupt
from ledger.evidence.merkle import Tree, leaf_hash, tree_of
from ledger.store.codec import encode
from ledger.store.remembered import Verified, memory_of, remember, remembered
from ledger.store.sqlite import SqliteStore
from ledger.store.verification import verified_since, verified_tree
from tests.store.builders import append, as_owner_of_the_file, filled, record, records

SIZE = 600
LONGER = 650


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("told") / "trial.ledger"
    filled(path, SIZE, batch=200).close()
    with SqliteStore.open(path) as store:
        append(store, *records(SIZE, LONGER))
    return path


@pytest.fixture
def log(told: Path, path: Path) -> Path:
    """A log that was opened, and so verified, at 600 events, and has 650 by now."""
    shutil.copy(told, path)
    shutil.copy(memory_of(told), memory_of(path))
    return path


def since(path: Path) -> Tree | None:
    known = remembered(path)
    assert known is not None
    with SqliteStore.open(path, read_only=True) as reader:
        return verified_since(reader, known)


def exchanged(path: Path, at: int) -> None:
    """An administrator changes an event and its leaf hash."""
    leaf = encode(record(at)).replace(b'"NDGOI"', b'"NDGOJ"')
    with as_owner_of_the_file(path) as connection:
        query = "UPDATE events SET state = ?, leaf_hash = ? WHERE notification_id = ?"
        assert connection.execute(query, (leaf, leaf_hash(leaf), at + 1)).rowcount == 1


def flipped(path: Path, at: int) -> None:
    """A byte of a leaf turns."""
    leaf = encode(record(at)).replace(b'"NDGOI"', b'"NDGOJ"')
    with as_owner_of_the_file(path) as connection:
        assert connection.execute("UPDATE events SET state = ? WHERE notification_id = ?", (leaf, at + 1)).rowcount == 1


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 600, 65_535, 65_536, 65_537, 70_001])
def test_a_tree_is_the_same_grown_or_put_together_of_what_is_unfinished(size: int) -> None:
    grown, _ = Tree().append(leaf_hash(number.to_bytes(4)) for number in range(size))
    assert tree_of(size, grown.unfinished) == grown


def test_from_where_it_was_verified_the_tree_is_the_one_of_all_leaves(log: Path) -> None:
    assert remembered(log) is not None
    assert remembered(log).size == SIZE  # type: ignore[union-attr]
    with SqliteStore.open(log, read_only=True) as reader:
        assert since(log) == verified_tree(reader)
    with SqliteStore.open(log, verified_whole_up_to=0) as store:
        append(store, *records(LONGER, 700))
        assert (store.size, store.root) == (700, verified_tree(store).root)
    assert remembered(log).size == LONGER  # type: ignore[union-attr]


def test_a_short_log_is_always_verified_from_its_first_event(log: Path) -> None:
    exchanged(log, 5)
    with pytest.raises(Corrupt, match="positions 0 to 199:"):
        SqliteStore.open(log, verified_whole_up_to=LONGER)
    with pytest.raises(Corrupt, match="positions 0 to 199:"):
        SqliteStore.open(log)


def test_an_old_row_changed_with_its_hash_is_left_to_the_full_verification(log: Path) -> None:
    exchanged(log, 5)
    with SqliteStore.open(log, verified_whole_up_to=SIZE) as store, pytest.raises(Corrupt, match="positions 0 to 199:"):
        store.verify()


def test_an_old_row_changed_under_its_hash_is_found_where_it_is_read(log: Path) -> None:
    flipped(log, 5)
    with SqliteStore.open(log, verified_whole_up_to=SIZE) as store, pytest.raises(Corrupt, match="position 5:"):
        list(store.records())


@pytest.mark.parametrize("at", [512, 599, 600, 649])
@pytest.mark.parametrize("change", [exchanged, flipped])
def test_what_came_since_and_the_tile_that_was_unfinished_are_read(log: Path, at: int, change: object) -> None:
    change(log, at)  # type: ignore[operator]
    with pytest.raises(Corrupt, match="position"):
        SqliteStore.open(log, verified_whole_up_to=SIZE)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tiles SET hashes = zeroblob(8192) WHERE tile_index = 0",
        "DELETE FROM tiles WHERE tile_index = 1",
        "UPDATE tiles SET tile_index = 9 WHERE tile_index = 1",
        "UPDATE heads SET root = zeroblob(32) WHERE size = 600",
        "UPDATE heads SET root = zeroblob(32) WHERE size = 650",
        "DELETE FROM heads WHERE size = 650",
        "DELETE FROM events WHERE notification_id = 650",
    ],
)
def test_hashes_that_do_not_lead_to_what_was_verified_send_the_whole_log_to_be_read(log: Path, statement: str) -> None:
    with as_owner_of_the_file(log) as connection:
        assert connection.execute(statement).rowcount == 1
    with pytest.raises(Corrupt):
        SqliteStore.open(log, verified_whole_up_to=SIZE)


@pytest.mark.parametrize(
    "memory",
    [
        b"",
        b"words",
        b"trial-ledger verified v1\n600\n" + b"0" * 64 + b"\n",
        b"trial-ledger verified v1\n0600\n" + b"0" * 64 + b"\n",
        b"trial-ledger verified v2\n600\n" + b"0" * 64 + b"\n",
        b"\xff" * 500,
    ],
)
def test_a_memory_that_is_damaged_or_of_another_history_is_none(log: Path, memory: bytes) -> None:
    memory_of(log).write_bytes(memory)
    exchanged(log, 5)
    with pytest.raises(Corrupt, match="positions 0 to 199:"):
        SqliteStore.open(log, verified_whole_up_to=SIZE)


def test_anyone_may_delete_the_memory(log: Path) -> None:
    memory_of(log).unlink()
    exchanged(log, 5)
    with pytest.raises(Corrupt, match="positions 0 to 199:"):
        SqliteStore.open(log, verified_whole_up_to=SIZE)


def test_a_memory_of_a_log_that_was_longer_is_none(log: Path) -> None:
    with SqliteStore.open(log, read_only=True) as reader:
        root = reader.root
    remember(log, Verified(LONGER + 50, root))
    assert since(log) is None


def test_reading_only_neither_verifies_nor_remembers(log: Path) -> None:
    memory_of(log).unlink()
    exchanged(log, 5)
    SqliteStore.open(log, read_only=True).close()
    assert remembered(log) is None


def test_a_memory_that_cannot_be_written_keeps_nobody_from_starting(path: Path) -> None:
    filled(path, 10).close()
    memory_of(path).unlink(missing_ok=True)
    memory_of(path).mkdir()
    SqliteStore.open(path).close()
    assert remembered(path) is None
