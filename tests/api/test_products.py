"""Lots of cells over HTTP: read by those to whom the patient exists, signed on what was seen, corrected."""

from typing import Any

import pytest

from tests.api.place import Place
from tests.api.story import Story


@pytest.fixture
def given(infused_story: Story) -> Place:
    """001 had its first infusion."""
    return infused_story.place


def test_a_lot_is_shown_with_its_trace_and_its_account(given: Place) -> None:
    shown = given.by("inspector").get("/products/NK-001-A")
    lot = shown.json()
    assert shown.headers["etag"] == f'"product/NK-001-A@{lot["version"]}"'
    assert [(link["donor"], link["patient"], link["cells"]) for link in lot["trace"]] == [("D-0031", "001", 140000000)]
    assert lot["account"]["lost_at_thaw"] == 5_000_000
    queries: tuple[dict[str, Any], ...] = ({"donor": "D-0031"}, {"patient": "001"})
    for query in queries:
        assert [each["lot"] for each in given.by("inspector").get("/products", **query).json()["items"]] == ["NK-001-A"]
    assert given.by("inspector").get("/products", donor="D-9").json()["items"] == []
    missing = given.by("inspector").get("/products/NK-404")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/no-such-product")


def test_a_lot_for_a_patient_of_another_site_does_not_exist(given: Place) -> None:
    elsewhere = given.stranger("principal_investigator")
    here, there = elsewhere.get("/products/NK-001-A"), elsewhere.get("/products/NK-404")
    assert here.status_code == there.status_code == 404
    assert here.json()["type"] == there.json()["type"]
    assert elsewhere.get("/products").json()["items"] == []
    seen = {event["leaf"]["stream"] for event in elsewhere.get("/events").json()["items"]}
    assert not any(stream.startswith("product/") for stream in seen)
    assert elsewhere.get("/replay").json()["state"]["products"] == []
    machine, sterile = given.stranger("edc_system"), {"result": "negative", "reported_on": "2026-02-18"}
    assert machine.post("/products/NK-001-A/late-sterility", sterile).status_code == 404


def test_a_disposition_rests_on_the_lot_that_was_seen(given: Place) -> None:
    signer, body = given.by("cell_processing_qa"), {"disposition": "quarantined", "reason": "A label is in doubt."}
    assert signer.post("/products/NK-001-A/disposition", body).status_code == 428
    stale = {"If-Match": '"product/NK-001-A@1"'}
    assert signer.post("/products/NK-001-A/disposition", body, headers=stale).status_code == 412
    assert signer.decide("/products/NK-001-A/disposition", body, on="/products/NK-001-A").status_code == 201


def test_a_report_of_a_lot_is_corrected_by_who_reported_it(given: Place) -> None:
    events = given.by("inspector").get("/events", type="product.manufacture-completed.v1").json()["items"]
    report = {"outcome": "manufactured", "cells": 310000000, "finished_at": "2026-02-16T18:00:00+03:00"}
    body = {
        "position": events[0]["position"],
        "lot": "NK-001-A",
        "kind": "manufacture",
        "report": report,
        "reason": "The counter was read wrongly.",
    }
    other = given.by("medical_monitor").decide("/corrections", body, on="/products/NK-001-A")
    assert other.status_code == 403
    mine = given.by("cell_processing_qa").decide("/corrections", body, on="/products/NK-001-A")
    assert (mine.status_code, mine.json()["events"][0]["stream"]) == (201, "product/NK-001-A")
    assert given.by("inspector").get("/products/NK-001-A").json()["account"]["made"] == 310000000
