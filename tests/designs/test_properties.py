"""What holds for every variant of the rule on any counts, also on counts that no trial run by the rule could have."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.designs.base import (
    Advice,
    Await,
    DeclareMtd,
    DeclareMtdNotReached,
    Escalate,
    Open,
    Outcomes,
    Step,
    StopNoMtd,
    Tally,
    Treat,
)
from ledger.designs.notation import outcomes_on
from ledger.designs.three_plus_three import ThreePlusThree
from tests.designs.designs import variants

DESIGNS = st.sampled_from(list(variants()))


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    evaluable = draw(st.integers(0, 8))
    dlt = draw(st.integers(0, min(evaluable, 3)))
    pending = draw(st.sampled_from([0, 0, 0, 1, 2, 3]))
    return Tally(
        evaluable=evaluable,
        dlt=dlt,
        pending=pending,
        candidates=min(draw(st.sampled_from([0, 0, 0, 0, 1, 2])), evaluable - dlt + pending),
        exceeded=draw(st.sampled_from([False] * 7 + [True])),
        treated=draw(st.sampled_from([None, None, 0, 3])),
    )


@st.composite
def any_outcomes(draw: st.DrawFn) -> Outcomes:
    bottom = draw(st.integers(0, 1))
    top = draw(st.integers(bottom, 4))
    levels = draw(st.dictionaries(st.integers(bottom, top), tallies()))
    return Outcomes(levels, bottom=bottom, top=top, start=draw(st.integers(bottom, top)))


def step_of(advice: Advice) -> Step:
    return advice.then if isinstance(advice, Await) else advice


def height(advice: Advice) -> int:
    """The level that an advice would treat or declare; below every ladder where there is none."""
    match step_of(advice):
        case Treat(level=level) | Open(level=level) | Escalate(level=level) | DeclareMtd(level=level):
            return level
        case DeclareMtdNotReached(top=level):
            return level
        case StopNoMtd():
            return -1


def is_exceeded(design: ThreePlusThree, tally: Tally) -> bool:
    """Beyond doubt: whole cohorts may be judged earlier, but not later than at six."""
    return tally.exceeded or (tally.dlt >= 2 and (design.act_on_second_dlt or tally.evaluable >= 6))


def could_be_a_dlt(tally: Tally) -> bool:
    """Whether a patient is left who has neither a DLT nor a candidate."""
    return tally.candidates < tally.evaluable - tally.dlt + tally.pending


def changed(outcomes: Outcomes, level: int, tally: Tally) -> Outcomes:
    return replace(outcomes, levels={**outcomes.levels, level: tally})


@given(DESIGNS, any_outcomes())
def test_there_is_always_an_advice_on_the_ladder(design: ThreePlusThree, outcomes: Outcomes) -> None:
    advice = design.advise(outcomes)
    assert height(advice) in outcomes.ladder or step_of(advice) == StopNoMtd()
    assert len(design.explain(outcomes)) == (3 if isinstance(advice, Await) else 2)


@given(DESIGNS, any_outcomes())
def test_waiting_is_always_for_someone(design: ThreePlusThree, outcomes: Outcomes) -> None:
    advice = design.advise(outcomes)
    if isinstance(advice, Await):
        lowest = outcomes.at(advice.level)
        assert (advice.pending and lowest.pending) or (advice.candidates and lowest.candidates)
        assert advice.pending <= sum(tally.pending for tally in outcomes.levels.values())
        assert advice.candidates <= sum(tally.candidates for tally in outcomes.levels.values())


@given(DESIGNS, any_outcomes())
def test_nobody_is_treated_at_or_above_an_exceeded_level(design: ThreePlusThree, outcomes: Outcomes) -> None:
    lowest = min((level for level in outcomes.ladder if is_exceeded(design, outcomes.at(level))), default=99)
    assert height(design.advise(outcomes)) < lowest
    assert not any(design.slots_now(outcomes, level) for level in outcomes.ladder if level >= lowest)


@given(DESIGNS, any_outcomes())
def test_one_level_enrols_at_a_time_and_none_below_it_is_short(design: ThreePlusThree, outcomes: Outcomes) -> None:
    enrolling = [level for level in outcomes.ladder if design.slots_now(outcomes, level)]
    assert len(enrolling) <= 1
    for level in enrolling:
        below = [outcomes.at(lower) for lower in outcomes.in_use() if lower < level]
        assert all(tally.evaluable >= 3 for tally in below)
        assert all(tally.evaluable >= 6 or tally.dlt == 0 for tally in below)


@given(DESIGNS, any_outcomes())
def test_six_slots_are_for_a_level_that_has_three(design: ThreePlusThree, outcomes: Outcomes) -> None:
    for level in outcomes.ladder:
        slots, tally = design.slots_now(outcomes, level), outcomes.at(level)
        assert slots in (0, 3, 6)
        if slots == 6:
            assert 3 <= tally.evaluable < 6


@given(DESIGNS, any_outcomes(), st.data())
def test_one_more_dlt_never_leads_higher(design: ThreePlusThree, outcomes: Outcomes, data: st.DataObject) -> None:
    spared = [level for level in outcomes.ladder if outcomes.at(level).dlt < outcomes.at(level).evaluable]
    assume(spared)
    level = data.draw(st.sampled_from(spared))
    tally = outcomes.at(level)
    worse = changed(outcomes, level, replace(tally, dlt=tally.dlt + 1))
    assert height(design.advise(worse)) <= height(design.advise(outcomes))


@given(DESIGNS, any_outcomes(), st.data())
def test_a_mark_never_leads_higher(design: ThreePlusThree, outcomes: Outcomes, data: st.DataObject) -> None:
    level = data.draw(st.sampled_from(outcomes.ladder))
    worse = changed(outcomes, level, replace(outcomes.at(level), exceeded=True))
    assert height(design.advise(worse)) <= height(design.advise(outcomes))


@given(DESIGNS, any_outcomes(), st.data())
def test_one_more_candidate_holds_or_changes_nothing(
    design: ThreePlusThree, outcomes: Outcomes, data: st.DataObject
) -> None:
    undecided = [level for level, tally in outcomes.levels.items() if could_be_a_dlt(tally)]
    assume(undecided)
    level = data.draw(st.sampled_from(undecided))
    tally = outcomes.at(level)
    before = design.advise(outcomes)
    after = design.advise(changed(outcomes, level, replace(tally, candidates=tally.candidates + 1)))
    assert after == before or (isinstance(after, Await) and after.then == step_of(before))


@given(DESIGNS, any_outcomes())
def test_what_is_permitted_now_is_permitted_with_every_candidate_a_dlt(
    design: ThreePlusThree, outcomes: Outcomes
) -> None:
    advice = design.advise(outcomes)
    assume(not isinstance(advice, Await | StopNoMtd))
    assert step_of(design.advise(outcomes.with_candidates_counted())) == advice


COHORTS = st.lists(
    st.tuples(st.integers(0, 3), st.text(alphabet="NNNTPC", min_size=1, max_size=4)), min_size=1, max_size=6
)


@given(DESIGNS, COHORTS, st.data())
def test_the_order_of_patients_and_of_cohorts_means_nothing(
    design: ThreePlusThree, cohorts: list[tuple[int, str]], data: st.DataObject
) -> None:
    shuffled = [(level, "".join(data.draw(st.permutations(patients)))) for level, patients in cohorts]
    as_told, otherwise = (
        outcomes_on(" ".join(f"{level}{patients}" for level, patients in told), bottom=0, top=3, start=1)
        for told in (cohorts, data.draw(st.permutations(shuffled)))
    )
    assert design.advise(as_told) == design.advise(otherwise)
    assert design.explain(as_told) == design.explain(otherwise)
