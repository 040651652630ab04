"""Rows of texts go by an event of the log, and by nothing else: what someone with the file tries without one fails."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.errors import Corrupt
from ledger.record import Record
from ledger.store.rows import KeptText, Removal, RemovedText
from ledger.store.sqlite import SqliteStore
from ledger.trial.privacy import TextErased
from tests.golden.samples import SAMPLES
from tests.store.builders import append, as_owner_of_the_file, kept, narrated, record, sealed

ONE, OTHER = sealed("Her mother called"), sealed("His father called")
ERASED, REDACTED = SAMPLES["trial.text-erased.v1"], SAMPLES["trial.text-redacted.v1"]


def on_record(like: Record, position: int, **data: object) -> Record:
    event = like.event.model_copy(update=data)
    return replace(
        like, event=event, position=position, stream_version=position, recorded_at=record(position).recorded_at
    )


ERASURE = on_record(ERASED, 2, subjects=("patient/000",))
REDACTION = on_record(REDACTED, 2, commitment=ONE.commitment)


def row(store: SqliteStore, commitment: str = ONE.commitment) -> KeptText:
    return store.kept_texts((commitment,))[0]


def gone(text: KeptText, how: Removal = "erased", position: int = 2) -> RemovedText:
    return RemovedText(text.commitment, text.subject, text.key_id, how, position)


def two_texts(path: Path, *more: Record) -> SqliteStore:
    store = SqliteStore.create(path)
    append(store, narrated(0, ONE), narrated(1, OTHER), texts=[ONE, OTHER])
    for each in more:
        append(store, each)
    return store


def remove(store: SqliteStore, *texts: RemovedText) -> None:
    with store.appending() as batch:
        batch.remove_texts(texts)


def test_an_erased_text_goes_with_its_event(path: Path) -> None:
    with SqliteStore.create(path) as store:
        append(store, narrated(0, ONE), texts=[ONE])
        with store.appending() as batch:
            event = on_record(ERASED, 1, subjects=("patient/000",))
            rows = kept([event], [])
            batch.save([event], rows)
            batch.remove_texts([gone(row(store), position=1)])
        assert store.kept_texts((ONE.commitment,)) == []
        assert store.removed_texts((ONE.commitment,))[0].how == "erased"
        assert store.destroyed_keys() == [("patient/000", "0123456789abcdef")]
        store.verify()


def test_a_redacted_text_goes_alone_and_its_key_stays(path: Path) -> None:
    with two_texts(path, REDACTION) as store:
        remove(store, gone(row(store), "redacted"))
        assert store.kept_texts((ONE.commitment,)) == []
        assert store.kept_texts((OTHER.commitment,)) != []
        assert store.destroyed_keys() == []
        store.verify()


@pytest.mark.parametrize(
    "event",
    [
        record(2),
        on_record(ERASED, 2, subjects=("patient/001",)),
        on_record(REDACTED, 2, commitment=OTHER.commitment),
    ],
    ids=["no such event", "another subject's erasure", "another text's redaction"],
)
@pytest.mark.parametrize("how", ["erased", "redacted"])
def test_no_text_goes_by_an_event_that_does_not_say_so(path: Path, event: Record, how: Removal) -> None:
    with two_texts(path, event) as store:
        with pytest.raises(Corrupt, match="no event says so"):
            remove(store, gone(row(store), how))
        assert row(store).commitment == ONE.commitment


def test_no_text_goes_by_an_event_of_the_future_or_before_it(path: Path) -> None:
    with two_texts(path, ERASURE) as store:
        for position in (0, 1, 3, 2**40):
            with pytest.raises(Corrupt, match="no event says so"):
                remove(store, gone(row(store), position=position))
        later = sealed("Called once more")
        append(store, narrated(3, later), texts=[later])
        with pytest.raises(Corrupt, match="no event says so"):
            remove(store, gone(row(store, later.commitment)))


def test_an_erasure_is_no_redaction(path: Path) -> None:
    with two_texts(path, ERASURE) as store, pytest.raises(Corrupt, match="no event says so"):
        remove(store, gone(row(store), "redacted"))


def test_with_an_event_on_record_no_text_is_deleted_by_hand(path: Path) -> None:
    """The row of `removed_texts` comes first, and says which event it was."""
    with two_texts(path, ERASURE), closing(sqlite3.connect(path)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute("DELETE FROM texts")
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute("UPDATE texts SET position = 9")


def test_of_a_removed_text_only_its_own_row_may_go(path: Path) -> None:
    with two_texts(path, REDACTION) as store:
        remove(store, gone(row(store), "redacted"))
        with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute("DELETE FROM texts")


@pytest.mark.parametrize("how", ["erased", "redacted"])
def test_a_removal_that_was_forged_past_the_triggers_is_found(path: Path, how: str) -> None:
    two_texts(path, record(2)).close()
    with as_owner_of_the_file(path) as connection:
        values = (ONE.commitment, "patient/000", "0123456789abcdef", how, 2)
        connection.execute("INSERT INTO removed_texts VALUES (?, ?, ?, ?, ?)", values)
        connection.execute("DELETE FROM texts WHERE commitment = ?", (ONE.commitment,))
    with pytest.raises(Corrupt, match="position 2: no event there removes a text"):
        SqliteStore.open(path)


def test_a_text_that_was_put_back_is_found(path: Path) -> None:
    with two_texts(path, REDACTION) as store:
        before = row(store)
        remove(store, gone(before, "redacted"))
    with as_owner_of_the_file(path) as connection:
        values = (before.commitment, before.subject, before.key_id, before.nonce, before.sealed, before.position)
        connection.execute("INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?)", values)
    with pytest.raises(Corrupt, match="position 2"):
        SqliteStore.open(path)


def test_nothing_of_a_removed_row_is_left_in_the_file_or_its_log(path: Path) -> None:
    with two_texts(path, ERASURE) as store:
        before = [row(store, each.commitment) for each in (ONE, OTHER)]
        remove(store, *map(gone, before))
        store.forget_pages()
        for file in path.parent.iterdir():
            assert not any(each.sealed in file.read_bytes() for each in before), file.name
    assert isinstance(ERASURE.event, TextErased)
