"""The reporting of safety over HTTP: a reaction, its clocks, its classification, and what was sent."""

import csv
import io
from typing import Any

import pytest

from tests.api.place import Place
from tests.api.story import Story

EVENT = "/patients/001/adverse-events/1"
CLASSIFIED = {
    "revision": 1,
    "serious": True,
    "criteria": ["life-threatening"],
    "sponsor_causality": "probable",
    "received_at": "2026-02-20T09:00:00+03:00",
}


@pytest.fixture
def given(infused_story: Story) -> Place:
    """001 had its first infusion and reacted to it two days later."""
    infused_story.clock("2026-02-20T12:00:00Z")
    infused_story.tell("report_adverse_event", "edc_system")
    return infused_story.place


def clocks(place: Place, **query: Any) -> dict[str, tuple[str, str]]:
    items = place.by("drug_safety").get("/safety-clocks", **query).json()["items"]
    return {clock["kind"]: (clock["due_on"], clock["standing"]) for each in items for clock in each["clocks"]}


def test_a_reaction_is_reported_classified_sent_and_known_as_of_any_moment(given: Place) -> None:
    reported = given.size - 1
    assert clocks(given) == {
        "investigator_to_sponsor": ("2026-02-21", "met"),
        "expedited": ("2026-03-07", "running"),
    }
    signer = given.by("drug_safety")
    assert signer.post(f"{EVENT}/classification", CLASSIFIED).status_code == 428
    assert signer.decide(f"{EVENT}/classification", CLASSIFIED, on="/patients/001").status_code == 201
    shorter = {"urgent": ("2026-02-27", "running"), "urgent_follow_up": ("2026-03-07", "running")}
    assert clocks(given, open_only=True) == {"expedited": ("2026-03-07", "running"), **shorter}
    assert "urgent" not in clocks(given, as_of_position=reported)
    due = given.by("coordinator").get("/worklists/reports_due").json()["items"]
    assert [(each["kind"], each["left"]) for each in due][:1] == [("urgent", "7 days")]
    sent = {"kind": "urgent", "to": "authority", "recipient": "Roszdravnadzor"}
    body = {**sent, "submitted_at": "2026-02-20T14:00:00+03:00"}
    assert signer.post(f"{EVENT}/expedited-reports", body).status_code == 201
    assert signer.post(f"{EVENT}/expedited-reports", body).json()["already"]
    assert clocks(given)["urgent"] == ("2026-02-27", "met")


def test_a_lower_causality_than_the_investigators_is_refused_with_what_is_on_record(given: Place) -> None:
    given.by("investigator").post(f"{EVENT}/attributions", {"relation": "possible"})
    lower = {**CLASSIFIED, "sponsor_causality": "unlikely"}
    refused = given.by("drug_safety").decide(f"{EVENT}/classification", lower, on="/patients/001")
    problem = refused.json()
    assert (refused.status_code, problem["type"], problem["rule_id"]) == (409, "/problems/below-on-record", "safety-1")
    assert "possible in the investigator's judgement" in problem["detail"]
    mine = given.by("investigator").decide(f"{EVENT}/classification", CLASSIFIED, on="/patients/001")
    assert mine.json()["type"] == "/problems/not-delegated"


def test_the_line_listing_is_json_or_csv(given: Place) -> None:
    given.by("drug_safety").decide(f"{EVENT}/classification", CLASSIFIED, on="/patients/001")
    (row,) = given.by("data_manager").get("/safety-listing", serious_only=True).json()["items"]
    assert (row["criteria"], row["causality_in_force"], row["next_due_on"]) == (
        ["life-threatening"],
        "probable",
        "2026-02-27",
    )
    table = given.by("data_manager").get("/safety-listing", format="csv")
    assert table.headers["content-type"].startswith("text/csv")
    (read,) = csv.DictReader(io.StringIO(table.text))
    assert (read["patient"], read["term"], read["expected"]) == ("001", "Cytokine release syndrome", "")


def test_another_sites_patients_have_no_clocks_and_no_lines(given: Place) -> None:
    elsewhere = given.stranger("principal_investigator")
    assert elsewhere.get("/safety-clocks").json()["items"] == []
    assert elsewhere.get("/safety-clocks", patient="001").status_code == 404
    assert elsewhere.get("/safety-listing").json()["items"] == []
    assert elsewhere.get("/worklists/reports_due").json()["items"] == []
    assert elsewhere.post(f"{EVENT}/receipts", {"received_at": "2026-02-20T09:00:00+03:00"}).status_code == 404


def test_a_hold_for_review_is_lifted_after_the_review_that_names_it(given: Place) -> None:
    severe = {"term": "Anaphylaxis", "category": "anaphylaxis", "ctcae_grade": 4, "serious": True}
    onset = {"onset_at": "2026-02-18T12:00:00+03:00"}
    answer = given.by("investigator").post("/patients/001/adverse-events", {**severe, **onset})
    assert [event["type"] for event in answer.json()["events"]][-1] == "trial.hold-applied.v1"
    (hold,) = given.by("safety_committee").get("/holds").json()["items"]
    assert (hold["cause"], hold["needs_review"]) == ("infusion-reaction", True)
    lift = {"review": "Adrenaline, observation, no recurrence."}
    early = given.by("safety_committee").decide("/holds/1/lifts", lift, on="")
    assert early.json()["type"] == "/problems/safety-review-missing"
    review = {
        "held_at": "2026-02-20T14:00:00+03:00",
        "attendees": [{"person": "olga", "role": "safety_committee", "conflict_of_interest": False}],
        "minutes_sha256": "3b" * 32,
        "about_holds": [1],
        "recommendation": "resume",
    }
    assert given.by("medical_monitor").post("/safety-reviews", review).status_code == 403
    assert given.by("safety_committee").post("/safety-reviews", review).status_code == 201
    assert given.by("safety_committee").decide("/holds/1/lifts", lift, on="").status_code == 201
    (shown,) = given.by("inspector").get("/safety-reviews").json()["items"]
    assert shown["lifted_holds"] == [1]
