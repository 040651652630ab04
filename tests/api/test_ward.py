"""The ward over HTTP: a sheet in one call, graded in the answer; its history, medication and the paper form."""

from typing import Any

import pytest

from tests.api.place import Place
from tests.api.story import Story

WELL: dict[str, Any] = {
    "temperature_celsius": "36.8",
    "systolic_mmhg": 105,
    "oxygen_device": "none",
    "vasopressors": [],
    "neurology": "normal",
    "capd_score": 0,
}
SHEETS, MEDICATION = "/patients/001/ward-sheets", "/patients/001/medication"


@pytest.fixture
def given(infused_story: Story) -> Place:
    """001 had its first infusion on 18 February; it is the morning of the 20th."""
    infused_story.clock("2026-02-20T05:00:00Z")
    return infused_story.place


def sheet(hour: int, day: int = 20, **seen: Any) -> dict[str, Any]:
    return {"assessed_at": f"2026-02-{day}T{hour:02}:00:00+03:00", "sheet": {**WELL, **seen}}


def grades(body: dict[str, Any]) -> dict[str, int | None]:
    return {each["toxicity"]: each["grade"] for each in body["grades"]}


def test_the_answer_carries_the_grades_and_what_followed(given: Place) -> None:
    nurse = given.by("bedside_checker")
    well = nurse.post(SHEETS, sheet(7)).json()
    assert (grades(well), len(well["events"])) == ({"CRS": 0, "ICANS": 0}, 1)
    ill = nurse.post(SHEETS, sheet(8, temperature_celsius="39", vasopressors=["noradrenaline"]), key="sheet-0008")
    assert (ill.status_code, grades(ill.json())) == (201, {"CRS": 3, "ICANS": 0})
    assert [event["type"] for event in ill.json()["events"]] == [
        "patient.ward-sheet-recorded.v1",
        "patient.adverse-event-reported.v1",
        "patient.toxicity-assessed.v1",
        "patient.candidate-dlt-raised.v1",
        "cohort.dlt-window-replanned.v1",
    ]
    again = nurse.post(SHEETS, sheet(8, temperature_celsius="39", vasopressors=["noradrenaline"]), key="sheet-0008")
    assert again.content == ill.content
    assert nurse.post(SHEETS, sheet(7)).status_code == 200
    tried = nurse.post(f"{SHEETS}?dry_run=true", sheet(6, capd_score=9)).json()
    assert grades(tried) == {"CRS": 0, "ICANS": 3}


@pytest.mark.parametrize("role", ["investigator", "coordinator", "bedside_checker", "edc_system"])
def test_those_at_the_bedside_and_their_system_enter_it(given: Place, role: Any) -> None:
    assert given.by(role).post(SHEETS, sheet(7)).status_code == 201


def test_it_is_not_entered_from_elsewhere_nor_by_who_only_reads(given: Place) -> None:
    assert given.by("medical_monitor").post(SHEETS, sheet(7)).status_code == 403
    assert given.stranger("coordinator").post(SHEETS, sheet(7)).status_code == 404
    for path in (SHEETS, MEDICATION, "/patients/001/paper-form"):
        assert given.stranger("coordinator").get(path).status_code == 404
        assert given.by("coordinator").get(path.replace("001", "404")).status_code == 404


@pytest.mark.parametrize(
    "seen", [{"temperature_celsius": 36.8}, {"neurology": "fine"}, {"capd_score": 33}, {"fever": True}]
)
def test_what_cannot_be_read_is_refused(given: Place, seen: dict[str, Any]) -> None:
    assert given.by("coordinator").post(SHEETS, sheet(7, **seen)).status_code in (400, 422)


def test_the_history_shows_days_grades_late_entries_and_what_is_missing(given: Place) -> None:
    nurse = given.by("coordinator")
    nurse.post(SHEETS, sheet(6, day=18, capd_score=2))
    nurse.post(SHEETS, sheet(18, day=18, capd_score=None))
    running = {
        "agent": "Midazolam",
        "acts_as": "sedative",
        "route": "IV",
        "purpose": "other",
        "given_at": "2026-02-20T06:00:00+03:00",
        "continuous": True,
    }
    nurse.post(MEDICATION, running)
    nurse.post(SHEETS, sheet(7, temperature_celsius=None, systolic_mmhg=80))
    history = given.by("monitor").get(SHEETS).json()
    assert (history["capd_baseline"], history["baseline"]) == (2, "recorded")
    first, second, third = history["days"]
    assert (first["on"], first["protocol_day"], first["missing"]) == ("2026-02-18", -12, [])
    assert [sheet["late"] for sheet in first["sheets"]] == [True, True]
    assert first["sheets"][0]["grades"] == [], "before the cells"
    assert second["missing"] == ["CRS", "ICANS"]
    assert (third["missing"], third["sheets"][0]["hypotension"]) == ([], True)
    crs = third["sheets"][0]["grades"][0]
    assert (crs["grade"], crs["at_most"], crs["needs_adjudication"]) == (None, 2, ["temperature_not_measured"])
    assert (crs["whole"], crs["adverse_event"]) == (False, 1)
    assert third["sheets"][0]["sedatives_on_record"] == ["midazolam"]
    assert given.by("monitor").get("/worklists").json()["open_windows"][0]["missing_on"] == ["2026-02-19"]


def test_medication_is_listed_until_it_is_stopped_and_an_unknown_steroid_is_flagged(given: Place) -> None:
    nurse, begun = given.by("coordinator"), "2026-02-20T06:00:00+03:00"
    pump = {"agent": "Noradrenaline", "acts_as": "vasopressor", "route": "IV", "purpose": "other", "given_at": begun}
    nurse.post(MEDICATION, {**pump, "continuous": True})
    unknown = {"agent": "betamethasone", "acts_as": "corticosteroid", "dose": "4", "dose_unit": "mg"}
    nurse.post(MEDICATION, {**pump, **unknown})
    items = given.by("inspector").get(MEDICATION).json()["items"]
    assert {item["agent"]: item["in_steroid_table"] for item in items} == {
        "noradrenaline": None,
        "betamethasone": False,
    }
    assert {item["ended_at"] for item in items if item["continuous"]} == {None}
    stop = {"agent": "noradrenaline", "given_at": begun, "stopped_at": "2026-02-20T07:30:00+03:00"}
    assert nurse.post(f"{MEDICATION}/stops", stop).status_code == 201
    items = given.by("inspector").get(MEDICATION).json()["items"]
    assert [item["ended_at"] for item in items if item["continuous"]] == ["2026-02-20T07:30:00.000000+03:00"]


def test_a_sheet_is_corrected_with_a_reason(given: Place) -> None:
    nurse = given.by("coordinator")
    position = nurse.post(SHEETS, sheet(7, temperature_celsius="39")).json()["positions"][0]
    body = {
        "position": position,
        "patient": "001",
        "kind": "ward-sheet",
        "report": sheet(7, temperature_celsius="36.9"),
        "reason": "Another child's thermometer.",
    }
    assert nurse.decide("/corrections", body, on="/patients/001").status_code == 201
    (event,) = given.by("inspector").get("/patients/001/adverse-events").json()["items"]
    assert event["grade"] == 0


def test_the_paper_form_asks_what_the_sheet_asks(given: Place) -> None:
    printed = given.by("coordinator").get("/patients/001/paper-form", on="2026-02-21")
    assert printed.headers["content-type"].startswith("text/plain")
    assert "patient 001" in printed.text
    assert "protocol day -9" in printed.text
    assert "systolic below 88" in printed.text
    assert "CAPD ____ of 32 (before infusion 1: none)" in printed.text
    assert "high flow nasal cannula" in printed.text
