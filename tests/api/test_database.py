"""Two servers on the trials of one database, and the command line beside them."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.access import Caller as Rights
from api.app import create_app
from api.auth import Account
from api.cli import run
from api.cli_config import MASK
from api.reading import Reading
from api.routes.reading_log import _live
from ledger.application import TrialLedger
from ledger.record import Actor
from ledger.store.postgres.database import make_trial
from ledger.types import Role
from projections.base import digest
from tests.api.place import TRIAL, Caller, Place
from tests.api.story import Story, begin
from tests.postgres import SERVICE, Cluster
from tests.store.places import a_new_name

pytestmark = pytest.mark.slow

Said = Callable[..., tuple[int, str, str]]
SCREENED = {"number": "001", "site": "NDGOI", "birth_year_month": "2016-03", "sex": "female"}


@pytest.fixture
def urls(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """The trial of the story has one name, so that each test has a database for itself."""
    with cluster.database(a_new_name().lower()) as made:
        yield made


@pytest.fixture
def place(urls: tuple[str, str], tmp_path: Path) -> Iterator[Place]:
    owner_url, service_url = urls
    make_trial(owner_url, TRIAL, SERVICE)
    made = Place(tmp_path, database_url=service_url, evidence=True)
    yield made
    made.stop()


@pytest.fixture
def story(place: Place) -> Story:
    return begin(place)


@pytest.fixture
def elsewhere(place: Place) -> Iterator[Callable[[Role], Caller]]:
    """Another server on the same database: who calls it, by role."""
    shared = {"accounts_path": place.settings.accounts, "keys_directory": place.settings.keys_place}
    settings = place.settings.model_copy(update={**shared, "directory": place.directory / "elsewhere"})
    with TestClient(create_app(settings), raise_server_exceptions=False) as http:
        yield lambda role: Caller(http, place.tokens[role], f"{role}-elsewhere")


def opened(caller: Caller) -> TrialLedger:
    ledger: TrialLedger = caller.http.app.state.service.opened(TRIAL)  # type: ignore[attr-defined]
    return ledger


def test_a_trial_is_begun_in_its_schema_and_both_servers_write_it(
    story: Story, elsewhere: Callable[[Role], Caller]
) -> None:
    there = elsewhere("investigator")
    written = there.post("/patients", SCREENED)
    assert written.status_code == 201, written.text
    position = written.json()["positions"][-1]
    here = story.place.by("investigator")
    assert here.get("/patients/001", at_least=position).status_code == 200
    assert here.post("/patients", SCREENED).status_code == 200, "on record already, whoever is asked"
    mine, theirs = opened(here).world, opened(there).world
    assert mine.size == theirs.size
    assert digest(mine) == digest(theirs)


def test_a_read_waits_for_what_another_server_acknowledged(story: Story, elsewhere: Callable[[Role], Caller]) -> None:
    there = elsewhere("investigator")
    assert there.get("/patients").json() is not None
    for turn in range(5):
        body = {**SCREENED, "number": f"{turn + 1:03}"}
        position = story.place.by("investigator").post("/patients", body).json()["positions"][-1]
        assert there.get(f"/patients/{turn + 1:03}", at_least=position).status_code == 200


def test_a_version_that_another_server_moved_on_is_overtaken(story: Story, elsewhere: Callable[[Role], Caller]) -> None:
    here, there = story.place.by("investigator"), elsewhere("investigator")
    here.post("/patients", SCREENED)
    tag = here.get("/patients/001").headers["etag"]
    report = {"term": "Fever", "serious": False, "onset_at": "2026-01-12T06:00:00Z"}
    assert there.post("/patients/001/adverse-events", report).status_code == 201
    late = here.post("/patients/001/adverse-events", {**report, "term": "Chills"}, headers={"If-Match": tag})
    assert late.status_code == 412


def test_the_stream_of_one_server_tells_what_another_appends(story: Story, elsewhere: Callable[[Role], Caller]) -> None:
    ledger, here = opened(elsewhere("inspector")), story.place.by("investigator")
    account = Account(id="irina", client="irina", role="inspector", token_sha256="00" * 32)
    rights = Rights(account, Actor("irina", "inspector", None, "test"), frozenset({"R"}))
    reading = Reading(rights, ledger, ledger.world, ledger.clock(), head=True)

    async def hear() -> list[str | None]:
        live = _live(reading, ledger.world.size - 1, lambda _: None)
        first = asyncio.ensure_future(anext(live))
        for turn in range(3):
            body = {**SCREENED, "number": f"{turn + 1:03}"}
            await asyncio.to_thread(here.post, "/patients", body)
        heard = [await asyncio.wait_for(first, 60)]
        heard += [await asyncio.wait_for(anext(live), 60) for _ in range(2)]
        return [each.id for each in heard]

    size = ledger.world.size
    assert asyncio.run(hear()) == [str(size + turn) for turn in range(3)]


def test_heads_are_signed_and_receipts_given_by_either_server(
    story: Story, elsewhere: Callable[[Role], Caller]
) -> None:
    story.place.by("investigator").post("/patients", SCREENED)
    position = story.place.size - 1
    for inspector in (story.place.by("inspector"), elsewhere("inspector")):
        receipt = inspector.get(f"/evidence/receipts/{position}", wait=5)
        assert receipt.status_code == 200, receipt.text


def test_a_trial_whose_schema_was_not_made_is_not_begun(place: Place) -> None:
    body = {"trial_id": "OTHER", "title": "T", "sponsor": "S", "origin": "test.example/other", "training": True}
    answer = place.by("medical_monitor").post("/v1/trials", body)
    assert (answer.status_code, answer.json()["rule_id"]) == (409, "store-not-prepared")


def test_the_server_is_ready_while_the_database_can_be_reached(story: Story) -> None:
    assert story.place.http.get("/readyz").json() == {"status": "ready", "trials": 1}


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command line: exit code, standard output, standard error."""

    def runs(*arguments: str | Path) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        heard = capsys.readouterr()
        return code, heard.out, heard.err

    return runs


@pytest.fixture
def set_up(urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("LEDGER_DATABASE_URL", urls[1])
    monkeypatch.setenv("TRIAL_LEDGER_MIGRATION_URL", urls[0])


@pytest.mark.usefixtures("set_up")
def test_a_trial_is_made_listed_and_made_once(said: Said) -> None:
    assert json.loads(said("trial", "list", "--json")[1]) == {"trials": []}
    code, out, _ = said("trial", "create", TRIAL, "--json")
    assert (code, json.loads(out)["service_role"]) == (0, SERVICE)
    assert json.loads(said("trial", "list", "--json")[1]) == {"trials": [TRIAL]}
    assert said("trial", "create", TRIAL)[0] == 1
    assert said("trial", "create", 'x"; DROP SCHEMA public')[0] == 2


@pytest.mark.usefixtures("set_up")
def test_the_url_of_the_database_is_not_shown(said: Said) -> None:
    settings = {row["setting"]: row["value"] for row in json.loads(said("config", "show", "--json")[1])["settings"]}
    assert settings["database_url"] == MASK


def said_of(said: Said, *arguments: Any) -> dict[str, Any]:
    code, out, err = said(*arguments, "--json")
    assert code == 0, err
    document: dict[str, Any] = json.loads(out)
    return document


@pytest.mark.usefixtures("set_up")
def test_a_trial_moves_to_a_file_and_back_and_every_command_says_the_same_of_it(
    story: Story, said: Said, urls: tuple[str, str], tmp_path: Path
) -> None:
    size = story.place.size
    file = tmp_path / "elsewhere" / "moved.ledger"
    file.parent.mkdir()
    story.place.stop()
    moved = said_of(said, "migrate", "--from", urls[1], "--to", file)
    assert (moved["trial"], moved["events"]) == (TRIAL, size)
    for command in ("replay", "rebuild"):
        assert said_of(said, command) == said_of(said, command, "--file", file)
    assert said("events", "--json")[1] == said("events", "--json", "--file", file)[1]
    assert said("migrate", "--from", file, "--to", urls[0], "--trial", TRIAL)[0] == 1, "it is there"
    back = said_of(said, "migrate", "--from", file, "--to", urls[0], "--trial", "BACK")
    assert (back["root"], back["events"]) == (moved["root"], size)
    assert said_of(said, "rebuild", "--trial", "BACK")["root"] == moved["root"]
    assert said("migrate", "--from", file, "--to", tmp_path / "third.ledger")[0] == 2
    assert said("backup", tmp_path / "copy.ledger", "--trial", TRIAL)[0] == 2, "of files only"
    story.place.start()


@pytest.mark.usefixtures("set_up")
def test_a_bundle_is_exported_from_the_database(story: Story, said: Said, tmp_path: Path) -> None:
    story.place.by("inspector").get(f"/evidence/receipts/{story.place.size - 1}", wait=5)
    bundle = tmp_path / "bundle.zip"
    assert said_of(said, "export", "bundle", bundle)["events"] == story.place.size
    policy = tmp_path / "policy"
    policy.write_text(said("export", "policy")[1])
    assert said("verify", "bundle", bundle, "--policy", policy)[0] == 0
