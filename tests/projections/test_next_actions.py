"""What may be done next, every rule against the rest, and whose signatures a decision lacks."""

from datetime import timedelta

import pytest

from ledger.decisions import dose_decision, enrolment, holds, safety, screening, setup
from ledger.decisions.standing import inputs_hash
from projections.escalation import Board, board
from projections.next_actions import Action
from tests.bench import COMMITTEE, INVESTIGATOR, PI, SPONSOR, Bench, nct07256210, opened_trial
from tests.patients import (
    reaction,
    rule_not_a_dlt,
    screen,
    sign,
    treat,
)
from tests.projections.trials import capped, level_2_exceeded, six_treated, three_treated


def seen(bench: Bench) -> Board:
    return board(bench.world, bench.now)


def action(bench: Bench, name: str, **about: object) -> Action:
    """The one action of this name about these."""
    (found,) = (
        each
        for each in seen(bench).next_actions
        if each.action == name and all(getattr(each, member) == value for member, value in about.items())
    )
    return found


def refusals(bench: Bench, name: str, **about: object) -> list[str]:
    return [broken.refusal for broken in action(bench, name, **about).broken]


def test_every_rule_against_a_reservation_is_named_not_only_the_first() -> None:
    bench = level_2_exceeded()
    bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"), PI)
    assert refusals(bench, "reserve_slot", level=2) == ["TrialHeld", "CohortExceededIsShut", "LevelNotAdvised"]
    assert refusals(bench, "reserve_slot", level=3) == ["TrialHeld", "CohortNotOpen", "LevelNotAdvised", "NoFreeSlot"]
    first = action(bench, "reserve_slot", level=2).broken[0]
    assert (first.rule, first.title, first.detail) == ("G.4-1", "A hold is on the trial.", "hold 2")


def test_the_first_rule_named_is_the_one_that_refuses() -> None:
    bench = three_treated()
    screen(bench, "004")
    expected = refusals(bench, "reserve_slot", level=1)
    with pytest.raises(Exception, match="level 1") as refused:
        bench.ask(enrolment.ReserveSlot(patient="004", level=1))
    assert type(refused.value).__name__ == expected[0] == "NoFreeSlot"


def test_the_start_level_opens_once() -> None:
    bench = opened_trial()
    assert refusals(bench, "open_start_level") == ["CohortOpenAlready"]


def test_assigning_is_shown_for_whoever_holds_a_reservation() -> None:
    bench = opened_trial()
    screen(bench, "001")
    bench.ask(enrolment.ReserveSlot(patient="001", level=1))
    assert refusals(bench, "assign_level", patient="001", level=1) == ["NotEnrolled"]
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date() + timedelta(days=12)))
    assert action(bench, "assign_level", patient="001", level=1).permitted
    bench.pass_days(15)
    assert refusals(bench, "assign_level", patient="001", level=1) == ["NoReservation"]
    bench.ask(
        enrolment.AssignDoseLevel(patient="001", level=1), on_paper=True, reason=bench.seal("decided during an outage")
    )
    assert not [each for each in seen(bench).next_actions if each.action == "assign_level"]


def test_what_may_be_proposed_is_the_advice_or_further_right_with_an_override() -> None:
    bench = six_treated()
    advised = action(bench, "propose", outcome="escalate", level=2)
    assert (advised.permitted, advised.needs_override) == (True, False)
    stay = action(bench, "propose", outcome="stay", level=1)
    assert (stay.permitted, stay.needs_override, stay.broken) == (True, True, ())
    assert refusals(bench, "propose", outcome="escalate", level=3) == ["OutcomeNotPermitted"]
    assert refusals(bench, "propose", outcome="declare_mtd", level=1) == ["OutcomeNotPermitted"]
    assert action(bench, "propose", outcome="hold", level=None).permitted


def test_while_a_decision_waits_only_holding_and_stopping_may_be_proposed() -> None:
    bench = six_treated()
    propose(bench, "escalate", 2)
    assert refusals(bench, "propose", outcome="escalate", level=2) == ["DecisionPending"]
    assert action(bench, "propose", outcome="hold", level=None).permitted
    assert action(bench, "propose", outcome="stop").needs_override


def propose(bench: Bench, outcome: str, level: int | None) -> None:
    dossier = inputs_hash(bench.world, bench.docket().version())
    command = {"outcome": outcome, "to_level": level, "dossier_hash": dossier}
    bench.ask(dose_decision.ProposeDoseDecision.model_validate(command), SPONSOR)


def test_an_open_decision_says_whose_signatures_are_missing() -> None:
    bench = six_treated()
    propose(bench, "escalate", 2)
    sign(bench, 2, SPONSOR)
    decision = seen(bench).decisions[0]
    assert (decision.number, decision.state, decision.inputs_moved) == (2, "open", False)
    assert {seat.role: seat.people for seat in decision.missing} == {
        "principal_investigator": ("maria",),
        "safety_committee": ("olga", "pavel"),
    }
    for by in (PI, COMMITTEE):
        sign(bench, 2, by)
    decision = seen(bench).decisions[0]
    assert (decision.state, decision.missing, decision.circulated) == ("taken", (), False)


def test_one_other_person_is_enough_to_hold() -> None:
    bench = six_treated()
    propose(bench, "hold", 1)
    (seat,) = seen(bench).decisions[0].missing
    assert (seat.role, seat.count, seat.people) == (None, 1, ("maria", "olga", "pavel"))


def test_one_vote_against_rejects_a_decision() -> None:
    bench = six_treated()
    propose(bench, "escalate", 2)
    sign(bench, 2, COMMITTEE, vote="disagree")
    assert seen(bench).decisions[0].state == "rejected"


def test_a_decision_whose_inputs_moved_cannot_be_signed_any_more() -> None:
    bench = six_treated()
    propose(bench, "escalate", 2)
    reaction(bench, "006", onset_at=bench.now - timedelta(days=2))
    assert seen(bench).decisions[0].inputs_moved


def test_a_decision_whose_basis_is_gone_before_it_is_taken_is_superseded() -> None:
    bench = six_treated()
    propose(bench, "escalate", 2)
    rule_not_a_dlt(bench, "002", 1, revision=2)
    decision = seen(bench).decisions[0]
    assert (decision.number, decision.state, decision.basis_superseded, decision.missing) == (2, "superseded", True, ())


def test_who_has_signed_is_not_asked_for_the_second_seat_of_the_role() -> None:
    protocol = nct07256210()
    quorum = protocol.quorum.model_copy(update={"safety_committee": 2})
    bench = opened_trial(protocol.model_copy(update={"quorum": quorum}))
    propose(bench, "stay", 1)
    sign(bench, 1, COMMITTEE)
    seats = {seat.role: (seat.count, seat.people) for seat in seen(bench).decisions[0].missing}
    assert seats["safety_committee"] == (1, ("pavel",))


def test_a_hold_is_lifted_only_when_its_cause_is_gone() -> None:
    bench = level_2_exceeded()
    bench.ask(holds.ApplyHold(scope="level", level=1, cause="logistics"), PI)
    assert refusals(bench, "lift_hold", hold=1) == ["HoldCauseStands"]
    assert action(bench, "lift_hold", hold=2).permitted
    assert [(hold.hold, hold.cause_stands) for hold in seen(bench).holds] == [(1, True), (2, False)]
    assert seen(bench).levels[1].hold == 2
    bench.ask(holds.LiftHold(hold=2, review=bench.seal("solved")), COMMITTEE)
    assert [hold.hold for hold in seen(bench).holds] == [1]
    assert [each.hold for each in seen(bench).next_actions if each.action == "lift_hold"] == [1]
    assert seen(bench).levels[1].hold is None


def test_who_has_left_is_not_assigned() -> None:
    bench = opened_trial()
    screen(bench, "001")
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()))
    assert action(bench, "assign_level", patient="001").level == 1
    bench.ask(safety.RecordOffStudy(patient="001", cause="other", off_on=bench.now.date()), INVESTIGATOR)
    assert not [each for each in seen(bench).next_actions if each.patient == "001"]


def test_a_screened_patient_without_a_slot_is_nobody_s_next_action() -> None:
    bench = opened_trial()
    bench.ask(screening.ScreenPatient(number="001", site="NDGOI", birth_year_month="2016-03", sex="male"))
    assert not [each for each in seen(bench).next_actions if each.patient == "001"]


def test_nobody_enrols_at_the_cap_or_once_enrolment_is_closed() -> None:
    bench = capped(1)
    assert action(bench, "enrol_patient").permitted
    treat(bench, "001", 1)
    assert refusals(bench, "enrol_patient") == ["EnrolmentCapReached"]
    bench.ask(setup.CloseEnrolment(cause="no more cells"))
    assert refusals(bench, "enrol_patient") == ["EnrolmentIsClosed", "EnrolmentCapReached"]
