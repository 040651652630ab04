"""The donor's page, and what a patient's calendar makes of donor, backbone and what was given."""

from datetime import date, timedelta
from typing import Any

from ledger.decisions import conditioning, screening, transplant
from ledger.decisions.consent import RequireReconsent
from ledger.decisions.enrolment import ReserveSlot
from ledger.decisions.standing import day_zero_on
from projections.donors import BloodGroupView, CandidateView, DonorsView, donors
from projections.patient_timeline import patient_timeline
from projections.schedule import PatientSchedule, PlannedItem, patient_schedule
from projections.worklists import Worklists, worklists
from tests import donors as d
from tests.bench import INVESTIGATOR, NURSE, PI, SITE, SPONSOR, Bench, opened_trial
from tests.patients import place, screen


def page(bench: Bench) -> DonorsView:
    return donors(bench.world, bench.docket().protocol(), "001", bench.now)


def candidate(bench: Bench, donor: str) -> CandidateView:
    return next(each for each in page(bench).candidates if each.donor == donor)


def group(bench: Bench, donor: str | None) -> BloodGroupView:
    return next(each for each in page(bench).blood_groups if each.donor == donor)


def test_every_candidate_stands_there_with_what_is_missing() -> None:
    bench = opened_trial()
    bench.ask(screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="female"))
    bench.ask(d.candidate("001", "D-002", available_for_graft=False), NURSE)
    refusals = [each.refusal for each in candidate(bench, "D-002").broken]
    assert refusals == ["DonorConsentMissing", "DonorNotEligible", "DonorNotAvailable"]
    assert (page(bench).selected, page(bench).ranking) == (None, ())


def test_the_selected_donor_stands_there_with_the_ranking_and_the_blood_groups() -> None:
    bench = opened_trial()
    screen(bench, "001")
    shown = page(bench)
    assert (shown.selected, shown.type, shown.kir_ligand_mismatch) == ("D-001", "haploidentical", True)
    assert [each.donor for each in shown.ranking] == ["D-001"]
    assert [(each.whose, each.state, each.groups) for each in shown.blood_groups] == [
        ("recipient", "confirmed", ("A positive",)),
        ("donor", "confirmed", ("A positive",)),
    ]
    known = candidate(bench, "D-001")
    assert (known.broken, known.tests_hold, known.eligible) == ((), True, True)
    assert known.tests_hold_through == bench.now.date() + timedelta(days=10)
    bench.pass_days(11)
    assert not candidate(bench, "D-001").tests_hold


def test_blood_groups_are_missing_not_confirmed_or_in_disagreement() -> None:
    bench = opened_trial()
    screen(bench, "001")
    bench.ask(d.candidate("001", "D-002"), NURSE)
    assert group(bench, "D-002").state == "missing"
    bench.ask(d.sample(bench, "001", "D-002", 1), NURSE)
    assert group(bench, "D-002").state == "not confirmed"
    bench.ask(d.sample(bench, "001", "D-002", 2, abo="B"), NURSE)
    assert (group(bench, "D-002").state, len(group(bench, "D-002").groups)) == ("samples disagree", 2)


def waits(bench: Bench) -> Worklists:
    return worklists(bench.world, bench.now)


def test_a_patient_with_a_level_and_without_confirmed_groups_is_on_the_worklist() -> None:
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    assert waits(bench).blood_groups == ()
    bench.ask(d.sample(bench, "001", None, 9, rh="negative"), NURSE)
    (due,) = waits(bench).blood_groups
    assert (due.patient, due.whose, due.samples, due.disagree) == ("001", "recipient", 3, True)


def test_a_new_form_is_due_until_it_is_signed_also_after_a_withdrawal_from_treatment() -> None:
    bench = opened_trial()
    screen(bench, "001")
    due_on = bench.now.date() + timedelta(days=3)
    bench.ask(RequireReconsent(form_version="3.0", capacities=("representative",), due_on=due_on), SPONSOR)
    for days, overdue in ((3, False), (1, True)):
        bench.pass_days(days)
        (due,) = waits(bench).consents
        assert (due.form_version, due.due_on, due.overdue) == ("3.0", due_on, overdue)
    bench.ask(screening.WithdrawConsent(patient="001", scope="treatment"))
    assert len(waits(bench).consents) == 1
    bench.ask(screening.WithdrawConsent(patient="001", scope="all-participation"))
    assert waits(bench).consents == ()


def test_a_kept_reservation_lapses_no_more_and_is_announced_no_more() -> None:
    bench = opened_trial()
    screen(bench, "001")
    bench.ask(ReserveSlot(patient="001", level=1))
    bench.pass_days(12)
    assert [each.patient for each in waits(bench).reservations] == ["001"]
    give(bench, "thiotepa", -14, "5", "mg/kg", bench.now.date())
    assert waits(bench).reservations == ()


def give(bench: Bench, agent: str, day: int, dose: str, unit: str, on: date) -> None:
    prophylaxis = agent in ("tocilizumab", "abatacept")
    kind: Any = conditioning.RecordProphylaxis if prophylaxis else conditioning.RecordConditioning
    content = {"agent": agent, "protocol_day": day, "dose": dose, "unit": unit, "given_on": on}
    bench.ask(kind.model_validate({"patient": "001", **content}), NURSE)


def conditioned(**said: Any) -> tuple[Bench, date]:
    """Day 0 fourteen days ahead; the first thiotepa was given, and treosulfan is chosen."""
    bench = opened_trial()
    screen(bench, "001")
    if said:
        bench.ask(d.candidate("001", "D-001", **said), NURSE)
    place(bench, "001", 1, transplant_in_days=14)
    zero = day_zero_on(bench.world.patients["001"])
    assert zero is not None
    give(bench, "thiotepa", -14, "5", "mg/kg", bench.now.date())
    bench.ask(conditioning.ChooseBackbone(patient="001", agent="treosulfan", reason=bench.seal("young")), INVESTIGATOR)
    return bench, zero


def calendar(bench: Bench) -> PatientSchedule:
    return patient_schedule(bench.world, bench.docket().protocol(), "001", bench.now.date())


def item(shown: PatientSchedule, what: str, day: int) -> PlannedItem:
    return next(each for each in shown.items if (each.what, each.day) == (what, day))


def test_the_calendar_has_the_chosen_backbone_the_donor_and_what_was_given() -> None:
    bench, zero = conditioned()
    shown = calendar(bench)
    assert {each.what for each in shown.items if each.day == -2} == {"treosulfan"}
    assert all(each.condition is None for each in shown.items if each.kind != "infusion")
    assert item(shown, "abatacept", 28).on == zero + timedelta(days=28)
    done = {(each.what, each.day): (each.done_on, each.done_as) for each in shown.items if each.done_as}
    assert done == {("thiotepa", -14): (bench.now.date(), "given")}


def test_a_matched_related_donor_has_no_last_abatacept() -> None:
    bench, _ = conditioned(type="matched_related")
    assert [each.day for each in calendar(bench).items if each.what == "abatacept"] == [-1, 7, 14]


def test_the_timeline_by_protocol_day_reads_like_the_day_table() -> None:
    """Domain A.2, with treosulfan and a haploidentical donor."""
    bench, _ = conditioned()
    shown = patient_timeline(bench.world, bench.records, "001")
    table = {day.protocol_day: day.scheduled for day in shown.days if day.scheduled}
    assert table == {
        -14: ("fludarabine 40 mg/m2", "thiotepa 5 mg/kg", "cyclophosphamide 500 mg/m2"),
        -13: ("fludarabine 40 mg/m2", "thiotepa 5 mg/kg"),
        -12: ("infusion 1",),
        -4: ("fludarabine 40 mg/m2", "treosulfan 14 g/m2"),
        -3: ("fludarabine 40 mg/m2", "treosulfan 14 g/m2"),
        -2: ("treosulfan 14 g/m2",),
        -1: ("tocilizumab 8 mg/kg", "abatacept 10 mg/kg"),
        0: ("graft",),
        5: ("infusion 2",),
        7: ("abatacept 10 mg/kg",),
        14: ("abatacept 10 mg/kg",),
        28: ("abatacept 10 mg/kg",),
    }
    thiotepa = next(each for each in shown.entries if each.type == "patient.conditioning-given.v1")
    assert (thiotepa.protocol_day, thiotepa.title) == (-14, "Conditioning: thiotepa 5 mg/kg for day -14")


def test_a_rescheduled_graft_moves_what_is_to_come_and_not_what_was_given() -> None:
    bench, zero = conditioned()
    to_on = zero + timedelta(days=5)
    bench.ask(transplant.RescheduleTransplant(patient="001", to_on=to_on, reason=bench.seal("a cold")), PI)
    shown = calendar(bench)
    assert (shown.day_zero_on, shown.planned_day_zero_on, shown.day_zero_is_actual) == (to_on, zero, False)
    moved = {(each.what, each.day): each.to_on for each in shown.moved}
    assert ("thiotepa", -14) not in moved
    assert moved["infusion 1", -12] == to_on - timedelta(days=12)
    assert moved["graft", 0] == to_on
    assert item(shown, "infusion 2", 5).on == to_on + timedelta(days=5)


def test_a_withdrawal_from_everything_ends_the_follow_up() -> None:
    bench, zero = conditioned()
    bench.now += timedelta(days=14)
    bench.ask(transplant.RecordTransplant(patient="001", donor="D-001", performed_at=bench.now), NURSE)
    bench.ask(screening.WithdrawConsent(patient="001", scope="treatment"))
    assert calendar(bench).follow_up_ended_on is None
    bench.ask(screening.WithdrawConsent(patient="001", scope="all-participation"))
    assert calendar(bench).follow_up_ended_on == zero
    assert {each.status for each in calendar(bench).visits} == {"not_needed"}
