"""The access log over HTTP and on the command line: what is noted, what waits for it, who sees which part of it."""

import csv
import io
import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.auth import add_account
from api.cli import run
from api.happenings import UNREADABLE, Happening
from ledger.evidence.verify import VERIFIED, Policy, Trust, verify_bundle
from ledger.installation_log import FILE
from ledger.record import INSTALLATION
from ledger.store.backup import backup
from ledger.store.sqlite import SqliteStore
from ledger.strangers import AT_ONCE
from ledger.trial.evidence import LogKeyEnrolled
from ledger.types import Role, instant_text
from tests.api.place import PASSWORD, TRIAL, Caller, Place
from tests.api.story import ROWS, Story, begin


def rows(place: Place, by: Role = "inspector", **query: Any) -> list[dict[str, Any]]:
    answer = place.by(by).get("/v1/access-log", limit=1000, **query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def told(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["kind"], row["who"], row["about"], row["patient"], row["status"]


@pytest.fixture
def screened(story: Story) -> Place:
    story.tell("screen_patient", "coordinator")
    return story.place


def test_a_read_is_noted_with_who_what_and_how_it_was_answered(screened: Place) -> None:
    place = screened
    answer = place.by("inspector").get("/patients/001/timeline", headers={"X-Request-ID": "r-17"})
    (row,) = rows(place, who="irina", kind="read")
    assert told(row) == ("read", "irina", "show_timeline", "001", 200)
    assert (row["trial"], row["role"], row["site"], row["authenticated"]) == (TRIAL, "inspector", None, "bearer")
    assert row["request_id"] == answer.headers["x-request-id"] == "r-17"
    assert row["occurred_at"] <= row["recorded_at"]


def test_whatever_is_noted_of_a_session_says_how_it_began(screened: Place) -> None:
    token = screened.http.post("/v1/sessions", json={"id": "anton", "password": PASSWORD}).json()["token"]
    anton = Caller(screened.http, token, "anton")
    anton.get("/patients/001/timeline")
    anton.post("/holds", {})
    screened.http.delete("/v1/sessions/current", headers=anton.bearer)
    found = {row["kind"]: row["authenticated"] for row in rows(screened, who="anton")}
    kinds = ("log-in", "account-used", "read", "request-refused", "logged-out")
    assert found == dict.fromkeys(kinds, "password")


def test_a_stranger_who_asks_for_ever_other_things_makes_few_events(screened: Place) -> None:
    """Every operation with every number, without a token that is known: told one by one at first, then counted."""
    before = len(rows(screened))
    for row in ROWS.values():
        path = row.path if row.path.startswith("/v1") else f"/v1/trials/{{trial}}{row.path}"
        for patient in ("001", "002"):
            step = {"trial": TRIAL, "patient": patient}
            at = "/".join(step.get(each.strip("{}"), "1") if each.startswith("{") else each for each in path.split("/"))
            screened.http.post(at, headers={"Authorization": "Bearer te_none"})
    screened.stop()
    screened.start()
    found = rows(screened)[before:]
    told_apart = [row for row in found if (row["who"], row["kind"]) == ("unknown", "request-refused")]
    assert sum(row["times_count"] for row in told_apart) == 2 * len(ROWS) > 150
    assert len(told_apart) < 2 * AT_ONCE


def test_what_is_not_clinical_and_what_a_machine_reads_is_not_noted(screened: Place) -> None:
    place = screened
    for path in ("", "/protocol-versions", "/sites", "/evidence/checkpoints"):
        place.by("inspector").get(path)
    place.by("edc_system").get("/events")
    assert rows(place, kind="read") == []


def test_only_overseers_reads_where_that_is_set(tmp_path: Path) -> None:
    place = Place(tmp_path, reads_noted="overseers")
    begin(place)
    for role in ("inspector", "monitor", "statistician", "investigator"):
        place.by(role).get("/escalation")
    assert {row["who"] for row in rows(place, kind="read")} == {"irina", "anton"}
    place.stop()


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/audit-trail", {}),
        ("/audit-trail", {"format": "csv"}),
        ("/replay", {}),
        ("/committee-pack", {"format": "html"}),
        ("/committee-pack", {}),
        ("/screening-log", {"format": "csv"}),
    ],
)
def test_an_export_is_on_disk_before_its_first_byte(screened: Place, path: str, query: dict[str, Any]) -> None:
    """Read from the file itself, without asking the server to write what waits."""
    screened.by("medical_monitor").get("/v1/access-log")
    assert screened.by("medical_monitor").get(path, **query).status_code == 200
    with SqliteStore.open(screened.directory / FILE, read_only=True) as store:
        assert store.page(-1, 100, type="installation.record-exported.v1")[-1].actor.id == "vera"


def fail(place: Place) -> None:
    """The log is closed, and where its file stood is a directory."""
    log = place.app.state.service.log
    assert log.settle()
    log._let_go()
    shutil.move(log.path, f"{log.path}.kept")
    log.path.mkdir()


def mend(place: Place) -> None:
    log = place.app.state.service.log
    log.path.rmdir()
    shutil.move(f"{log.path}.kept", log.path)


def test_a_log_that_fails_stops_exports_and_nothing_else_and_the_gap_is_on_record(story: Story) -> None:
    place = story.place
    place.by("inspector").get("/escalation")
    fail(place)
    answer = place.by("inspector").get("/audit-trail", format="csv")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/log-unavailable")
    assert place.by("inspector").get("/v1/access-log").status_code == 503
    assert place.by("inspector").get("/escalation").status_code == 200
    story.tell("screen_patient", "coordinator")
    mend(place)
    assert place.by("inspector").get("/audit-trail", format="csv").status_code == 200
    found = rows(place)
    (gap,) = [row for row in found if row["kind"] == "gap"]
    assert gap["times_count"] == 0
    reads = [row for row in found if row["kind"] == "read" and row["who"] == "irina"]
    assert len(reads) == 2


def test_who_is_not_known_and_who_may_not_is_noted_and_never_what_was_sent(screened: Place) -> None:
    place = screened
    secret = "tl_" + "s" * 43
    place.http.get(f"/v1/trials/{TRIAL}/patients/IVANOV", headers={"Authorization": f"Bearer {secret}"})
    place.http.get("/v1/trials/IVANOVA/patients/001?name=Petrov", headers={"Authorization": "Basic cGV0cm92"})
    place.http.get("/v1/Sidorov")
    place.by("statistician").get("/patients/001/eligibility", nonsense="Petrov")
    place.by("edc_system").get("/patients/001")
    found = [row for row in rows(place) if row["kind"] == "request-refused" and row["problem"] != "signature-missing"]
    assert {(row["who"], row["about"], row["trial"], row["patient"], row["problem"]) for row in found} == {
        ("unknown", "show_patient", TRIAL, None, "unauthenticated"),
        ("unknown", "show_patient", None, None, "unauthenticated"),
        ("unknown", "no-such-route", None, None, "not-found"),
        ("lena", "show_eligibility", TRIAL, "001", "request-invalid"),
        ("edc-ndgoi", "show_patient", TRIAL, "001", "forbidden"),
    }
    place.stop()
    raw = b"".join(path.read_bytes() for path in place.directory.glob("installation*"))
    place.start()
    for word in (b"IVANOV", b"Petrov", b"cGV0cm92", b"Sidorov", secret.encode()):
        assert word not in raw


def test_a_refused_command_is_noted_by_its_rule(screened: Place) -> None:
    screened.by("coordinator").post("/patients/001/enrolment", ROWS["enrol_patient"].example_body())
    (row,) = rows(screened, kind="command-refused")
    assert told(row) == ("command-refused", "nina", "enrol_patient", "001", 409)
    assert (row["problem"], row["rule"]) == ("consent-not-valid", "G.4-1")


def test_a_role_that_is_given_or_ended_is_noted(story: Story) -> None:
    given = rows(story.place, kind="role-changed")
    assert {row["who"] for row in given} == {"vera", "maria"}
    story.tell("revoke_role", "principal_investigator")
    assert told(rows(story.place, kind="role-changed")[-1]) == ("role-changed", "maria", "revoke_role", None, 201)


def test_an_account_that_is_used_is_noted_once_a_day(screened: Place) -> None:
    for _ in range(3):
        screened.by("edc_system").get("/events")
    assert [row["about"] for row in rows(screened, kind="account-used", who="edc-ndgoi")] == ["edc-ndgoi"]


def test_the_log_is_searched(screened: Place) -> None:
    place = screened
    for role in ("inspector", "statistician"):
        place.by(role).get("/patients/001")
        place.by(role).get("/escalation")
    assert {row["who"] for row in rows(place, patient="001", kind="read")} == {"irina", "lena"}
    assert {row["about"] for row in rows(place, who="lena", kind="read")} == {"show_patient", "show_escalation"}
    assert rows(place, trial="OTHER") == []
    everything = rows(place)
    middle = everything[len(everything) // 2]["recorded_at"]
    later, earlier = rows(place, since=middle), rows(place, until=middle)
    assert [row["position"] for row in later][: len(everything) // 2] == [
        row["position"] for row in everything[len(everything) // 2 :]
    ][: len(everything) // 2]
    assert earlier[-1]["recorded_at"] == middle


def test_the_log_is_paged_to_its_end(screened: Place) -> None:
    first = screened.by("inspector").get("/v1/access-log", limit=2, who="vera")
    seen, url = first.json()["items"], first.json()["next"]
    assert first.headers["link"] == f'<{url}>; rel="next"'
    while url:
        page = screened.by("inspector").get(url).json()
        seen, url = seen + page["items"], page["next"]
    assert seen == rows(screened, who="vera")


def test_as_a_table_it_has_the_same_rows_and_is_itself_an_export(screened: Place) -> None:
    rows(screened)
    expected = rows(screened)
    answer = screened.by("inspector").get("/v1/access-log", format="csv", limit=1000)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["position"] for row in table] == [str(row["position"]) for row in expected]
    assert rows(screened, kind="exported")[-1]["about"] == "show_access_log"


def test_a_site_sees_its_people_and_its_patients_and_nobody_else(screened: Place) -> None:
    place = screened
    place.by("inspector").get("/patients/001")
    place.by("inspector").get("/escalation")
    elsewhere = place.stranger("coordinator")
    elsewhere.get("/patients/001")
    elsewhere.get("/escalation")
    own = {(row["who"], row["about"], row["patient"]) for row in rows(place, by="coordinator")}
    assert ("irina", "show_patient", "001") in own
    assert ("other-coordinator", "show_patient", "001") in own
    assert not {who for who, about, _ in own if about == "show_escalation"}
    theirs = elsewhere.get("/v1/access-log", limit=1000).json()["items"]
    assert {row["who"] for row in theirs if row["kind"] != "account-changed"} == {"other-coordinator"}
    assert {row["patient"] for row in theirs} == {None}


def test_a_machine_sees_its_own_and_an_administrator_nothing_clinical(screened: Place) -> None:
    place = screened
    place.by("edc_system").get("/patients/001")
    place.by("inspector").get("/patients/001")
    assert {row["who"] for row in rows(place, by="edc_system")} == {"edc-ndgoi"}
    seen = rows(place, by="administrator")
    assert ("irina", "show_patient") in {(row["who"], row["about"]) for row in seen}
    assert {(row["patient"], row["resource"]) for row in seen} == {(None, None)}
    assert place.by("administrator").get("/v1/access-log", patient="001").status_code == 403


def test_an_account_for_one_trial_sees_nothing_of_another(screened: Place) -> None:
    screened.by("statistician").get("/patients/001")
    token = add_account(screened.settings.accounts, id="guest", role="inspector", trials=("OTHER",))
    seen = Caller(screened.http, token, "guest").get("/v1/access-log", limit=1000).json()["items"]
    assert {row["trial"] for row in seen} == {None}


def test_the_log_is_a_bundle_that_others_verify(tmp_path: Path) -> None:
    place = Place(tmp_path / "trials", evidence=True)
    begin(place)
    place.by("inspector").get("/escalation")
    place.by("inspector").get("/v1/access-log")
    log = place.app.state.service.log
    assert log._notary is not None
    log._notary.round()
    answer = place.by("inspector").get("/v1/access-log/bundle")
    assert answer.status_code == 200, answer.text
    assert place.by("principal_investigator").get("/v1/access-log/bundle").status_code == 403
    (bundle := tmp_path / "access.zip").write_bytes(answer.content)
    enrolled = log.ledger.store.page(-1, 1, type=LogKeyEnrolled.NAME)[0].event
    policy = Policy.parse(f"log {enrolled.verifier_key}\nquorum none\n".encode())
    assert verify_bundle(bundle, Trust(policy)).exit == VERIFIED
    place.stop()


def test_what_others_note_is_kept_in_the_same_place(place: Place) -> None:
    service = place.app.state.service
    service.note(Happening("log-in", "maria", "maria", role="principal_investigator", site="NDGOI"))
    service.note(Happening("log-in-failed", None, "maria", rule="wrong-password"))
    service.note(Happening("locked-out", None, "maria\n\x00", rule="five-tries"))
    service.note(Happening("signing-failed", "maria", "dose decision 1", rule="11.200(a)(1)", trial=TRIAL))
    found = [row for row in rows(place) if row["kind"] != "account-used"]
    assert [(row["kind"], row["who"], row["about"], row["rule"]) for row in found] == [
        ("opened", "ledger", None, None),
        ("log-in", "maria", "maria", None),
        ("log-in-failed", "unknown", "maria", "wrong-password"),
        ("locked-out", "unknown", UNREADABLE, "five-tries"),
        ("signing-failed", "maria", "dose decision 1", "11.200(a)(1)"),
    ]


def test_the_review_lists_accounts_with_last_use_and_delegations(story: Story) -> None:
    """11.300(b), 11.10(d)."""
    place = story.place
    today = story.place.app.state.service.log._clock().date()
    add_account(place.settings.accounts, id="sofia", role="investigator", site="NDGOI", expires_on=today)
    story.tell("delegate_role", "principal_investigator", person="sofia", role="coordinator", from_on="2026-01-12")
    place.app.state.service.note(Happening("log-in", "ivan", "ivan", role="investigator", site="NDGOI"))
    found = {row["id"]: row for row in place.by("inspector").get("/v1/access-review").json()["items"]}
    assert found["vera"]["last_used_at"] is not None
    assert found["galina"]["last_used_at"] is None
    assert found["ivan"]["last_log_in_at"] is not None
    assert [row["without_delegation"] for row in (found["lena"], found["irina"], found["edc-ndgoi"])] == [
        True,
        False,
        False,
    ]
    assert found["sofia"]["ending"] == [f"account until {today.isoformat()}"]
    as_table = place.by("medical_monitor").get("/v1/access-review", format="csv")
    assert as_table.text.splitlines()[0].startswith("client,id,role,site,trials")
    assert place.by("principal_investigator").get("/v1/access-review").status_code == 403


def test_the_review_tells_which_roles_somebody_holds_and_which_end_soon(story: Story) -> None:
    place = story.place
    today = place.app.state.service.log._clock().date()
    soon = (today + timedelta(days=10)).isoformat()
    story.tell("delegate_role", "principal_investigator", person="nina", role="bedside_checker", to_on=soon)
    (nina,) = [row for row in place.by("inspector").get("/v1/access-review").json()["items"] if row["id"] == "nina"]
    assert set(nina["delegations"]) == {f"{TRIAL} NDGOI coordinator", f"{TRIAL} NDGOI bedside_checker until {soon}"}
    assert nina["ending"] == [f"{TRIAL} NDGOI bedside_checker until {soon}"]
    (later,) = [
        row
        for row in place.by("inspector").get("/v1/access-review", within_days=3).json()["items"]
        if row["id"] == "nina"
    ]
    assert later["ending"] == []


def test_on_the_command_line(
    screened: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = screened
    monkeypatch.setenv("LEDGER_DIRECTORY", str(place.directory))
    place.by("inspector").get("/patients/001")
    expected = rows(place, patient="001")
    assert run(["access-log", "--patient", "001", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == expected
    since = instant_text(place.app.state.service.log._clock())
    assert run(["access-log", "--directory", str(place.directory), "--since", since, "--csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert run(["access-log", "--kind", "nonsense"]) == 2
    capsys.readouterr()
    assert run(["access-log", "--who", "irina"]) == 0
    assert "show_patient" in capsys.readouterr().out


def test_an_account_that_is_changed_on_the_command_line_is_on_record_whether_a_server_runs_or_not(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER_DIRECTORY", str(place.directory))
    monkeypatch.setenv("LOGNAME", "arkady@ward 3")
    assert run(["account", "add", "sofia", "--role", "investigator", "--site", "NDGOI"]) == 0
    place.stop()
    assert run(["account", "revoke", "sofia"]) == 0
    assert run(["account", "revoke", "nobody"]) == 1
    assert run(["account", "add", "x", "--role", "king"]) == 2
    capsys.readouterr()
    assert run(["access-log", "--kind", "account-changed", "--json"]) == 0
    heard = capsys.readouterr()
    assert [json.loads(line)["change"] for line in heard.out.splitlines()] == [
        "added for sofia as investigator at NDGOI"
    ]
    assert "1 happenings wait" in heard.err
    place.start()
    found = rows(place, kind="account-changed")
    assert [(row["who"], row["about"], row["change"]) for row in found] == [
        ("arkady@ward-3", "sofia", "added for sofia as investigator at NDGOI"),
        ("arkady@ward-3", "sofia", "revoked"),
    ]
    assert found[0]["authenticated"] == "operating-system"


def test_the_log_is_no_trial_for_anybody(screened: Place, capsys: pytest.CaptureFixture[str]) -> None:
    screened.by("inspector").get("/patients/001")
    assert rows(screened)
    listed = screened.by("inspector").get("/v1/trials").json()["items"]
    assert [each["trial_id"] for each in listed] == [TRIAL]
    assert screened.by("inspector").get(f"/v1/trials/{INSTALLATION}").status_code == 404
    body = {**ROWS["register_trial"].example_body(), "trial_id": INSTALLATION}
    answer = screened.by("medical_monitor").post("/v1/trials", body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/name-of-the-installation")
    assert os.environ.get("LEDGER_TRIAL") is None
    capsys.readouterr()


def test_an_access_log_that_was_restored_goes_on_once_that_is_on_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path / "trials", evidence=True)
    log = place.app.state.service.log
    monkeypatch.setenv("LEDGER_DIRECTORY", str(place.directory))
    place.by("inspector").get("/v1/access-log")
    backup(place.directory / FILE, tmp_path / "old")
    place.by("statistician").get("/v1/access-log")
    log._notary.round()
    place.stop()
    shutil.copy(tmp_path / "old", place.directory / FILE)
    for rest in place.directory.glob(f"{FILE}-*"):
        rest.unlink()
    place.start()
    assert place.by("inspector").get("/v1/access-log", format="csv").status_code == 503
    assert place.by("inspector").get("/v1/trials").status_code == 200
    place.stop()
    assert run(["recover", "--trial", INSTALLATION]) == 1
    assert run(["recover", "--trial", INSTALLATION, "--because", "The disk was replaced."]) == 0
    capsys.readouterr()
    place.start()
    assert place.by("inspector").get("/v1/access-log", format="csv").status_code == 200
    assert [row["who"] for row in rows(place, kind="gap")] == ["ledger"]
    place.stop()
