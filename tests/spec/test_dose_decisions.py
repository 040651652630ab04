"""A dose decision: what the design permits on frozen inputs, signed by the quorum (G.4-2, G.4-3, G.4-9, E.1)."""

from datetime import timedelta

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import dose_decision, enrolment, holds, safety, setup
from ledger.decisions.dose_decision import is_open
from ledger.decisions.dose_outcomes import advised_outcome
from ledger.decisions.notices import circulated
from ledger.decisions.standing import inputs_hash
from ledger.designs.base import Await, DeclareMtd, DeclareMtdNotReached, Escalate, Open, StopNoMtd, Treat
from ledger.record import Actor
from ledger.trial import dosing as t
from ledger.types import Event
from tests import patients as p
from tests.bench import COMMITTEE, COMMITTEE_2, INVESTIGATOR, NURSE, PI, SPONSOR, TRAINED, Bench, person
from tests.spec.story import go_on, has, only, says, told, trial, trial_with

Outcome = tuple[t.Outcome, int | None]


def dossier(bench: Bench) -> str:
    return inputs_hash(bench.world, bench.docket().version())


def proposal(
    bench: Bench, outcome: t.Outcome, level: int | None, override: str | None = None
) -> dose_decision.ProposeDoseDecision:
    return dose_decision.ProposeDoseDecision(
        outcome=outcome,
        to_level=level,
        dossier_hash=dossier(bench),
        override=bench.seal(override) if override else None,
    )


def propose(bench: Bench, outcome: t.Outcome, level: int | None, override: str | None = None) -> int:
    """A decision on the table; its number."""
    return only(t.DoseDecisionProposed, bench.ask(proposal(bench, outcome, level, override), SPONSOR)).decision


def vote(bench: Bench, decision: int, **said: str) -> dose_decision.SignDoseDecision:
    content = {"vote": "agree", "meaning": "I reviewed the dossier", "dossier_hash": dossier(bench), **said}
    return dose_decision.SignDoseDecision.model_validate({"decision": decision, **content})


def sign(bench: Bench, decision: int, *members: Actor) -> tuple[Event, ...]:
    events: tuple[Event, ...] = ()
    for who in members:
        events += bench.ask(vote(bench, decision), who)
    return events


@pytest.mark.parametrize(
    ("outcomes", "advice", "decides"),
    [
        ("1NNN", Escalate(2), ("escalate", 2)),
        ("1NNT", Treat(1, 6), ("expand", 1)),
        ("1NN", Treat(1, 3), ("stay", 1)),
        ("1PPP", Await(level=1, then=Treat(1, 3), pending=3, candidates=0), ("stay", 1)),
        ("1NNT 1NNN", Escalate(2), ("escalate", 2)),
        ("1NNN 2TT", Treat(1, 6), ("expand", 1)),
        ("1NNN 2NTT 1NNN", DeclareMtd(1), ("declare_mtd", 1)),
        ("1TT", Open(0), ("de_escalate", 0)),
        ("1TT 0NNN 0NNN", DeclareMtd(0), ("declare_mtd", 0)),
        ("1TT 0TT", StopNoMtd(), ("stop", None)),
        ("1NNN 2NNN 3NNN 3NNN", DeclareMtdNotReached(3), ("declare_mtd_not_reached", 3)),
        ("1NNT 1NNN 2NNT 2NNT", DeclareMtd(1), ("declare_mtd", 1)),
    ],
)
def test_the_design_advises_and_the_advised_outcome_needs_no_override(
    outcomes: str, advice: object, decides: Outcome
) -> None:
    bench = told(outcomes)
    assert says(bench) == advice
    assert advised_outcome(says(bench), bench.world) == decides
    propose(bench, *decides)


def test_a_decision_is_proposed_on_frozen_inputs() -> None:
    bench = told("1NNN")
    size, advice_hash = bench.world.size, dossier(bench)
    events = bench.ask(proposal(bench, "escalate", 2), SPONSOR)
    proposed = only(t.DoseDecisionProposed, events)
    assert (proposed.inputs_hash, proposed.data_cut_off, proposed.from_level) == (advice_hash, size, 1)
    assert [(known.patient, known.evaluable, known.dlt) for known in proposed.basis] == [
        ("001", True, False),
        ("002", True, False),
        ("003", True, False),
    ]
    assert proposed.design_advice == "escalate to level 2"


def test_the_dossier_is_that_of_now() -> None:
    bench = told("1NNN")
    seen = proposal(bench, "escalate", 2)
    p.reaction(bench, "001", onset_at=bench.now - timedelta(days=90))
    with bench.refuses(no.DossierStale):
        bench.ask(seen, SPONSOR)


@pytest.mark.parametrize("who", [INVESTIGATOR, NURSE, COMMITTEE])
def test_the_sponsor_or_the_principal_investigator_proposes(who: Actor) -> None:
    bench = told("1NNN")
    with bench.refuses(no.NotDelegated):
        bench.ask(proposal(bench, "escalate", 2), who)


def test_a_decision_is_taken_with_the_last_signature_of_the_quorum_and_carried_out() -> None:
    bench = told("1NNN")
    number = propose(bench, "escalate", 2)
    assert not has(t.DoseDecisionTaken, sign(bench, number, PI, COMMITTEE))
    assert not bench.world.cohort(2).opened
    events = sign(bench, number, SPONSOR)
    assert only(t.DoseDecisionTaken, events).on_paper is False
    opened = only(c.CohortOpened, events)
    assert (opened.level, opened.slots_count, opened.decision) == (2, 3, number)


def test_the_quorum_counts_people_of_each_role() -> None:
    """A.3-27."""
    bench = told("1NNN")
    number = propose(bench, "escalate", 2)
    sign(bench, number, SPONSOR, COMMITTEE, COMMITTEE_2)
    assert bench.world.trial.decisions[number].taken_at is None
    with bench.refuses(no.NotInQuorum):
        bench.ask(vote(bench, number), INVESTIGATOR)
    with bench.refuses(no.NotDelegated):
        bench.ask(vote(bench, number), person("stranger", "safety_committee", None))


def test_one_person_in_two_roles_signs_once() -> None:
    bench = told("1NNN")
    delegation = setup.DelegateRole(
        person=PI.id, role="safety_committee", site=None, from_on=bench.now.date(), to_on=None, training=TRAINED
    )
    bench.ask(delegation, SPONSOR)
    number = propose(bench, "escalate", 2)
    sign(bench, number, SPONSOR, PI)
    assert bench.ask(vote(bench, number), person(PI.id, "safety_committee", None)) == ()
    assert bench.world.trial.decisions[number].taken_at is None


def test_one_vote_against_ends_the_decision() -> None:
    bench = told("1NNN")
    number = propose(bench, "escalate", 2)
    sign(bench, number, PI)
    bench.ask(vote(bench, number, vote="disagree"), COMMITTEE)
    with bench.refuses(no.DecisionNotOpen):
        bench.ask(vote(bench, number), SPONSOR)
    with bench.refuses(no.AlreadySigned):
        bench.ask(vote(bench, number, vote="disagree"), PI)
    propose(bench, "escalate", 2)


def test_a_signature_names_exactly_what_was_seen() -> None:
    bench = told("1NNN")
    number = propose(bench, "escalate", 2)
    with bench.refuses(no.DossierMoved):
        bench.ask(vote(bench, number, dossier_hash="0" * 64), PI)
    seen = dossier(bench)
    sign(bench, number, SPONSOR, PI)
    p.reaction(bench, "001", onset_at=bench.now - timedelta(days=90))
    with bench.refuses(no.DossierMoved):
        bench.ask(vote(bench, number, dossier_hash=seen), COMMITTEE)
    with bench.refuses(no.UnreadableCommand):
        bench.ask(vote(bench, number, vote="abstain"), COMMITTEE)
    with bench.refuses(no.NoSuchDecision):
        bench.ask(vote(bench, 9), COMMITTEE)


def test_paper_signs_nothing_in_the_ledger() -> None:
    bench = told("1NNN")
    with bench.refuses(no.OutcomeNotPermitted):
        bench.ask(proposal(bench, "escalate", 3, "on paper"), SPONSOR, on_paper=True)
    number = propose(bench, "escalate", 2)
    sign(bench, number, SPONSOR, PI)
    p.reaction(bench, "001", onset_at=bench.now - timedelta(days=90))
    with bench.refuses(no.DossierMoved):
        bench.ask(vote(bench, number), COMMITTEE, on_paper=True)


def test_a_taken_decision_is_signed_no_more() -> None:
    bench = told("1NNN")
    number = propose(bench, "escalate", 2)
    sign(bench, number, SPONSOR, PI, COMMITTEE)
    for on_paper in (False, True):
        with bench.refuses(no.DecisionNotOpen):
            bench.ask(vote(bench, number), COMMITTEE_2, on_paper=on_paper)


def test_one_decision_waits_for_signatures_at_a_time() -> None:
    bench = told("1NNN")
    number = propose(bench, "escalate", 2)
    with bench.refuses(no.DecisionPending):
        bench.ask(proposal(bench, "stay", 1, "let us wait"), SPONSOR)
    held = propose(bench, "hold", 1)
    assert is_open(bench.world, bench.world.trial.decisions[number])
    assert has(t.HoldApplied, sign(bench, held, PI))


def test_a_proposal_on_inputs_that_moved_blocks_no_other() -> None:
    bench = told("1NN")
    propose(bench, "stay", 1)
    go_on(bench, "1N")
    propose(bench, "escalate", 2)


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        ("1NNN", ("escalate", 3)),
        ("1NNN", ("escalate", 1)),
        ("1NNT", ("escalate", 2)),
        ("1NN", ("escalate", 2)),
        ("1NN", ("expand", 1)),
        ("1PPP", ("expand", 1)),
        ("1PPP", ("escalate", 2)),
        ("1NNN 2TT", ("stay", 2)),
        ("1NNN 2TT", ("expand", 2)),
        ("1NNN 2TT", ("stay", 3)),
        ("1TT", ("stay", 1)),
        ("1TPT", ("stay", 1)),
        ("1TPT", ("de_escalate", 0)),
        ("1TT 0TT", ("de_escalate", 0)),
        ("1NNN", ("declare_mtd", 1)),
        ("1NNN", ("declare_mtd", 3)),
        ("1NNN", ("declare_mtd_not_reached", 3)),
        ("1NNN", ("reopen", 1)),
        ("1NNN 2TT", ("reopen", 2)),
        ("1NNN 2NTT 1NNN", ("stay", 1)),
    ],
)
def test_no_override_moves_left_stays_at_an_exceeded_level_or_declares_what_is_not_advised(
    outcomes: str, outcome: Outcome
) -> None:
    bench = told(outcomes)
    with bench.refuses(no.OutcomeNotPermitted):
        propose(bench, *outcome, override="we would like to")


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        ("1NNN", ("expand", 1)),
        ("1NNN", ("stay", 1)),
        ("1NNN", ("de_escalate", 0)),
        ("1NNN", ("stop", None)),
        ("1NNT", ("stay", 1)),
        ("1NNN 2NTT 1NNN", ("stop", None)),
    ],
)
def test_an_override_moves_right_and_is_documented(outcomes: str, outcome: Outcome) -> None:
    bench = told(outcomes)
    with bench.refuses(no.OverrideMissing):
        propose(bench, *outcome)
    propose(bench, *outcome, override="a mild but new finding")


@pytest.mark.parametrize(("outcomes", "level"), [("1NNN", None), ("1TT", 1), ("1PPP", 1), ("1NNN 2NTT 1NNN", 0)])
def test_to_hold_is_always_allowed(outcomes: str, level: int | None) -> None:
    bench = told(outcomes)
    number = propose(bench, "hold", level)
    hold = only(t.HoldApplied, sign(bench, number, COMMITTEE))
    assert (hold.scope, hold.level, hold.cause) == ("trial" if level is None else "level", level, "dose-decision")


def test_one_other_than_the_proposer_may_hold_or_stop() -> None:
    """A.3-27."""
    bench = told("1NNN")
    for outcome, level in (("hold", 1), ("stop", None)):
        number = propose(bench, outcome, level, override="futile")  # type: ignore[arg-type]
        assert not has(t.DoseDecisionTaken, sign(bench, number, SPONSOR))
        assert has(t.DoseDecisionTaken, sign(bench, number, COMMITTEE))


@pytest.mark.parametrize(("outcome", "level"), [("escalate", None), ("stay", None), ("declare_mtd", None), ("stop", 1)])
def test_an_outcome_names_the_level_that_it_is_about(outcome: t.Outcome, level: int | None) -> None:
    bench = told("1NNN")
    with bench.refuses(no.FindingsContradict):
        propose(bench, outcome, level, override="why")


def test_an_outcome_names_a_level_of_the_ladder() -> None:
    bench = told("1NNN")
    with bench.refuses(no.NotInProtocol):
        propose(bench, "escalate", 7)
    with bench.refuses(no.NotInProtocol):
        propose(bench, "hold", 7)


def test_to_expand_fills_the_level_to_six_and_never_to_six_more() -> None:
    bench = told("1NNT")
    number = propose(bench, "expand", 1)
    assert only(c.CohortExpanded, sign(bench, number, PI, SPONSOR, COMMITTEE)).slots_count == 6
    assert bench.world.cohort(1).free_slots(bench.now.date(), "I") == 3


def test_a_trial_on_hold_opens_nothing() -> None:
    bench = told("1NNN")
    number = propose(bench, "escalate", 2)
    sign(bench, number, PI, SPONSOR)
    bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"))
    with bench.refuses(no.TrialHeld):
        bench.ask(vote(bench, number), COMMITTEE)
    bench.ask(vote(bench, number, vote="disagree"), COMMITTEE)
    with bench.refuses(no.TrialHeld):
        propose(bench, "escalate", 2)


def test_a_stopped_trial_decides_nothing_but_to_hold() -> None:
    bench = told("1NNN")
    p.decide(bench, "stop", None, override=bench.seal("futile"), circulate=False)
    for outcome, level in (("escalate", 2), ("stay", 1), ("stop", None)):
        with bench.refuses(no.TrialStopped):
            propose(bench, outcome, level, override="again")  # type: ignore[arg-type]
    propose(bench, "hold", None)


def test_at_the_cap_nothing_is_opened_unless_someone_enrolled_waits() -> None:
    bench = trial_with(enrolment_cap=4)
    go_on(bench, "1NNN")
    p.screen(bench, "004")
    bench.ask(enrolment.EnrolPatient(patient="004", planned_transplant_on=bench.now.date()))
    waiting = bench.copy()
    propose(waiting, "escalate", 2)
    bench.ask(safety.RecordOffStudy(patient="004", cause="withdrawal", off_on=bench.now.date()))
    with bench.refuses(no.EnrolmentCapReached):
        propose(bench, "escalate", 2)


def test_a_decision_is_circulated_once_it_is_taken_and_everybody_concerned_has_acknowledged_it() -> None:
    bench = told("1NNN")
    number = propose(bench, "escalate", 2)
    assert not circulated(bench.world, bench.world.trial.decisions[number])
    sign(bench, number, PI, SPONSOR, COMMITTEE)
    p.acknowledge(bench, number, "pharmacy")
    assert not circulated(bench.world, bench.world.trial.decisions[number])
    p.acknowledge(bench, number)
    assert circulated(bench.world, bench.world.trial.decisions[number])


def test_the_mtd_is_declared_with_its_recommended_dose_and_once() -> None:
    bench = told("1NNN 2NTT 1NNN")
    number = propose(bench, "declare_mtd", 1)
    events = sign(bench, number, PI, SPONSOR, COMMITTEE)
    assert (only(t.MtdDeclared, events).level, only(t.Rp2dSelected, events).level) == (1, 1)
    with bench.refuses(no.PhaseOneComplete):
        propose(bench, "declare_mtd", 1)


def test_a_tolerated_top_is_recommended_and_no_mtd() -> None:
    """A.3-7."""
    bench = told("1NNN 2NNN 3NNN 3NNN")
    number = propose(bench, "declare_mtd_not_reached", 3)
    events = sign(bench, number, PI, SPONSOR, COMMITTEE)
    assert only(t.MtdNotReached, events).top_level == 3
    assert only(t.Rp2dSelected, events).level == 3
    assert bench.world.trial.mtd is None


def test_the_premature_stop_is_signed_after_two_dlts_at_the_lowest_level_had_held_everything() -> None:
    """P8, A.3-5."""
    bench = told("1TT 0TT")
    assert [bench.world.trial.held(level) is not None for level in (0, 1, 2, 3)] == [True] * 4
    number = propose(bench, "stop", None)
    stopped = only(t.TrialStoppedPrematurely, sign(bench, number, COMMITTEE))
    assert stopped.decision == number


def test_a_decision_on_nothing_is_not_proposed() -> None:
    bench = trial()
    with bench.refuses(no.OutcomeNotPermitted):
        propose(bench, "escalate", 2, override="at once")
