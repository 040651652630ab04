"""What each outcome of the coming cohort leads to."""

import json
from collections import Counter

import pytest

from ledger.designs.base import Await, DeclareMtd, DeclareMtdNotReached, Escalate, Open, StopNoMtd, Tally, Treat
from ledger.designs.reading import advice_line
from ledger.designs.tree import Tree, advice_json, transition_tree, tree_json, tree_text
from tests.designs.designs import ladder_of_three, outcomes, three_plus_three, variants


def tree(text: str, *, depth: int = 1, **marked: Tally) -> Tree:
    return transition_tree(three_plus_three(), outcomes(text, **marked), depth)


def branches(text: str, **marked: Tally) -> list[tuple[int, int, str]]:
    """Every branch with one level undecided: DLTs, among how many, and what the design then says."""
    return [
        (branch.outcome[0].dlts, branch.outcome[0].among, advice_line(branch.after.advice))
        for branch in transition_tree(three_plus_three(), outcomes(text, **marked)).branches
        if len(branch.outcome) == 1
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["escalate to level 2", "treat level 1 to 6", "open level 0", "open level 0"]),
        ("1NN", ["escalate to level 2", "treat level 1 to 6"]),
        ("1NNN", ["escalate to level 3", "treat level 2 to 6", "treat level 1 to 6", "treat level 1 to 6"]),
        ("1NNN 2NP", ["escalate to level 3", "treat level 2 to 6", "treat level 1 to 6"]),
        ("1NNT", ["escalate to level 2", "open level 0", "open level 0", "open level 0"]),
        ("1NNTPP", ["escalate to level 2", "open level 0", "open level 0", "open level 0"]),
        ("1TT 0NNN", ["declare MTD: level 0", "declare MTD: level 0", *["stop: no tolerated level"] * 2]),
    ],
)
def test_every_number_of_dlts_has_its_branch(text: str, expected: list[str]) -> None:
    found = branches(text)
    assert [line for _, _, line in found] == expected
    assert [dlts for dlts, _, _ in found] == list(range(len(expected)))
    assert {among for _, among, _ in found} == {len(expected) - 1}


def test_a_branch_is_what_the_design_says_on_the_counts_that_follow() -> None:
    for design in variants():
        for text in ("", "1NT", "1NNN 2NT", "1NNTPC", "1NNP 2N", "1TT 0N"):
            found = transition_tree(design, outcomes(text), 2)
            assert found.advice == design.advise(outcomes(text))
            for branch in found.branches:
                assert branch.after.advice == design.advise(branch.after.outcomes)
                assert not any(tally.pending + tally.candidates for tally in branch.after.outcomes.levels.values())
                for below in branch.after.branches:
                    assert below.after.advice == design.advise(below.after.outcomes)


def test_while_a_full_cohort_is_observed_its_outcomes_are_the_branches() -> None:
    found = tree("1NPP")
    assert found.advice == Await(1, Treat(1, 3), pending=2, candidates=0)
    assert [(each.pending, each.joining) for each in found.undecided] == [(2, 0)]
    assert [branch.after.advice for branch in found.branches] == [Escalate(2), Treat(1, 6), Open(0)]


def test_pending_patients_and_those_who_may_join_are_counted_together() -> None:
    (level,) = tree("1NP").undecided
    assert (level.pending, level.joining, level.patients) == (1, 1, 2)


def test_several_levels_with_something_undecided_make_a_branch_for_every_combination() -> None:
    found = tree("1NNP 2NP")
    assert [(each.level, each.patients) for each in found.undecided] == [(1, 1), (2, 1)]
    advised = {tuple(each.dlts for each in branch.outcome): branch.after.advice for branch in found.branches}
    assert advised == {(0, 0): Treat(2, 3), (0, 1): Treat(2, 3), (1, 0): Treat(1, 6), (1, 1): Treat(1, 6)}


def test_a_candidate_of_a_pending_patient_is_that_patient() -> None:
    assert branches("1NNC") == [(0, 1, "escalate to level 2"), (1, 1, "treat level 1 to 6")]


def test_a_candidate_beyond_the_pending_patients_is_ruled_within_its_branch() -> None:
    found = branches("", level_1=Tally(evaluable=3, dlt=0, candidates=1))
    assert found == [(0, 1, "escalate to level 2"), (1, 1, "treat level 1 to 6")]


def test_a_candidate_at_a_level_that_nobody_opened_becomes_evaluable_by_its_dlt_alone() -> None:
    found = tree("1NNN", level_3=Tally(evaluable=0, dlt=0, candidates=1))
    after = [branch.after.outcomes.at(3) for branch in found.branches if branch.outcome[-1].level == 3]
    assert {(tally.evaluable, tally.dlt) for tally in after} == {(0, 0), (1, 1)}


def test_the_second_dlt_makes_the_same_of_all_the_rest() -> None:
    assert [line for _, _, line in branches("1NTPPPP")][1:] == ["open level 0"] * 4


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1NNN 2NNN 3NNNNNN", DeclareMtdNotReached(3)),
        ("1TT 0TT", StopNoMtd()),
        ("1NNNNNN 2TT", DeclareMtd(1)),
    ],
)
def test_an_ended_trial_has_no_branches(text: str, advice: object) -> None:
    found = tree(text, depth=3)
    assert (found.advice, found.undecided, found.branches) == (advice, (), ())
    assert tree_text(found).count("\n") == 0


def test_who_is_still_observed_after_the_end_is_a_branch() -> None:
    assert branches("1TTP 0TT") == [(0, 1, "stop: no tolerated level"), (1, 1, "stop: no tolerated level")]


def test_a_patient_treated_and_not_evaluable_stays_treated() -> None:
    found = tree("", level_1=Tally(evaluable=1, dlt=0, pending=1, treated=3))
    assert {branch.after.outcomes.at(1).treated for branch in found.branches} == {4}


def test_depth_says_how_far_the_tree_reaches() -> None:
    assert tree("1NN", depth=0).branches == ()
    one, two = tree("1NN", depth=1), tree("1NN", depth=2)
    assert all(not branch.after.branches for branch in one.branches)
    assert Counter(len(branch.after.branches) for branch in two.branches) == {4: 2}
    with pytest.raises(ValueError, match="depth"):
        tree("1NN", depth=-1)


def test_without_a_reserve_level_coming_down_is_the_end() -> None:
    found = transition_tree(three_plus_three(), ladder_of_three("1NT"))
    assert [branch.after.advice for branch in found.branches] == [Treat(1, 6), StopNoMtd()]


def test_the_text_joins_outcomes_that_lead_to_the_same() -> None:
    assert tree_text(tree("1NNT 1N", depth=2)).splitlines() == [
        "now: treat level 1 to 6",
        "  0 of 2 at level 1 -> escalate to level 2",
        "    0 of 3 at level 2 -> escalate to level 3",
        "    1 of 3 at level 2 -> treat level 2 to 6",
        "    2 to 3 of 3 at level 2 -> declare MTD: level 1",
        "  1 to 2 of 2 at level 1 -> open level 0",
        "    0 to 1 of 3 at level 0 -> treat level 0 to 6",
        "    2 to 3 of 3 at level 0 -> stop: no tolerated level",
    ]


def test_the_text_never_joins_across_another_level() -> None:
    assert tree_text(tree("1NNP 2NP")).splitlines()[1:] == [
        "  0 of 1 at level 1, 0 to 1 of 1 at level 2 -> treat level 2 to 3",
        "  1 of 1 at level 1, 0 to 1 of 1 at level 2 -> treat level 1 to 6",
    ]


def test_the_text_keeps_a_line_for_every_outcome_of_another_level() -> None:
    assert tree_text(tree("1TTP 0NNP")).splitlines()[1:] == [
        "  0 of 1 at level 0, 0 to 1 of 1 at level 1 -> treat level 0 to 6",
        "  1 of 1 at level 0, 0 to 1 of 1 at level 1 -> treat level 0 to 6",
    ]


def test_the_json_form_is_plain_and_whole() -> None:
    found = tree_json(tree("1NNP"))
    assert json.loads(json.dumps(found)) == found
    assert found["advice"] == {
        "code": "await",
        "line": "await 1 pending, 0 candidate; then treat level 1 to 3",
        "level": 1,
        "then": {"code": "treat", "line": "treat level 1 to 3", "level": 1, "slots": 3},
        "pending": 1,
        "candidates": 0,
    }
    assert [branch["after"]["advice"]["code"] for branch in found["branches"]] == ["escalate", "treat"]
    assert found["branches"][1]["dlts"] == [{"level": 1, "dlts": 1, "among": 1}]
    assert found["branches"][1]["after"]["levels"]["1"]["dlt"] == 1


@pytest.mark.parametrize("advice", [Open(1), Escalate(2), DeclareMtd(1), DeclareMtdNotReached(3), StopNoMtd()])
def test_an_advice_in_json_has_its_code_and_its_line(advice: Open | Escalate | DeclareMtd) -> None:
    assert advice_json(advice)["code"] == advice.code
    assert advice_json(advice)["line"] == advice_line(advice)
