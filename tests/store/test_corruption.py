"""What is stored is compared with what was written, at every reading; a difference is named."""

from pathlib import Path

import pytest

from ledger.errors import Corrupt
from ledger.evidence.merkle import leaf_hash
from ledger.store.codec import encode
from ledger.store.sqlite import SqliteStore
from tests.store.builders import append, fill, filled, narrated, opened, record, sealed
from tests.store.places import FilePlace, Place

SIZE = 600
AT = 5


@pytest.fixture
def log(place: Place) -> Place:
    fill(place.create(), SIZE, batch=50).close()
    return place


def alter(log: Place, statement: str, *values: object) -> None:
    assert log.alter(statement, *values) == 1


def refused_at_open(log: Place) -> str:
    with pytest.raises(Corrupt) as told:
        log.open()
    return told.value.detail


@pytest.mark.parametrize("at", [0, 255, 256, SIZE - 1])
def test_a_flipped_byte_is_named(log: Place, at: int) -> None:
    leaf = bytearray(encode(record(at)))
    leaf[300] ^= 1
    alter(log, "UPDATE events SET state = ? WHERE notification_id = ?", bytes(leaf), at + 1)
    with log.open(read_only=True) as reader:
        for reading in (reader.record, reader.leaf, lambda at: list(reader.records(at))):
            with pytest.raises(Corrupt, match=f"position {at}:"):
                reading(at)
        with pytest.raises(Corrupt, match=f"position {at}:"):
            reader.verify()
    assert refused_at_open(log).startswith(f"position {at}:")


def test_a_leaf_exchanged_with_its_hash_shows_in_the_head_of_its_batch(log: Place) -> None:
    leaf = encode(record(120)).replace(b'"NDGOI"', b'"NDGOJ"')
    statement = "UPDATE events SET state = ?, leaf_hash = ? WHERE notification_id = 121"
    alter(log, statement, leaf, leaf_hash(leaf))
    assert refused_at_open(log).startswith("positions 100 to 149:")


@pytest.mark.parametrize(
    ("column", "value"),
    [("originator_id", "patient/999"), ("originator_version", 999), ("topic", "patient.screened.v1")],
)
def test_a_column_that_differs_from_the_leaf_is_named(log: Place, column: str, value: object) -> None:
    alter(log, f"UPDATE events SET {column} = ? WHERE notification_id = ?", value, AT + 1)
    with log.open(read_only=True) as reader, pytest.raises(Corrupt, match=f"position {AT}: the columns"):
        reader.record(AT)


def test_two_leaves_that_changed_places_are_named(log: Place) -> None:
    ids = ((4, -1), (8, 4), (-1, 8))
    for old, new in ids:
        alter(log, "UPDATE events SET notification_id = ? WHERE notification_id = ?", new, old)
    with log.open(read_only=True) as reader, pytest.raises(Corrupt, match="position 3: the columns"):
        reader.record(3)
    assert refused_at_open(log).startswith("positions 0 to 49:")


def test_an_event_that_is_gone_is_missed(log: Place) -> None:
    alter(log, "DELETE FROM events WHERE notification_id = ?", AT + 1)
    with log.open(read_only=True) as reader:
        for reading in (reader.record, lambda at: list(reader.records(at))):
            with pytest.raises(Corrupt, match=f"position {AT}: the event is missing"):
                reading(AT)
        with pytest.raises(Corrupt, match="is missing"):
            reader.stream("patient/002")
    assert refused_at_open(log) == f"position {AT}: the event is missing"


def test_a_tail_that_is_gone_is_missed_because_of_its_head(log: Place) -> None:
    alter(log, "DELETE FROM events WHERE notification_id = ?", SIZE)
    assert refused_at_open(log).startswith(f"position {SIZE - 1}:")


def test_a_head_that_is_gone_is_missed_because_of_its_events(log: Place) -> None:
    alter(log, "DELETE FROM heads WHERE size = ?", SIZE)
    assert refused_at_open(log).startswith(f"position {SIZE - 50}:")


@pytest.mark.parametrize("column", ["root", "peaks"])
def test_a_head_of_other_leaves_is_named_by_its_batch(log: Place, column: str) -> None:
    alter(log, f"UPDATE heads SET {column} = ? WHERE size = 100", bytes(32))
    assert refused_at_open(log).startswith("positions 50 to 99:")


def test_a_tile_of_other_leaves_is_named(log: Place) -> None:
    alter(log, "UPDATE tiles SET hashes = ? WHERE level = 0 AND tile_index = 1", bytes(8192))
    assert refused_at_open(log) == "tile 1 of level 0 is not that of its leaves"


def test_a_tile_too_few_or_too_many_is_missed(log: Place) -> None:
    alter(log, "INSERT INTO tiles VALUES (1, 0, ?)", bytes(8192))
    assert refused_at_open(log) == "3 tiles where 600 events make 2"


def test_a_text_that_was_exchanged_is_not_given_out(place: Place) -> None:
    text = sealed("headache")
    with place.create() as store:
        append(store, narrated(0, text), texts=[text])
    alter(place, "UPDATE texts SET sealed = ?", bytes(56))
    with place.open(read_only=True) as reader, pytest.raises(Corrupt, match="position 0: a text"):
        opened(reader, text.commitment)


def test_a_flipped_byte_is_named_though_sqlite_finds_the_file_in_order(path: Path) -> None:
    filled(path, 10).close()
    leaf = bytearray(encode(record(5)))
    leaf[300] ^= 1
    alter(FilePlace(path), "UPDATE events SET state = ? WHERE notification_id = 6", bytes(leaf))
    with SqliteStore.open(path, read_only=True) as reader:
        assert reader.select("PRAGMA integrity_check")[0][0] == "ok"
        with pytest.raises(Corrupt, match="position 5:"):
            reader.verify()


def test_a_broken_page_is_told_as_corruption(path: Path) -> None:
    filled(path, SIZE, batch=50).close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 40] = b"\xff" * (4096 * 37)
    path.write_bytes(content)
    with pytest.raises(Corrupt):
        SqliteStore.open(path)


def test_a_description_of_the_tables_that_is_no_text_is_told_as_corruption(path: Path) -> None:
    """SQLite repeats the bytes in its error, and Python cannot read them."""
    filled(path, 10).close()
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE heads", b"CREATE T\xf3BLE heads", 1))
    with pytest.raises(Corrupt, match="no text"):
        SqliteStore.open(path)


def test_verifying_tells_how_far_it_is(log: Place) -> None:
    told: list[tuple[int, int]] = []
    with log.open(read_only=True) as reader:
        reader.verify(lambda done, size: told.append((done, size)))
    assert told == [(550, SIZE), (600, SIZE)]
