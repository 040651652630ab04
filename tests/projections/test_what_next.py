"""What would happen next: the tree of the coming cohort, the design on average, the boundary of phase II."""

from fractions import Fraction

import pytest

from ledger.refusals import NoPhaseTwo, RatesDoNotFit
from ledger.world import World
from projections.escalation import advice_view
from projections.what_next import BoundaryStart, WhatNext, boundary, characteristics, rates_of, what_next
from tests.bench import Bench, nct07256210
from tests.patients import decide
from tests.projections.trials import level_2_exceeded, mtd_declared, six_treated, three_treated

RATES = rates_of("0.1,0.2,0.45")


def ahead(bench: Bench, depth: int = 1) -> WhatNext:
    return what_next(bench.world, nct07256210(), depth)


def leads_to(found: WhatNext) -> list[tuple[tuple[int, ...], str]]:
    return [(tuple(each.dlts for each in branch.dlts), branch.after.advice.line) for branch in found.tree.branches]


def test_before_the_first_patient_the_tree_begins_at_the_start_level() -> None:
    found = what_next(World(), nct07256210(), 1)
    assert (found.position, found.tree.advice.line) == (None, "open level 1")
    assert leads_to(found) == [
        ((0,), "escalate to level 2"),
        ((1,), "treat level 1 to 6"),
        ((2,), "open level 0"),
        ((3,), "open level 0"),
    ]


def test_the_tree_begins_with_what_the_board_says() -> None:
    for bench in (three_treated(), six_treated(), level_2_exceeded(), mtd_declared()):
        found = ahead(bench)
        assert found.tree.advice.line == advice_view(bench.world, nct07256210()).line
        assert found.position == bench.world.size - 1


def test_one_dlt_of_three_asks_for_three_more() -> None:
    found = ahead(three_treated())
    assert leads_to(found) == [
        ((0,), "escalate to level 2"),
        ((1,), "open level 0"),
        ((2,), "open level 0"),
        ((3,), "open level 0"),
    ]
    assert found.text.splitlines()[1:] == [
        "  0 of 3 at level 1 -> escalate to level 2",
        "  1 to 3 of 3 at level 1 -> open level 0",
    ]


def test_two_cohorts_ahead_each_branch_has_its_own() -> None:
    found = ahead(three_treated(), depth=2)
    first, second, *_ = found.tree.branches
    assert [branch.after.advice.line for branch in first.after.branches] == [
        "escalate to level 3",
        "treat level 2 to 6",
        "declare MTD: level 1",
        "declare MTD: level 1",
    ]
    assert all(not branch.after.branches for branch in second.after.branches)


def test_nothing_follows_where_phase_one_has_its_result() -> None:
    found = ahead(mtd_declared())
    assert found.phase_one_over
    assert found.tree.branches == ()


def test_a_stopped_trial_says_so() -> None:
    bench = three_treated()
    decide(bench, "stop", None, override=bench.seal("the sponsor ends the programme"), circulate=False)
    assert ahead(bench).stopped == "by decision"


def test_the_first_row_of_the_trials_own_table() -> None:
    rates = rates_of("0.02,0.05,0.08,0.12")
    found = characteristics(nct07256210(), rates, cap=None, enrolment="whole_cohorts", seed=1)
    assert [each.probability.rounded for each in found.endings] == ["0.0002", "0.0268", "0.0632", "0.1398", "0.7701"]
    assert (found.expected_patients.rounded, found.expected_dlts.rounded, found.paths) == ("12.97", "1.13", 541)
    assert found.cap.patients == 15
    assert (found.method, found.cap.exactly.standard_error) == ("exact", None)


def test_a_rate_is_given_for_every_level() -> None:
    with pytest.raises(RatesDoNotFit):
        characteristics(nct07256210(), RATES, cap=None, enrolment="whole_cohorts", seed=1)


def test_a_longer_ladder_is_simulated_and_says_how_far_it_may_be_off() -> None:
    protocol = nct07256210()
    steps = protocol.ladder.levels
    more = [steps[-1].model_copy(update={"level": level, "total_cells_per_kg": f"{level}0000000"}) for level in (4, 5)]
    longer = protocol.model_copy(update={"ladder": protocol.ladder.model_copy(update={"levels": (*steps, *more)})})
    rates = rates_of("0.05,0.1,0.15,0.2,0.25,0.3")
    found = characteristics(longer, rates, cap=12, enrolment="whole_cohorts", seed=7)
    assert (found.method, found.seed, found.trials, found.cap.patients) == ("simulation", 7, 2000, 12)
    assert found.expected_patients.standard_error is not None
    assert found == characteristics(longer, rates, cap=12, enrolment="whole_cohorts", seed=7)


def test_without_a_recommended_dose_the_boundary_begins_at_the_worst() -> None:
    found = boundary(World(), nct07256210(), RATES)
    assert found.start == BoundaryStart(treated=6, dlts=1, assumed=True)
    assert found.steps == ("2 of 6", "3 of 7-9", "4 of 10-12", "5 of 13-15")
    assert (found.within, found.stops["1/5"].rounded, found.stops["9/20"].rounded) == (9, "0.1716", "0.7210")


def test_with_a_recommended_dose_the_boundary_begins_with_who_was_treated_there() -> None:
    found = boundary(mtd_declared().world, nct07256210(), RATES)
    assert (found.rp2d, found.start) == (1, BoundaryStart(treated=6, dlts=1, assumed=False))
    assert found.within == 15 - 8


def test_a_protocol_may_count_phase_two_alone_or_have_none() -> None:
    protocol = nct07256210()
    assert protocol.phase_2 is not None
    alone = protocol.phase_2.model_copy(update={"counts_phase_1_at_rp2d": False})
    for world in (World(), mtd_declared().world):
        found = boundary(world, protocol.model_copy(update={"phase_2": alone}), (Fraction(0),))
        assert (found.start.treated, found.start.dlts, found.stops["0"].rounded) == (0, 0, "0.0000")
    with pytest.raises(NoPhaseTwo):
        boundary(World(), protocol.model_copy(update={"phase_2": None}), RATES)
