"""Outcomes and the follow-up over HTTP: reported, read, corrected, and hidden from other sites."""

import pytest

from tests.api.place import Place
from tests.api.story import Story, followed, later, placed, screened


@pytest.fixture
def told(infused_story: Story) -> Place:
    """001 had one infusion and its graft on 2 March; what became of it is on record by 20 April. 002 had one, too."""
    screened(infused_story, "002")
    placed(infused_story, "002")
    later(infused_story)
    followed(infused_story)
    return infused_story.place


def test_the_outcomes_of_a_patient_with_the_grade_that_was_computed(told: Place) -> None:
    shown = told.by("inspector").get("/patients/001/outcomes")
    body = shown.json()
    assert shown.headers["etag"].startswith('"patient/001@')
    assert (body["grafted_on"], body["disease"]) == ("2026-03-02", "AML")
    found = {each["outcome"]["kind"]: each for each in body["outcomes"]}
    assert found["engraftment"]["protocol_day"] == 17
    assert found["mrd"]["above_threshold"] is False
    graded = found["acute-gvhd"]["outcome"]
    assert (graded["computed_grade"], graded["table_version"]) == (1, "MAGIC-2016.1")


def test_grave_gvhd_answers_with_the_hold_that_it_set(told: Place) -> None:
    found = told.by("inspector").get("/patients/001/outcomes").json()["outcomes"]
    findings = next(each["outcome"]["findings"] for each in found if each["outcome"]["kind"] == "acute-gvhd")
    body = {"assessed_on": "2026-04-18", "findings": {**findings, "severe_pain_ileus_or_gross_blood": True}}
    answer = told.by("coordinator").post("/patients/001/outcomes/acute-gvhd", body)
    assert [event["type"] for event in answer.json()["events"]] == [
        "patient.outcome-recorded.v1",
        "trial.hold-applied.v1",
    ]
    (hold,) = [each for each in told.by("inspector").get("/holds").json()["items"] if not each["lifted"]]
    assert (hold["cause"], hold["level"]) == ("acute-gvhd", 1)
    lower = {**body, "assessed_on": "2026-04-19", "investigator_grade": 0}
    refused = told.by("coordinator").post("/patients/001/outcomes/acute-gvhd", lower)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/reason-missing")


def test_an_outcome_is_corrected(told: Place) -> None:
    (subset,) = [
        each
        for each in told.by("inspector").get("/patients/001/outcomes").json()["outcomes"]
        if each["outcome"]["kind"] == "lymphocyte-subset"
    ]
    outcome = {**subset["outcome"], "cells_per_ul": "14.5"}
    body = {
        "position": subset["position"],
        "kind": "outcomes",
        "patient": "001",
        "report": {"outcomes": [outcome]},
        "reason": "A decimal point was lost.",
    }
    corrected = told.by("coordinator").decide("/corrections", body, on="/patients/001")
    assert corrected.status_code == 201
    counts = [
        each["outcome"]["cells_per_ul"]
        for each in told.by("inspector").get("/patients/001/outcomes").json()["outcomes"]
        if each["outcome"]["kind"] == "lymphocyte-subset"
    ]
    assert counts == ["14.5"]


def test_the_follow_up_says_what_is_missing_and_who_was_tried(told: Place) -> None:
    (row,) = told.by("coordinator").get("/follow-up").json()["items"]
    assert (row["patient"], row["state"], row["ends_on"], row["attempts_since"]) == ("001", "running", "2028-03-02", 1)
    assert [visit["not_recorded"] for visit in row["incomplete"]] == [["chimerism"]]
    assert row["next_visit"]["day"] == 100


def test_the_feasibility_report_and_the_endpoints(told: Place) -> None:
    report = told.by("statistician").get("/feasibility").json()
    one = next(each for each in report["patients"] if each["patient"] == "001")
    assert (one["manufactured"], one["all_given"], one["on_day"]) == (True, False, False)
    assert report["manufactured"]["numerator"] == 2
    assert {each["cause"]: each["infusions"] for each in report["omissions"]} == {"manufacturing-failure": 2}
    summary = told.by("statistician").get("/endpoints").json()
    assert (summary["patients"], summary["response"]) == (1, [{"what": "CR", "patients": 1}])


def test_patients_of_another_site_are_not_followed_there(told: Place) -> None:
    elsewhere = told.stranger("principal_investigator")
    assert elsewhere.get("/patients/001/outcomes").status_code == 404
    assert elsewhere.get("/follow-up").json()["items"] == []
    assert elsewhere.get("/feasibility").json()["patients"] == []
    outcome = {"outcomes": [{"kind": "sos", "severity": "mild", "criteria": "other", "assessed_on": "2026-04-01"}]}
    assert elsewhere.post("/patients/001/outcomes", outcome).status_code == 404
