"""The demo and the example: a whole trial over HTTP, as a newcomer runs it."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from api.cli import run
from api.demo.client import Answer, Unexpected
from api.demo.run import STORIES
from api.demo.server import NoServer, running
from api.demo.stage import Stage
from ledger.installation_log import FILE
from ledger.store.sqlite import SqliteStore
from projections.base import digest, fold
from tests.api.digests import sizes
from tests.api.playing import Curl, Played, playing, walk

ROOT = Path(__file__).parents[2]
TRIAL = "DEMO-NCT07256210"
BEGINS = datetime(2026, 1, 12, 6, tzinfo=UTC)


def ran(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """A program of ours, in a process of its own."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
        check=False,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """The story of a trial."""
    with playing(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.mark.slow
def test_the_demo_ends_with_the_mtd(played: Played) -> None:
    found = ran("-m", "api.cli", "replay", "--file", played.directory / f"{TRIAL}.ledger", "--json")
    board = json.loads(found.stdout)["board"]
    assert board["notation"] == "1NTNNNN 2TT"
    assert board["mtd"] == 1
    assert board["end_state"]["code"] == "mtd"
    assert [(hold["level"], hold["automatic"]) for hold in board["holds"]] == [(2, True)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "promised",
    [
        "corrected, with the reason",
        "the same answer",
        "entered late",
        "409, rule G.4-5",
        "MTD: level 1",
        "The same, of the whole state",
        "rebuild, exit code 1",
        "the head of the batch is not that of its leaves",
    ],
)
def test_the_demo_shows_what_it_promises(played: Played, promised: str) -> None:
    assert promised in " ".join(played.text.split())


@pytest.mark.slow
def test_two_processes_gave_one_digest(played: Played) -> None:
    lines = [line.split() for line in played.text.splitlines() if line.endswith("…")]
    digests = [words[-1] for words in lines if words[:2] in (["the", "server,"], ["another", "process,"])]
    assert len(digests) == 2
    assert digests[0] == digests[1]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_position_has_one_digest_in_every_process_and_after_a_rebuild(played: Played) -> None:
    """The server's, over HTTP; those of a second process that follows the file record by record; and those of folds
    from the start. A digest is of the whole state: what one record brought is in all that follow, and so every position
    is looked at while the trial is small, and then every eleventh. `tests/projections/test_base.py` leaves none out."""
    (file,) = (each for each in played.directory.rglob("*.ledger") if each.name != FILE)
    followed = ran("-m", "tests.api.digests", file)
    digests = {int(size): digest_then for size, digest_then in map(str.split, followed.stdout.splitlines())}
    with SqliteStore.open(file, read_only=True) as store:
        records = list(store.records())
    assert sorted(digests) == sizes(len(records)), followed.stderr
    assert len(digests) > 150
    headers = {"Authorization": f"Bearer {played.variables['IRINA']}"}
    with httpx2.Client(headers=headers, timeout=60) as inspector:
        for size in sorted(digests)[1:]:
            answer = inspector.get(f"{played.variables['TRIAL']}/replay", params={"as_of_position": size - 1})
            assert answer.json()["digest"] == digests[size], size
    rebuilt = sorted(digests)[::9]
    assert [digest(fold(records[:size])) for size in rebuilt] == [digests[size] for size in rebuilt]


@pytest.mark.slow
def test_lines_have_no_blanks_at_their_end_where_no_terminal_reads(played: Played) -> None:
    assert [line for line in played.text.splitlines() if line != line.rstrip()] == []


def curls(page: str) -> list[Curl]:
    """Every request of a page, in its order, with continued lines joined."""
    text = re.sub(r" \\\n +", " ", (ROOT / page).read_text(encoding="utf-8"))
    text = re.sub(r"(-d '[^']*)\n +", r"\1 ", text)
    every = [line.split("  #")[0].strip() for line in text.splitlines()]
    alone = text.partition("### A member's whole path")[0] if page == "README.md" else text
    return [Curl(line, page) for line in every if line.startswith("curl ") and line in alone]


@pytest.mark.slow
@pytest.mark.parametrize("curl", [*curls("README.md"), *curls("docs/http.md"), *curls("docs/signatures.md")], ids=str)
def test_every_request_that_a_page_shows_is_answered_as_it_says(played: Played, curl: Curl) -> None:
    """All work but one: the page shows that this level is refused."""
    expected = {412, 409} if "dose-assignment" in curl.line else {200, 201}
    assert curl.send(played.variables) in expected


@pytest.mark.slow
def test_the_requests_that_the_demo_suggests_work(played: Played) -> None:
    assert [each.send(played.variables) for each in played.suggested()] == [200, 200, 200]


def path_of_a_member() -> list[str]:
    """The lines of the README's path, without what explains them."""
    path = (ROOT / "README.md").read_text(encoding="utf-8").split("### A member's whole path\n")[1]
    lines = [
        line.strip().split("    #")[0] for line in path.partition("\n## ")[0].splitlines() if line.startswith("    ")
    ]
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.slow
def test_a_members_whole_path_leads_from_an_account_to_a_signature_that_takes_effect(played: Played) -> None:
    *_, (_, board), (_, signatures) = walk(path_of_a_member(), played.variables)
    assert ("level", 1, "dose-decision") in [(each["scope"], each["level"], each["cause"]) for each in board["holds"]]
    (signature,) = signatures["items"]
    assert (signature["name"], signature["status"]) == ("Dr Oleg Panov", "valid")
    assert signature["meaning"] == "I agree with this dose decision on the dossier that I was shown"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dlts", "end"),
    [
        ("002,007,008", "MTD: level 1, after "),
        ("001,002", "MTD: level 0, after "),
        ("001,002,003,004", "stopped: P8"),
        ("nobody", "MTD not reached; RP2D: level 3, after "),
    ],
)
def test_the_example_client_runs_a_whole_trial_to_its_end(played: Played, dlts: str, end: str) -> None:
    url, client = played.variables["TRIAL"].partition("/v1/")[0], ROOT / "examples" / "edc_client.py"
    keys = ("--tokens", played.directory / "tokens.json", "--passwords", played.directory / "passwords.json")
    trial = f"EXAMPLE-{dlts.replace(',', '-')}"
    done = ran(client, "--url", url, *keys, "--trial", trial, "--dlts", dlts)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith(end)


def telling(monkeypatch: pytest.MonkeyPatch, play: Callable[[Stage, Path], object]) -> None:
    """Another play in the place of the escalation."""
    told = replace(STORIES["escalation"], play=play)
    monkeypatch.setattr("api.demo.run.STORIES", {"escalation": told})


@pytest.mark.slow
def test_the_demo_ends_with_its_story_where_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    telling(monkeypatch, lambda stage, _: stage.tell("nothing happens"))
    assert run(["demo", "--exit"]) == 0
    shown = capsys.readouterr().out
    assert "nothing happens" in shown
    assert "The server is yours" not in shown


@pytest.mark.slow
def test_the_demo_tells_where_it_stopped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    telling(monkeypatch, lambda stage, _: stage.board())
    assert run(["demo", "--exit"]) == 3
    assert "The demo stopped: lena: GET escalation: 404" in capsys.readouterr().err


@pytest.mark.slow
def test_the_demo_does_not_begin_in_a_directory_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "other.ledger").touch()
    done = ran("-m", "api.cli", "demo", "--exit", "--directory", tmp_path)
    assert done.returncode == 3
    assert "not empty" in done.stderr


def test_a_port_that_is_taken_is_not_taken_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(NoServer, match=f"port {port}: Address already in use"), running(tmp_path, port, BEGINS):
            pass


@pytest.mark.slow
def test_a_server_that_does_not_come_up_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.demo.server.command", lambda *_: [sys.executable, "-m", "api.cli", "no-serve"])
    with pytest.raises(NoServer, match="No such command 'no-serve'"), running(tmp_path, 0, BEGINS):
        pass


def test_an_unexpected_answer_tells_what_was_asked_and_why_not() -> None:
    answer = Answer(409, {"title": "A hold is on the level.", "detail": "hold 1 reaches level 2"})
    assert str(Unexpected("ivan: POST x", answer)) == "ivan: POST x: 409 hold 1 reaches level 2"
