"""The board of a trial in phase II: its places, its boundary, its end; what is permitted and why not (F, A.3-20)."""

from fractions import Fraction

from ledger.decisions import setup
from projections.cohorts import cohort
from projections.escalation import Board, board
from projections.explain import Explanation, explain
from projections.levels import LevelView
from projections.phase_two import PhaseTwoView
from projections.what_next import boundary
from tests import patients as p
from tests.bench import SPONSOR, Bench
from tests.spec.story import amend, changed_protocol, close_windows, enter_phase_two, go_on, lift, told

CLEAN = "1NNN 2TT 1NNN"
ONE_DLT = "1NNT 1NNN 2TT"


def seen(bench: Bench) -> Board:
    return board(bench.world, bench.now)


def two(bench: Bench) -> PhaseTwoView:
    found = seen(bench).phase_two
    assert found is not None
    return found


def level(bench: Bench, number: int) -> LevelView:
    return next(each for each in seen(bench).levels if each.level == number)


def why(bench: Bench, number: int) -> Explanation:
    return explain(bench.world, bench.records, number, bench.now)


def actions(bench: Bench, outcome: str) -> list[tuple[bool, list[str]]]:
    return [
        (each.permitted, [broken.refusal for broken in each.broken])
        for each in seen(bench).next_actions
        if each.outcome == outcome
    ]


def test_phase_one_lasts_until_phase_two_is_entered() -> None:
    bench = told(CLEAN)
    assert (seen(bench).trial.phase, seen(bench).phase_two, actions(bench, "enter_phase_two")) == ("I", None, [])
    p.decide(bench, "declare_mtd", 1)
    assert (seen(bench).trial.phase, seen(bench).phase_two) == ("I", None)
    assert actions(bench, "enter_phase_two") == [(False, ["PhaseOneUnsettled"])]
    close_windows(bench)
    assert actions(bench, "enter_phase_two") == [(True, [])]
    p.decide(bench, "enter_phase_two", 1)
    assert actions(bench, "enter_phase_two") == [(False, ["PhaseTwoEntered"])]


def test_the_board_shows_the_places_and_the_boundary_of_phase_two() -> None:
    bench = told(f"{ONE_DLT} II 1NP")
    found = two(bench)
    assert (found.level, found.slots, found.placed, found.free_slots) == (1, 7, 2, 5)
    assert (found.treated, found.observed, found.dlt, found.stops_at_dlt) == (8, 7, 1, 3)
    assert found.line == "phase II at level 1: 2 of 7 placed, 1 DLT in 8 treated, 3 stop"
    assert seen(bench).trial.phase == "II"
    assert seen(bench).notation == "1NNTNNN+NP 2TT"


def test_a_level_counts_phase_one_and_shows_the_slots_of_phase_two() -> None:
    bench = told(f"{ONE_DLT} II 1NP")
    shown = level(bench, 1)
    assert (shown.phase, shown.slots, shown.free_slots) == ("II", 7, 5)
    assert (shown.evaluable, shown.dlt, shown.pending, shown.state) == (6, 1, 0, "cleared")
    assert [each.phase for each in shown.patients] == ["I"] * 6 + ["II"] * 2
    assert (level(bench, 2).phase, level(bench, 2).slots) == ("I", 3)
    represented = cohort(bench.world, 1)
    assert (represented.slots, represented.phase_two_slots) == (6, 7)
    assert [member.phase for member in represented.members] == ["I"] * 6 + ["II"] * 2


def test_a_crossed_boundary_is_shown_and_permits_to_stop() -> None:
    bench = told(f"{ONE_DLT} II 1TT")
    assert two(bench).crossed
    assert two(bench).line.endswith("3 DLT in 8 treated, 3 stop (crossed)")
    stop = next(each for each in seen(bench).next_actions if each.outcome == "stop")
    assert (stop.permitted, stop.needs_override) == (True, False)
    p.decide(bench, "stop", None, circulate=False)
    end = seen(bench).end_state
    assert end is not None
    assert end.title == "MTD: level 1; stopped: F: phase II boundary, 3 DLTs of 8 treated at level 1"


def test_phase_two_is_complete_when_the_cap_is_used_and_everybody_was_observed() -> None:
    bench = told(CLEAN)
    amend(bench, changed_protocol(enrolment_cap=10))
    enter_phase_two(bench)
    go_on(bench, "1N")
    assert not two(bench).complete
    go_on(bench, "1P")
    assert not two(bench).complete
    close_windows(bench)
    assert two(bench).complete
    assert two(bench).line.endswith("; complete")
    end = seen(bench).end_state
    assert end is not None
    assert end.title == "MTD: level 1"


def test_closed_enrolment_completes_phase_two_with_who_is_in_it() -> None:
    bench = told(f"{CLEAN} II 1N")
    assert not two(bench).complete
    bench.ask(setup.CloseEnrolment(cause="funding ends"), SPONSOR)
    assert two(bench).complete


def test_why_a_level_takes_nobody_in_phase_two() -> None:
    bench = told(f"{CLEAN} II 1T")
    recommended = {rule.refusal: rule for rule in why(bench, 1).rules}
    assert {"PhaseOneComplete", "CohortNotOpen", "LevelNotAdvised"}.isdisjoint(recommended)
    assert recommended["LevelHeld"].kept is False
    boundary_rule = recommended["BoundaryCrossed"]
    assert (boundary_rule.kept, boundary_rule.inputs["treated"], boundary_rule.inputs["dlt"]) == (True, 7, 1)
    assert boundary_rule.positions
    other = {rule.refusal: rule.kept for rule in why(bench, 0).rules}
    assert other["NotTheRecommendedDose"] is False
    lift(bench, "phase-two-dlt")
    assert why(bench, 1).takes_patients


def test_the_boundary_goes_on_from_everybody_treated_so_far() -> None:
    bench = told(f"{ONE_DLT} II 1T")
    found = boundary(bench.world, bench.docket().protocol(), (Fraction(1),))
    assert (found.start.treated, found.start.dlts, found.within) == (7, 2, 6)
    assert found.stops["1"].exact == "1"
    stated = bench.docket().protocol().phase_2
    assert stated is not None
    alone = changed_protocol(phase_2={**stated.model_dump(mode="json"), "counts_phase_1_at_rp2d": False})
    found = boundary(bench.world, alone, (Fraction(0),))
    assert (found.start.treated, found.start.dlts) == (1, 1)
