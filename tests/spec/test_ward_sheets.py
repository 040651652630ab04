"""The ward sheet: raw values, graded at once, in whatever order the sheets come in (domain D, E, issue of the ward)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from immutables import Map

from ledger import refusals as no
from ledger.cohort.events import CohortExceeded, DltCounted, DltWindowClosed
from ledger.decisions import dlt, safety
from ledger.decisions.assessments import baseline_state, done_days, missing_days
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.standing import scheduled_days
from ledger.decisions.toxicity import capd_baseline
from ledger.decisions.ward import RecordWardSheet
from ledger.patient import safety as s
from ledger.patient.review import QueryRaised
from ledger.patient.ward import WardSheetRecorded
from ledger.types import Event
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, Bench
from tests.spec.story import candidates, go_on, has, only, patient, raised, replayed, told, trial, window
from tests.spec.test_safety_reports import findings

WELL = {
    "temperature_celsius": "36.8",
    "systolic_mmhg": 105,
    "diastolic_mmhg": 60,
    "oxygen_device": "none",
    "vasopressors": [],
    "neurology": "normal",
    "capd_score": 0,
}
SIGNS = {
    "consciousness": "alert",
    "sedated": False,
    "seizure": "none",
    "deep_focal_weakness": False,
    "focal_cerebral_oedema": False,
    "diffuse_cerebral_oedema": False,
    "decerebrate_or_decorticate_posturing": False,
    "sixth_nerve_palsy": False,
    "papilloedema": False,
    "cushings_triad": False,
}


def sheet(bench: Bench, at: datetime | None = None, number: str = "001", **seen: Any) -> RecordWardSheet:
    """A well child of nine, but for what was seen."""
    content = {"patient": number, "assessed_at": at or bench.now, "sheet": {**WELL, **seen}}
    return RecordWardSheet.model_validate(content)


def infused(born: str = "2016-03") -> Bench:
    """Infusion 1 was given three days ago."""
    bench = trial()
    p.screen(bench, "001", born)
    p.place(bench, "001", 1)
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(3)
    return bench


def grades(events: tuple[Event, ...]) -> dict[str, int | None]:
    return {event.toxicity: event.computed_grade for event in events if isinstance(event, s.ToxicityAssessed)}


def test_a_well_child_is_one_fact_and_opens_nothing() -> None:
    bench = infused()
    assert [type(event) for event in bench.ask(sheet(bench), NURSE)] == [WardSheetRecorded]
    assert patient(bench, "001").adverse_events == Map()


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"temperature_celsius": "38.0"}, {"CRS": 1}),
        ({"temperature_celsius": "39", "systolic_mmhg": 87}, {"CRS": 2}),
        ({"temperature_celsius": "39", "systolic_mmhg": 88}, {"CRS": 1}),
        ({"temperature_celsius": "39", "low_pressure_for_this_patient": True}, {"CRS": 2}),
        ({"temperature_celsius": "39", "vasopressors": ["Noradrenaline"]}, {"CRS": 3}),
        ({"temperature_celsius": "39", "vasopressors": ["vasopressin"]}, {"CRS": 3}),
        ({"temperature_celsius": "39", "vasopressors": ["noradrenaline", "vasopressin"]}, {"CRS": 3}),
        ({"temperature_celsius": "39", "vasopressors": ["noradrenaline", "adrenaline"]}, {"CRS": 4}),
        ({"temperature_celsius": "39", "oxygen_device": "venturi", "oxygen_l_per_min": "8"}, {"CRS": 3}),
        ({"temperature_celsius": "39", "oxygen_device": "bipap", "attributed_elsewhere": ["hypoxia"]}, {"CRS": 1}),
        ({"capd_score": 5}, {"ICANS": 1}),
        ({"capd_score": 9}, {"ICANS": 3}),
        ({"capd_score": None, "unable_to_perform_score": True}, {"ICANS": 4}),
        ({"neurology": {**SIGNS, "seizure": "clinical_resolved_rapidly"}}, {"ICANS": 3}),
        ({"neurology": {**SIGNS, "consciousness": "awakens_to_voice"}}, {"ICANS": 2}),
        ({"temperature_celsius": "39", "capd_score": 12}, {"CRS": 1, "ICANS": 3}),
    ],
)
def test_a_sign_opens_its_event_and_is_graded_at_once(seen: dict[str, Any], expected: dict[str, int]) -> None:
    """At nine years hypotension is below 70 + 2 x 9 = 88 mmHg."""
    bench = infused()
    assert grades(bench.ask(sheet(bench, **seen), NURSE)) == expected
    opened = patient(bench, "001").adverse_events.values()
    assert {event.report.toxicity: event.grade for event in opened} == expected
    assert {event.report.onset_at for event in opened} == {bench.now}
    assert replayed(bench) == bench.world


def test_a_grade_3_is_a_candidate_dlt_in_the_same_append() -> None:
    bench = infused()
    events = bench.ask(sheet(bench, temperature_celsius="39", vasopressors=["noradrenaline"]), NURSE)
    assert raised(events) == {"adverse-event/1": "grade"}
    assert len({record.command_id for record in bench.records[-len(events) :]}) == 1


def test_the_second_candidate_of_a_level_holds_it_by_the_existing_rules() -> None:
    bench = go_on(told("1T"), "1A")
    p.authorise(bench, "002", 1)
    p.infuse(bench, "002", 1)
    events = bench.ask(sheet(bench, number="002", temperature_celsius="39", vasopressors=["a", "b"]), NURSE)
    assert raised(events) == {"adverse-event/1": "grade"}
    ruled = p.rule(bench, "002", 1, grade=4)
    assert has(DltCounted, ruled)
    assert has(CohortExceeded, ruled)


def test_a_later_sheet_belongs_to_the_event_that_is_open_and_a_grade_0_is_part_of_its_course() -> None:
    bench = infused()
    bench.ask(sheet(bench, temperature_celsius="38.5"), NURSE)
    bench.pass_days(1)
    bench.ask(sheet(bench, temperature_celsius="39", systolic_mmhg=80), NURSE)
    bench.pass_days(1)
    assert grades(bench.ask(sheet(bench), NURSE)) == {"CRS": 0}
    (event,) = patient(bench, "001").adverse_events.values()
    assert (event.grade, len(event.assessments)) == (2, 3)


def test_after_the_event_has_ended_a_sign_opens_another() -> None:
    bench = infused()
    bench.ask(sheet(bench, temperature_celsius="38.5"), NURSE)
    bench.pass_days(1)
    ended = safety.UpdateAdverseEvent(patient="001", adverse_event=1, ended_at=bench.now, outcome="recovered")
    bench.ask(ended, INVESTIGATOR)
    bench.pass_days(1)
    bench.ask(sheet(bench, temperature_celsius="38.5"), NURSE)
    assert sorted(patient(bench, "001").adverse_events) == [1, 2]


def test_before_the_cells_nothing_is_crs() -> None:
    bench = told("1A")
    events = bench.ask(sheet(bench, temperature_celsius="39", vasopressors=["noradrenaline"]), NURSE)
    assert [type(event) for event in events] == [WardSheetRecorded]


def test_a_fever_of_before_the_cells_that_is_entered_afterwards_is_no_crs_either() -> None:
    bench = infused()
    before = sheet(bench, bench.now - timedelta(days=3, hours=1), temperature_celsius="39")
    assert [type(event) for event in bench.ask(before, NURSE)] == [WardSheetRecorded]


def test_a_sign_in_the_window_that_comes_to_light_later_makes_a_dlt_of_what_was_seen_after_it() -> None:
    bench = over()
    assert raised(bench.ask(sheet(bench, temperature_celsius="39", vasopressors=["noradrenaline"]), NURSE)) == {}
    earlier = sheet(bench, bench.now - timedelta(days=1), temperature_celsius="38.2")
    assert raised(bench.ask(earlier, NURSE)) == {"adverse-event/1": "grade"}


def test_what_was_not_asked_is_not_normal() -> None:
    bench = infused()
    command = RecordWardSheet.model_validate(
        {"patient": "001", "assessed_at": bench.now, "sheet": {"temperature_celsius": "36.8"}}
    )
    seen = only(WardSheetRecorded, bench.ask(command, NURSE)).sheet
    assert (seen.neurology, seen.vasopressors, seen.oxygen_device, seen.capd_score) == (None, None, None, None)
    assert not seen.crs_is_whole
    assert not seen.icans_is_whole(9)


@pytest.mark.parametrize(
    "seen",
    [
        {"temperature_celsius": None},
        {"capd_score": None},
        {"capd_score": None, "ice_score": 10},
        {"capd_score": None, "neurology": {**SIGNS, "sedated": True, "consciousness": "unarousable"}},
    ],
)
def test_what_was_not_done_is_no_sign_of_the_child(seen: dict[str, Any]) -> None:
    """No thermometer, no score, the wrong score, a child that cannot be scored: flagged, and nothing opened."""
    bench = infused()
    assert grades(bench.ask(sheet(bench, **seen), NURSE)) == {}
    bench.ask(sheet(bench, bench.now - timedelta(hours=1), temperature_celsius="38.5", capd_score=1), NURSE)
    assert candidates(bench, "001") == ()


def test_a_doubt_about_a_sign_that_was_seen_is_left_to_a_person() -> None:
    bench = infused()
    seen: dict[str, Any] = {"temperature_celsius": None, "vasopressors": ["noradrenaline"]}
    events = bench.ask(sheet(bench, **seen), NURSE)
    assert only(s.ToxicityAssessed, events).needs_adjudication == ("temperature_not_measured",)
    assert raised(events) == {"adverse-event/1": "needs-adjudication"}


@pytest.mark.parametrize(
    "seen",
    [
        {"temperature_celsius": "98.6"},
        {"oxygen_l_per_min": "2"},
        {"oxygen_device": "blow_by", "oxygen_l_per_min": "0"},
        {"ventilation_for_airway_only": True},
        {"spo2_percent": "101"},
        {"diastolic_mmhg": 106},
        {"unable_to_perform_score": True},
        {"vasopressors": list("abcdefghij")},
    ],
)
def test_what_cannot_be_is_refused(seen: dict[str, Any]) -> None:
    bench = infused()
    with bench.refuses(no.FindingsContradict):
        bench.ask(sheet(bench, **seen), NURSE)


def test_another_sheet_of_the_same_instant_contradicts_the_record() -> None:
    bench = infused()
    bench.ask(sheet(bench), NURSE)
    assert has(QueryRaised, bench.ask(sheet(bench, capd_score=3), NURSE))
    assert patient(bench, "001").adverse_events == Map()


def test_a_corrected_sheet_is_graded_anew() -> None:
    bench = infused()
    command = sheet(bench, temperature_celsius="39", vasopressors=["noradrenaline"])
    bench.ask(command, NURSE)
    position = next(r.position for r in bench.records if isinstance(r.event, WardSheetRecorded))
    report = {**sheet(bench, temperature_celsius="39").model_dump(mode="json")}
    del report["patient"]
    correct = CorrectRecord(position=position, kind="ward-sheet", report=report, patient="001")
    bench.ask(correct, NURSE, reason=bench.seal("the pump was another child's"))
    (event,) = patient(bench, "001").adverse_events.values()
    assert (event.grade, len(event.assessments)) == (1, 1)


def test_an_assessment_of_a_sheet_may_be_corrected_by_a_person_and_stays_so() -> None:
    bench = infused()
    bench.ask(sheet(bench, temperature_celsius="39"), NURSE)
    position = next(r.position for r in bench.records if isinstance(r.event, s.ToxicityAssessed))
    report = {"adverse_event": 1, "assessed_at": bench.now.isoformat(), "findings": p.crs(2).model_dump(mode="json")}
    correct = CorrectRecord(position=position, kind="crs-assessment", report=report, patient="001")
    assert grades(bench.ask(correct, INVESTIGATOR, reason=bench.seal("seen again"))) == {"CRS": 2}
    bench.ask(sheet(bench, bench.now - timedelta(hours=2)), NURSE)
    (event,) = patient(bench, "001").adverse_events.values()
    assert (event.grade, len(event.assessments)) == (2, 1), "a well child before the first sign is none of its course"


def test_the_baseline_is_the_newest_score_before_the_first_infusion_of_a_child_who_was_not_sedated() -> None:
    bench = told("1A")
    today = bench.now.date()
    assert baseline_state(patient(bench, "001"), capd_baseline(patient(bench, "001")), today) == "due"
    bench.ask(sheet(bench, bench.now - timedelta(hours=9), capd_score=4), NURSE)
    sedated = {**SIGNS, "sedated": True}
    bench.ask(sheet(bench, bench.now - timedelta(hours=5), capd_score=20, neurology=sedated), NURSE)
    assert capd_baseline(patient(bench, "001")) == 4
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(1)
    bench.ask(sheet(bench, capd_score=6), NURSE)
    assert capd_baseline(patient(bench, "001")) == 4
    (event,) = patient(bench, "001").adverse_events.values()
    assert next(iter(event.assessments.values())).findings["capd_baseline"] == 4
    assert baseline_state(patient(bench, "001"), 4, today) == "recorded"


def test_a_baseline_that_was_not_taken_bars_nothing_and_is_shown() -> None:
    bench = infused()
    today = bench.now.date()
    assert baseline_state(patient(bench, "001"), capd_baseline(patient(bench, "001")), today) == "missing"
    older = infused("2012-03")
    assert baseline_state(patient(older, "001"), None, today) is None
    older.ask(sheet(older, developmental_delay=True), NURSE)
    assert baseline_state(patient(older, "001"), None, today) == "missing"


def test_icans_findings_without_a_baseline_have_that_on_record() -> None:
    bench = told("1A")
    bench.ask(sheet(bench, bench.now - timedelta(hours=1), capd_score=3), NURSE)
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    p.reaction(bench, "001", 1)
    command = safety.AssessIcans(
        patient="001", adverse_event=1, assessed_at=bench.now, findings=findings(capd_baseline=None)
    )
    assert only(s.ToxicityAssessed, bench.ask(command, NURSE)).findings["capd_baseline"] == 3


# --- the schedule ---------------------------------------------------------------------------------------------------


def watched(bench: Bench, *days: int) -> None:
    """Whole sheets on these days of the schedule, by their places."""
    scheduled = scheduled_days(patient(bench, "001"), window(bench, "001"), bench.docket().protocol())
    for day in days:
        at = datetime.combine(scheduled[day], bench.now.timetz())
        if at <= bench.now:
            bench.ask(sheet(bench, at), NURSE)


def test_the_scheduled_days_are_counted_from_whole_sheets() -> None:
    bench = infused()
    watched(bench, 0, 1)
    scheduled = scheduled_days(patient(bench, "001"), window(bench, "001"), bench.docket().protocol())
    assert done_days(patient(bench, "001"), scheduled) == scheduled[:2]
    missing = missing_days(patient(bench, "001"), window(bench, "001"), bench.docket().protocol(), bench.now.date())
    assert missing == scheduled[2:3]
    bench.ask(sheet(bench, bench.now - timedelta(days=1), neurology=None), NURSE)
    assert done_days(patient(bench, "001"), scheduled) == scheduled[:2]
    later = bench.now - timedelta(hours=23)
    bench.ask(sheet(bench, later, temperature_celsius=None), NURSE)
    assert done_days(patient(bench, "001"), scheduled) == scheduled[:3], "CRS in the morning, CAPD at noon"


def closed(bench: Bench, done: int, **asked: Any) -> DltWindowClosed:
    command = dlt.CloseDltWindow(patient="001", assessments_done_count=done)
    return only(DltWindowClosed, bench.ask(command, COMMITTEE, **asked))


def over() -> Bench:
    """Both infusions, and the window is over."""
    bench = told("1P")
    bench.now = datetime.combine(window(bench, "001").planned_to_on + timedelta(days=1), bench.now.timetz())
    return bench


def test_a_centre_that_keeps_its_sheets_on_paper_states_a_number() -> None:
    event = closed(over(), 19)
    assert (event.assessments_due_count, event.assessments_done_count, event.assessments_on_record_count) == (19, 19, 0)


def test_more_than_the_sheets_show_is_stated_with_a_reason() -> None:
    bench = over()
    watched(bench, *range(17))
    command = dlt.CloseDltWindow(patient="001", assessments_done_count=19)
    with bench.refuses(no.ReasonMissing):
        bench.ask(command, COMMITTEE)
    event = closed(bench, 19, reason=bench.seal("two sheets are on paper"))
    assert (event.assessments_done_count, event.assessments_on_record_count) == (19, 17)


def test_sheets_on_every_scheduled_day_close_the_window_complete() -> None:
    bench = over()
    watched(bench, *range(19))
    event = closed(bench, 19)
    assert (event.assessments_due_count, event.assessments_on_record_count) == (19, 19)
