"""The DLT register and the tallies."""

from datetime import timedelta

from ledger.decisions import given, safety
from ledger.decisions.corrections import CorrectRecord
from projections.base import world_as_it_was, world_at
from projections.dlt_register import LevelTally, RegisterEntry, dlt_register, tallies
from tests.bench import COMMITTEE, INVESTIGATOR, PI, SPONSOR, Bench, opened_trial
from tests.patients import authorise, close_window, crs, infuse, place, reaction, rule, screen, treat
from tests.projections.trials import level_2_exceeded, position, three_treated


def only(bench: Bench, number: str) -> RegisterEntry:
    (found,) = (each for each in dlt_register(bench.world).entries if each.patient == number)
    return found


def test_each_dlt_stands_with_its_grade_its_window_and_its_ruling() -> None:
    bench = level_2_exceeded()
    register = dlt_register(bench.world)
    assert [(each.patient, each.level, each.subject) for each in register.entries] == [
        ("002", 1, "adverse-event/1"),
        ("007", 2, "adverse-event/1"),
        ("008", 2, "adverse-event/1"),
    ]
    first = register.entries[0]
    assert (first.toxicity, first.grade, first.in_window, first.counted) == ("CRS", 3, True, True)
    assert first.ruling is not None
    assert (first.ruling.is_dlt, first.ruling.revision) == (True, 1)
    assert first.ruling.position == position(bench, "patient.dlt-adjudicated")
    assert (first.candidate, first.candidate_position) == ("ruled", None)


def test_the_tallies_are_what_the_design_is_told() -> None:
    assert tallies(level_2_exceeded().world) == (
        LevelTally(level=1, treated=6, evaluable=6, dlt=1, pending=0, candidates=0, exceeded=False),
        LevelTally(level=2, treated=2, evaluable=2, dlt=2, pending=0, candidates=0, exceeded=True),
    )


def test_a_ruling_that_lacks_signatures_shows_who_has_signed() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    event = reaction(bench, "001")
    assert (only(bench, "001").candidate, only(bench, "001").ruling) == ("open", None)
    assert only(bench, "001").candidate_position == position(bench, "patient.candidate-dlt-raised")
    for by in (INVESTIGATOR, SPONSOR):
        rule(bench, "001", event, is_dlt=False, by=by)
    assert [(s.member, s.role) for s in only(bench, "001").signatures] == [
        ("ivan", "investigator"),
        ("vera", "medical_monitor"),
    ]
    rule(bench, "001", event, is_dlt=False, by=COMMITTEE)
    after = only(bench, "001")
    assert after.ruling is not None
    assert (after.candidate, after.ruling.is_dlt, after.signatures, after.counted) == ("ruled", False, (), False)


def test_a_later_revision_takes_a_dlt_back_and_the_register_keeps_the_event() -> None:
    bench = three_treated()
    for by in (INVESTIGATOR, SPONSOR, COMMITTEE):
        rule(bench, "002", 1, is_dlt=False, revision=2, by=by)
    after = only(bench, "002")
    assert after.ruling is not None
    assert (after.ruling.revision, after.ruling.is_dlt, after.counted) == (2, False, False)
    assert tallies(bench.world)[0].dlt == 0


def test_two_dlts_of_one_patient_count_once() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    rule(bench, "001", reaction(bench, "001"))
    bench.pass_days(1)
    rule(bench, "001", reaction(bench, "001"))
    entries = dlt_register(bench.world).entries
    assert [each.counted for each in entries] == [True, False]
    assert [each.ruling is not None and each.ruling.is_dlt for each in entries] == [True, True]
    assert tallies(bench.world)[0].dlt == 1


def test_an_onset_after_the_window_is_listed_as_outside() -> None:
    bench = three_treated()
    reaction(bench, "001")
    shown = only(bench, "001")
    assert (shown.in_window, shown.may_be_dlt, shown.candidate) == (False, False, "none")


def test_an_event_of_another_kind_is_not_listed() -> None:
    bench = three_treated()
    report = safety.ReportAdverseEvent(patient="001", term="Mucositis", serious=False, onset_at=bench.now)
    bench.ask(report, INVESTIGATOR)
    assert [each.patient for each in dlt_register(bench.world).entries] == ["002"]


def test_an_infusion_omitted_for_a_reaction_is_a_subject_of_its_own() -> None:
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    authorise(bench, "001", 1)
    infuse(bench, "001", 1)
    bench.pass_days(17)
    omitted = given.OmitInfusion(patient="001", ordinal=2, cause="reaction-or-its-treatment")
    bench.ask(omitted, INVESTIGATOR)
    shown = only(bench, "001")
    assert (shown.subject, shown.adverse_event, shown.candidate, shown.in_window) == ("omission/2", None, "open", None)


def test_the_grade_is_the_highest_of_the_assessments_confirmed_before_computed() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    event = reaction(bench, "001", grade=2)
    assessed = safety.AssessCrs(patient="001", adverse_event=event, assessed_at=bench.now, findings=crs(4))
    bench.ask(assessed, INVESTIGATOR)
    assert only(bench, "001").grade == 4
    confirmed = position(bench, "patient.toxicity-assessed", -1)
    why = bench.seal("vasopressors for sepsis")
    bench.ask(
        safety.ConfirmGrade(patient="001", adverse_event=event, assessment=confirmed, grade=3, differs_because=why), PI
    )
    shown = only(bench, "001")
    assert (shown.grade, [each.computed_grade for each in shown.assessments]) == (3, [2, 4])
    assert [each.confirmed_grade for each in shown.assessments] == [None, 3]


def test_the_late_dlt_is_known_from_its_recording_and_was_there_from_its_onset() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    onset = bench.now
    bench.pass_days(10)
    reaction(bench, "001", onset_at=onset)
    wednesday = onset + timedelta(days=3)
    as_known = dlt_register(world_at(bench.records, as_of_recorded=wednesday))
    as_it_was = dlt_register(world_as_it_was(bench.records, wednesday))
    assert as_known.entries == ()
    assert [(each.patient, each.grade, each.in_window) for each in as_it_was.entries] == [("001", 3, True)]
    assert as_it_was.entries[0].candidate == "none"


def test_as_it_was_an_assessment_counts_as_corrected() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    event, then = reaction(bench, "001"), bench.now + timedelta(hours=1)
    wrong = position(bench, "patient.toxicity-assessed")
    bench.pass_days(2)
    report = {
        "adverse_event": event,
        "assessed_at": (then - timedelta(hours=1)).isoformat(),
        "findings": crs(1).model_dump(mode="json"),
    }
    again = CorrectRecord(position=wrong, kind="crs-assessment", report=report, patient="001")
    bench.ask(again, INVESTIGATOR, reason=bench.seal("another patient's chart"))
    assert dlt_register(world_at(bench.records, as_of_recorded=then)).entries[0].grade == 3
    assert dlt_register(world_as_it_was(bench.records, then)).entries[0].grade == 1


def test_as_it_was_the_tallies_of_a_day_hold_what_was_ruled_by_then() -> None:
    bench = three_treated()
    ruled_at = bench.records[position(bench, "patient.dlt-adjudicated")].recorded_at
    (before,) = tallies(world_as_it_was(bench.records, ruled_at - timedelta(seconds=1)))
    (after,) = tallies(world_as_it_was(bench.records, ruled_at + timedelta(seconds=1)))
    assert (before.dlt, before.evaluable, after.dlt, after.evaluable) == (0, 1, 1, 2)


def test_the_register_after_closing_says_the_same_as_json_read_back() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    rule(bench, "001", reaction(bench, "001"))
    close_window(bench, "001")
    register = dlt_register(bench.world)
    assert type(register).model_validate_json(register.model_dump_json()) == register
