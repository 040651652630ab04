"""The command line on accounts: passwords, second factors, links, secrets. What is secret is printed once, or read."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from api.identity.credentials import Credentials, read_credentials
from tests.api.people import Ward
from tests.api.place import PASSWORD, Caller, Place


@pytest.fixture
def ward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ward:
    """A server, and a command line on the same files."""
    place = Place(tmp_path / "place")
    monkeypatch.setenv("LEDGER_DIRECTORY", str(place.directory))
    monkeypatch.setenv("LEDGER_ARGON2_MEMORY_KIB", "8")
    monkeypatch.setenv("LEDGER_ARGON2_PASSES", "1")
    return Ward(place)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command: what it printed as JSON, or its exit code."""

    def runs(*arguments: str) -> Any:
        code = run([*arguments, "--json"])
        heard = capsys.readouterr()
        return json.loads(heard.out) if code == 0 else code

    return runs


def kept(ward: Ward, id: str) -> Credentials:
    return read_credentials(ward.place.settings.credentials)[id]


def test_a_person_gets_an_account_and_makes_it_her_own(ward: Ward, said: Any) -> None:
    made = said("account", "add", "nova", "--role", "investigator", "--site", "NDGOI", "--password")
    first = made["password_for_one_log_in"]
    assert "token" not in made
    assert first not in ward.place.settings.credentials.read_text()
    answer = ward.log_in("nova", first).json()
    assert answer["must"] == "password-change-due"
    assert answer["told"][0]["did"] == "password-set"
    nova = Caller(ward.place.http, answer["token"], "nova")
    assert nova.post("/v1/password", {"password": first, "new_password": PASSWORD}).status_code == 204
    assert not kept(ward, "nova").signing_suspended
    assert ward.log_in("nova").status_code == 201


def test_a_password_is_read_from_standard_input_and_held_to_the_rules(
    ward: Ward, said: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text, taken in (("too short\n", False), (f"{PASSWORD}\n", True)):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        assert (said("account", "password", "maria", "--password-file", "-") != 2) == taken
    assert ward.log_in("maria").json()["must"] == "password-change-due"
    assert kept(ward, "maria").signing_suspended


def test_a_password_is_read_from_a_file(ward: Ward, said: Any, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    assert said("account", "password", "maria", "--password-file", str(tmp_path / "password"))["id"] == "maria"
    assert ward.log_in("maria").status_code == 201


def test_an_id_that_had_an_account_gets_no_new_one_by_a_password(ward: Ward, said: Any) -> None:
    """Whoever gives the id of somebody with a delegation a password does not sign as that person."""
    assert said("account", "revoke", "maria")["revoked"] == 1
    assert said("account", "add", "maria", "--role", "principal_investigator", "--site", "NDGOI", "--password") != 1
    assert kept(ward, "maria").signing_suspended


def test_the_second_factor_is_taken_and_the_account_unlocked(ward: Ward, said: Any) -> None:
    said("account", "password", "maria")
    assert said("account", "otp", "maria")["done"] == "second factor taken"
    assert kept(ward, "maria").otp_secret is None
    for _ in range(5):
        assert ward.log_in("maria").status_code == 401
        ward.later(seconds=60)
    assert kept(ward, "maria").locked_at is not None
    assert "locked out" in listed(said)["maria"]["marks"]
    assert said("account", "unlock", "maria")["done"] == "unlocked"
    assert kept(ward, "maria").locked_at is None


def test_a_retired_account_stays_on_the_list(ward: Ward, said: Any) -> None:
    """11.100(a)"""
    assert said("account", "retire", "maria")["retired"] == 1
    assert said("account", "retire", "maria") == 1
    assert said("account", "add", "maria", "--role", "coordinator") == 1
    assert said("account", "password", "maria") == 1
    assert listed(said)["maria"]["marks"] == ["retired"]
    assert ward.place.by("principal_investigator").get("/v1/trials").status_code == 401


@pytest.mark.usefixtures("ward")
def test_the_list_says_by_what_everybody_proves_himself_and_not_the_thing_itself(said: Any) -> None:
    """11.300(b): whoever checks the accounts now and then reads this."""
    said("account", "password", "maria")
    made = said("account", "secret", "edc-ndgoi")["client_secret"]
    said("account", "link", "irina", "https://login.hospital.example", "irina@hospital")
    found = listed(said)
    assert found["maria"]["proves_itself_by"] == ["token", "password"]
    assert found["maria"]["marks"] == ["signs nothing"]
    assert found["edc-ndgoi"]["proves_itself_by"] == ["token", "secret"]
    assert found["irina"]["proves_itself_by"] == ["token", "provider"]
    assert made not in json.dumps(found)
    assert "$argon2" not in json.dumps(found)
    assert run(["account", "list"]) == 0


def listed(said: Any) -> dict[str, Any]:
    return {each["id"]: each for each in said("account", "list")["accounts"]}


def test_a_secret_that_is_printed_opens_the_door(ward: Ward, said: Any) -> None:
    made = said("account", "secret", "edc-ndgoi")
    form = {"grant_type": "client_credentials", "client_id": made["client_id"], "client_secret": made["client_secret"]}
    assert ward.place.http.post("/v1/oauth/token", data=form).status_code == 200
    assert made["client_secret"] not in ward.place.settings.credentials.read_text()
    assert said("account", "secret", "maria") == 2


@pytest.mark.usefixtures("ward")
def test_what_there_is_not_is_refused(said: Any) -> None:
    for command in ("password", "otp", "unlock", "secret"):
        assert said("account", command, "nobody") == 1
    assert said("account", "link", "nobody", "https://x", "y") == 1
    assert said("account", "link", "maria", "", "y") == 2
    assert said("account", "add", "x", "--role", "investigator", "--client", "y", "--password") == 2
