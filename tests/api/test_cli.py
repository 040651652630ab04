"""The command line on a ledger's file: what it prints, for people and for programs, and how it ends."""

import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from api.auth import read_accounts, token_hash
from api.cli import run
from api.cli_config import MASK, shown
from api.cli_design import decimal, number
from ledger.protocol.load import load_protocol
from ledger.store.sqlite import SqliteStore
from ledger.types import instant_text
from projections.base import digest, fold
from tests.bench import Bench, opened_trial
from tests.patients import treat

TRIAL = "NCT07256210"
Said = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def story() -> Bench:
    """One patient at level 1, both infusions given."""
    bench = opened_trial()
    treat(bench, "001", 1)
    return bench


@pytest.fixture
def installation(story: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with that trial's ledger, written in several batches."""
    monkeypatch.setenv("LEDGER_DIRECTORY", str(tmp_path))
    with SqliteStore.create(tmp_path / f"{TRIAL}.ledger") as store:
        for first in range(0, len(story.records), 5):
            with store.appending() as batch:
                batch.save(story.records[first : first + 5])
    return tmp_path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command line: exit code, standard output, standard error."""

    def runs(*arguments: str | Path) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        heard = capsys.readouterr()
        return code, heard.out, heard.err

    return runs


def test_help_names_every_command_and_the_exit_codes(said: Said) -> None:
    code, out, _ = said("--help")
    assert code == 0
    commands = (
        "serve",
        "demo",
        "account",
        "replay",
        "rebuild",
        "events",
        "pack",
        "backup",
        "restore",
        "design",
        "protocol",
        "config",
        "doctor",
    )
    assert all(f" {command} " in out for command in (*commands, "version"))
    assert "0 done; 1 refused, or it differs; 2 usage; 3 could not run" in " ".join(out.split())


@pytest.mark.usefixtures("installation")
def test_replay_prints_the_board_and_the_digest_of_the_whole_state(said: Said, story: Bench) -> None:
    code, out, err = said("replay")
    assert (code, err) == (0, "")
    assert digest(story.world) in out
    assert "1P" in out
    assert "The design advises: treat level 1 to 3" in out


@pytest.mark.usefixtures("installation")
def test_replay_as_known_at_a_position_is_the_fold_of_the_records_to_there(said: Said, story: Bench) -> None:
    _, out, _ = said("replay", "--trial", TRIAL, "--as-of-position", "20", "--json")
    assert json.loads(out)["digest"] == digest(fold(story.records[:21]))


@pytest.mark.usefixtures("installation")
def test_replay_as_known_at_an_instant_takes_the_records_of_that_instant_too(said: Said, story: Bench) -> None:
    at = story.records[30].recorded_at
    known = [record for record in story.records if record.recorded_at <= at]
    _, out, _ = said("replay", "--as-of-recorded", instant_text(at), "--json")
    assert json.loads(out)["digest"] == digest(fold(known))
    assert json.loads(out)["position"] == known[-1].position


@pytest.mark.usefixtures("installation")
def test_replay_before_the_first_event_knows_nothing(said: Said) -> None:
    code, out, _ = said("replay", "--as-of-recorded", "1990-01-01T00:00:00Z", "--json")
    assert code == 0
    assert json.loads(out)["position"] is None
    assert said("replay", "--as-of-recorded", "1990-01-01T00:00:00Z")[0] == 0


@pytest.mark.usefixtures("installation")
def test_replay_explains_a_level_rule_by_rule(said: Said) -> None:
    _, out, _ = said("replay", "--explain", "2")
    assert "Level 2 takes no patients." in out
    code, found, _ = said("replay", "--explain", "2", "--json")
    rules = {rule["refusal"]: rule["kept"] for rule in json.loads(found)["explanation"]["rules"]}
    assert code == 0
    assert rules["CohortNotOpen"] is False


@pytest.mark.usefixtures("installation")
def test_rebuild_agrees_with_what_was_followed(said: Said, story: Bench) -> None:
    code, out, err = said("rebuild", "--json", "--digest", digest(story.world))
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["rebuilt"] == found["followed"] == digest(story.world)
    assert found["events"] == len(story.records)


@pytest.mark.usefixtures("installation")
def test_rebuild_differs_from_a_digest_that_someone_else_holds(said: Said) -> None:
    code, out, _ = said("rebuild", "--digest", "00" * 32)
    assert code == 1
    assert "equal     no" in out


def test_rebuild_names_the_position_that_was_changed(installation: Path, said: Said) -> None:
    _turn(installation / f"{TRIAL}.ledger", position=12)
    code, _, err = said("rebuild")
    assert code == 1
    assert "position 12: the leaf is not the one that was hashed" in err
    code, out, err = said("rebuild", "--json")
    assert (code, out, json.loads(err)["error"]) == (1, "", "Corrupt")


def _turn(file: Path, position: int) -> None:
    """Change one letter of a leaf, past the triggers."""
    with closing(sqlite3.connect(file)) as database, database:
        name = "events_are_not_updated"
        guard = database.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0]
        database.execute(f"DROP TRIGGER {name}")
        database.execute(
            "UPDATE events SET state = CAST(replace(CAST(state AS TEXT), '\"v\":1', '\"v\":2') AS BLOB)"
            " WHERE notification_id = ?",
            (position + 1,),
        )
        database.execute(guard)


@pytest.mark.usefixtures("installation")
def test_events_are_listed_by_position_and_filtered(said: Said, story: Bench) -> None:
    _, out, _ = said("events")
    assert len(out.splitlines()) == len(story.records)
    assert out.splitlines()[0].split()[:1] == ["0"]
    _, out, _ = said("events", "--patient", "001", "--limit", "2", "--json")
    assert [json.loads(line)["stream"] for line in out.splitlines()] == ["patient/001"] * 2
    _, out, _ = said("events", "--type", "cohort.opened.v1", "--after", "5")
    assert [line.split()[4] for line in out.splitlines()] == ["opened.v1"]


def test_events_in_json_are_the_leaves(installation: Path, said: Said) -> None:
    _, out, _ = said("events", "--json")
    with SqliteStore.open(installation / f"{TRIAL}.ledger", read_only=True) as store:
        assert out.encode().splitlines() == [store.leaf(position) for position in range(store.size)]


@pytest.mark.slow
def test_events_waits_for_what_is_appended_by_another_process(installation: Path, story: Bench) -> None:
    file = installation / "followed.ledger"
    with SqliteStore.create(file) as store:
        with store.appending() as batch:
            batch.save(story.records[:3])
        wanted = [sys.executable, "-m", "api.cli", "events", "--file", str(file), "--follow", "--limit", "5", "--json"]
        with subprocess.Popen(wanted, stdout=subprocess.PIPE, text=True) as follower:
            assert follower.stdout is not None
            first = [json.loads(follower.stdout.readline())["position"] for _ in range(3)]
            with store.appending() as batch:
                batch.save(story.records[3:5])
            rest = [json.loads(line)["position"] for line in follower.stdout]
            assert (first, rest, follower.wait(60)) == ([0, 1, 2], [3, 4], 0)


def test_a_backup_is_restored_as_the_same_log(installation: Path, tmp_path: Path, said: Said) -> None:
    kept = tmp_path / "kept.backup"
    assert said("backup", kept, "--trial", TRIAL)[0] == 0
    assert said("restore", kept, "--trial", "again")[0] == 0
    roots = [json.loads(said("rebuild", "--trial", name, "--json")[1])["root"] for name in (TRIAL, "again")]
    assert roots[0] == roots[1]
    assert (installation / "again.ledger").exists()


def test_nothing_is_overwritten(installation: Path, tmp_path: Path, said: Said) -> None:
    (tmp_path / "there").touch()
    code, _, err = said("backup", tmp_path / "there", "--trial", TRIAL)
    assert (code, err) == (1, "Refused: Something of this name exists. Nothing is overwritten. (there)\n")
    assert said("restore", installation / f"{TRIAL}.ledger", "--trial", TRIAL)[0] == 1


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("replay", "--trial", "unknown"), 3),
        (("rebuild", "--file", "/nowhere/at.all"), 3),
        (("replay", "--as-of-position", "1", "--as-of-recorded", "2026-01-05T08:00:00Z"), 2),
        (("replay", "--as-of-recorded", "yesterday"), 2),
        (("replay", "--trial", "../etc"), 2),
        (("replay", "--trial", TRIAL, "--file", "x"), 2),
        (("events", "--stream", "trial", "--patient", "001"), 2),
        (("replay", "--explain", "7"), 3),
        (("restore", "x"), 2),
        (("no-such-command",), 2),
    ],
)
def test_a_command_that_cannot_be_done_says_which_kind_of_no_it_is(
    said: Said, arguments: tuple[str, ...], code: int
) -> None:
    found, out, err = said(*arguments)
    assert (found, out) == (code, "")
    assert err


@pytest.mark.usefixtures("installation")
def test_several_ledgers_need_a_name(installation: Path, said: Said) -> None:
    said("backup", installation / "other.ledger", "--trial", TRIAL)
    code, _, err = said("replay")
    assert code == 2
    assert "here are NCT07256210, other" in " ".join(err.replace("│", "").split())


def test_an_account_is_made_listed_and_revoked(installation: Path, said: Said) -> None:
    _, out, _ = said("account", "add", "maria", "--role", "principal_investigator", "--site", "NDGOI", "--json")
    token = json.loads(out)["token"]
    held = list(read_accounts(installation / "accounts.jsonl"))
    assert [account.token_sha256 for account in held] == [token_hash(token)]
    _, out, _ = said("account", "list", "--json")
    assert json.loads(out)["accounts"] == [_line("maria", "principal_investigator", "NDGOI")]
    assert token not in said("account", "list")[1]
    assert said("account", "revoke", "maria")[0] == 0
    assert said("account", "revoke", "maria")[0] == 1


def _line(name: str, role: str, site: str) -> dict[str, Any]:
    who: dict[str, Any] = {"client": name, "id": name, "role": role, "site": site, "trials": None, "printed_name": None}
    return {**who, "links": [], "expires_on": None, "retired_on": None, "proves_itself_by": ["token"], "marks": []}


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize(
    "options",
    [
        ("maria", "--role", "king"),
        ("ma ria", "--role", "inspector"),
        ("maria", "--role", "inspector", "--expires-on", "tomorrow"),
    ],
)
def test_an_account_of_another_form_is_a_usage_error(said: Said, options: tuple[str, ...]) -> None:
    assert said("account", "add", *options)[0] == 2


@pytest.mark.usefixtures("installation")
def test_a_second_token_of_a_person_needs_a_name_of_its_own(said: Said) -> None:
    maria = ("account", "add", "maria", "--role", "inspector")
    assert [said(*maria)[0], said(*maria)[0], said(*maria, "--client", "maria-2")[0]] == [0, 2, 0]


def test_config_show_says_where_each_value_comes_from(installation: Path, said: Said) -> None:
    _, out, _ = said("config", "show", "--json")
    settings = {row["setting"]: row for row in json.loads(out)["settings"]}
    assert settings["directory"]["value"] == str(installation)
    assert settings["directory"]["origin"] == "environment, LEDGER_DIRECTORY"
    assert settings["port"]["origin"] == "default"


def test_a_secret_is_masked() -> None:
    assert shown(SecretStr("open sesame")) == MASK


def test_a_misspelt_setting_is_refused(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_DIRECTRY", "x")
    assert said("config", "show") == (3, "", "Could not run: no such setting: LEDGER_DIRECTRY\n")


@pytest.mark.slow
def test_a_server_on_a_port_that_is_taken_could_not_run_and_logs_json_where_no_terminal_reads(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        wanted = [sys.executable, "-m", "api.cli", "serve", "--port", port, "--directory", str(tmp_path)]
        done = subprocess.run(wanted, capture_output=True, text=True, check=False)
    logged = [json.loads(line) for line in done.stderr.splitlines()]
    assert (done.returncode, done.stdout) == (3, "")
    assert [line["level"] for line in logged if "address already in use" in line["event"]] == ["error"]


def test_the_version_names_what_bytes_and_digests_depend_on(said: Said) -> None:
    _, out, _ = said("version", "--json")
    assert {"trial_ledger", "leaf_version", "file_format", "fold_version", "sqlite"} <= json.loads(out).keys()


TREE = "  0 of 3 at level 1 -> escalate to level 2"
BUNDLED = ("--protocol", "nct07256210")


@pytest.mark.usefixtures("installation")
def test_the_tree_of_a_ledger_and_that_of_its_protocol(said: Said) -> None:
    code, out, _ = said("design", "tree", "--depth", "2")
    assert (code, out.splitlines()[0]) == (0, "now: treat level 1 to 3")
    assert TREE in out.splitlines()
    assert "    0 of 3 at level 2 -> escalate to level 3" in out.splitlines()
    _, out, _ = said("design", "tree", *BUNDLED, "--json")
    found = json.loads(out)
    assert (found["position"], found["tree"]["advice"]["line"]) == (None, "open level 1")


def test_the_trials_own_table_comes_out_of_the_command_line(said: Said) -> None:
    """Domain B.5, first row; without any ledger."""
    row = ("design", "characteristics", "--rates", "0.02,0.05,0.08,0.12", *BUNDLED)
    code, out, _ = said(*row, "--json")
    found = json.loads(out)
    endings = [each["probability"]["rounded"] for each in found["endings"]]
    assert (code, endings) == (0, ["0.0002", "0.0268", "0.0632", "0.1398", "0.7701"])
    assert (found["expected_patients"]["rounded"], found["expected_dlts"]["rounded"]) == ("12.97", "1.13")
    _, out, _ = said(*row)
    assert "level 3 0.12" in out
    assert "declare MTD not reached; RP2D level 3        0.7701" in out
    _, out, _ = said(*row, "--patient-by-patient", "--cap", "12")
    assert "12.78" in out
    assert "exactly 12" in out


@pytest.mark.usefixtures("installation")
def test_the_boundary_of_phase_two_is_printed_with_its_chances(said: Said) -> None:
    code, out, _ = said("design", "boundary", "--rates", "0.2,0.45,1")
    assert code == 0
    assert "2 of 6, 3 of 7-9, 4 of 10-12, 5 of 13-15" in out
    assert [line.split() for line in out.splitlines() if line.startswith((" 0", " 1"))] == [
        ["0.20", "0.1716"],
        ["0.45", "0.7210"],
        ["1.00", "1.0000"],
    ]


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("tree", *BUNDLED, "--trial", TRIAL), 2),
        (("tree", "--depth", "3"), 2),
        (("tree", "--protocol", "unknown"), 3),
        (("tree", "--file", "/nowhere/at.all"), 3),
        (("characteristics", *BUNDLED, "--rates", "0.1,0.2"), 1),
        (("characteristics", *BUNDLED, "--rates", "0.1;0.2"), 2),
        (("characteristics", *BUNDLED), 2),
        (("boundary", "--rates", "1.5"), 2),
    ],
)
def test_a_question_to_the_design_that_cannot_be_answered(said: Said, arguments: tuple[str, ...], code: int) -> None:
    found, out, err = said("design", *arguments)
    assert (found, out) == (code, "")
    assert err


def test_a_ledger_without_a_protocol_in_force_has_no_design(tmp_path: Path, story: Bench, said: Said) -> None:
    with SqliteStore.create(tmp_path / "new.ledger") as store, store.appending() as batch:
        batch.save(story.records[:2])
    code, _, err = said("design", "tree", "--file", tmp_path / "new.ledger")
    assert (code, "No approved protocol version holds" in err) == (1, True)


def test_a_simulated_number_has_its_error() -> None:
    assert number({"rounded": "12.97", "standard_error": "0.0712"}) == "12.97 (SE 0.0712)"
    assert [decimal(rate) for rate in ("1/10", "1/8", "9/20", "0", "1/10000")] == [
        "0.10",
        "0.125",
        "0.45",
        "0.00",
        "0.0001",
    ]


@pytest.mark.usefixtures("installation")
def test_the_pack_is_a_page_or_json_and_overwrites_nothing(said: Said, tmp_path: Path) -> None:
    code, page, _ = said("pack")
    assert code == 0
    assert page.startswith("<!DOCTYPE html>")
    _, told, _ = said("pack", "--json")
    assert json.loads(told)["pack_hash"] in page
    assert said("pack", "--to", tmp_path / "pack.html")[:2] == (0, "")
    assert (tmp_path / "pack.html").read_text(encoding="utf-8") == page
    assert said("pack", "--to", tmp_path / "pack.html")[0] == 3
    code, _, complaint = said("pack", "--decision", "7")
    assert (code, "There is no such dose decision." in complaint) == (3, True)


SECOND = Path(__file__).parents[1] / "protocol" / "second_protocol.yaml"


def test_a_protocol_of_any_file_is_read_whole_and_as_the_service_takes_it(said: Said) -> None:
    code, out, _ = said("protocol", SECOND)
    assert code == 0
    assert ["levels", "1,", "2,", "3,", "4"] in [line.split() for line in out.splitlines()]
    _, out, _ = said("protocol", SECOND, "--json")
    found = json.loads(out)
    bench = Bench()
    opened_trial(load_protocol(json.dumps(found["document"])), bench)
    assert bench.world.trial.versions[1].sha256 == found["document_sha256"]
    assert found["doubts"] == []


def test_what_a_protocol_cannot_keep_is_told(said: Said) -> None:
    code, out, _ = said("protocol", "nct07256210")
    assert (code, "175 days after the planned start" in " ".join(out.split())) == (0, True)


def test_a_protocol_with_a_fault_is_refused_by_its_place(said: Said, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(SECOND.read_text(encoding="utf-8").replace("start_level: 1", "start_level: 9"), encoding="utf-8")
    code, out, err = said("protocol", wrong)
    assert (code, out) == (1, "")
    assert "ladder: the start level is not on" in err
    assert said("protocol", tmp_path / "none.yaml")[0] == said("protocol", "unknown")[0] == 3


def test_a_design_is_asked_of_a_file_too(said: Said) -> None:
    code, out, _ = said("design", "tree", "--protocol", SECOND, "--json")
    assert (code, json.loads(out)["tree"]["advice"]["line"]) == (0, "open level 1")
