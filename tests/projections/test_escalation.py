"""The board: where the escalation stands at a moment, on the way of a whole trial."""

from datetime import timedelta
from random import Random

from ledger.decisions import dlt, enrolment, safety, setup
from ledger.designs.notation import parse_outcomes
from ledger.world import World
from projections.dlt_register import tallies
from projections.escalation import Board, board
from tests.bench import INVESTIGATOR, PI, SPONSOR, START, Bench, opened_trial
from tests.patients import (
    authorise,
    close_window,
    decide,
    infuse,
    place,
    reaction,
    rule,
    rule_not_a_dlt,
    screen,
    treat,
)
from tests.projections.trials import capped, level_2_exceeded, mtd_declared, position, six_treated, three_treated


def seen(bench: Bench) -> Board:
    return board(bench.world, bench.now)


def states(bench: Bench) -> dict[int, str]:
    return {level.level: level.state for level in seen(bench).levels}


def test_before_a_protocol_there_is_nothing_to_show() -> None:
    empty = board(World(), START)
    assert (empty.levels, empty.advice, empty.next_actions, empty.trial.position) == ((), None, (), None)


def test_the_header_says_which_trial_this_is_and_how_much_was_read() -> None:
    bench = three_treated()
    header = seen(bench).trial
    assert (header.trial_id, header.training, header.protocol_version) == ("NCT07256210", True, 1)
    assert (header.size, header.position) == (len(bench.records), len(bench.records) - 1)


def test_the_way_of_a_trial_in_the_words_for_its_levels() -> None:
    bench = opened_trial()
    assert states(bench) == {0: "not_opened", 1: "enrolling", 2: "not_opened", 3: "not_opened"}
    bench = three_treated()
    assert (seen(bench).notation, states(bench)[1]) == ("1NTN", "observing")
    decide(bench, "expand", 1)
    assert states(bench)[1] == "expanding"
    bench = six_treated()
    assert (seen(bench).notation, states(bench)[1]) == ("1NTNNNN", "cleared")
    decide(bench, "escalate", 2)
    assert (states(bench)[2], seen(bench).levels[2].decision) == ("enrolling", 2)
    bench = level_2_exceeded()
    assert (seen(bench).notation, states(bench)[2]) == ("1NTNNNN 2TT", "exceeded")


def test_a_level_that_was_cleared_and_got_one_more_is_observed_again() -> None:
    bench = opened_trial()
    for number in ("001", "002", "003"):
        treat(bench, number, 1)
        close_window(bench, number)
    assert states(bench)[1] == "cleared"
    screen(bench, "004")
    bench.ask(enrolment.EnrolPatient(patient="004", planned_transplant_on=bench.now.date()))
    on_paper = enrolment.AssignDoseLevel(patient="004", level=1)
    bench.ask(on_paper, on_paper=True, reason=bench.seal("decided during an outage"))
    assert (states(bench)[1], seen(bench).levels[1].free_slots) == ("observing", -1)


def test_a_level_is_reopened_by_a_decision_after_a_dlt_was_taken_back() -> None:
    bench = level_2_exceeded()
    rule_not_a_dlt(bench, "008", 1, revision=2)
    assert (seen(bench).levels[2].notation, states(bench)[2]) == ("2TN", "exceeded")
    decide(bench, "reopen", 2)
    assert (seen(bench).levels[2].notation, states(bench)[2]) == ("2TN", "reopened")


def test_the_mtd_is_the_level_below_the_exceeded_one() -> None:
    bench = level_2_exceeded()
    before = seen(bench)
    assert before.advice is not None
    assert (before.advice.code, before.advice.level, before.end_state) == ("declare_mtd", 1, None)
    after = seen(mtd_declared())
    assert (after.mtd, after.rp2d, after.trial.phase) == (1, 1, "I")
    assert after.end_state is not None
    assert (after.end_state.code, after.end_state.level) == ("mtd", 1)


def test_a_pending_patient_has_a_window_whose_days_left_go_down_to_the_last_day_included() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    (patient,) = seen(bench).levels[1].patients
    assert patient.window is not None
    assert (patient.letter, patient.sentinel, patient.infusions_given) == ("P", True, 2)
    assert (patient.window.state, patient.window.days_left) == ("running", 28)
    bench.pass_days(28)
    (patient,) = seen(bench).levels[1].patients
    assert patient.window is not None
    assert (patient.window.state, patient.window.days_left) == ("running", 0)
    bench.pass_days(1)
    (patient,) = seen(bench).levels[1].patients
    assert patient.window is not None
    assert (patient.window.state, patient.window.days_left) == ("elapsed", 0)
    close_window(bench, "001")
    (patient,) = seen(bench).levels[1].patients
    assert patient.window is not None
    assert (patient.letter, patient.window.state) == ("N", "closed")


def test_a_candidate_is_shown_as_one_until_it_is_ruled() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    event = reaction(bench, "001")
    level = seen(bench).levels[1]
    assert (level.notation, level.candidates, level.patients[0].candidates) == ("1C", 1, ("adverse-event/1",))
    rule_not_a_dlt(bench, "001", event)
    level = seen(bench).levels[1]
    assert (level.notation, level.candidates) == ("1P", 0)


def test_who_is_not_evaluable_is_replaced_and_frees_the_slot() -> None:
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    authorise(bench, "001", 1)
    infuse(bench, "001", 1, percent=50)
    bench.ask(safety.RecordOffStudy(patient="001", cause="withdrawal", off_on=bench.now.date()), INVESTIGATOR)
    bench.ask(dlt.CloseDltWindow(patient="001", assessments_done_count=0, early_end="withdrawal"))
    assert (seen(bench).levels[1].notation, seen(bench).levels[1].free_slots) == ("1P", 2)
    for by in (PI, SPONSOR):
        why = dlt.DetermineEvaluability(patient="001", evaluable=False, reason="consent_withdrawn", revision=1)
        bench.ask(why, by)
    level = seen(bench).levels[1]
    assert (level.notation, level.free_slots, level.evaluable) == ("1x", 3, 0)


def test_the_notation_reads_back_as_the_tallies() -> None:
    bench = level_2_exceeded()
    read = parse_outcomes(seen(bench).notation)
    assert {t.level: (t.evaluable, t.dlt, t.pending) for t in tallies(bench.world)} == {
        level: (tally.evaluable, tally.dlt, tally.pending) for level, tally in read.items()
    }


def test_the_advice_says_why_and_where_in_the_log_it_stands() -> None:
    bench = three_treated()
    advice = seen(bench).advice
    assert advice is not None
    assert (advice.code, advice.level, advice.line) == ("treat", 1, "treat level 1 to 6")
    assert "1 DLT in 3 evaluable patients" in advice.because[1]
    for name in ("patient.dose-level-assigned", "cohort.dlt-window-closed", "patient.dlt-adjudicated"):
        assert position(bench, name) in advice.rests_on
    assert min(advice.rests_on) >= 0
    assert len([p for p in advice.rests_on if bench.records[p].event.NAME == "cohort.dlt-window-closed.v1"]) == 3


def test_awaiting_names_the_step_and_what_it_waits_for() -> None:
    bench = three_treated()
    decide(bench, "expand", 1)
    for number in ("004", "005", "006"):
        treat(bench, number, 1)
        bench.pass_days(14)
    advice = seen(bench).advice
    assert advice is not None
    assert (advice.code, advice.then, advice.then_level, advice.pending) == ("await", "treat", 1, 3)


def test_a_reservation_takes_a_slot_until_it_lapses() -> None:
    bench = opened_trial()
    screen(bench, "001")
    bench.ask(enrolment.ReserveSlot(patient="001", level=1))
    level = seen(bench).levels[1]
    assert (level.free_slots, level.reservations[0].live, level.reservations[0].days_left) == (2, True, 14)
    bench.pass_days(15)
    level = seen(bench).levels[1]
    assert (level.free_slots, level.reservations[0].live, level.reservations[0].days_left) == (3, False, 0)


def test_a_late_dlt_supersedes_the_basis_and_holds_the_level_above() -> None:
    bench = level_2_exceeded()
    onset = bench.world.cohort(1).members["003"].window
    assert onset is not None
    late = START.replace(year=onset.from_on.year, month=onset.from_on.month, day=onset.from_on.day)
    event = reaction(bench, "003", onset_at=late + timedelta(days=2))
    assert seen(bench).levels[1].notation == "1NTCNNN"
    rule(bench, "003", event)
    after = seen(bench)
    assert (after.levels[1].notation, after.levels[1].state) == ("1NTTNNN", "exceeded")
    assert [(decision.number, decision.state, decision.basis_superseded) for decision in after.decisions] == [
        (2, "taken", True),
        (1, "taken", True),
    ]
    assert {(hold.level, hold.cause) for hold in after.holds} == {(1, "level-exceeded"), (2, "level-exceeded")}
    assert after.advice is not None
    assert (after.advice.code, after.advice.level) == ("open", 0)


def test_the_mtd_is_undetermined_when_the_cap_is_reached_and_the_design_wants_more() -> None:
    """A.3-20."""
    bench = capped(2)
    treat(bench, "001", 1)
    close_window(bench, "001")
    treat(bench, "002", 1)
    full = seen(bench)
    assert full.enrolment is not None
    assert (full.enrolment.enrolled, full.enrolment.full, full.end_state) == (2, True, None)
    close_window(bench, "002")
    after = seen(bench).end_state
    assert after is not None
    assert (after.code, after.title) == ("mtd_undetermined", "MTD undetermined")


def test_where_the_design_has_its_answer_the_end_waits_for_the_decision() -> None:
    bench = level_2_exceeded()
    bench.ask(setup.CloseEnrolment(cause="no more cells"))
    assert seen(bench).end_state is None
    decide(bench, "declare_mtd", 1)
    assert seen(bench).end_state is not None


def test_the_end_waits_for_a_patient_who_is_enrolled_and_has_no_level() -> None:
    bench = capped(4)
    for number in ("001", "002", "003"):
        treat(bench, number, 1)
        close_window(bench, number)
    screen(bench, "004")
    bench.ask(enrolment.EnrolPatient(patient="004", planned_transplant_on=bench.now.date()))
    assert seen(bench).end_state is None
    bench.ask(safety.RecordOffStudy(patient="004", cause="other", off_on=bench.now.date()), INVESTIGATOR)
    assert seen(bench).end_state is not None


def test_enrolment_closed_by_a_person_is_an_end_too() -> None:
    bench = three_treated()
    bench.ask(setup.CloseEnrolment(cause="no more cells"))
    shown = seen(bench)
    assert shown.enrolment is not None
    assert shown.end_state is not None
    assert (shown.enrolment.closed, shown.end_state.code) == ("no more cells", "mtd_undetermined")


def test_the_order_of_the_patients_does_not_matter() -> None:
    """G.4-7: the same outcomes for other patients of the cohort, closed in another order: the same counts and
    advice."""
    shuffled = Random(7)
    found = set()
    for _ in range(3):
        bench, order = opened_trial(), ["001", "002", "003"]
        shuffled.shuffle(order)
        for number in order:
            treat(bench, number, 1)
            bench.pass_days(14)
            if number == order[-1]:
                rule(bench, number, reaction(bench, number))
        for number in sorted(order):
            close_window(bench, number)
        level, advice = seen(bench).levels[1], seen(bench).advice
        assert advice is not None
        found.add((level.evaluable, level.dlt, level.pending, level.state, advice.line, advice.because))
    assert len(found) == 1


def test_the_board_says_the_same_as_json_read_back() -> None:
    shown = seen(level_2_exceeded())
    assert Board.model_validate_json(shown.model_dump_json()) == shown
