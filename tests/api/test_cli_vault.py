"""The keys of the texts on the command line, and where a server finds them."""

import base64
import json
from pathlib import Path

import pytest

from api.cli import run
from ledger.keyring import Keyring, OuterKey, write_outer_key
from ledger.store.sqlite import SqliteStore
from ledger.texts import Texts
from tests.api.place import TRIAL, Place
from tests.api.story import Story, begin


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a trial with texts, whose server has stopped."""
    place = Place(tmp_path)
    begin(place)
    place.stop()
    monkeypatch.setenv("LEDGER_DIRECTORY", str(tmp_path))
    return tmp_path


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    capsys.readouterr()
    assert run(["vault", "status", "--json"]) == 0
    found: dict[str, int] = json.loads(capsys.readouterr().out)
    return found


def test_the_status_counts_what_can_be_read_here(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = counted(capsys)
    assert before["kept"] == before["readable_here"] > 0
    assert (before["erased"], before["redacted"]) == (0, 0)
    (kept / "keys" / "vault.key").unlink()
    assert counted(capsys) == {**before, "readable_here": 0}


def test_a_rotated_outer_key_opens_what_the_old_one_opened_and_the_old_one_nothing(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = (kept / "keys" / "vault.key").read_text()
    before = counted(capsys)
    assert run(["vault", "rotate"]) == 0
    assert (kept / "keys" / "vault.key").read_text() != old
    assert counted(capsys) == before
    with SqliteStore.open(kept / f"{TRIAL}.ledger", read_only=True) as store:
        texts = Texts(store, Keyring(kept / "keys", OuterKey.parse(old)))
        assert texts.counted()["readable_here"] == 0


def test_an_outer_key_elsewhere_is_rotated_into_a_file_that_the_settings_then_name(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = counted(capsys)
    (kept / "keys" / "vault.key").rename(tmp_path / "outer")
    monkeypatch.setenv("LEDGER_VAULT_KEY_FILE", str(tmp_path / "outer"))
    assert counted(capsys) == before
    assert run(["vault", "rotate"]) == 2
    assert run(["vault", "rotate", "--to", str(tmp_path / "next")]) == 0
    assert counted(capsys)["readable_here"] == 0
    monkeypatch.setenv("LEDGER_VAULT_KEY_FILE", str(tmp_path / "next"))
    assert counted(capsys) == before


def test_the_outer_key_may_come_from_the_environment_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = base64.b64encode(bytes(range(32))).decode()
    monkeypatch.setenv("LEDGER_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("LEDGER_VAULT_KEY", secret)
    place = Place(tmp_path)
    begin(place)
    place.stop()
    assert not (tmp_path / "keys" / "vault.key").exists()
    assert counted(capsys)["readable_here"] > 0
    assert run(["config", "show"]) == 0
    assert secret not in capsys.readouterr().out


def test_an_outer_key_is_not_rotated_under_a_running_server(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_DIRECTORY", str(story.place.directory))
    assert run(["vault", "rotate"]) == 3


def test_a_server_whose_outer_key_is_gone_takes_what_brings_no_text(story: Story) -> None:
    place = story.place
    story.tell("screen_patient", "coordinator")
    place.stop()
    (place.directory / "keys" / "vault.key").unlink()
    place.start()
    report = {"term": "Fever", "serious": False, "onset_at": "2026-01-12T08:00:00+03:00"}
    nurse, path = place.by("coordinator"), "/patients/001/adverse-events"
    with_text = nurse.post(path, {**report, "narrative": "She called"}, key="late-0001")
    assert (with_text.status_code, with_text.json()["rule_id"]) == (503, "vault-locked")
    assert nurse.post(path, report, key="late-0002").status_code == 201
    assert "[not readable here]" in place.by("inspector").get("/audit-trail", limit=1000).text


def test_a_bundle_says_how_many_texts_it_could_not_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path, evidence=True)
    begin(place)
    place.by("inspector").get(f"/evidence/receipts/{place.size - 1}", wait="5")
    place.stop()
    write_outer_key(tmp_path / "another")
    monkeypatch.setenv("LEDGER_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("LEDGER_VAULT_KEY_FILE", str(tmp_path / "another"))
    capsys.readouterr()
    assert run(["export", "bundle", str(tmp_path / "bundle.zip"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["texts_not_readable_here"] > 0
