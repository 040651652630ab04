"""A trial moves from a file to a database and back: every row, every byte, the same root; or nothing at all."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.errors import Corrupt
from ledger.store.bundle import openings, write_bundle
from ledger.store.contract import Store
from ledger.store.errors import AlreadyThere
from ledger.store.migration import copy_rows, fingerprint, move_to_file
from ledger.store.postgres.database import Database
from ledger.store.postgres.migration import move_to_schema
from ledger.store.rows import Anchor, Answer, Cosignature, RemovedText, SignedHead
from ledger.store.schema import TABLES, primary_key
from ledger.store.sqlite import SqliteStore
from ledger.store.tiles import StoredTiles
from ledger.store.vault import unlocked
from tests.golden.samples import SAMPLES
from tests.postgres import SERVICE, Cluster
from tests.store.builders import (
    KEY,
    REPORTED,
    append,
    filled,
    narrated,
    record,
    records,
    refusal,
    sealed,
)
from tests.store.places import SchemaPlace, a_new_name
from tests.store.test_removal import on_record

SIZE = 600
NOTE = "test.example/trial\n600\nAAAA\n\n— test.example/trial AAAAAAAA\n".encode()


def with_everything(store: Store) -> None:
    """Rows in every table, and of every type."""
    text, other = sealed("gesehen um 23 Uhr — 体温 39,5"), sealed("to be redacted")
    append(store, narrated(SIZE, text), narrated(SIZE + 1, other), texts=[text, other])
    redacted = replace(
        on_record(SAMPLES["trial.text-redacted.v1"], SIZE + 2, commitment=other.commitment), stream_version=1
    )
    append(store, redacted)
    (row,) = store.kept_texts((other.commitment,))
    with store.appending() as batch:
        batch.remove_texts([RemovedText(row.commitment, row.subject, row.key_id, "redacted", SIZE + 2)])
    already = Answer("ff" * 16, "cd" * 32, "already", 0, 0)
    with store.appending() as batch:
        batch.save_evidence(
            [SignedHead(SIZE, NOTE), Cosignature(SIZE, "w", "line\n"), Anchor(SIZE, "tsa", b"\x00token")]
        )
        batch.save((), (), [already], [refusal(1), refusal(2)])
        batch.transaction.insert("blobs", [("ab" * 32, b"\x00\xff")])


@pytest.fixture
def original(path: Path) -> SqliteStore:
    store = filled(path, SIZE, batch=50)
    with_everything(store)
    return store


def all_rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: [tuple(row) for row in store.select(f"SELECT * FROM {table} ORDER BY {', '.join(primary_key(table))}")]
        for table in TABLES
    }


def test_there_and_back_every_row_and_the_root_are_the_same(
    cluster: Cluster, database: Database, original: SqliteStore, tmp_path: Path
) -> None:
    trial, back = a_new_name(), tmp_path / "back.ledger"
    move_to_schema(original, cluster.owner_url, trial, SERVICE)
    with database.open(trial) as moved:
        assert all_rows(moved) == all_rows(original)
        assert moved.head() == original.head()
        move_to_file(moved, back)
    with SqliteStore.open(back) as returned:
        rows = all_rows(returned)
        assert rows == all_rows(original)
        assert {table for table, found in rows.items() if not found} == {"restorations"}, "every other table had rows"
        assert returned.head() == original.head()
        append(returned, *records(SIZE + 3, SIZE + 6))
        returned.verify()
    original.close()


def test_a_trial_that_was_moved_goes_on_where_it_was(
    cluster: Cluster, database: Database, original: SqliteStore
) -> None:
    trial = a_new_name()
    move_to_schema(original, cluster.owner_url, trial, SERVICE)
    with database.open(trial) as moved:
        append(moved, *records(SIZE + 3, SIZE + 6))
        moved.verify()
        assert moved.refusals(0, 10) == original.refusals(0, 10)
        append(original, *records(SIZE + 3, SIZE + 6))
        assert moved.root == original.root
    original.close()


def test_nothing_is_overwritten(cluster: Cluster, original: SqliteStore, tmp_path: Path) -> None:
    trial, file = a_new_name(), tmp_path / "there.ledger"
    file.write_bytes(b"mine")
    with pytest.raises(AlreadyThere):
        move_to_file(original, file)
    assert file.read_bytes() == b"mine"
    move_to_schema(original, cluster.owner_url, trial, SERVICE)
    with pytest.raises(AlreadyThere):
        move_to_schema(original, cluster.owner_url, trial, SERVICE)
    original.close()


def test_what_was_altered_arrives_nowhere(cluster: Cluster, database: Database, tmp_path: Path) -> None:
    """Altered after it was opened, so that only the comparison at the end can tell."""
    place = SchemaPlace(cluster, database)
    store, file, trial = place.create(), tmp_path / "made.ledger", a_new_name()
    append(store, *records(0, 10))
    assert place.alter("UPDATE events SET leaf_hash = ? WHERE notification_id = 5", bytes(32)) == 1
    with pytest.raises(Corrupt, match="position 4"):
        move_to_file(store, file)
    with pytest.raises(Corrupt, match="position 4"):
        move_to_schema(store, cluster.owner_url, trial, SERVICE)
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"
    assert trial not in database.names()


def test_a_table_that_differs_in_one_value_has_another_fingerprint(original: SqliteStore) -> None:
    seen = {table: fingerprint(original, table) for table in TABLES}
    append(original, record(SIZE + 3))
    with original.appending() as batch:
        batch.save((), (), (), [refusal(3)])
    changed = {table for table in TABLES if fingerprint(original, table) != seen[table]}
    assert changed == {"events", "heads", "commands", "refusals"}
    original.close()


def test_rows_are_copied_in_chunks_without_a_seam(original: SqliteStore) -> None:
    copied: dict[str, int] = {}
    copy_rows(original, lambda table, rows: copied.__setitem__(table, copied.get(table, 0) + len(rows)))
    assert copied["events"] == SIZE + 3
    original.close()


def test_bundles_of_one_log_are_the_same_bytes_from_either_store(
    cluster: Cluster, database: Database, original: SqliteStore, tmp_path: Path
) -> None:
    trial, bundles = a_new_name(), [tmp_path / "file.zip", tmp_path / "schema.zip"]
    move_to_schema(original, cluster.owner_url, trial, SERVICE)
    with database.open(trial, read_only=True) as moved:
        for store, bundle in zip((original, moved), bundles, strict=True):
            readable = [unlocked(each, KEY, REPORTED.origin) for each in store.texts_until(SIZE + 2)]
            write_bundle(store, bundle, {"openings.jsonl": openings(readable)})
        for level, index in ((0, 0), (0, 1), (0, 2), (1, 0)):
            assert StoredTiles(moved).tile(level, index) == StoredTiles(original).tile(level, index)
    assert bundles[0].read_bytes() == bundles[1].read_bytes()
    original.close()
