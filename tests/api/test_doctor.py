"""What the doctor finds, and with which exit code it says so; and where each setting comes from."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api import doctor
from api.auth import add_account
from api.cli import run
from api.cli_config import MASK
from api.doctor import Finding
from api.doctor_database import database, durable, standby
from api.doctor_trials import trials
from api.settings import Settings
from ledger.decisions import setup
from ledger.record import Asked
from ledger.shelf import Shelf
from ledger.store.backup import backup, restore_until
from ledger.submission import Submission, command_id
from tests.api.served import certificate
from tests.bench import SPONSOR
from tests.postgres import Cluster

TRIAL = "NCT07256210"
Told = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory as it should be: closed to others, an account, the keys apart, one trial whose head is signed."""
    directory = tmp_path / "var"
    directory.mkdir(mode=0o700)
    monkeypatch.setenv("LEDGER_DIRECTORY", str(directory))
    monkeypatch.setenv("LEDGER_KEYS_DIRECTORY", str(tmp_path / "keys"))
    add_account(directory / "accounts.jsonl", id="vera", role="medical_monitor")
    shelf = Shelf(directory, keys=tmp_path / "keys")
    command = setup.RegisterTrial(trial_id=TRIAL, title="T", sponsor="S", origin="test.example/nct", training=False)
    shelf.register(Submission(command, Asked(SPONSOR, command_id("vera", "key-0001")), "hash"))
    signed(shelf)
    shelf.close()
    return tmp_path


def signed(shelf: Shelf) -> None:
    with shelf.using(TRIAL):
        notary = shelf.notary(TRIAL)
        assert notary is not None
        assert notary.round() is not None


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Ask with --json: the exit code, and the states by what they are about."""

    def asks() -> tuple[int, dict[str, Any]]:
        code = run(["doctor", "--json"])
        said = json.loads(capsys.readouterr().out)
        return code, {each["about"]: each for each in said["findings"]}

    return asks


def test_an_installation_as_it_should_be_has_nothing_wrong(installation: Path, told: Told) -> None:
    code, found = told()
    assert code == 0
    assert [each for each in found.values() if each["state"] == "wrong"] == []
    assert {"SQLite", "durability", "disk", "clock", "time service", "free disk", "keys", "accounts"} < set(found)
    assert found["durability"]["says"] == "WAL with synchronous=FULL, read back"
    assert found[f"trial {TRIAL}"]["says"] == "3 events, 3 of them under the head that was signed last"
    assert sorted(path.name for path in (installation / "var").glob(".doctor*")) == []


def test_it_reads_as_a_table_for_people(installation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "good  durability" in out
    assert str(installation / "keys")[:20] in out


def test_an_old_copy_put_in_the_ledgers_place_is_wrong(installation: Path, told: Told) -> None:
    path, old = installation / "var" / f"{TRIAL}.ledger", installation / "old"
    backup(path, old)
    shelf = Shelf(installation / "var", keys=installation / "keys")
    with shelf.using(TRIAL) as ledger:
        asked = Asked(SPONSOR, command_id("vera", "key-0002"))
        ledger.submit(Submission(setup.OpenSite(site="NDGOI", utc_offset="+03:00"), asked, "hash"))
    signed(shelf)
    shelf.close()
    assert told()[0] == 0
    path.unlink()
    old.rename(path)
    code, found = told()
    assert code == 1
    assert "a head of 4 events was signed, and this log of 3 does not continue it" in found[f"trial {TRIAL}"]["says"]


def test_a_log_that_waits_for_its_recovery_is_wrong(installation: Path, told: Told) -> None:
    path, whole = installation / "var" / f"{TRIAL}.ledger", installation / "whole"
    path.rename(whole)
    restore_until(whole, path, 2)
    code, found = told()
    assert code == 1
    assert "2 events were restored, of a log of 3" in found[f"trial {TRIAL}"]["says"]


def test_a_file_that_is_no_ledger_is_wrong(installation: Path, told: Told) -> None:
    (installation / "var" / "OTHER.ledger").write_bytes(b"mine")
    code, found = told()
    assert (code, found["trial OTHER"]["state"]) == (1, "wrong")


@pytest.mark.parametrize("name", ["var", "keys", f"keys/{TRIAL}.key", "var/accounts.jsonl"])
def test_what_others_may_read_is_wrong(installation: Path, told: Told, name: str) -> None:
    (installation / name).chmod(0o755)
    code, found = told()
    assert code == 1
    assert any(each["state"] == "wrong" and str(installation / name) in each["says"] for each in found.values())


def test_a_key_that_is_somewhere_else_wants_a_look(installation: Path, told: Told) -> None:
    (installation / "keys" / f"{TRIAL}.key").unlink()
    code, found = told()
    assert (code, found[f"trial {TRIAL}"]["state"]) == (0, "attention")


def test_accounts_that_cannot_be_read_are_wrong(installation: Path, told: Told) -> None:
    (installation / "var" / "accounts.jsonl").write_text("{")
    assert told()[0] == 1


@pytest.mark.usefixtures("installation")
def test_an_event_ahead_of_the_clock_is_wrong() -> None:
    settings = Settings()
    (earlier,) = trials(settings, datetime(2020, 1, 1, tzinfo=UTC))
    assert earlier.state == "wrong"
    assert "ahead of the clock" in earlier.says


def test_a_directory_that_is_not_there_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: Told) -> None:
    monkeypatch.setenv("LEDGER_DIRECTORY", str(tmp_path / "nowhere"))
    code, found = told()
    assert (code, found["directory"]["state"]) == (1, "wrong")


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        (doctor.sqlite_version((3, 40, 1)), "attention"),
        (doctor.sqlite_version((3, 7, 0)), "attention"),
        (doctor.sqlite_version((3, 51, 2)), "attention"),
        (doctor.sqlite_version((3, 51, 3)), "good"),
        (doctor.sqlite_version((3, 6, 23)), "good"),
        (doctor.disk_rate(500, 0.01), "good"),
        (doctor.disk_rate(5, 1.0), "attention"),
        (doctor.disk_rate(1e6, 1e-6), "attention"),
        (doctor.clocks(timedelta(seconds=1), timedelta(seconds=1.01)), "good"),
        (doctor.clocks(timedelta(hours=1), timedelta(seconds=1)), "wrong"),
        (doctor.clocks(timedelta(hours=-1), timedelta(seconds=1)), "wrong"),
        (doctor.time_state(0), "good"),
        (doctor.time_state(5), "attention"),
        (doctor.time_state(-1), "attention"),
        (doctor.free_disk(Path("/"), 1 << 40), "good"),
        (doctor.free_disk(Path("/"), 1 << 30), "attention"),
        (doctor.free_disk(Path("/"), 1 << 20), "wrong"),
        (doctor.open_files(1000, 1024), "attention"),
        (doctor.open_files(1000, 65536), "good"),
    ],
)
def test_how_a_figure_is_judged(finding: Finding, state: str) -> None:
    assert finding.state == state


@pytest.mark.parametrize(("days", "state"), [(-200, "wrong"), (-2, "wrong"), (0, "attention"), (2, "wrong")])
def test_a_certificate_is_looked_at_before_it_ends(tmp_path: Path, days: int, state: str) -> None:
    cert, key = certificate(tmp_path)
    settings = Settings(directory=tmp_path, tls_cert=cert, tls_key=key)
    assert doctor.certificate(settings, datetime.now(UTC) + timedelta(days=days)).state == state


def test_a_certificate_that_cannot_be_read_is_wrong(tmp_path: Path) -> None:
    settings = Settings(directory=tmp_path, tls_cert=tmp_path / "no.pem", tls_key=tmp_path / "no.key")
    assert doctor.certificate(settings, datetime.now(UTC)).state == "wrong"


ALL_WELL = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "remote_apply",
    "synchronous_standby_names": "b",
    "data_checksums": "on",
}
B = (("b", "streaming", "sync"),)


@pytest.mark.parametrize(
    ("changed", "standbys", "states"),
    [
        ({}, B, ["good", "good"]),
        ({"fsync": "off"}, B, ["wrong", "good"]),
        ({"full_page_writes": "off"}, B, ["wrong", "good"]),
        ({"data_checksums": "off"}, B, ["good", "attention", "good"]),
        ({"synchronous_standby_names": ""}, (), ["good", "attention"]),
        ({"synchronous_commit": "local"}, B, ["good", "wrong"]),
        ({}, (), ["good", "wrong"]),
        ({}, (("c", "streaming", "async"),), ["good", "wrong"]),
    ],
)
def test_how_a_database_is_judged(changed: dict[str, str], standbys: Any, states: list[str]) -> None:
    told = {**ALL_WELL, **changed}
    assert [each.state for each in (*durable(told), standby(told, standbys))] == states


@pytest.mark.slow
def test_a_database_is_asked_as_the_role_that_serves(cluster: Cluster) -> None:
    found = {each.about: each for each in database(cluster.service_url)}
    assert found["database"].state == "good"
    assert found["database role"].state == "good"
    assert {"database durability", "standby"} < set(found)


def test_a_database_that_is_not_there_is_wrong_and_its_url_is_not_told() -> None:
    (found,) = database("postgresql://service:swordfish@127.0.0.1:1/none")
    assert found.state == "wrong"
    assert "swordfish" not in found.says


def settings_shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, tuple[Any, str]]:
    assert run(["config", "show", "--json", *arguments]) == 0
    text = capsys.readouterr().out
    return {row["setting"]: (row["value"], row["origin"]) for row in json.loads(text)["settings"]}


def test_a_setting_comes_from_an_argument_a_file_the_environment_or_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "token"
    secret.write_text("open sesame\n")
    for name, text in {"PORT": "81", "METRICS_TOKEN_FILE": str(secret), "TLS_KEY_PASSWORD": "swordfish"}.items():
        monkeypatch.setenv(f"LEDGER_{name}", text)
    found = settings_shown(capsys, "--host", "0.0.0.0")  # noqa: S104 - shown, not listened on
    assert found["host"] == ("0.0.0.0", "argument")  # noqa: S104
    assert found["port"] == (81, "environment, LEDGER_PORT")
    assert found["metrics_token"] == (MASK, f"file, {secret}")
    assert found["tls_key_password"] == (MASK, "environment, LEDGER_TLS_KEY_PASSWORD")
    assert found["page_limit"] == (100, "default")
    assert Settings().metrics_token is not None
    assert settings_shown(capsys, "--port", "82")["port"] == (82, "argument")


def test_every_setting_is_shown_and_no_secret_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEDGER_METRICS_TOKEN", "open sesame")
    assert set(settings_shown(capsys)) == set(Settings.model_fields)
    for arguments in (["config", "show"], ["config", "show", "--json"]):
        assert run(arguments) == 0
        assert "sesame" not in capsys.readouterr().out
    assert "sesame" not in repr(Settings())


def test_only_a_secret_is_read_from_a_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LEDGER_PORT_FILE", os.devnull)
    assert run(["config", "show"]) == 3
    assert "no such setting: LEDGER_PORT_FILE" in capsys.readouterr().err


def test_a_certificate_goes_with_its_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LEDGER_TLS_CERT", "server.pem")
    assert run(["config", "show"]) == 3
    assert "tls_cert and tls_key go together" in capsys.readouterr().err
