"""Late, retracted and re-adjudicated DLTs are appended, and the level is recomputed (domain B.2, G.4-5, G.4-8)."""

from datetime import datetime, timedelta

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import dlt, enrolment, holds
from ledger.designs.base import Await, DeclareMtd, Escalate, Treat
from ledger.patient.infusions import InfusionAuthorised
from ledger.record import Actor
from ledger.trial import dosing as t
from ledger.types import Event
from tests import patients as p
from tests.bench import COMMITTEE, PI, SPONSOR, Bench
from tests.spec.story import go_on, has, member, only, patient, replayed, says, told, window
from tests.spec.story import holds as in_force


def late_dlt(bench: Bench, number: str) -> tuple[Event, ...]:
    """A reaction in the patient's window, reported and ruled a DLT now."""
    return p.rule(bench, number, p.reaction(bench, number, onset_at=in_window(bench, number)))


def in_window(bench: Bench, number: str) -> datetime:
    return datetime.combine(window(bench, number).from_on + timedelta(days=3), bench.now.timetz())


def retract(bench: Bench, number: str) -> None:
    """Two people and the committee: neither the reaction nor the omission that followed it was dose-limiting."""
    known = patient(bench, number)
    for subject in sorted({*known.rulings, *known.open_candidates}):
        revision = known.rulings[subject].event.revision + 1 if subject in known.rulings else 1
        for by in (PI, SPONSOR, COMMITTEE):
            ruling = dlt.RuleOnDlt(
                patient=number,
                subject=subject,
                is_dlt=False,
                revision=revision,
                rationale=bench.seal("the conditioning"),
            )
            bench.ask(ruling, by)


def test_a_first_late_dlt_holds_what_is_above_until_the_lower_level_is_filled() -> None:
    bench = told("1NNN 2P")
    events = late_dlt(bench, "001")
    hold = only(t.HoldApplied, events)
    assert (hold.level, hold.cause, hold.automatic) == (2, "lower-level-unsettled", True)
    assert says(bench) == Treat(1, 6)
    with bench.refuses(no.HoldCauseStands):
        bench.ask(holds.LiftHold(hold=hold.hold, review=bench.seal("why not")), COMMITTEE)
    go_on(bench, "1NNN")
    bench.ask(holds.LiftHold(hold=hold.hold, review=bench.seal("level 1 is filled")), COMMITTEE)
    assert says(bench) == Treat(2, 3)


def test_the_decision_made_on_the_old_fact_stays_in_history_marked() -> None:
    bench = told("1NNN 2P")
    events = late_dlt(bench, "001")
    superseded = only(t.DecisionBasisSuperseded, events)
    assert (superseded.decision, superseded.patient) == (1, "001")
    assert bench.world.trial.decisions[1].taken_at is not None


def moved_basis(bench: Bench) -> Bench:
    """A DLT that the decision to escalate counted is retracted; the design advises the same level as before."""
    retract(bench, "003")
    assert bench.world.trial.decisions[2].superseded
    return bench


def test_nobody_is_the_first_at_a_level_on_a_decision_that_has_lost_its_basis() -> None:
    """The quorum's signatures are stale: it signs anew what the design advises now, and the level is dosed."""
    bench = moved_basis(told("1NNT 1NNN 2A"))
    assert says(bench) == Treat(2, 3)
    with pytest.raises(no.DecisionBasisMoved):
        p.authorise(bench, "007", 1)
    p.decide(bench, "stay", 2, circulate=False)
    with pytest.raises(no.DecisionNotCirculated):
        p.authorise(bench, "007", 1)
    p.acknowledge(bench, 3)
    assert has(InfusionAuthorised, p.authorise(bench, "007", 1))


def test_what_was_dosed_on_a_decision_before_it_lost_its_basis_is_history_and_the_design_says_what_follows() -> None:
    bench = moved_basis(told("1NNT 1NNN 2P"))
    go_on(bench, "2A")
    assert has(InfusionAuthorised, p.authorise(bench, "008", 1))


def test_the_same_of_a_level_that_was_expanded() -> None:
    bench = told("1NNN 2NNT")
    p.decide(bench, "expand", 2)
    go_on(bench, "2A")
    retract(bench, "006")
    with pytest.raises(no.DecisionBasisMoved):
        p.authorise(bench, "007", 1)


def test_a_dlt_of_a_patient_who_was_still_observed_supersedes_nothing() -> None:
    bench = told("1NNP")
    number = p.decide(bench, "hold", 1)
    assert not has(t.DecisionBasisSuperseded, late_dlt(bench, "003"))
    assert not bench.world.trial.decisions[number].superseded


def test_a_second_late_dlt_exceeds_the_lower_level_and_holds_it_and_all_above() -> None:
    bench = told("1NNN 2P")
    late_dlt(bench, "001")
    events = late_dlt(bench, "002")
    assert only(c.CohortExceeded, events).dlt_count == 2
    assert [bench.world.trial.held(level) is not None for level in (0, 1, 2, 3)] == [False, True, True, True]


def test_patients_at_the_higher_level_are_not_moved() -> None:
    bench = told("1NNN 2P")
    late_dlt(bench, "001")
    late_dlt(bench, "002")
    assert patient(bench, "004").level == 2
    assert "004" in bench.world.cohort(2).members


def test_the_reserve_waits_for_the_windows_above() -> None:
    bench = told("1TPT")
    assert isinstance(says(bench), Await)
    with bench.refuses(no.OutcomeNotPermitted):
        p.decide(bench, "de_escalate", 0)
    p.close_window(bench, "002")
    p.decide(bench, "de_escalate", 0)
    assert bench.world.cohort(0).opened


def test_a_retracted_dlt_is_uncounted_and_the_exceeded_level_does_not_reopen_by_itself() -> None:
    """A.3-8."""
    bench = told("1NNN 2TT")
    retract(bench, "004")
    assert bench.world.cohort(2).dlts == 1
    assert bench.world.cohort(2).exceeded
    assert says(bench) == Treat(1, 6)
    with bench.refuses(no.HoldCauseStands):
        bench.ask(holds.LiftHold(hold=1, review=bench.seal("no DLT")), COMMITTEE)


def test_it_reopens_by_a_signed_decision_and_its_hold_is_lifted_after() -> None:
    bench = told("1NNN 2TT")
    with bench.refuses(no.OutcomeNotPermitted):
        p.decide(bench, "reopen", 2)
    retract(bench, "004")
    number = p.decide(bench, "reopen", 2, circulate=False)
    cohort = bench.world.cohort(2)
    assert (cohort.exceeded, cohort.reopened, cohort.decision) == (False, True, number)
    p.screen(bench, "006")
    with bench.refuses(no.LevelHeld):
        bench.ask(enrolment.ReserveSlot(patient="006", level=2))
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("reviewed")), COMMITTEE)
    p.place(bench, "006", 2)
    assert member(bench, "006").sentinel, "the first patient of a reopened cohort is its sentinel"


def test_a_candidate_beside_the_dlt_that_is_left_keeps_the_level_shut() -> None:
    bench = told("1NNN 2TPT")
    retract(bench, "004")
    p.reaction(bench, "005", onset_at=in_window(bench, "005"))
    with bench.refuses(no.OutcomeNotPermitted):
        p.decide(bench, "reopen", 2)


def test_a_reopened_level_is_exceeded_again_by_another_dlt() -> None:
    bench = told("1NNN 2TT")
    retract(bench, "004")
    p.decide(bench, "reopen", 2)
    p.rule(bench, "004", 1, revision=3)
    assert bench.world.cohort(2).exceeded
    assert sum(hold.cause == "level-exceeded" for hold in in_force(bench)) == 2


def declared() -> Bench:
    bench = told("1NNN 2NTT 1NNN")
    p.decide(bench, "declare_mtd", 1)
    return bench


def test_a_late_dlt_that_the_mtd_bears_changes_nothing() -> None:
    bench = declared()
    assert not has(t.MtdSuperseded, late_dlt(bench, "001"))
    assert bench.world.trial.mtd == 1


def test_a_second_late_dlt_supersedes_the_mtd_withdraws_the_dose_and_holds_the_trial() -> None:
    bench = declared()
    late_dlt(bench, "001")
    events = late_dlt(bench, "002")
    assert only(t.MtdSuperseded, events).level == 1
    assert only(t.Rp2dWithdrawn, events).level == 1
    assert {hold.cause for hold in in_force(bench)} >= {"mtd-superseded", "level-exceeded"}
    assert bench.world.trial.held(None) is not None
    assert (bench.world.trial.mtd, bench.world.trial.rp2d) == (None, None)
    assert any(isinstance(record.event, t.MtdDeclared) for record in bench.records), "never deleted"


def test_after_a_superseded_mtd_b1_applies_again() -> None:
    bench = declared()
    late_dlt(bench, "001")
    late_dlt(bench, "002")
    hold = next(n for n, h in bench.world.trial.holds.items() if h.cause == "mtd-superseded")
    bench.ask(holds.LiftHold(hold=hold, review=bench.seal("level 0 next")), COMMITTEE)
    p.decide(bench, "de_escalate", 0)
    go_on(bench, "0A")


def test_an_mtd_whose_lower_level_is_unsettled_is_superseded_too() -> None:
    bench = told("1NNN 2NNN 3TT 2NNN")
    assert says(bench) == DeclareMtd(2)
    p.decide(bench, "declare_mtd", 2)
    events = late_dlt(bench, "001")
    assert only(t.MtdSuperseded, events).level == 2
    assert says(bench) == Treat(1, 6)


def test_so_is_one_under_a_level_that_a_review_reopened() -> None:
    bench = declared()
    retract(bench, "005")
    assert bench.world.trial.mtd == 1
    p.decide(bench, "reopen", 2)
    assert bench.world.trial.mtd is None


def test_a_candidate_after_the_mtd_waits_for_its_ruling_and_supersedes_nothing() -> None:
    bench = declared()
    p.reaction(bench, "001", onset_at=in_window(bench, "001"))
    assert bench.world.trial.mtd == 1
    assert says(bench) == Await(level=1, then=DeclareMtd(1), pending=0, candidates=1)


@pytest.mark.parametrize("by", [PI, SPONSOR, COMMITTEE])
def test_a_late_dlt_is_ruled_by_any_one_entitled(by: Actor) -> None:
    bench = told("1NNN")
    p.rule(bench, "001", p.reaction(bench, "001", onset_at=in_window(bench, "001")), by=by)
    assert says(bench) == Treat(1, 6)


def test_a_dlt_taken_back_clears_the_level_again() -> None:
    bench = told("1NNN")
    late_dlt(bench, "001")
    assert says(bench) == Treat(1, 6)
    retract(bench, "001")
    assert says(bench) == Escalate(2)
    assert bench.world.cohort(1).evaluable == 3
    assert replayed(bench) == bench.world


def test_infusions_above_stop_with_the_late_dlt_and_go_on_after_the_review() -> None:
    bench = told("1NNN 2A")
    late_dlt(bench, "001")
    with pytest.raises(no.LevelHeld):
        p.authorise(bench, "004", 1)
    retract(bench, "001")
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("taken back")), COMMITTEE)
    p.decide(bench, "stay", 2)
    p.authorise(bench, "004", 1)
