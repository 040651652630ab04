"""A slot is kept, a patient is enrolled, a level is assigned: no assignment without all of domain G.4-1."""

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import dose_decision, enrolment, holds, screening
from ledger.decisions.docket import Command
from ledger.designs.base import Await, Treat
from ledger.patient import events as e
from tests import patients as p
from tests.bench import COMMITTEE, NURSE, PI, SPONSOR, Bench
from tests.spec.story import (
    amend,
    changed_protocol,
    deviations,
    go_on,
    has,
    member,
    named,
    only,
    patient,
    says,
    told,
    trial,
    trial_with,
)


def reserve(number: str, level: int = 1) -> enrolment.ReserveSlot:
    return enrolment.ReserveSlot(patient=number, level=level)


def enrol(bench: Bench, number: str) -> enrolment.EnrolPatient:
    return enrolment.EnrolPatient(patient=number, planned_transplant_on=bench.now.date())


def assign(number: str, level: int = 1) -> enrolment.AssignDoseLevel:
    return enrolment.AssignDoseLevel(patient=number, level=level)


def screened(*numbers: str) -> Bench:
    bench = trial()
    for number in numbers:
        p.screen(bench, number)
    return bench


def test_a_reservation_fills_the_cohort_and_screening_does_not() -> None:
    bench = screened("001", "002", "003", "004")
    for number in ("001", "002", "003"):
        bench.ask(reserve(number))
    with bench.refuses(no.NoFreeSlot):
        bench.ask(reserve("004"))


def test_the_race_for_the_last_slot_has_one_winner() -> None:
    bench = screened("001", "002", "003", "004")
    bench.ask(reserve("001"))
    bench.ask(reserve("002"))
    bench.ask(reserve("004"))
    with bench.refuses(no.NoFreeSlot):
        bench.ask(reserve("003"))


def test_a_reservation_lapses_after_14_days_and_frees_the_slot() -> None:
    bench = screened("001", "002", "003", "004")
    for number in ("001", "002", "003"):
        bench.ask(reserve(number))
    bench.pass_days(14)
    with bench.refuses(no.NoFreeSlot):
        bench.ask(reserve("004"))
    bench.pass_days(1)
    events = bench.ask(reserve("004"))
    assert [event.patient for event in events if isinstance(event, c.ReservationReleased)] == ["001", "002", "003"]


def test_a_lapsed_reservation_gives_no_level_and_may_be_made_anew() -> None:
    bench = screened("001")
    bench.ask(reserve("001"))
    bench.ask(enrol(bench, "001"))
    bench.pass_days(15)
    with bench.refuses(no.NoReservation):
        bench.ask(assign("001"))
    bench.ask(reserve("001"))
    bench.ask(assign("001"))


def test_a_live_reservation_is_the_same_when_asked_for_later() -> None:
    bench = screened("001")
    kept = only(c.SlotReserved, bench.ask(reserve("001")))
    bench.pass_days(5)
    assert bench.ask(reserve("001")) == ()
    assert bench.world.cohort(1).reservations["001"] == kept.expires_on


def test_a_person_gives_a_slot_back() -> None:
    bench = screened("001")
    bench.ask(reserve("001"))
    released = only(c.ReservationReleased, bench.ask(enrolment.ReleaseReservation(patient="001", level=1)))
    assert released.cause == "by-person"
    with bench.refuses(no.NoReservation):
        bench.ask(enrolment.ReleaseReservation(patient="001", level=1))


def test_a_patient_holds_one_live_reservation() -> None:
    bench = told("1T")
    p.screen(bench, "002")
    bench.ask(reserve("002"))
    p.screen(bench, "003")
    p.place(bench, "003", 1)
    second_dlt(bench, "003")
    p.decide(bench, "de_escalate", 0)
    with bench.refuses(no.AlreadyReserved):
        bench.ask(reserve("002", 0))
    bench.pass_days(15)
    bench.ask(reserve("002", 0))


def second_dlt(bench: Bench, number: str) -> None:
    """Dosed once, with a reaction on the same day that is ruled a DLT."""
    p.authorise(bench, number, 1)
    p.infuse(bench, number, 1)
    p.rule(bench, number, p.reaction(bench, number))


def test_enrolling_needs_eligibility_under_the_version_in_force() -> None:
    bench = screened("001")
    amend(bench, changed_protocol(follow_up_years=3))
    with bench.refuses(no.NotEligible):
        bench.ask(enrol(bench, "001"))
    bench.ask(screening.ConfirmEligibility(patient="001"))
    bench.ask(enrol(bench, "001"))


def test_assigning_needs_it_too() -> None:
    bench = screened("001")
    bench.ask(reserve("001"))
    bench.ask(enrol(bench, "001"))
    amend(bench, changed_protocol(follow_up_years=3))
    with bench.refuses(no.NotEligible):
        bench.ask(assign("001"))


def test_who_has_not_been_found_eligible_is_not_enrolled() -> None:
    bench = trial()
    bench.ask(screening.ScreenPatient(number="001", site="NDGOI", birth_year_month="2016-03", sex="male"))
    consent = screening.RecordConsent(
        patient="001",
        form_version="2.0",
        capacity="representative",
        signed_at=bench.now,
        obtained_by="maria",
        copy_given=True,
    )
    bench.ask(consent)
    with bench.refuses(no.NotEligible):
        bench.ask(enrol(bench, "001"))


def test_a_criterion_found_not_met_after_the_signature_stops_enrolment_and_assignment() -> None:
    bench = screened("001", "002")
    bench.ask(reserve("002"))
    bench.ask(enrol(bench, "002"))
    for number in ("001", "002"):
        p.find(bench, number, lansky_percent="40")
    with bench.refuses(no.CriteriaOpen):
        bench.ask(enrol(bench, "001"))
    with bench.refuses(no.CriteriaOpen):
        bench.ask(assign("002"))


def test_a_patient_is_enrolled_once() -> None:
    bench = screened("001")
    command = enrol(bench, "001")
    bench.ask(command)
    bench.pass_days(1)
    assert bench.ask(command) == ()
    with bench.refuses(no.AlreadyEnrolled):
        bench.ask(enrol(bench, "001"))


def test_the_cap_counts_the_enrolled() -> None:
    """P1, A.3-20."""
    bench = trial_with(enrolment_cap=2)
    for number in ("001", "002", "003"):
        p.screen(bench, number)
    bench.ask(enrol(bench, "001"))
    bench.ask(enrol(bench, "002"))
    with bench.refuses(no.EnrolmentCapReached):
        bench.ask(enrol(bench, "003"))


def test_a_child_dosed_without_enrolment_counts_towards_the_cap() -> None:
    bench = trial_with(enrolment_cap=1)
    p.screen(bench, "001")
    p.screen(bench, "002")
    p.infuse(bench, "001", 1)
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("reviewed")), COMMITTEE)
    with bench.refuses(no.EnrolmentCapReached):
        bench.ask(enrol(bench, "002"))


def test_a_non_evaluable_patient_still_counts_towards_the_cap() -> None:
    bench = trial_with(enrolment_cap=1)
    go_on(bench, "1A")
    bench.ask(enrolment.CancelAssignment(patient="001", cause="product failed"))
    p.screen(bench, "002")
    with bench.refuses(no.EnrolmentCapReached):
        bench.ask(enrol(bench, "002"))


def test_an_assignment_needs_enrolment_and_a_reservation() -> None:
    bench = screened("001", "002")
    bench.ask(reserve("001"))
    with bench.refuses(no.NotEnrolled):
        bench.ask(assign("001"))
    bench.ask(enrol(bench, "002"))
    with bench.refuses(no.NoReservation):
        bench.ask(assign("002"))


def test_a_level_is_on_the_patient_and_the_slot_on_the_cohort_in_one_append() -> None:
    bench = screened("001")
    bench.ask(reserve("001"))
    bench.ask(enrol(bench, "001"))
    events = bench.ask(assign("001"))
    assert [type(event) for event in events] == [e.DoseLevelAssigned, c.SlotAssigned]
    assert "001" not in bench.world.cohort(1).reservations


def test_a_patient_has_one_level() -> None:
    bench = told("1A")
    with bench.refuses(no.AlreadyAssigned):
        bench.ask(reserve("001"))
    with bench.refuses(no.AlreadyAssigned):
        bench.ask(assign("001", 0))
    with bench.refuses(no.AlreadyAssigned):
        bench.ask(assign("001", 0), on_paper=True)


@pytest.mark.parametrize("level", [0, 2, 3])
def test_nobody_is_placed_at_a_level_that_is_not_open(level: int) -> None:
    bench = screened("001")
    with bench.refuses(no.CohortNotOpen):
        bench.ask(reserve("001", level))


@pytest.mark.parametrize(
    "command",
    [reserve("001", 4), assign("001", 4), enrolment.ReleaseReservation(patient="001", level=9)],
)
def test_a_level_off_the_ladder_is_not_in_the_protocol(command: Command) -> None:
    bench = screened("001")
    with bench.refuses(no.NotInProtocol):
        bench.ask(command)


def test_nobody_is_placed_above_or_below_what_the_design_treats() -> None:
    bench = told("1NNN 2A")
    p.screen(bench, "005")
    assert says(bench) == Treat(2, 3)
    with bench.refuses(no.LevelNotAdvised):
        bench.ask(reserve("005", 1))
    bench.ask(reserve("005", 2))


def test_a_full_cohort_waits_for_its_windows() -> None:
    bench = told("1PPP")
    assert isinstance(says(bench), Await)
    p.screen(bench, "004")
    with bench.refuses(no.LevelNotAdvised):
        bench.ask(reserve("004"))


def test_the_first_patient_of_a_cohort_is_its_sentinel() -> None:
    bench = told("1AA")
    assert [member(bench, number).sentinel for number in ("001", "002")] == [True, False]
    go_on(bench, "1A")
    assert not member(bench, "003").sentinel


def test_a_hold_on_the_level_or_the_trial_stops_reserving_and_assigning() -> None:
    bench = screened("001", "002")
    bench.ask(reserve("001"))
    bench.ask(enrol(bench, "001"))
    bench.ask(holds.ApplyHold(scope="level", level=1, cause="safety-concern"))
    with bench.refuses(no.LevelHeld):
        bench.ask(reserve("002"))
    with bench.refuses(no.LevelHeld):
        bench.ask(assign("001"))
    bench.ask(enrol(bench, "002"))
    bench.ask(holds.ApplyHold(scope="trial", cause="logistics"))
    with bench.refuses(no.TrialHeld):
        bench.ask(reserve("002"))


def test_a_trial_on_hold_enrols_nobody() -> None:
    bench = screened("001")
    bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"))
    with bench.refuses(no.TrialHeld):
        bench.ask(enrol(bench, "001"))


def test_a_stopped_trial_enrols_and_places_nobody() -> None:
    bench = screened("001", "002")
    bench.ask(enrol(bench, "002"))
    p.decide(bench, "stop", None, override=bench.seal("futile"), circulate=False)
    with bench.refuses(no.TrialStopped):
        bench.ask(enrol(bench, "001"))
    with bench.refuses(no.TrialStopped):
        bench.ask(reserve("002"))


def test_one_dlt_and_one_candidate_hold_the_level() -> None:
    bench = told("1TP")
    p.screen(bench, "003")
    p.reaction(bench, "002")
    with bench.refuses(no.CandidatesHoldLevel):
        bench.ask(reserve("003"))
    p.rule_not_a_dlt(bench, "002", 1)
    bench.ask(reserve("003"))


def test_an_exceeded_level_is_shut_even_where_its_hold_was_lifted_on_paper() -> None:
    bench = told("1TT")
    p.screen(bench, "003")
    with bench.refuses(no.LevelHeld):
        bench.ask(reserve("003"))
    events = bench.ask(holds.LiftHold(hold=1, review=bench.seal("minutes")), COMMITTEE, on_paper=True)
    assert deviations(events) == named(no.HoldCauseStands)
    with bench.refuses(no.CohortExceededIsShut):
        bench.ask(reserve("003"))


def test_a_cancelled_assignment_frees_the_slot_and_the_place_of_the_sentinel() -> None:
    bench = told("1AA")
    bench.ask(enrolment.CancelAssignment(patient="001", cause="product failed"))
    assert patient(bench, "001").level is None
    go_on(bench, "1A")
    assert member(bench, "003").sentinel
    assert bench.world.cohort(1).free_slots(bench.now.date(), "I") == 1
    bench.ask(reserve("001"))
    bench.ask(assign("001"))


def test_nothing_is_cancelled_before_it_is_assigned_or_after_the_first_dose() -> None:
    bench = screened("001")
    with bench.refuses(no.NotAssigned):
        bench.ask(enrolment.CancelAssignment(patient="001", cause="mistake"))
    bench = told("1P")
    with bench.refuses(no.AlreadyDosed):
        bench.ask(enrolment.CancelAssignment(patient="001", cause="mistake"))


def conditioned_on_a_held_level() -> Bench:
    """Patient 005 has level 2 and is not dosed when two DLTs exceed it; level 1 is filled to six."""
    bench = told("1NNN 2TAT")
    p.decide(bench, "expand", 1)
    return bench


def test_a_patient_on_a_held_level_goes_to_a_lower_open_one_by_signature() -> None:
    bench = conditioned_on_a_held_level()
    with pytest.raises(no.LevelHeld):
        p.authorise(bench, "005", 1)
    with bench.refuses(no.NotDelegated):
        bench.ask(enrolment.ReassignDoseLevel(patient="005", level=1), NURSE)
    events = bench.ask(enrolment.ReassignDoseLevel(patient="005", level=1), PI)
    assert only(e.DoseLevelReassigned, events).from_level == 2
    assert "005" not in bench.world.cohort(2).members
    assert "005" in bench.world.cohort(1).members
    p.authorise(bench, "005", 1)


def test_nobody_is_moved_up_or_from_a_level_that_is_not_held_or_after_the_first_dose() -> None:
    bench = told("1NNN 2A")
    with bench.refuses(no.LevelNotAdvised):
        bench.ask(enrolment.ReassignDoseLevel(patient="004", level=1))
    with bench.refuses(no.LevelNotAdvised):
        bench.ask(enrolment.ReassignDoseLevel(patient="004", level=3))
    with bench.refuses(no.AlreadyDosed):
        bench.ask(enrolment.ReassignDoseLevel(patient="001", level=0))
    with bench.refuses(no.AlreadyDosed):
        bench.ask(enrolment.ReassignDoseLevel(patient="001", level=0), on_paper=True)
    p.screen(bench, "005")
    with bench.refuses(no.NotAssigned):
        bench.ask(enrolment.ReassignDoseLevel(patient="005", level=1))


def test_phase_one_with_its_result_takes_nobody() -> None:
    bench = told("1TT 0NNN 0NNN")
    p.decide(bench, "declare_mtd", 0)
    p.screen(bench, "009")
    with bench.refuses(no.PhaseOneComplete):
        bench.ask(reserve("009", 0))


def test_a_patient_reserved_before_a_stop_is_told_why_not() -> None:
    bench = screened("001")
    bench.ask(reserve("001"))
    bench.ask(enrol(bench, "001"))
    bench.ask(dose_decision.ReportPaperDecision(outcome="stop", to_level=None, taken_at=bench.now), SPONSOR)
    with bench.refuses(no.TrialStopped):
        bench.ask(assign("001"))
    assert not has(e.DoseLevelAssigned, [record.event for record in bench.records])
