"""Anyone entitled sets a hold; only the committee lifts it, and not while its cause stands (domain B.2, G.4-5)."""

import pytest

from ledger import refusals as no
from ledger.decisions import holds
from ledger.record import Actor
from ledger.trial.dosing import HoldApplied, HoldLifted
from tests.bench import CHECKER, COMMITTEE, INVESTIGATOR, NURSE, PI, SPONSOR, Bench
from tests.spec.story import go_on, has, only, told, trial
from tests.spec.story import holds as in_force
from tests.spec.test_late_dlts import late_dlt


def lift(bench: Bench, number: int = 1, why: str = "reviewed") -> holds.LiftHold:
    return holds.LiftHold(hold=number, review=bench.seal(why))


@pytest.mark.parametrize("who", [PI, INVESTIGATOR, SPONSOR, COMMITTEE])
def test_an_investigator_the_monitor_or_a_member_sets_a_hold(who: Actor) -> None:
    bench = trial()
    hold = only(HoldApplied, bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"), who))
    assert not hold.automatic


@pytest.mark.parametrize("who", [NURSE, CHECKER])
def test_others_do_not(who: Actor) -> None:
    bench = trial()
    with bench.refuses(no.NotDelegated):
        bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"), who)


def test_a_hold_that_stands_is_not_set_twice_and_another_cause_is_another_hold() -> None:
    bench = trial()
    bench.ask(holds.ApplyHold(scope="level", level=1, cause="safety-concern"))
    bench.pass_days(1)
    assert bench.ask(holds.ApplyHold(scope="level", level=1, cause="safety-concern"), SPONSOR) == ()
    bench.ask(holds.ApplyHold(scope="level", level=1, cause="logistics"))
    assert [hold.cause for hold in in_force(bench)] == ["safety-concern", "logistics"]


def test_a_hold_names_its_level_and_a_trials_none() -> None:
    bench = trial()
    with bench.refuses(no.FindingsContradict):
        bench.ask(holds.ApplyHold(scope="level", cause="logistics"))
    with bench.refuses(no.FindingsContradict):
        bench.ask(holds.ApplyHold(scope="trial", level=1, cause="logistics"))
    with bench.refuses(no.NotInProtocol):
        bench.ask(holds.ApplyHold(scope="level", level=4, cause="logistics"))


@pytest.mark.parametrize("who", [PI, INVESTIGATOR, SPONSOR])
def test_only_the_committee_lifts(who: Actor) -> None:
    bench = trial()
    bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"))
    with bench.refuses(no.NotDelegated):
        bench.ask(lift(bench), who)
    assert has(HoldLifted, bench.ask(lift(bench), COMMITTEE))
    assert in_force(bench) == []


def test_a_hold_is_lifted_once() -> None:
    bench = trial()
    with bench.refuses(no.HoldNotOpen):
        bench.ask(lift(bench), COMMITTEE)
    bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"))
    bench.ask(lift(bench), COMMITTEE)
    with bench.refuses(no.HoldNotOpen):
        bench.ask(lift(bench, why="reviewed once more"), COMMITTEE)
    bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"))
    assert [hold.cause for hold in in_force(bench)] == ["safety-concern"]


def test_the_hold_of_an_exceeded_level_stands_as_long_as_it_is_exceeded() -> None:
    bench = told("1TT")
    with bench.refuses(no.HoldCauseStands):
        bench.ask(lift(bench), COMMITTEE)


def test_a_hold_lifted_from_above_leaves_the_one_below() -> None:
    bench = told("1NNN 2A")
    bench.ask(holds.ApplyHold(scope="level", level=1, cause="safety-concern"))
    bench.ask(holds.ApplyHold(scope="level", level=2, cause="safety-concern"))
    bench.ask(lift(bench, 2), COMMITTEE)
    assert bench.world.trial.held(2) == 1


def test_another_hold_on_top_does_not_hide_that_a_lower_level_is_unsettled() -> None:
    bench = told("1NNN 2P")
    bench.ask(holds.ApplyHold(scope="level", level=2, cause="logistics"))
    late_dlt(bench, "001")
    events = bench.ask(lift(bench), COMMITTEE)
    assert only(HoldApplied, events).cause == "lower-level-unsettled"


def test_exposure_goes_on_once_every_hold_is_lifted() -> None:
    bench = told("1P")
    bench.ask(holds.ApplyHold(scope="level", level=1, cause="safety-concern"))
    bench.ask(lift(bench), COMMITTEE)
    go_on(bench, "1A")
