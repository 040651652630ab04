"""Reading: by position, in order, by page, by stream, by time; from any thread, and never waiting for the writer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.refusals import NoSuchRecord
from ledger.store.codec import encode
from ledger.store.reading import CHUNK
from ledger.store.sqlite import SqliteStore
from tests.store.builders import NOON, append, filled, narrated, opened, record, records, sealed

SIZE = 20


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    store = filled(tmp_path_factory.mktemp("log") / "log.ledger", SIZE)
    store.close()
    return SqliteStore.open(store.path, read_only=True)


def test_a_record_is_read_by_its_position(log: SqliteStore) -> None:
    assert log.record(7) == record(7)
    assert log.leaf(7) == encode(record(7))


@pytest.mark.parametrize("position", [-1, SIZE, SIZE + 5])
def test_there_is_no_record_beyond_the_log(log: SqliteStore, position: int) -> None:
    with pytest.raises(NoSuchRecord):
        log.record(position)
    with pytest.raises(NoSuchRecord):
        log.leaf(position)


@settings(deadline=None)
@given(start=st.integers(0, SIZE + 3), stop=st.none() | st.integers(0, SIZE + 3))
def test_a_range_is_half_open_and_ends_with_the_log(log: SqliteStore, start: int, stop: int | None) -> None:
    assert [each.position for each in log.records(start, stop)] == list(range(SIZE))[start:stop]


def test_a_long_log_is_read_in_chunks_without_a_seam(path: Path) -> None:
    size = 2 * CHUNK + 3
    with filled(path, size, batch=200) as store:
        assert [each.position for each in store.records()] == list(range(size))


def test_records_that_are_appended_while_a_range_is_read_do_not_lengthen_it(path: Path) -> None:
    with filled(path, 3) as store:
        reading = store.records()
        first = next(reading)
        append(store, record(3))
        assert [first, *reading] == records(0, 3)


def test_pages_follow_each_other_to_the_end(log: SqliteStore) -> None:
    after, seen = -1, []
    while page := log.page(after, 6):
        seen += page
        after = page[-1].position
    assert seen == records(0, SIZE)


def test_a_page_may_be_of_one_stream(log: SqliteStore) -> None:
    found = log.page(1, 3, stream="patient/001")
    assert [each.position for each in found] == [4, 7, 10]


def test_a_page_may_be_of_one_actor(log: SqliteStore) -> None:
    assert [each.position for each in log.page(2, 3, actor="ivan")] == [3, 5, 7]
    assert log.page(-1, 3, actor="investigator") == []


def test_a_page_may_be_of_one_type(log: SqliteStore) -> None:
    assert len(log.page(-1, 100, type="patient.adverse-event-reported.v1")) == SIZE
    assert log.page(-1, 100, type="patient.screened.v1") == []


def test_a_page_may_be_narrowed_by_all_three(log: SqliteStore) -> None:
    found = log.page(-1, 100, type="patient.adverse-event-reported.v1", stream="patient/002", actor="maria")
    assert [each.position for each in found] == [2, 8, 14]


def test_a_stream_is_read_whole_or_as_it_was_at_a_size_of_the_log(log: SqliteStore) -> None:
    assert [each.position for each in log.stream("patient/002")] == [2, 5, 8, 11, 14, 17]
    assert [each.position for each in log.stream("patient/002", until=8)] == [2, 5]
    assert [each.position for each in log.stream("patient/002", until=9)] == [2, 5, 8]
    assert log.stream("patient/999") == []


@settings(deadline=None)
@given(microseconds=st.integers(-2_000_000, (SIZE + 2) * 1_000_000))
def test_an_instant_has_the_events_that_were_recorded_at_or_before_it(log: SqliteStore, microseconds: int) -> None:
    instant = NOON + timedelta(microseconds=microseconds)
    assert log.positions_until(instant) == sum(each.recorded_at <= instant for each in records(0, SIZE))


def test_texts_are_found_by_their_commitments(store: SqliteStore) -> None:
    texts = [sealed(f"text {number}") for number in range(3)]
    append(store, *(narrated(position, text) for position, text in enumerate(texts)), texts=texts)
    wanted = [texts[0].commitment, texts[2].commitment, "00" * 32]
    assert {each.commitment for each in store.kept_texts(wanted)} == {texts[0].commitment, texts[2].commitment}
    assert opened(store, texts[2].commitment) == "text 2"
    assert opened(store, "00" * 32) is None
    assert store.kept_texts([]) == []


def test_many_threads_read_while_one_batch_is_being_written(path: Path) -> None:
    with filled(path, 60) as store, ThreadPoolExecutor(16) as threads, store.appending() as batch:
        batch.save(records(60, 70), (), (), ())
        found = threads.map(lambda position: store.record(position % 60).position, range(200))
        assert list(found) == [position % 60 for position in range(200)]
