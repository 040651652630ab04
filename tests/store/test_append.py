"""Appending: a batch is on record whole, or not at all."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.errors import Corrupt
from ledger.evidence.merkle import EMPTY_ROOT, leaf_hash, root_of
from ledger.store.codec import encode
from ledger.store.errors import LeafTooLarge, Unstorable
from ledger.store.rows import Answer
from ledger.store.sqlite import SqliteStore
from tests.golden.samples import SAMPLES
from tests.store.builders import (
    Interrupted,
    answer,
    append,
    filled,
    interrupt,
    narrated,
    opened,
    record,
    records,
    refusal,
    sealed,
)


def test_a_new_ledger_is_empty(store: SqliteStore) -> None:
    assert (store.size, store.root) == (0, EMPTY_ROOT)
    assert list(store.records()) == []


def test_what_was_appended_is_read_back(store: SqliteStore) -> None:
    batch = records(0, 5)
    append(store, *batch)
    assert list(store.records()) == batch


def test_saving_gives_the_hashes_of_the_leaves(store: SqliteStore) -> None:
    batch = records(0, 3)
    assert append(store, *batch) == tuple(leaf_hash(encode(each)) for each in batch)


def test_records_that_were_encoded_already_are_written_as_they_are(store: SqliteStore) -> None:
    batch = records(0, 3)
    leaves = [encode(each) for each in batch]
    with store.appending() as writing:
        hashes = writing.save(batch, (), (), (), leaves=leaves)
    assert [store.leaf(position) for position in range(3)] == leaves
    assert tuple(store.leaf_hash(position) for position in range(3)) == hashes


def test_each_record_has_its_leaf(store: SqliteStore) -> None:
    with pytest.raises(ValueError, match="zip"), store.appending() as writing:
        writing.save(records(0, 3), (), (), (), leaves=[encode(record(0))])
    assert store.size == 0


def test_the_new_root_is_seen_after_the_commit_and_not_before(store: SqliteStore) -> None:
    with store.appending() as batch:
        hashes = batch.save(records(0, 3), (), (), ())
        assert (store.size, store.root) == (0, EMPTY_ROOT)
        assert batch.tree.root == root_of(hashes)
    assert (store.size, store.root) == (3, root_of(hashes))


def test_a_batch_that_is_interrupted_leaves_nothing_behind(store: SqliteStore) -> None:
    append(store, *records(0, 2))
    before = store.head()
    text = sealed("seen at night")
    with pytest.raises(Interrupted):
        interrupt(store, narrated(2, text), texts=[text])
    assert store.head() == before
    assert list(store.records()) == records(0, 2)
    assert store.answer(f"{2:032x}") is None
    assert opened(store, text.commitment) is None
    assert store.refusals(0, 10) == []


def test_after_an_interrupted_batch_the_next_takes_its_place(store: SqliteStore) -> None:
    with pytest.raises(Interrupted):
        interrupt(store, *records(0, 3))
    append(store, *records(0, 2))
    assert store.size == 2
    store.verify()


@pytest.mark.parametrize("position", [1, 3])
def test_a_record_that_does_not_stand_at_the_next_position_is_refused(store: SqliteStore, position: int) -> None:
    append(store, *records(0, 2))
    with pytest.raises(Corrupt, match="position 2 is the next"):
        append(store, record(position))
    assert store.size == 2


def test_a_version_of_a_stream_stands_once(store: SqliteStore) -> None:
    append(store, record(0))
    with pytest.raises(Corrupt):
        append(store, replace(record(1), stream=record(0).stream))
    assert store.size == 1


def test_a_batch_may_hold_answers_and_refusals_alone(store: SqliteStore) -> None:
    append(store, record(0))
    already = Answer("ff" * 16, "cd" * 32, "already", 0, 0)
    with store.appending() as batch:
        batch.save((), (), [already], [refusal(1), refusal(2)])
    assert store.size == 1
    assert store.answer("ff" * 16) == already
    assert [(found.number, found.recorded_at) for found in store.refusals(1, 10)] == [(2, refusal(2).recorded_at)]
    store.verify()


def test_an_answer_is_found_by_its_key_in_the_next_batch(store: SqliteStore) -> None:
    append(store, record(0))
    with store.appending() as batch:
        assert batch.answer(f"{0:032x}") == answer(0)
        assert batch.answer(f"{1:032x}") is None


def test_a_key_is_answered_once(store: SqliteStore) -> None:
    append(store, record(0))
    with pytest.raises(Corrupt), store.appending() as batch:
        batch.save([record(1)], (), [answer(0)], ())
    assert store.size == 1


def test_a_text_is_kept_beside_the_event_that_commits_to_it(store: SqliteStore) -> None:
    text = sealed("gesehen um 23 Uhr — 体温 39,5")
    append(store, record(0), narrated(1, text), texts=[text])
    assert opened(store, text.commitment) == text.text
    assert store.select("SELECT position FROM texts")[0]["position"] == 1
    assert text.text.encode() not in store.leaf(1)


def test_a_text_that_no_event_commits_to_is_not_kept(store: SqliteStore) -> None:
    with pytest.raises(AssertionError, match="commits"):
        append(store, record(0), texts=[sealed("nobody's")])


def test_an_event_that_cannot_become_a_leaf_is_refused_before_anything_is_written(store: SqliteStore) -> None:
    proposed = SAMPLES["trial.protocol-version-proposed.v1"]
    long = proposed.event.model_copy(update={"document": {"statement": "x" * 65_535}})
    with store.appending() as batch:
        with pytest.raises(LeafTooLarge):
            batch.save([record(0), replace(record(1), event=long)], (), (), ())
        with pytest.raises(Unstorable):
            batch.save([replace(record(0), reason="written out")], (), (), ())
        batch.save([record(0)], (), (), ())
    assert list(store.records()) == [record(0)]


def test_a_ledger_goes_on_where_it_was_closed(path: Path) -> None:
    with filled(path, 300) as store:
        head = store.head()
    with SqliteStore.open(path) as reopened:
        assert reopened.head() == head
        append(reopened, *records(300, 600))
        reopened.verify()
    with SqliteStore.open(path) as again:
        assert again.root == root_of(leaf_hash(encode(each)) for each in records(0, 600))
