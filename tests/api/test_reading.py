"""Reads: as of when, in pages, live, and under which version."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.begun import Begun, infused_once
from tests.api.place import TRIAL, Place, description
from tests.api.story import Story, reacted

DURING_OBSERVATION = "2026-02-22T12:00:00Z"
QUERIES = {"explain": "?level=1", "characteristics": "?rates=0.05,0.10,0.20,0.45"}


@pytest.fixture(scope="module")
def reacted_before(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    return Begun.played(tmp_path_factory.mktemp("reacted"), infused_once, reacted)


@pytest.fixture
def treated(reacted_before: Begun, tmp_path: Path) -> Iterator[Place]:
    """001 had its first infusion, and a DLT that began on 20 February and was told on 24 February."""
    place = reacted_before.place(tmp_path)
    yield place
    place.stop()


def pages(place: Place, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every page, by the links."""
    found = [place.by("inspector").get(path, **query)]
    while "next" in found[-1].links:
        found.append(place.by("inspector").get(found[-1].links["next"]["url"]))
        assert found[-2].json()["next"] == found[-2].links["next"]["url"]
    assert found[-1].json()["next"] is None
    return [page.json() for page in found]


def test_the_feed_has_no_gap_and_no_event_twice(treated: Place) -> None:
    read = pages(treated, "/events", limit=7)
    positions = [event["position"] for page in read for event in page["items"]]
    assert positions == list(range(treated.size))
    assert all(len(page["items"]) == 7 for page in read[:-1])
    rest = treated.by("inspector").get("/events", after=positions[-1]).json()
    assert (rest["items"], rest["next"], rest["after"]) == ([], None, positions[-1])


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ({"type": "patient.consent-given.v1"}, lambda leaf: leaf["type"] == "patient.consent-given.v1"),
        ({"stream": "cohort/1"}, lambda leaf: leaf["stream"] == "cohort/1"),
        ({"patient": "001"}, lambda leaf: leaf["stream"] == "patient/001"),
        ({"actor": "edc-ndgoi"}, lambda leaf: leaf["actor"]["id"] == "edc-ndgoi"),
        ({"patient": "001", "actor": "maria"}, lambda leaf: leaf["actor"]["id"] == "maria"),
    ],
)
def test_the_feed_is_filtered(treated: Place, query: dict[str, str], holds: Any) -> None:
    everything = [event["leaf"] for page in pages(treated, "/events") for event in page["items"]]
    wanted = [
        leaf for leaf in everything if holds(leaf) and (leaf["stream"] == "patient/001" or "patient" not in query)
    ]
    found = [event["leaf"] for page in pages(treated, "/events", limit=3, **query) for event in page["items"]]
    assert found == wanted != []


def test_the_board_shows_what_was_known_then(treated: Place) -> None:
    reader = treated.by("statistician")
    now = reader.get("/escalation").json()
    then = reader.get("/escalation", as_of_recorded=DURING_OBSERVATION).json()
    assert (now["notation"], then["notation"]) == ("1T", "1P")
    position = then["trial"]["position"]
    again = reader.get("/escalation", as_of_position=position).json()
    assert again["levels"][1]["dlt"] == 0
    assert reader.get("/escalation", as_of_position=10**9).json()["notation"] == "1T"
    assert reader.get("/escalation", as_of_recorded="1999-01-01T00:00:00Z").json()["trial"]["size"] == 0
    both = reader.get("/escalation", as_of_position=1, as_of_recorded=DURING_OBSERVATION)
    assert both.status_code == 422


def test_what_was_so_is_another_question_than_what_was_known(treated: Place) -> None:
    reader = treated.by("inspector")
    known = reader.get("/dlt-register", as_of_recorded=DURING_OBSERVATION).json()["entries"]
    so = reader.get("/dlt-register", as_of_occurred=DURING_OBSERVATION).json()["entries"]
    assert known == []
    assert [entry["grade"] for entry in so] == [3]
    before = reader.get("/patients/001/timeline", as_of_occurred="2026-02-19T00:00:00Z").json()["entries"]
    after = reader.get("/patients/001/timeline").json()["entries"]
    assert 0 < len(before) < len(after)


def test_a_replay_is_the_same_state_with_the_same_digest(treated: Place) -> None:
    inspector = treated.by("inspector")
    first = inspector.get("/replay", as_of_position=40).json()
    treated.restart()
    second = treated.by("inspector").get("/replay", as_of_position=40).json()
    assert first == second
    assert first["size"] == 41
    assert treated.by("inspector").get("/replay").json()["digest"] != first["digest"]


def test_a_replay_at_one_site_leaves_out_patients_of_another(treated: Place) -> None:
    here, there = treated.by("investigator"), treated.stranger("investigator")
    mine, theirs = here.get("/replay").json(), there.get("/replay").json()
    assert mine["digest"] == theirs["digest"]
    assert [number for number, _ in mine["state"]["patients"]] == ["001"]
    assert theirs["state"]["patients"] == []


def test_a_read_waits_for_the_position_that_it_asks_for(tmp_path: Any) -> None:
    place = Place(tmp_path, at_least_seconds=0)
    story = Story(place)
    story.tell("register_trial", "medical_monitor")
    reader = place.by("inspector")
    assert reader.get(at_least=1).status_code == 200
    late = reader.get(at_least=2)
    assert (late.status_code, late.json()["type"]) == (503, "/problems/not-there-yet")
    assert late.headers["retry-after"] == "1"
    place.stop()


def test_an_entity_tag_names_the_present_version_only(treated: Place) -> None:
    reader = treated.by("inspector")
    for path, stream in (("", "trial"), ("/patients/001", "patient/001"), ("/cohorts/1", "cohort/1")):
        shown = reader.get(path)
        assert shown.headers["etag"] == f'"{stream}@{shown.json()["version"]}"'
        assert "etag" not in reader.get(path, as_of_position=20).headers


def test_what_the_caller_has_already_is_not_sent_again(treated: Place) -> None:
    reader = treated.by("inspector")
    tag = {"If-None-Match": reader.get("/patients/001").headers["etag"]}
    again = reader.get("/patients/001", headers=tag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag["If-None-Match"])
    treated.by("coordinator").post("/patients/001/assents", {"form_version": "9", "signed_at": "2026-02-02T08:00:00Z"})
    assert reader.get("/patients/001", headers=tag).status_code == 200
    beside = {"If-None-Match": reader.get("/patients/001/timeline").headers["etag"]}
    assert reader.get("/patients/001/timeline", headers=beside).status_code == 200


def test_an_unknown_query_is_refused(treated: Place) -> None:
    for path in ("", "/escalation", "/patients", "/events", "/audit-trail", "/replay", "/events/0"):
        answer = treated.by("inspector").get(path, asof="1")
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request-invalid"), path


ELSEWHERE = (
    "/stream",
    "/checkpoint",
    "/bundle",
    "/audit-package",
    "/inclusion",
    "/consistency",
    "/tile/{path}",
    "/receipts/{position}",
)
"""Reads that other tests ask: a stream has no end, and of the evidence nothing is signed here."""


def test_every_read_answers(treated: Place) -> None:
    reader = treated.by("medical_monitor")
    for path, operations in description()["paths"].items():
        if path.startswith("/v1/") and "get" in operations and not path.endswith(ELSEWHERE):
            named = {"trial": TRIAL, "patient": "001", "lot": "NK-001-A", "name": "consents"}
            url = path.format(**named, ordinal=1, level=1, version=1, decision=1, position=3)
            answer = reader.get(f"{url}{QUERIES.get(url.rpartition('/')[2], '')}")
            assert answer.status_code == (404 if "decisions/1" in url else 200), (url, answer.text)


def test_the_audit_trail_shows_old_and_new_and_refusals(treated: Place) -> None:
    treated.by("coordinator").post("/cohorts/3/reservations", {"patient": "001"})
    read = pages(treated, "/audit-trail", limit=9)
    rows = [row for page in read for row in page["items"]]
    assert [row["position"] for row in rows if row["kind"] == "event"] == list(range(treated.size))
    refused = [row for row in rows if row["kind"] == "refusal"]
    assert [(row["type"], row["actor"]) for row in refused] == [("ReserveSlot", "nina")]
    assert [row["recorded_at"] for row in rows] == sorted(row["recorded_at"] for row in rows)


def test_the_audit_trail_of_one_patient_holds_all_streams(treated: Place) -> None:
    rows = [row for page in pages(treated, "/audit-trail", limit=5, patient="001") for row in page["items"]]
    assert {row["stream"] for row in rows} == {"patient/001", "cohort/1", "product/NK-001-A", "trial"}
    assert {row["type"] for row in rows if row["stream"] == "trial"} == {"trial.record-signed.v1"}
    assert {row["patient"] for row in rows} == {"001"}
    positions = [row["position"] for row in rows]
    assert positions == sorted(set(positions))


def test_the_audit_trail_comes_as_csv(treated: Place) -> None:
    answer = treated.by("data_manager").get("/audit-trail", format="csv", type="patient.consent-given.v1")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["actor"], row["patient"]) for row in rows] == [("ivan", "001")]


def test_the_audit_trail_is_cut_to_a_time(treated: Place) -> None:
    reader = treated.by("inspector")
    rows = reader.get("/audit-trail", recorded_from="2026-02-18T00:00:00Z", recorded_to="2026-02-19T00:00:00Z").json()
    assert rows["items"]
    assert {row["recorded_at"][:10] for row in rows["items"]} == {"2026-02-18"}


async def events_of(place: Place, wanted: int, query: str = "", **headers: str) -> list[dict[str, str]]:
    """The first so many server-sent events of a stream, by a client that then goes away."""
    found: list[dict[str, str]] = []
    async for message in messages(place, query, wanted, headers):
        lines = dict(line.split(": ", 1) for line in message.splitlines() if ": " in line and line[0] != ":")
        if "id" in lines:
            found.append(lines)
    return found


async def messages(place: Place, query: str, wanted: int, headers: dict[str, str]) -> AsyncIterator[str]:
    queue: asyncio.Queue[str] = asyncio.Queue()
    gone = asyncio.Event()
    sent = {**place.by("inspector").bearer, **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/v1/trials/{TRIAL}/stream",
        "raw_path": b"",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "server": ("testserver", 80),
        "client": ("test", 1),
        "root_path": "",
    }

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message
        elif body := message.get("body"):
            await queue.put(body.decode())

    task = asyncio.create_task(place.app(scope, receive, send))
    for _ in range(wanted):
        yield await asyncio.wait_for(queue.get(), 60)
    gone.set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_the_live_feed_goes_on_after_the_last_event_that_was_seen(treated: Place) -> None:
    first = asyncio.run(events_of(treated, 3, "after=4"))
    assert [event["id"] for event in first] == ["5", "6", "7"]
    again = asyncio.run(events_of(treated, 2, "", **{"Last-Event-ID": "7"}))
    assert [event["id"] for event in again] == ["8", "9"]
    leaf = json.loads(first[0]["data"])["leaf"]
    assert (leaf["position"], leaf["type"]) == (5, first[0]["event"])


def test_the_live_feed_tells_what_is_appended_meanwhile(treated: Place) -> None:
    size = treated.size

    async def listen_and_write() -> list[dict[str, str]]:
        listening = asyncio.create_task(events_of(treated, 1))
        await asyncio.sleep(0.2)
        hold = {"scope": "trial", "cause": "logistics"}
        await asyncio.to_thread(treated.by("medical_monitor").post, "/holds", hold)
        return await listening

    heard = asyncio.run(listen_and_write())
    assert [(event["id"], event["event"]) for event in heard] == [(str(size), "trial.hold-applied.v1")]


def test_what_would_happen_next_is_read_as_known_then(treated: Place) -> None:
    reader = treated.by("statistician")
    now = reader.get("/escalation/tree").json()
    assert now["tree"]["advice"]["line"] == reader.get("/escalation").json()["advice"]["line"]
    assert {branch["dlts"][0]["among"] for branch in now["tree"]["branches"]} == {2}
    then = reader.get("/escalation/tree", as_of_recorded=DURING_OBSERVATION, depth=2).json()
    assert then["position"] < now["position"]
    assert then["tree"]["branches"][0]["after"]["branches"]
    assert reader.get("/escalation/tree", depth=3).status_code == 422


def test_the_design_on_average_and_its_boundary(treated: Place) -> None:
    reader = treated.by("statistician")
    found = reader.get("/design/characteristics", rates="0.02,0.05,0.08,0.12", cap=12).json()
    assert (found["expected_patients"]["rounded"], found["cap"]["patients"]) == ("12.97", 12)
    boundary = reader.get("/design/boundary").json()
    assert (boundary["steps"][0], boundary["start"]["assumed"]) == ("2 of 6", True)
    assert list(boundary["stops"]) == ["1/10", "1/5", "33/100", "9/20"]


@pytest.mark.parametrize(
    "rates", ["", "0.1", "0.1,0.2,0.3,1.1", "0.1,0.2,0.3,0.12345", "1/3,0,0,0", "0.1, 0.2,0.3,0.4"]
)
def test_rates_that_do_not_fit_are_refused(treated: Place, rates: str) -> None:
    answer = treated.by("statistician").get("/design/characteristics", rates=rates)
    assert (answer.status_code, answer.json()["type"].split("/")[-1]) in (
        (422, "request-invalid"),
        (422, "rates-do-not-fit"),
    )


def test_a_patients_calendar_is_seen_on_a_day(treated: Place) -> None:
    reader = treated.by("coordinator")
    today = reader.get("/patients/001/schedule").json()
    assert (today["on"], today["day_zero_is_actual"], today["visits"]) == ("2026-02-24", False, [])
    assert [each["done_on"] for each in today["items"] if each["what"] == "infusion 1"] == ["2026-02-18"]
    assert reader.get("/patients/001/schedule", on="2026-03-15").json()["on"] == "2026-03-15"
    assert reader.get("/patients/077/schedule").status_code == 404
    assert reader.get("/patients/001/schedule", on="soon").status_code == 422


def test_before_a_protocol_is_in_force_nothing_is_foreseen(treated: Place) -> None:
    reader = treated.by("statistician")
    for path in ("/escalation/tree", "/design/boundary"):
        answer = reader.get(path, as_of_position=0)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-protocol-in-force")


def test_the_eligibility_matrix_and_the_screening_log_say_who_takes_part_and_why(treated: Place) -> None:
    matrix = treated.by("investigator").get("/patients/001/eligibility")
    shown = matrix.json()
    assert matrix.headers["etag"].startswith('"patient/001@')
    by_criterion = {each["criterion"]: each for each in shown["verdicts"]}
    assert (shown["open"], by_criterion["I2"]["rule"], by_criterion["I6"]["met"]) == ([], "I2a", True)
    derived = [each for each in by_criterion["I6"]["inputs"] if each["finding"] == "schwartz_rate"]
    assert [(each["position"], each["unit"]) for each in derived] == [(None, "ml/min/1.73 m2")]
    assert all(each["position"] is not None for each in by_criterion["I8"]["inputs"])
    assert treated.by("coordinator").get("/patients/001/eligibility").status_code == 403
    log = treated.by("coordinator").get("/screening-log").json()["items"]
    assert [(row["patient"], row["outcome"], row["level"]) for row in log] == [("001", "enrolled", 1)]
    table = treated.by("coordinator").get("/screening-log", format="csv")
    assert table.headers["content-type"].startswith("text/csv")
    head, row = table.text.splitlines()
    assert dict(zip(head.split(","), row.split(","), strict=True))["enrolled_on"] == log[0]["enrolled_on"]


def test_the_product_accountability_log_is_a_table_of_every_lot(treated: Place) -> None:
    (lot,) = treated.by("cell_processing_qa").get("/product-accountability").json()["items"]
    assert (lot["lot"], lot["recipient"], lot["infused"]) == ("NK-001-A", "001", 140000000)
    assert lot["made"] == lot["lost_at_thaw"] + lot["infused"] + lot["destroyed"] + lot["remaining"]
    table = treated.by("cell_processing_qa").get("/product-accountability", format="csv").text.splitlines()
    assert table[0].startswith("lot,recipient,chain_of_identity,received_on")
    assert [row.split(",")[0] for row in table[1:]] == ["NK-001-A"]
    assert treated.stranger("investigator").get("/product-accountability").json()["items"] == []


def test_a_protocol_version_shows_its_document_and_what_that_cannot_keep(treated: Place) -> None:
    """A.3-21."""
    shown = treated.by("ethics_committee").get("/protocol-versions/1").json()
    assert shown["document"]["registry_id"] == "NCT07256210"
    (doubt,) = shown["doubts"]
    assert "a graft by 2025-10-31" in doubt
