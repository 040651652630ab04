"""A patient's timeline, by date and by protocol day."""

from datetime import timedelta

from ledger.decisions import safety, screening, transplant
from ledger.decisions.corrections import CorrectRecord
from projections.patient_timeline import Entry, Timeline, patient_timeline
from tests.bench import INVESTIGATOR, PI, Bench, opened_trial
from tests.patients import crs, place, reaction, screen, treat
from tests.projections.trials import position, three_treated


def timeline(bench: Bench, number: str = "001") -> Timeline:
    return patient_timeline(bench.world, bench.records, number)


def entry(shown: Timeline, kind: str, nth: int = 0) -> Entry:
    return [each for each in shown.entries if each.type == f"{kind}.v1"][nth]


def test_everything_about_the_patient_is_there_and_nothing_else() -> None:
    bench = three_treated()
    shown = timeline(bench, "002")
    own = {record.position for record in bench.records if record.stream == "patient/002"}
    cohort = {
        record.position
        for record in bench.records
        if record.stream == "cohort/1" and getattr(record.event, "patient", None) == "002"
    }
    assert cohort
    collection = {record.position for record in bench.records if getattr(record.event, "donor", None) == "D-002"}
    assert {each.position for each in shown.entries} == own | cohort | collection


def test_protocol_days_count_from_the_planned_graft_and_then_from_the_actual_one() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    shown = timeline(bench)
    assert shown.day_zero_is_actual is False
    assert entry(shown, "patient.infusion-started", 0).protocol_day == -12
    assert entry(shown, "patient.infusion-started", 1).protocol_day == 5
    graft = bench.now - timedelta(days=6)
    bench.ask(transplant.RecordTransplant(patient="001", donor="D-001", performed_at=graft), INVESTIGATOR)
    shown = timeline(bench)
    assert (shown.day_zero_is_actual, shown.day_zero_on) == (True, graft.date())
    assert entry(shown, "patient.infusion-started", 0).protocol_day == -11
    assert entry(shown, "patient.transplant-performed").protocol_day == 0


def test_entries_stand_in_the_order_in_which_things_happened() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    bench.ask(
        transplant.RecordTransplant(patient="001", donor="D-001", performed_at=bench.now - timedelta(days=5)),
        INVESTIGATOR,
    )
    order = [each.type for each in timeline(bench).entries]
    graft = order.index("patient.transplant-performed.v1")
    starts = [at for at, kind in enumerate(order) if kind == "patient.infusion-started.v1"]
    assert starts[0] < graft < starts[1]


def test_a_calendar_day_is_that_of_the_site() -> None:
    """The site is three hours ahead of UTC."""
    bench = opened_trial()
    screen(bench, "001")
    evening = bench.now.replace(hour=22) - timedelta(days=1)
    bench.ask(screening.RecordAssent(patient="001", form_version="2.0", signed_at=evening))
    shown = entry(timeline(bench), "patient.assent-given")
    assert shown.occurred_at == evening
    assert shown.occurred_on == bench.now.date() != evening.date()


def test_a_death_stands_on_its_day_however_it_was_reported() -> None:
    bench = three_treated()
    died_on = bench.now.date() - timedelta(days=4)
    bench.ask(safety.RecordDeath(patient="001", died_on=died_on, cause="relapse"), INVESTIGATOR)
    assert entry(timeline(bench), "patient.death-recorded").occurred_on == died_on


def test_what_is_entered_more_than_a_day_later_is_late() -> None:
    bench = three_treated()
    for hours in (23, 25):
        reaction(bench, "001", grade=1, onset_at=bench.now - timedelta(hours=hours))
    shown = timeline(bench)
    earlier, later = (entry(shown, "patient.adverse-event-reported", nth) for nth in (0, 1))
    assert (earlier.late, later.late) == (True, False)


def test_a_correction_and_what_it_corrects_name_each_other() -> None:
    bench = three_treated()
    event = reaction(bench, "001")
    wrong = position(bench, "patient.toxicity-assessed", -1)
    report = {"adverse_event": event, "assessed_at": bench.now.isoformat(), "findings": crs(2).model_dump(mode="json")}
    again = CorrectRecord(position=wrong, kind="crs-assessment", report=report, patient="001")
    bench.ask(again, INVESTIGATOR, reason=bench.seal("read from another chart"))
    shown = timeline(bench)
    first, second = (entry(shown, "patient.toxicity-assessed", nth) for nth in (0, 1))
    assert (first.position, first.corrected_by) == (wrong, second.position)
    assert (second.corrects, second.corrected_by) == (wrong, None)
    assert (first.facts["computed_grade"], second.facts["computed_grade"]) == (3, 2)


def test_a_report_that_contradicts_the_record_says_so() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    for days in (5, 4):
        graft = transplant.RecordTransplant(patient="001", donor="D-001", performed_at=bench.now - timedelta(days=days))
        bench.ask(graft, INVESTIGATOR)
    shown = timeline(bench)
    first, second = (entry(shown, "patient.transplant-performed", nth) for nth in (0, 1))
    assert (first.conflicts_with, second.conflicts_with) == (None, first.position)
    assert shown.day_zero_on == (bench.now - timedelta(days=5)).date()


def test_the_day_table_has_what_is_scheduled_and_what_happened() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    days = {day.protocol_day: day for day in timeline(bench).days}
    assert days[-12].scheduled == ("infusion 1",)
    assert entry(timeline(bench), "patient.infusion-started").position in days[-12].positions
    assert days[-13].positions == ()
    assert days[-13].scheduled == ("fludarabine 40 mg/m2", "thiotepa 5 mg/kg")
    assert days[0].scheduled == ("graft",)
    assert days[-4].scheduled[1:] == tuple(
        f"{dose}, exactly one backbone is given"
        for dose in ("treosulfan 14 g/m2", "busulfan 4 mg/kg", "total_body_irradiation 4 Gy")
    )
    assert days[28].scheduled == ("abatacept 10 mg/kg",)
    assert list(days) == sorted(days, key=lambda day: day or 0)


def test_without_a_planned_graft_there_are_dates_but_no_protocol_days() -> None:
    bench = opened_trial()
    screen(bench, "001")
    shown = timeline(bench)
    assert {each.protocol_day for each in shown.entries} == {None}
    assert [day.positions for day in shown.days] == [tuple(each.position for each in shown.entries)]


def test_as_it_was_is_told_with_what_was_learnt_later() -> None:
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    monday = bench.now
    bench.pass_days(3)
    bench.ask(
        transplant.RecordTransplant(patient="001", donor="D-001", performed_at=monday + timedelta(days=2)), INVESTIGATOR
    )
    bench.pass_days(1)
    wrong = position(bench, "patient.transplant-performed")
    report = {"performed_at": (monday + timedelta(days=1)).isoformat(), "donor": "D-001"}
    again = CorrectRecord(position=wrong, kind="transplant", report=report, patient="001")
    bench.ask(again, PI, reason=bench.seal("the chart says so"))
    then = patient_timeline(bench.world, bench.records, "001", as_of_occurred=monday + timedelta(days=1, hours=1))
    assert (then.day_zero_is_actual, then.day_zero_on) == (True, (monday + timedelta(days=1)).date())
    assert [each.position for each in then.entries if each.type == "patient.transplant-performed.v1"] == [wrong + 1]
    before = patient_timeline(bench.world, bench.records, "001", as_of_occurred=monday + timedelta(hours=1))
    assert before.day_zero_is_actual is False
