"""The demo and the example: a whole trial over HTTP, as a newcomer runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.demo.client import Answer, Unexpected
from api.demo.people import PLAYERS
from api.demo.server import NoServer, running, tokens_for

ROOT = Path(__file__).parents[2]
TRIAL = "DEMO-NCT07256210"
STORY_BEGINS = datetime(2026, 1, 12, 6, tzinfo=UTC)


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
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demo, without a terminal, to its end: its directory and what it printed."""
    directory = tmp_path_factory.mktemp("demo")
    done = ran("-m", "api.cli", "demo", "--exit", "--directory", directory)
    assert (done.returncode, done.stderr) == (0, "")
    return directory, done.stdout


@pytest.mark.slow
def test_the_demo_ends_with_the_mtd(played: tuple[Path, str]) -> None:
    directory, _ = played
    found = ran("-m", "api.cli", "replay", "--file", directory / f"{TRIAL}.ledger", "--json")
    board = json.loads(found.stdout)["board"]
    assert board["notation"] == "1NTNNNN 2TT"
    assert board["mtd"] == 1
    assert board["end_state"]["code"] == "mtd"
    assert [(hold["level"], hold["automatic"]) for hold in board["holds"]] == [(2, True)]


@pytest.mark.slow
def test_the_demo_shows_what_it_promises(played: tuple[Path, str]) -> None:
    text = " ".join(played[1].split())
    for promised in (
        "corrected, with the reason",
        "the same answer",
        "entered late",
        "409, rule G.4-5",
        "MTD: level 1",
        "The same, of the whole state",
        "rebuild, exit code 1",
        "the head of the batch is not that of its leaves",
    ):
        assert promised in text


@pytest.mark.slow
def test_two_processes_gave_one_digest(played: tuple[Path, str]) -> None:
    lines = [line.split() for line in played[1].splitlines() if line.endswith("…")]
    digests = [words[-1] for words in lines if words[:2] in (["the", "server,"], ["another", "process,"])]
    assert len(digests) == 2
    assert digests[0] == digests[1]


@pytest.mark.slow
def test_lines_have_no_blanks_at_their_end_where_no_terminal_reads(played: tuple[Path, str]) -> None:
    assert [line for line in played[1].splitlines() if line != line.rstrip()] == []


@pytest.mark.slow
def test_the_example_client_runs_a_whole_trial(tmp_path: Path) -> None:
    place, tokens = tmp_path / "ledgers", tmp_path / "tokens.json"
    place.mkdir()
    tokens.write_text(json.dumps(dict(tokens_for(PLAYERS, place / "accounts.jsonl"))), encoding="utf-8")
    with running(place, 0, STORY_BEGINS) as url:
        client = ROOT / "examples" / "edc_client.py"
        one = ran(client, "--url", url, "--tokens", tokens, "--trial", "ONE")
        other = ran(client, "--url", url, "--tokens", tokens, "--trial", "OTHER", "--dlts", "001,002,003,004")
    assert (one.returncode, one.stderr) == (0, "")
    assert one.stdout.splitlines()[-1].startswith("MTD: level 1, after ")
    assert other.stdout.splitlines()[-1].startswith("stopped: P8")


def test_the_demo_does_not_begin_in_a_directory_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "other.ledger").touch()
    done = ran("-m", "api.cli", "demo", "--exit", "--directory", tmp_path)
    assert done.returncode == 3
    assert "not empty" in done.stderr


def test_a_server_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    with running(tmp_path, 0, STORY_BEGINS) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(NoServer, match="address already in use"), running(tmp_path, port, STORY_BEGINS):
            pass


def test_an_unexpected_answer_tells_what_was_asked_and_why_not() -> None:
    answer = Answer(409, {"title": "A hold is on the level.", "detail": "hold 1 reaches level 2"})
    assert str(Unexpected("ivan: POST x", answer)) == "ivan: POST x: 409 hold 1 reaches level 2"
