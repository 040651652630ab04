"""Accounts, limits, pages, counts, settings, and the description."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.auth import add_account, read_accounts, remove_client, token_hash
from api.limits import Buckets
from api.problems import Refused, catalogue
from api.settings import Settings
from ledger import refusals
from ledger.errors import LedgerError
from tests.api.place import TRIAL, Caller, Place, description
from tests.api.story import ROWS, Story, begin


def guest(place: Place, **account: object) -> Caller:
    token = add_account(place.settings.accounts, **{"id": "guest", "role": "inspector", **account})  # type: ignore[arg-type]
    return Caller(place.http, token, "guest")


def test_an_account_is_in_force_until_its_day(place: Place) -> None:
    today = datetime.now(UTC).date()
    assert guest(place, client="today", expires_on=today + timedelta(days=1)).get("/v1/trials").status_code == 200
    assert guest(place, client="past", expires_on=date(2020, 1, 1)).get("/v1/trials").status_code == 401


def test_an_account_that_is_taken_out_is_refused_at_once(place: Place) -> None:
    caller = guest(place)
    assert caller.get("/v1/trials").status_code == 200
    assert remove_client(place.settings.accounts, "guest") == 1
    assert caller.get("/v1/trials").status_code == 401
    assert remove_client(place.settings.accounts, "guest") == 0


def test_a_token_is_not_kept(place: Place) -> None:
    token, path = place.tokens["inspector"], place.settings.accounts
    text = path.read_text(encoding="utf-8")
    assert token not in text
    assert token_hash(token) in text
    assert path.stat().st_mode & 0o077 == 0
    assert len({account.token_sha256 for account in read_accounts(path)}) == len(place.tokens)


def test_a_file_of_accounts_that_cannot_be_read_admits_nobody(place: Place) -> None:
    path = place.settings.accounts
    good = path.read_text(encoding="utf-8")
    path.write_text(good + '{"client": "half', encoding="utf-8")
    answer = place.by("inspector").get("/v1/trials")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/accounts-unreadable")
    assert place.http.get("/readyz").status_code == 503
    path.write_text(good, encoding="utf-8")
    assert place.by("inspector").get("/v1/trials").status_code == 200


def test_a_client_that_asks_too_fast_waits(tmp_path: Path) -> None:
    place = Place(tmp_path, requests_per_second=1, requests_at_once=3)
    answers = [place.by("inspector").get("/v1/trials") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert place.by("statistician").get("/v1/trials").status_code == 200
    place.stop()


def test_a_bucket_fills_steadily() -> None:
    now = 0.0
    buckets = Buckets(rate=2, burst=3, clock=lambda: now)
    for _ in range(3):
        buckets.take("a")
    with pytest.raises(Refused):
        buckets.take("a")
    now = 0.5
    buckets.take("a")
    with pytest.raises(Refused):
        buckets.take("a")
    now = 100.0
    for _ in range(3):
        buckets.take("a")


def test_every_problem_has_its_page(place: Place) -> None:
    for name, problem in catalogue().items():
        page = place.http.get(problem.type)
        assert page.status_code == 200, name
        assert str(problem.status) in page.text
        assert problem.rule in page.text
    assert place.http.get("/problems").text.count("<li>") == len(catalogue())
    assert place.http.get("/problems/nothing").status_code == 404


def test_every_refusal_of_the_ledger_is_a_problem() -> None:
    leaves = [
        kind
        for kind in vars(refusals).values()
        if isinstance(kind, type) and issubclass(kind, LedgerError) and kind.__module__ == "ledger.refusals"
    ]
    named = {(problem.status, problem.rule, problem.title) for problem in catalogue().values()}
    for kind in leaves:
        assert (kind.status, kind.rule, (kind.__doc__ or "").splitlines()[0]) in named, kind


def test_the_server_says_how_it_is(place: Place) -> None:
    begin(place)
    assert place.http.get("/healthz").json() == {"status": "up"}
    assert place.http.get("/readyz").json() == {"status": "ready", "trials": 1}
    place.by("coordinator").post("/cohorts/1/reservations", {"patient": "009"})
    place.by("coordinator").post("/patients", ROWS["screen_patient"].example_body())
    place.by("coordinator").post("/cohorts/1/reservations", {"patient": "001"})
    counted = place.http.get("/metrics").text
    assert f'trial_ledger_events{{trial="{TRIAL}"}} {place.size}\n' in counted
    assert re.search(r'trial_ledger_commands_total{outcome="appended"} [1-9]', counted)
    assert 'trial_ledger_refusals_total{rule="G.4-1"} 1\n' in counted


def test_a_ledger_that_was_altered_is_read_only_and_not_ready(story: Story) -> None:
    place = story.place
    ledger = place.app.state.service.opened(TRIAL)
    ledger._corrupt = "position 3: the leaf is not the one that was hashed"
    answer = place.by("coordinator").post("/patients", ROWS["screen_patient"].example_body())
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/corrupt")
    assert place.http.get("/readyz").status_code == 503
    assert place.by("coordinator").get("/patients").status_code == 200


def test_a_ledger_that_does_not_know_what_became_of_a_commit_is_not_ready(story: Story) -> None:
    place = story.place
    store = place.app.state.service.opened(TRIAL).store
    store._appender.outcome_unknown = True
    assert place.http.get("/readyz").status_code == 503
    answer = place.by("coordinator").post("/patients", ROWS["screen_patient"].example_body())
    assert answer.status_code == 201, "the next command finds out"
    assert place.http.get("/readyz").status_code == 200


def test_training_ledgers_are_marked_everywhere(story: Story) -> None:
    place = story.place
    again = place.by("medical_monitor").post("/v1/trials", ROWS["register_trial"].example_body())
    assert again.headers["ledger-training"] == "true"
    for path in ("", "/escalation", "/patients/077"):
        assert place.by("medical_monitor").get(path).headers["ledger-training"] == "true"
    for path in ("/", "/problems", "/problems/no-free-slot"):
        assert "no real patient" in place.http.get(path).text


def test_a_ledger_for_real_has_no_mark_and_no_story_clock(place: Place) -> None:
    body = {**ROWS["register_trial"].example_body(), "training": False}
    sponsor = place.by("medical_monitor")
    assert "ledger-training" not in sponsor.post("/v1/trials", body).headers
    answer = sponsor.post("/clock", {"to": "2027-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-story-clock")


def test_a_story_clock_goes_forward_only(story: Story) -> None:
    sponsor = story.place.by("medical_monitor")
    assert sponsor.post("/clock", {"to": "2026-03-01T00:00:00Z"}).json() == {"now": "2026-03-01T00:00:00.000000Z"}
    assert sponsor.post("/clock", {"to": "2026-02-01T00:00:00Z"}).json() == {"now": "2026-03-01T00:00:00.000000Z"}
    assert sponsor.post("/clock", {"to": "tomorrow"}).status_code == 422


def test_an_unknown_setting_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEDGER_PORT", "9000")
    assert Settings(directory=tmp_path).port == 9000
    monkeypatch.setenv("LEDGER_PROT", "9000")
    with pytest.raises(ValidationError, match="LEDGER_PROT"):
        Settings(directory=tmp_path)


def test_the_description_names_every_operation_once() -> None:
    document = description()
    operations = [each for path in document["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    assert all(each["tags"] and (each.get("summary") or each.get("description")) for each in operations)
    assert document["openapi"].startswith("3.1")
    references = set(re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(document)))
    assert all(name in document["components"][kind] for kind, name in references)


def test_every_write_is_described_with_an_example() -> None:
    document = description()
    for name, write in ROWS.items():
        described = document["paths"][write.full_path]["post"]
        assert described["operationId"] == name
        assert described["requestBody"]["content"]["application/json"]["example"] == write.example_body()
        statuses = {
            "200",
            "201",
            "400",
            "401",
            "403",
            "404",
            "408",
            "409",
            "412",
            "413",
            "415",
            "422",
            "428",
            "429",
            "503",
            "507",
        }
        assert set(described["responses"]) == statuses
        key = next(each for each in described["parameters"] if each["name"] == "Idempotency-Key")
        assert key["required"] is True
