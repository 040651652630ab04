"""Toxicity in phase II: every DLT is reviewed, and the boundary over all treated at the level stops it (F, P8)."""

from fractions import Fraction
from typing import Any

import pytest

from ledger import refusals as no
from ledger.decisions import enrolment, holds
from ledger.decisions.dlt import RuleOnDlt
from ledger.decisions.dose_outcomes import advised_outcome
from ledger.decisions.expansion import boundary_crossed, may_be_crossed, treated
from ledger.designs.boundaries import StoppingTable, pocock, posterior
from ledger.designs.posterior import Beta
from ledger.protocol.document import ProtocolDocument
from ledger.trial import dosing as t
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, PI, SPONSOR, Bench
from tests.spec.story import (
    amend,
    changed_protocol,
    close_windows,
    enter_phase_two,
    go_on,
    has,
    lift,
    only,
    replayed,
    says,
    told,
)
from tests.spec.story import holds as in_force

CLEAN = "1NNN 2TT 1NNN"
ONE_DLT = "1NNT 1NNN 2TT"


def phase_2(**changes: Any) -> ProtocolDocument:
    """The bundled protocol with another phase II."""
    stated = changed_protocol().phase_2
    assert stated is not None
    return changed_protocol(phase_2={**stated.model_dump(mode="json"), **changes})


def entered(outcomes: str, **changes: Any) -> Bench:
    """Phase II is entered under a protocol whose phase II is another."""
    bench = told(outcomes)
    amend(bench, phase_2(**changes))
    return enter_phase_two(bench)


def causes(bench: Bench) -> list[str]:
    """The causes of the holds in force, but for that of the level above."""
    return [hold.cause for hold in in_force(bench) if hold.cause != "level-exceeded"]


def crossed(bench: Bench) -> bool:
    return boundary_crossed(bench.world, bench.docket().protocol(), bench.world.cohort(1))


def reserve(bench: Bench, level: int = 1) -> enrolment.ReserveSlot:
    number = f"{len(bench.world.patients) + 1:03}"
    p.screen(bench, number)
    return enrolment.ReserveSlot(patient=number, level=level)


def lifting(bench: Bench, cause: str) -> holds.LiftHold:
    (number,) = (n for n, hold in bench.world.trial.holds.items() if hold.cause == cause and not hold.lifted)
    return holds.LiftHold(hold=number, review=bench.seal("reviewed"))


def test_every_dlt_holds_the_level_until_the_committee_has_reviewed_it() -> None:
    bench = told(f"{CLEAN} II 1T")
    (hold,) = (hold for hold in in_force(bench) if hold.cause == "phase-two-dlt")
    assert (hold.scope, hold.level, hold.patient, hold.automatic) == ("level", 1, "009", True)
    command = reserve(bench)
    with bench.refuses(no.LevelHeld):
        bench.ask(command)
    with bench.refuses(no.NotDelegated):
        bench.ask(lifting(bench, "phase-two-dlt"), PI)
    bench.ask(lifting(bench, "phase-two-dlt"), COMMITTEE)
    close_windows(bench)
    bench.ask(command)


def test_a_candidate_counts_as_a_dlt_until_it_is_ruled_on() -> None:
    bench = told(f"{CLEAN} II 1P")
    event = p.reaction(bench, "009")
    command = reserve(bench)
    with bench.refuses(no.CandidatesHoldLevel):
        bench.ask(command)
    p.rule_not_a_dlt(bench, "009", event)
    assert causes(bench) == []
    bench.ask(command)


def test_a_dlt_taken_back_and_ruled_again_is_reviewed_again() -> None:
    bench = told(f"{CLEAN} II 1P")
    event = p.reaction(bench, "009")
    p.rule(bench, "009", event)
    lift(bench, "phase-two-dlt")
    p.rule_not_a_dlt(bench, "009", event, revision=2)
    assert causes(bench) == []
    events = p.rule(bench, "009", event, revision=3)
    assert only(t.HoldApplied, events).cause == "phase-two-dlt"
    assert causes(bench) == ["phase-two-dlt"]


def test_a_second_dlt_of_the_same_patient_holds_nothing_more() -> None:
    bench = told(f"{CLEAN} II 1P")
    p.rule(bench, "009", p.reaction(bench, "009"))
    again = p.rule(bench, "009", p.reaction(bench, "009"))
    assert not has(t.HoldApplied, again)


def test_a_protocol_may_leave_single_dlts_to_its_boundary() -> None:
    bench = entered(CLEAN, hold_at_every_dlt=False)
    go_on(bench, "1T")
    assert causes(bench) == []


@pytest.mark.parametrize(
    ("outcomes", "counts", "stops"),
    [
        (f"{CLEAN} II", (6, 0), False),
        (f"{CLEAN} II 1T", (7, 1), False),
        (f"{CLEAN} II 1TT", (8, 2), False),
        (f"{CLEAN} II 1TTT", (9, 3), True),
        (f"{CLEAN} II 1TNTN", (10, 2), False),
        (f"{CLEAN} II 1TNTNT", (11, 3), False),
        (f"{ONE_DLT} II", (6, 1), False),
        (f"{ONE_DLT} II 1T", (7, 2), False),
        (f"{ONE_DLT} II 1TT", (8, 3), True),
        (f"{ONE_DLT} II 1TNNT", (10, 3), False),
        (f"{ONE_DLT} II 1TN 1N 1T 1T", (11, 4), True),
    ],
)
def test_the_boundary_is_a_third_of_everybody_treated_at_the_level(
    outcomes: str, counts: tuple[int, int], stops: bool
) -> None:
    bench = told(outcomes)
    found = treated(bench.world, bench.docket().protocol(), bench.world.cohort(1))
    assert (found.patients, found.dlts) == counts
    assert crossed(bench) is stops
    assert ("phase-two-boundary" in causes(bench)) is stops
    assert bench.world.trial.mtd == 1, "what happens in phase II moves no MTD"


def test_a_crossed_boundary_holds_until_the_counts_no_longer_cross_it() -> None:
    bench = told(f"{ONE_DLT} II 1TT")
    lift(bench, "phase-two-dlt")
    with bench.refuses(no.HoldCauseStands):
        bench.ask(lifting(bench, "phase-two-boundary"), COMMITTEE)
    for subject in ("adverse-event/1", "omission/2"):
        _take_back(bench, "010", subject)
    assert not crossed(bench)
    assert causes(bench) == ["phase-two-boundary"], "a person lifts it"
    bench.ask(lifting(bench, "phase-two-boundary"), COMMITTEE)


def _take_back(bench: Bench, number: str, subject: str) -> None:
    known = bench.world.patients[number].rulings.get(subject)
    for by in (INVESTIGATOR, SPONSOR, COMMITTEE):
        command = RuleOnDlt(
            patient=number,
            subject=subject,
            is_dlt=False,
            revision=known.event.revision + 1 if known else 1,
            rationale=bench.seal("another cause"),
        )
        bench.ask(command, by)


def test_a_hold_of_the_boundary_that_a_paper_lifts_is_set_again() -> None:
    bench = told(f"{ONE_DLT} II 1TT")
    events = bench.ask(lifting(bench, "phase-two-boundary"), COMMITTEE, on_paper=True)
    assert has(t.HoldLifted, events)
    assert only(t.HoldApplied, events).cause == "phase-two-boundary"


def test_a_crossed_boundary_stops_phase_two_by_a_decision_without_an_override() -> None:
    bench = told(f"{ONE_DLT} II 1TT")
    p.decide(bench, "stop", None, circulate=False)
    assert bench.world.trial.stopped == "F: phase II boundary, 3 DLTs of 8 treated at level 1"
    command = reserve(bench)
    with bench.refuses(no.TrialStopped):
        bench.ask(command)


def test_before_the_boundary_to_stop_needs_an_override() -> None:
    bench = told(f"{ONE_DLT} II 1T")
    with bench.refuses(no.OverrideMissing):
        p.decide(bench, "stop", None, circulate=False)
    p.decide(bench, "stop", None, circulate=False, override=bench.seal("the committee has seen enough"))
    assert bench.world.trial.stopped == "by decision"


def test_an_open_candidate_and_an_open_window_are_counted_with_care() -> None:
    bench = entered(ONE_DLT, hold_at_every_dlt=False)
    go_on(bench, "1T")
    go_on(bench, "1P")
    protocol, cohort = bench.docket().protocol(), bench.world.cohort(1)
    assert not may_be_crossed(bench.world, protocol, cohort)
    event = p.reaction(bench, "010")
    assert not crossed(bench), "2 of 8 by what is ruled"
    command = reserve(bench)
    with bench.refuses(no.BoundaryCrossed):
        bench.ask(command)
    p.rule_not_a_dlt(bench, "010", event)
    bench.ask(command)


def test_who_is_still_observed_does_not_dilute_the_rate() -> None:
    """3 DLTs of 10 are no third; but two of the ten are still observed, and 3 of 8 are more."""
    bench = entered(ONE_DLT, hold_at_every_dlt=False)
    go_on(bench, "1PPTT")
    assert not crossed(bench)
    command = reserve(bench)
    with bench.refuses(no.BoundaryCrossed):
        bench.ask(command)
    close_windows(bench)
    bench.ask(command)


def stated(table: StoppingTable) -> dict[str, Any]:
    return table.for_protocol().model_dump(mode="json")


POCOCK = pocock(theta0=Fraction(1, 5), phi=Fraction(1, 10), patients=15)
BAYES = posterior(limit=Fraction(3, 10), certainty=Fraction(95, 100), prior=Beta(Fraction(1), Fraction(1)), patients=15)


@pytest.mark.parametrize("table", [POCOCK, BAYES], ids=["Pocock", "posterior"])
def test_a_protocol_may_state_another_boundary_as_its_table(table: StoppingTable) -> None:
    """5 of 8-10 stop by Pocock's of .20 and .10, 5 of 7-9 by the posterior one of .30 and .95 (domain F)."""
    bench = entered(ONE_DLT, hold_at_every_dlt=False, boundary=stated(table))
    go_on(bench, "1TTT")
    assert not crossed(bench), "4 of 9"
    go_on(bench, "1T")
    counts = treated(bench.world, bench.docket().protocol(), bench.world.cohort(1))
    assert (counts.patients, counts.dlts) == (10, 5)
    assert crossed(bench) is table.stops(5, 10)


def test_a_boundary_may_count_phase_two_alone() -> None:
    rate = {"kind": "rate", "dlt_rate": "1/3", "from_treated_count": 2}
    bench = entered(ONE_DLT, hold_at_every_dlt=False, counts_phase_1_at_rp2d=False, boundary=rate)
    go_on(bench, "1NT")
    assert treated(bench.world, bench.docket().protocol(), bench.world.cohort(1)).patients == 2
    assert causes(bench) == ["phase-two-boundary"]


def test_phase_two_does_not_begin_beyond_its_boundary() -> None:
    bench = told(ONE_DLT)
    amend(bench, phase_2(boundary={"kind": "rate", "dlt_rate": "1/6", "from_treated_count": 6}))
    close_windows(bench)
    p.decide(bench, *advised_outcome(says(bench), bench.world))
    with bench.refuses(no.BoundaryCrossed):
        p.decide(bench, "enter_phase_two", 1)


def test_an_amendment_that_crosses_the_boundary_holds_at_once() -> None:
    bench = told(f"{ONE_DLT} II 1N")
    amend(bench, phase_2(boundary={"kind": "rate", "dlt_rate": "1/7", "from_treated_count": 6}))
    assert causes(bench) == ["phase-two-boundary"]


def test_two_dlts_at_the_lowest_level_stop_in_phase_one() -> None:
    bench = told("1TT 0TT")
    assert bench.world.trial.held(0) is not None
    assert advised_outcome(says(bench), bench.world) == ("stop", None)
    p.decide(bench, "stop", None, circulate=False)
    assert bench.world.trial.stopped == "P8: no tolerated level"


def test_a_second_dlt_at_the_lowest_level_stops_in_phase_two_as_well() -> None:
    """P8 knows no phase: 1 of 6 in phase I and 1 in phase II are two at Level 0, though 2 of 7 are no third."""
    bench = told("1TT 0NNT 0NNN II 0T")
    assert causes(bench) == ["phase-two-dlt", "phase-two-boundary"]
    with bench.refuses(no.HoldCauseStands):
        bench.ask(lifting(bench, "phase-two-boundary"), COMMITTEE)
    p.decide(bench, "stop", None, circulate=False)
    assert replayed(bench) == bench.world


def test_the_first_dlt_at_the_lowest_level_does_not() -> None:
    bench = told("1TT 0NNN 0NNN II 0T")
    assert causes(bench) == ["phase-two-dlt"]
    candidate = told("1TT 0NNN 0NNN II 0TP")
    p.reaction(candidate, "010")
    lift(candidate, "phase-two-dlt")
    command = reserve(candidate, 0)
    with candidate.refuses(no.CandidatesHoldLevel):
        candidate.ask(command)
