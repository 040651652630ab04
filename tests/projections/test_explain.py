"""Why a level takes patients, or does not, with the events that say so."""

import pytest

from ledger import refusals as no
from ledger.decisions import holds
from ledger.decisions.permits import against_full, against_placing
from projections.explain import RULES, Explanation, RuleView, explain
from projections.levels import home_day
from tests.bench import COMMITTEE, PI, Bench
from tests.patients import decide, reaction, treat
from tests.projections.trials import level_2_exceeded, mtd_declared, position, six_treated, three_treated


def why(bench: Bench, level: int) -> Explanation:
    return explain(bench.world, bench.records, level, bench.now)


def rule(bench: Bench, level: int, refusal: str) -> RuleView:
    (found,) = (each for each in why(bench, level).rules if each.refusal == refusal)
    return found


def named(bench: Bench, shown: RuleView) -> list[str]:
    """The stored names of the events that a rule rests on."""
    return [bench.records[at].event.NAME.removesuffix(".v1") for at in shown.positions]


def test_a_level_that_takes_patients_keeps_every_rule() -> None:
    bench = six_treated()
    decide(bench, "escalate", 2)
    shown = why(bench, 2)
    assert (shown.takes_patients, shown.state) == (True, "enrolling")
    assert all(each.kept for each in shown.rules)


def test_the_verdicts_are_those_of_the_rules() -> None:
    for bench in (three_treated(), level_2_exceeded(), mtd_declared()):
        protocol = bench.docket().protocol()
        for level in protocol.levels():
            broken = [
                *against_placing(bench.world, protocol, level),
                *against_full(bench.world, bench.world.cohort(level), home_day(bench.world, bench.now)),
            ]
            shown = why(bench, level)
            assert [each.refusal for each in shown.rules if each.kept is False] == [type(e).__name__ for e in broken]
            assert shown.takes_patients == (not broken)


def test_the_exceeded_level_names_its_two_dlts_and_the_mark() -> None:
    bench = level_2_exceeded()
    shown = rule(bench, 2, "CohortExceededIsShut")
    assert (shown.kept, shown.inputs) == (False, {"exceeded": True, "dlt": 2})
    assert named(bench, shown) == ["cohort.dlt-counted", "cohort.dlt-counted", "cohort.exceeded"]
    assert all(bench.records[at].stream == "cohort/2" for at in shown.positions)


def test_a_held_level_names_the_hold() -> None:
    bench = six_treated()
    bench.ask(holds.ApplyHold(scope="level", level=2, cause="logistics"), PI)
    shown = rule(bench, 3, "LevelHeld")
    assert (shown.kept, shown.inputs, named(bench, shown)) == (False, {"holds": [1]}, ["trial.hold-applied"])
    assert rule(bench, 1, "LevelHeld").kept
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("solved")), COMMITTEE)
    shown = rule(bench, 3, "LevelHeld")
    assert (shown.kept, named(bench, shown)) == (True, ["trial.hold-applied", "trial.hold-lifted"])


def test_under_a_hold_of_the_trial_the_level_is_not_asked() -> None:
    bench = three_treated()
    bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"), PI)
    assert rule(bench, 1, "TrialHeld").kept is False
    assert rule(bench, 1, "LevelHeld").kept is None


def test_the_level_not_advised_shows_all_counts_and_where_they_stand() -> None:
    bench = three_treated()
    shown = rule(bench, 2, "LevelNotAdvised")
    counts = {"evaluable": 3, "dlt": 1, "pending": 0, "candidates": 0, "exceeded": False}
    assert (shown.kept, shown.inputs) == (False, {"levels": {"1": counts}})
    found = named(bench, shown)
    assert found.count("cohort.slot-assigned") == found.count("cohort.dlt-window-closed") == 3
    assert found.count("cohort.evaluability-determined") == 2
    assert found.count("cohort.dlt-counted") == 1


def test_an_opened_level_names_the_decision_that_opened_it() -> None:
    bench = six_treated()
    decide(bench, "escalate", 2)
    shown = rule(bench, 2, "CohortNotOpen")
    assert (shown.inputs, named(bench, shown)) == (
        {"opened": True, "decision": 2},
        ["trial.dose-decision-taken", "cohort.opened"],
    )


def test_an_open_candidate_beside_a_dlt_holds_the_level() -> None:
    bench = three_treated()
    decide(bench, "expand", 1)
    treat(bench, "004", 1)
    reaction(bench, "004")
    shown = rule(bench, 1, "CandidatesHoldLevel")
    assert (shown.kept, shown.inputs) == (False, {"dlt": 1, "candidates": 1})
    assert position(bench, "patient.candidate-dlt-raised", -1) in shown.positions


def test_a_level_beside_the_ladder_is_unknown() -> None:
    with pytest.raises(no.NoSuchCohort):
        why(three_treated(), 4)


def test_every_rule_about_placing_has_its_inputs() -> None:
    """A new rule in `against_placing` would appear without inputs: it is then to be listed."""
    bench = level_2_exceeded()
    bench.ask(holds.ApplyHold(scope="trial", cause="other"), PI)
    protocol = bench.docket().protocol()
    for level in protocol.levels():
        assert {type(error) for error in against_placing(bench.world, protocol, level)} <= set(RULES)
