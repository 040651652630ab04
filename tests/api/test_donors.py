"""A donor, the conditioning and the graft over HTTP: selected on what was seen, reported by the ward, read as one."""

from typing import Any

import pytest

from tests.api.place import Place
from tests.api.story import Story


@pytest.fixture
def given(infused_story: Story) -> Place:
    """001 was conditioned and had its first infusion."""
    return infused_story.place


CANDIDATE: dict[str, Any] = {
    "donor": "D-0099",
    "type": "matched_related",
    "relation": "sister",
    "sex": "female",
    "birth_year": 2010,
    "available_for_graft": True,
    "available_for_nk_cells": True,
}


def test_a_donor_is_selected_on_the_patient_that_was_seen_and_changed_with_a_reason(given: Place) -> None:
    ward, doctor = given.by("coordinator"), given.by("investigator")
    assert ward.post("/patients/001/donor/candidates", CANDIDATE).status_code == 201
    shown = given.by("inspector").get("/patients/001/donor").json()
    assert (shown["selected"], [each["donor"] for each in shown["candidates"]]) == ("D-0031", ["D-0031", "D-0099"])
    assert [each["rule"] for each in shown["candidates"][1]["broken"]] == ["I4", "I4"]
    ranking = [{"donor": donor, "reasons": ["see the letter"]} for donor in ("D-0099", "D-0031")]
    body = {"donor": "D-0099", "ranking": ranking, "reason": "The father is ill."}
    assert doctor.post("/patients/001/donor/selection", body).status_code == 428
    refused = doctor.decide("/patients/001/donor/selection", body, on="/patients/001")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/donor-consent-missing")
    assert ward.decide("/patients/001/donor/selection", body, on="/patients/001").status_code == 403
    agreed = {"donor": "D-0099", "form_version": "1", "capacity": "representative", "obtained_by": "ivan"}
    ward.post("/patients/001/donor/consents", {**agreed, "signed_at": "2026-02-18T09:00:00+03:00"})
    tested = {"donor": "D-0099", "eligible": True, "infectious_tests_on": "2026-02-10"}
    doctor.decide("/patients/001/donor/eligibility", tested, on="/patients/001")
    assert doctor.decide("/patients/001/donor/selection", body, on="/patients/001").status_code == 201
    assert given.by("inspector").get("/patients/001/donor").json()["selected"] == "D-0099"


def test_a_rescheduled_transplant_says_what_moved(given: Place) -> None:
    body = {"to_on": "2026-03-05", "reason": "The donor has a cold."}
    answer = given.by("coordinator").post("/patients/001/transplant/reschedulings", body)
    event = given.by("inspector").get(f"/events/{answer.json()['positions'][0]}").json()["leaf"]["data"]
    moved = {(each["what"], each["day"]): each["to_on"] for each in event["moved"]}
    assert (moved["graft", 0], moved["infusion 2", 5]) == ("2026-03-05", "2026-03-10")
    assert ("infusion 1", -12) not in moved
    calendar = given.by("inspector").get("/patients/001/schedule").json()
    assert (calendar["day_zero_on"], calendar["planned_day_zero_on"]) == ("2026-03-05", "2026-03-02")
    assert {(each["what"], each["to_on"]) for each in calendar["moved"]} >= {("graft", "2026-03-05")}


def test_what_the_ward_gave_is_on_the_calendar_and_another_unit_cannot_be_read(given: Place) -> None:
    ward = given.by("coordinator")
    dose = {"agent": "thiotepa", "protocol_day": -14, "dose": "5", "unit": "mg/m2", "given_on": "2026-02-16"}
    wrong = ward.post("/patients/001/conditioning", dose)
    assert (wrong.status_code, wrong.json()["rule_id"]) == (422, "schedule-1")
    assert ward.post("/patients/001/conditioning", {**dose, "unit": "mg/kg"}).status_code == 201
    items = given.by("inspector").get("/patients/001/schedule").json()["items"]
    done = {each["what"] for each in items if each["done_as"] == "given"}
    assert done == {"fludarabine", "thiotepa", "infusion 1"}


def test_a_donor_of_another_sites_patient_does_not_exist(given: Place) -> None:
    elsewhere = given.stranger("investigator")
    assert elsewhere.get("/patients/001/donor").status_code == 404
    assert elsewhere.post("/patients/001/donor/candidates", CANDIDATE).status_code == 404


def test_a_new_form_is_asked_for_by_the_sponsor_and_shown_as_due(given: Place) -> None:
    body = {"form_version": "3.0", "capacities": ["representative"], "due_on": "2026-03-01"}
    assert given.by("coordinator").post("/reconsents", body).status_code == 403
    assert given.by("medical_monitor").post("/reconsents", body).status_code == 201
    (due,) = given.by("inspector").get("/worklists/consents").json()["items"]
    assert (due["patient"], due["form_version"], due["overdue"]) == ("001", "3.0", False)
