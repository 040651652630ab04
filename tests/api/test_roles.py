"""The role table of `docs/roles.md`, walked: every route with every role, with no token and with a wrong one."""

from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from httpx2 import Response

from api.auth import add_account
from ledger.types import Role
from tests.api.place import TRIAL, Caller, Place, description
from tests.api.story import Story, screened

PAGE = Path(__file__).parents[2] / "docs" / "roles.md"
ABBREVIATIONS: dict[str, Role] = {
    "pi": "principal_investigator",
    "inv": "investigator",
    "coord": "coordinator",
    "check": "bedside_checker",
    "mm": "medical_monitor",
    "sc": "safety_committee",
    "ds": "drug_safety",
    "qa": "cell_processing_qa",
    "dm": "data_manager",
    "cra": "monitor",
    "stat": "statistician",
    "ec": "ethics_committee",
    "insp": "inspector",
    "edc": "edc_system",
    "admin": "administrator",
}
IN_PATHS = {
    "trial": TRIAL,
    "patient": "001",
    "lot": "NK-001-A",
    "level": "1",
    "ordinal": "1",
    "adverse_event": "1",
    "hold": "1",
    "version": "1",
    "decision": "1",
    "quarantine": "1",
    "query": "1",
    "erasure": "1",
    "redaction": "1",
    "about": "1",
    "name": "consents",
    "position": "0",
    "path": "0/000",
    "account": "boris",
}
NEEDS_NO_TOKEN = {"/healthz", "/readyz", "/metrics", "/problems/{type}", "/v1/sessions", "/v1/oauth/token"}


def cells(heading: str) -> list[list[str]]:
    """The rows of the table under a heading of the page, its header first."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|") and "---" not in line]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


@cache
def rights() -> dict[tuple[str, Role], set[str]]:
    header, *rows = cells("Rights")
    return {
        (resource, ABBREVIATIONS[column]): set(cell.split()) - {"-"}
        for resource, *row in rows
        for column, cell in zip(header[1:], row, strict=True)
    }


@cache
def routes() -> tuple[tuple[str, str, str, frozenset[str]], ...]:
    _, *rows = cells("Routes")
    return tuple((method, full(path), resource, frozenset(may.split(", "))) for method, path, resource, may in rows)


def full(path: str) -> str:
    return path if path.startswith("/v1/") else f"/v1/trials/{{trial}}{path}"


def own() -> set[tuple[str, str]]:
    """What every account may do with itself."""
    return {(method, path) for method, path in cells("One's own account")[1:]}


def ask(place: Place, method: str, path: str, headers: dict[str, str]) -> Response:
    """A request that gets no further than the door: a write without a key, a read with a query that there is not."""
    url = path.format(**IN_PATHS)
    return place.http.request(method, url, headers=headers, params={} if method == "POST" else {"nonsense": "1"})


def test_every_role_has_its_column() -> None:
    assert sorted(ABBREVIATIONS.values()) == sorted(get_args(Role))
    assert cells("Rights")[0][1:] == list(ABBREVIATIONS)


def test_every_route_stands_in_the_table() -> None:
    described = description()["paths"]
    served = {(method.upper(), path) for path, operations in described.items() for method in operations}
    assert {(method, path) for method, path, _, _ in routes()} | own() == {
        (method, path) for method, path in served if path not in NEEDS_NO_TOKEN
    }


def test_what_needs_no_token_is_listed() -> None:
    described = description()["paths"]
    opened = {(method, path) for method, path, _ in cells("Routes that need no token")[1:]}
    assert {path for _, path in opened} == NEEDS_NO_TOKEN
    assert opened == {
        (method.upper(), path)
        for path, operations in described.items()
        for method, operation in operations.items()
        if operation.get("security") == []
    }


EVERYDAY = {"monitor", "edc_system"}
"""A person and a machine; with all the others in the whole suite."""


@pytest.mark.parametrize(
    "role", [pytest.param(role, marks=() if role in EVERYDAY else pytest.mark.slow) for role in get_args(Role)]
)
def test_a_role_may_do_what_its_column_says_and_nothing_else(story: Story, role: Role) -> None:
    place, wrong = story.place, []
    for method, path, resource, may in routes():
        answer = ask(place, method, path, place.by(role).bearer)
        allowed = not rights()[resource, role].isdisjoint(may)
        if (answer.status_code == 403) == allowed or answer.status_code in (200, 201, 401):
            wrong.append((method, path, allowed, answer.status_code, answer.text))
    assert wrong == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer tl_" + "x" * 43}, {"Authorization": "Basic eDp5"}])
def test_nothing_is_done_without_a_token_that_is_known(place: Place, headers: dict[str, str]) -> None:
    for method, path in {(method, path) for method, path, _, _ in routes()} | own():
        answer = ask(place, method, path, headers)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_patient_of_another_site_does_not_exist(story: Story) -> None:
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    elsewhere = story.place.stranger("principal_investigator")
    for path in ("/patients/001", "/patients/001/timeline", "/patients/001/adverse-events"):
        here, there = elsewhere.get(path), elsewhere.get(path.replace("001", "077"))
        assert here.status_code == there.status_code == 404
        assert here.json()["type"] == there.json()["type"] == "/problems/no-such-patient"
    assert elsewhere.get("/patients").json()["items"] == []
    assert elsewhere.get("/events", patient="001").status_code == 404
    (first, *_) = story.place.by("inspector").get("/events", patient="001").json()["items"]
    assert elsewhere.get(f"/events/{first['position']}").status_code == 404
    seen = elsewhere.get("/events").json()["items"]
    assert {event["leaf"]["stream"] for event in seen} == {"trial", "cohort/1"}
    assert elsewhere.get("/worklists").json()["consents"] == []


def test_nothing_is_written_about_a_patient_of_another_site(story: Story) -> None:
    story.tell("screen_patient", "coordinator")
    elsewhere, size = story.place.stranger("coordinator"), story.place.size
    consent = {"form_version": "2", "signed_at": "2026-01-12T09:00:00+03:00"}
    assert elsewhere.post("/patients/001/assents", consent).status_code == 404
    assert elsewhere.post("/cohorts/1/reservations", {"patient": "001"}).status_code == 404
    newcomer = {"number": "002", "site": "NDGOI", "birth_year_month": "2016-03", "sex": "female"}
    assert elsewhere.post("/patients", newcomer).status_code == 404
    assert story.place.size == size


def test_a_trial_that_the_account_is_not_for_does_not_exist(story: Story) -> None:
    place = story.place
    token = add_account(place.settings.accounts, id="guest", role="inspector", trials=("OTHER",))
    guest = Caller(place.http, token, "guest")
    assert guest.get().json()["type"] == "/problems/no-such-trial"
    assert guest.get("/v1/trials").json()["items"] == []


def test_drug_safety_corrects_its_own_entries_only(story: Story) -> None:
    story.tell("screen_patient", "coordinator")
    report = {"term": "Fever", "serious": False, "onset_at": "2026-01-12T08:00:00+03:00"}
    dora, place = story.place.by("drug_safety"), story.place
    mine = dora.post("/patients/001/adverse-events", report).json()["positions"][0]
    theirs = place.by("coordinator").post("/patients/001/adverse-events", {**report, "term": "Rash"})
    correction = {"kind": "adverse-event", "patient": "001", "reason": "It was serious."}
    for position, term, status in ((mine, "Fever", 201), (theirs.json()["positions"][0], "Rash", 403)):
        body = {**correction, "position": position, "report": {**report, "term": term, "serious": True}}
        assert dora.decide("/corrections", body, on="/patients/001").status_code == status


def test_a_machine_sees_what_it_reported_and_nothing_else(story: Story) -> None:
    story.tell("screen_patient", "edc_system")
    machine = story.place.by("edc_system")
    seen = machine.get("/events").json()
    assert [event["leaf"]["actor"]["id"] for event in seen["items"]] == ["edc-ndgoi"]
    assert seen["after"] == seen["size"] - 1
    assert machine.get("/patients/001").status_code == 403


def test_an_administrator_sees_nothing_clinical(story: Story) -> None:
    story.tell("screen_patient", "coordinator")
    seen = story.place.by("administrator").get("/events").json()["items"]
    types = {event["leaf"]["type"] for event in seen}
    begun = {f"trial.{name}.v1" for name in ("registered", "site-opened", "source-registered")}
    assert types == {*begun, "trial.role-delegated.v2"}
