"""A ledger of format 1, whose texts stood in clear, becomes one of the present format: equal leaves, an equal root."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from api.chaos.format_1 import as_format_1
from api.cli import run
from ledger.errors import Corrupt
from ledger.keyring import Keyring
from ledger.record import Record
from ledger.store.errors import AlreadyThere, OlderFormat
from ledger.store.rows import Answer, KeptText
from ledger.store.sqlite import SqliteStore
from ledger.store.texts import SealedText
from ledger.store.upgrade import upgrade
from ledger.texts import Texts
from tests.store.builders import KEY, append, filled, kept, narrated, record, records, sealed

ONE, OTHER = sealed("Her mother called at 14:00"), sealed("His father called")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A ledger of format 1 with 300 events and two texts."""
    before = tmp_path / "before"
    before.mkdir()
    with filled(before / "trial.ledger", 298) as store:
        append(store, narrated(298, ONE), narrated(299, OTHER))
    path = tmp_path / "trial.ledger"
    as_format_1(before / "trial.ledger", [(ONE, 298), (OTHER, 299)], path)
    for file in before.iterdir():
        file.unlink()
    return path


@pytest.fixture
def kept_as(tmp_path: Path) -> Path:
    return tmp_path / "kept.ledger"


def lock(text: SealedText, found: Record) -> KeptText:
    return kept([found], [text])[0]


def test_an_older_file_is_not_opened_and_says_what_to_do(old: Path) -> None:
    for read_only in (True, False):
        with pytest.raises(OlderFormat, match="format 1"):
            SqliteStore.open(old, read_only=read_only)


def test_the_upgraded_ledger_has_the_same_leaves_and_goes_on(old: Path, kept_as: Path) -> None:
    before = old.read_bytes()
    assert upgrade(old, kept_as, lock) == 2
    with SqliteStore.open(old) as store:
        assert store.size == 300
        assert list(store.records(0, 298)) == records(0, 298)
        assert store.answer(f"{7:032x}") == Answer(f"{7:032x}", "ab" * 32, "appended", 7, 7)
        assert {each.commitment for each in store.texts_about((KEY.subject,))} == {ONE.commitment, OTHER.commitment}
        append(store, record(300))
    assert kept_as.read_bytes() == before


def test_nothing_of_a_text_stands_in_clear_in_the_new_file(old: Path, kept_as: Path) -> None:
    assert b"Her mother" in old.read_bytes()
    upgrade(old, kept_as, lock)
    assert b"Her mother" in kept_as.read_bytes()
    for path in old.parent.glob(f"{old.name}*"):
        assert b"mother" not in path.read_bytes()


def is_as_it_was(old: Path, kept_as: Path) -> bool:
    """Whether nothing of an upgrade is there."""
    with pytest.raises(OlderFormat):
        SqliteStore.open(old)
    return not kept_as.exists() and not list(old.parent.glob("*.partial*"))


def test_a_text_that_was_exchanged_in_the_old_file_is_not_carried_over(old: Path, kept_as: Path) -> None:
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE texts SET text = 'another' WHERE position = 299")
    with pytest.raises(Corrupt, match="position 299"):
        upgrade(old, kept_as, lock)
    assert is_as_it_was(old, kept_as)


def test_an_old_leaf_that_was_altered_is_found_before_the_new_file_has_its_name(old: Path, kept_as: Path) -> None:
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE events SET state = zeroblob(400) WHERE notification_id = 8")
    with pytest.raises(Corrupt, match="position 7"):
        upgrade(old, kept_as, lock)
    assert is_as_it_was(old, kept_as)


def test_nothing_is_written_over(old: Path, kept_as: Path) -> None:
    kept_as.write_text("mine")
    with pytest.raises(AlreadyThere):
        upgrade(old, kept_as, lock)
    assert kept_as.read_text() == "mine"


def test_a_file_of_the_present_format_is_not_upgraded(tmp_path: Path, kept_as: Path) -> None:
    filled(tmp_path / "trial.ledger", 3).close()
    with pytest.raises(Corrupt, match="format 1"):
        upgrade(tmp_path / "trial.ledger", kept_as, lock)


def test_what_was_interrupted_between_its_two_names_is_run_again(old: Path, kept_as: Path) -> None:
    kept_as.hardlink_to(old)
    old.with_name(f"{old.name}.partial").write_text("half of something")
    assert upgrade(old, kept_as, lock) == 2
    SqliteStore.open(old).close()


def test_the_command_upgrades_in_place_and_keeps_the_old_file_under_another_name(old: Path) -> None:
    assert run(["upgrade", "--file", str(old)]) == 0
    assert old.with_name("trial.ledger.format-1").exists()
    with SqliteStore.open(old) as store:
        texts = Texts(store, Keyring.beside(old))
        assert texts.text(ONE.commitment) == ONE.text
        assert {each.subject for each in store.texts_until(300)} == {"patient/001", "patient/002"}
    assert run(["vault", "status", "--file", str(old)]) == 0
    assert run(["upgrade", "--file", str(old)]) == 1
