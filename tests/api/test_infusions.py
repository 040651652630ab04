"""An infusion over HTTP: ordered, given and read in full; the dose order as JSON and as a page."""

import pytest

from ledger.refusals import NoSuchDoseOrder
from tests.api.place import Place
from tests.api.story import Story, infused, placed, screened

FIRST = "/patients/001/infusions/1"


@pytest.fixture
def given(infused_story: Story) -> Place:
    """001 had its first infusion."""
    return infused_story.place


def test_the_record_is_read_in_full(given: Place) -> None:
    record = given.by("statistician").get(FIRST).json()
    assert record["order"]["volume_ml"] == record["authorisation"]["volume_ml"] == "48.2"
    assert (record["order"]["calculated_by"], record["authorisation"]["second_calculation_by"]) == ("nina", "ivan")
    assert (record["bags"], record["checkers"]) == (["NK-001-A.1"], ["boris", "nina"])
    assert [(each["cause"], each["resumed_at"]) for each in record["interruptions"]] == [
        ("line-or-pump", "2026-02-18T09:54:00.000000+03:00")
    ]
    assert [each["bag"] for each in record["after_thaw"]] == ["NK-001-A.1"]
    assert len(record["vitals"]) == 2
    assert record["given"]["percent_of_plan"] == "100"
    every = given.by("statistician").get("/patients/001/infusions").json()
    assert every["percent_of_level_total"] == "200/3"
    assert every["infusions"] == [record]


def test_the_dose_order_is_json_or_a_page(given: Place) -> None:
    order = given.by("cell_processing_qa").get(f"{FIRST}/dose-order")
    assert order.json()["order"]["cells"] == "139780000"
    page = given.by("cell_processing_qa").get(f"{FIRST}/dose-order", format="text")
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert "48.2 mL (rounded down to steps of 0.1 mL)" in page.text
    missing = given.by("investigator").get("/patients/001/infusions/2/dose-order")
    assert (missing.status_code, missing.json()["rule_id"]) == (404, NoSuchDoseOrder.rule)
    assert missing.json()["type"] == "/problems/no-such-dose-order"


def test_who_authorised_and_who_checked_at_the_bedside_is_shown_and_printed_with_each_signature(given: Place) -> None:
    record = given.by("inspector").get(FIRST).json()
    allowed = record["authorisation"]["signature"]
    assert (allowed["name"], allowed["status"]) == ("Dr Ivan", "valid")
    assert allowed["meaning"].endswith("authorise this infusion")
    assert [(each["checker"], each["signature"]["name"], each["matches"]) for each in record["checks"]] == [
        ("boris", "Dr Boris", True),
        ("nina", "Dr Nina", True),
    ]
    assert record["unsigned_checkers"] == []
    assert given.by("monitor").get("/worklists/bedside_checks").json()["items"] == []
    page = " ".join(given.by("investigator").get(f"{FIRST}/dose-order", format="text").text.split())
    for each in (record["authorisation"], *record["checks"]):
        signed = each["signature"]
        moment = signed["signed_at"][:19].replace("T", " ")
        assert f"Signed by {signed['name']} ({signed['signer']}), {moment}+00:00: {signed['meaning']}" in page


def test_the_checker_who_has_not_signed_is_named(story: Story) -> None:
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    placed(story, "001")
    infused(story, checks=("coordinator",))
    record = story.place.by("inspector").get(FIRST).json()
    assert (record["checkers"], record["unsigned_checkers"]) == (["boris", "nina"], ["boris"])
    page = story.place.by("investigator").get(f"{FIRST}/dose-order", format="text").text
    assert "boris, not signed yet: ____" in page
    (due,) = story.place.by("monitor").get("/worklists/bedside_checks").json()["items"]
    assert (due["patient"], due["ordinal"], due["unsigned_checkers"]) == ("001", 1, ["boris"])


def test_as_known_before_the_order_there_was_none(given: Place) -> None:
    events = given.by("inspector").get("/events", type="patient.dose-ordered.v1").json()["items"]
    before = given.by("inspector").get(f"{FIRST}/dose-order", as_of_position=events[0]["position"] - 1)
    assert before.json()["order"] is None


def test_an_infusion_of_a_patient_of_another_site_does_not_exist(given: Place) -> None:
    elsewhere = given.stranger("principal_investigator")
    for path in ("/patients/001/infusions", FIRST, f"{FIRST}/dose-order"):
        assert elsewhere.get(path).json()["type"] == "/problems/no-such-patient"


def test_who_ordered_does_not_authorise(given: Place) -> None:
    body = {
        "product": "NK-001-A",
        "viable_cells_per_ml": "2900000",
        "cells_by_first_calculation": "1",
        "volume_ml_by_first_calculation": "48.3",
    }
    answer = given.by("investigator").post(f"{FIRST}/dose-order", body)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/dose-above-plan")
