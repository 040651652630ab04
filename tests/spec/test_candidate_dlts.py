"""Candidate DLTs count as DLTs for every permission until they are ruled (domain B.2, P7, G.4-5, G.4-6)."""

from datetime import timedelta

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import dlt, given, safety, setup
from ledger.designs.base import Await, Escalate, Treat
from ledger.patient import safety as s
from ledger.trial.dosing import HoldApplied
from ledger.types import Event
from tests import patients as p
from tests.bench import COMMITTEE, COMMITTEE_2, INVESTIGATOR, NURSE, PI, SPONSOR, TRAINED, Bench, person
from tests.spec.story import candidates, has, holds, member, only, patient, raised, says, told, trial_with
from tests.spec.test_safety_reports import assessed, findings


def grade(bench: Bench, number: str, event: int, to: int) -> tuple[Event, ...]:
    """One more assessment of a CRS."""
    command = safety.AssessCrs(patient=number, adverse_event=event, assessed_at=bench.now, findings=p.crs(to))
    return bench.ask(command, INVESTIGATOR)


def ruling(bench: Bench, subject: str, *, is_dlt: bool, number: str = "001", **said: object) -> dlt.RuleOnDlt:
    content = {"revision": 1, "rationale": bench.seal("as discussed"), **said}
    return dlt.RuleOnDlt.model_validate({"patient": number, "subject": subject, "is_dlt": is_dlt, **content})


def test_icans_of_grade_3_is_a_candidate_and_one_that_needs_adjudication_too() -> None:
    bench = told("1P")
    for number, found, cause in ((1, {"capd_score": 9}, "grade"), (2, {"capd_score": None}, "needs-adjudication")):
        report = safety.ReportAdverseEvent(
            patient="001", term=f"Neurotoxicity {number}", toxicity="ICANS", serious=False, onset_at=bench.now
        )
        bench.ask(report)
        command = safety.AssessIcans(
            patient="001", adverse_event=number, assessed_at=bench.now, findings=findings(**found)
        )
        assert raised(bench.ask(command)) == {f"adverse-event/{number}": cause}


def test_a_serious_toxicity_without_a_grade_is_a_candidate() -> None:
    bench = told("1P")
    report = safety.ReportAdverseEvent(patient="001", term="CRS", toxicity="CRS", serious=True, onset_at=bench.now)
    assert raised(bench.ask(report)) == {"adverse-event/1": "serious-ungraded"}


def test_another_event_of_whatever_grade_is_none() -> None:
    bench = told("1P")
    report = safety.ReportAdverseEvent(patient="001", term="Sepsis", serious=True, ctcae_grade=4, onset_at=bench.now)
    bench.ask(report)
    assert candidates(bench, "001") == ()


def test_an_event_becomes_a_candidate_when_it_turns_serious_or_worse() -> None:
    bench = told("1P")
    p.reaction(bench, "001", 2)
    assert raised(grade(bench, "001", 1, 3)) == {"adverse-event/1": "grade"}
    report = safety.ReportAdverseEvent(patient="001", term="CRS", toxicity="CRS", serious=False, onset_at=bench.now)
    bench.ask(report)
    update = safety.UpdateAdverseEvent(patient="001", adverse_event=2, serious=True)
    assert raised(bench.ask(update)) == {"adverse-event/2": "serious-ungraded"}


def test_is_a_dlt_takes_effect_with_one_signature() -> None:
    bench = told("1P")
    event = p.reaction(bench, "001")
    events = p.rule(bench, "001", event, by=INVESTIGATOR)
    assert [type(each) for each in events] == [s.DltAdjudicated, s.CandidateDltRuled, c.DltCounted]
    assert bench.world.cohort(1).dlts == 1
    assert member(bench, "001").evaluable is True


def test_not_a_dlt_needs_two_people_and_the_committee() -> None:
    bench = told("1P")
    event = p.reaction(bench, "001")
    for by in (INVESTIGATOR, PI, SPONSOR):
        assert not has(s.DltAdjudicated, p.rule(bench, "001", event, is_dlt=False, by=by))
    assert candidates(bench, "001") == ("adverse-event/1",)
    assert has(s.DltAdjudicated, p.rule(bench, "001", event, is_dlt=False, by=COMMITTEE))
    assert candidates(bench, "001") == ()


def test_two_of_the_committee_and_one_other_are_three_people() -> None:
    bench = told("1P")
    event = p.reaction(bench, "001")
    p.rule(bench, "001", event, is_dlt=False, by=COMMITTEE)
    p.rule(bench, "001", event, is_dlt=False, by=COMMITTEE_2)
    assert has(s.DltAdjudicated, p.rule(bench, "001", event, is_dlt=False, by=INVESTIGATOR))


def test_one_person_signs_once_in_whatever_roles() -> None:
    bench = told("1P")
    event = p.reaction(bench, "001")
    second_role = person(INVESTIGATOR.id, "safety_committee", None)
    delegation = setup.DelegateRole(
        person=INVESTIGATOR.id,
        role="safety_committee",
        site=None,
        from_on=bench.now.date(),
        to_on=None,
        training=TRAINED,
    )
    bench.ask(delegation, SPONSOR)
    p.rule(bench, "001", event, is_dlt=False, by=INVESTIGATOR)
    assert p.rule(bench, "001", event, is_dlt=False, by=second_role) == ()
    p.rule(bench, "001", event, is_dlt=False, by=PI)
    assert candidates(bench, "001") == ("adverse-event/1",)


def test_what_was_signed_is_stale_once_the_event_is_otherwise() -> None:
    bench = told("1P")
    event = p.reaction(bench, "001")
    p.rule(bench, "001", event, is_dlt=False, by=INVESTIGATOR)
    p.rule(bench, "001", event, is_dlt=False, by=SPONSOR)
    bench.pass_days(1)
    grade(bench, "001", event, 4)
    assert not has(s.DltAdjudicated, p.rule(bench, "001", event, is_dlt=False, by=COMMITTEE))
    p.rule(bench, "001", event, is_dlt=False, by=INVESTIGATOR)
    assert has(s.DltAdjudicated, p.rule(bench, "001", event, is_dlt=False, by=SPONSOR))


def test_while_people_sign_against_it_any_one_may_still_rule_it_a_dlt() -> None:
    bench = told("1P")
    event = p.reaction(bench, "001")
    p.rule(bench, "001", event, is_dlt=False, by=INVESTIGATOR)
    p.rule(bench, "001", event, is_dlt=False, by=SPONSOR)
    p.rule(bench, "001", event, by=COMMITTEE)
    assert bench.world.cohort(1).dlts == 1


def test_a_coordinator_rules_on_nothing() -> None:
    bench = told("1P")
    p.reaction(bench, "001")
    with bench.refuses(no.NotDelegated):
        bench.ask(ruling(bench, "adverse-event/1", is_dlt=True, grade=3), NURSE)


def test_one_ruling_under_each_revision() -> None:
    bench = told("1P")
    event = p.reaction(bench, "001")
    p.rule(bench, "001", event)
    assert p.rule(bench, "001", event) == ()
    with bench.refuses(no.AlreadyAdjudicated):
        p.rule(bench, "001", event, is_dlt=False)
    with bench.refuses(no.AlreadyAdjudicated):
        bench.ask(ruling(bench, "adverse-event/1", is_dlt=True, grade=4, toxicity="CRS"))
    with bench.refuses(no.AlreadyAdjudicated):
        p.rule(bench, "001", event, is_dlt=False, revision=3)


def test_the_highest_revision_counts() -> None:
    bench = told("1P")
    event = p.reaction(bench, "001")
    p.rule(bench, "001", event)
    p.rule_not_a_dlt(bench, "001", event, revision=2)
    assert bench.world.cohort(1).dlts == 0
    p.rule(bench, "001", event, revision=3)
    assert bench.world.cohort(1).dlts == 1


def test_a_ruling_has_something_to_rule_on() -> None:
    bench = told("1PA")
    p.reaction(bench, "001", 2)
    with bench.refuses(no.NoSuchCandidate):
        bench.ask(ruling(bench, "adverse-event/2", is_dlt=True, grade=3))
    with bench.refuses(no.NoSuchCandidate):
        bench.ask(ruling(bench, "adverse-event/1", is_dlt=False))
    with bench.refuses(no.NoSuchCandidate):
        bench.ask(ruling(bench, "omission/2", is_dlt=True))
    with bench.refuses(no.NoSuchCandidate):
        bench.ask(ruling(bench, "death", is_dlt=True))
    p.screen(bench, "003")
    with bench.refuses(no.NotAssigned):
        bench.ask(ruling(bench, "death", is_dlt=True, number="003"))


@pytest.mark.parametrize("below", [None, 0, 2])
def test_a_dlt_is_of_the_protocols_grade(below: int | None) -> None:
    bench = told("1P")
    p.reaction(bench, "001")
    with bench.refuses(no.BelowDltGrade):
        bench.ask(ruling(bench, "adverse-event/1", is_dlt=True, grade=below))


def test_a_dlt_begins_in_the_window_the_last_day_included() -> None:
    bench = told("1P")
    last = p.a_day(str(member(bench, "001").window.planned_to_on))  # type: ignore[union-attr]
    onset = bench.now.replace(year=last.year, month=last.month, day=last.day, hour=20, minute=59)
    bench.now = onset + timedelta(days=2)
    inside = bench.copy()
    p.reaction(inside, "001", onset_at=onset)
    assert candidates(inside, "001") == ("adverse-event/1",)
    p.reaction(bench, "001", onset_at=onset + timedelta(minutes=1))
    assert candidates(bench, "001") == ()
    with bench.refuses(no.OutsideDltWindow):
        bench.ask(ruling(bench, "adverse-event/1", is_dlt=True, grade=3))


def test_before_any_infusion_is_on_record_there_is_no_dlt() -> None:
    bench = told("1A")
    p.reaction(bench, "001")
    with bench.refuses(no.OutsideDltWindow):
        p.rule(bench, "001", 1)


def test_a_late_infusion_report_makes_a_candidate_of_what_was_reported_before_it() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    given_at = bench.now
    bench.pass_days(1)
    p.reaction(bench, "001")
    assert candidates(bench, "001") == ()
    start = given.RecordInfusionStart(patient="001", ordinal=1, product="NK-001", level=1, started_at=given_at)
    assert raised(bench.ask(start)) == {"adverse-event/1": "grade"}


def test_a_candidate_that_was_raised_may_be_ruled_a_dlt_after_its_window_moved_away_from_it() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(35)
    event = p.reaction(bench, "001")
    assert candidates(bench, "001") == ("adverse-event/1",)
    bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="hold"))
    window = member(bench, "001").window
    assert window is not None
    assert not window.includes(bench.now.date())
    p.rule(bench, "001", event)
    assert bench.world.cohort(1).dlts == 1


def test_a_higher_grade_after_not_a_dlt_is_ruled_on_again() -> None:
    bench = told("1P")
    event = p.reaction(bench, "001", 3)
    p.rule_not_a_dlt(bench, "001", event)
    bench.pass_days(1)
    assert raised(grade(bench, "001", event, 3)) == {}
    assert raised(grade(bench, "001", event, 4)) == {"adverse-event/1": "grade"}
    p.rule(bench, "001", event, revision=2)
    assert bench.world.cohort(1).dlts == 1


def test_so_is_a_certain_grade_after_one_in_doubt_was_ruled_none() -> None:
    bench = told("1P")
    report = safety.ReportAdverseEvent(
        patient="001", term="Neurotoxicity", toxicity="ICANS", serious=False, onset_at=bench.now
    )
    bench.ask(report)
    doubtful = safety.AssessIcans(
        patient="001", adverse_event=1, assessed_at=bench.now, findings=findings(capd_score=None)
    )
    bench.ask(doubtful)
    for by in (INVESTIGATOR, SPONSOR, COMMITTEE):
        bench.ask(ruling(bench, "adverse-event/1", is_dlt=False), by)
    assert candidates(bench, "001") == ()
    certain = safety.AssessIcans(patient="001", adverse_event=1, assessed_at=bench.now, findings=findings(capd_score=9))
    assert raised(bench.ask(certain)) == {"adverse-event/1": "grade"}


def test_a_ruling_on_a_lower_grade_than_is_on_record_settles_nothing() -> None:
    bench = told("1P")
    p.reaction(bench, "001", 4)
    for by in (INVESTIGATOR, SPONSOR):
        bench.ask(ruling(bench, "adverse-event/1", is_dlt=False, toxicity="CRS", grade=2), by)
    events = bench.ask(ruling(bench, "adverse-event/1", is_dlt=False, toxicity="CRS", grade=2), COMMITTEE)
    assert raised(events) == {"adverse-event/1": "grade"}


def test_a_grade_lowered_before_the_ruling_leaves_the_candidate_to_be_ruled() -> None:
    bench = told("1P")
    position = assessed(bench, 3)
    lower = safety.ConfirmGrade(
        patient="001", adverse_event=1, assessment=position, grade=2, differs_because=bench.seal("misread")
    )
    bench.ask(lower, PI)
    assert patient(bench, "001").adverse_events[1].grade == 2
    assert candidates(bench, "001") == ("adverse-event/1",)
    p.rule_not_a_dlt(bench, "001", 1)
    assert candidates(bench, "001") == ()


def test_two_dlts_in_one_patient_count_once() -> None:
    bench = told("1P")
    first = p.reaction(bench, "001")
    p.rule(bench, "001", first)
    bench.pass_days(1)
    second = p.reaction(bench, "001")
    p.rule(bench, "001", second)
    assert bench.world.cohort(1).dlts == 1
    p.rule_not_a_dlt(bench, "001", first, revision=2)
    assert bench.world.cohort(1).dlts == 1
    p.rule_not_a_dlt(bench, "001", second, revision=2)
    assert bench.world.cohort(1).dlts == 0


def test_the_second_dlt_exceeds_the_level_and_holds_it_and_all_above_by_itself() -> None:
    bench = told("1TP")
    event = p.reaction(bench, "002")
    events = p.rule(bench, "002", event)
    exceeded = only(c.CohortExceeded, events)
    assert (exceeded.evaluable_count, exceeded.dlt_count) == (2, 2)
    hold = only(HoldApplied, events)
    assert (hold.scope, hold.level, hold.cause, hold.automatic) == ("level", 1, "level-exceeded", True)
    assert [bench.world.trial.held(level) is not None for level in (0, 1, 2, 3)] == [False, True, True, True]


@pytest.mark.parametrize("outcomes", ["1TP", "1NNT 1P"])
def test_the_second_dlt_exceeds_a_level_at_any_number(outcomes: str) -> None:
    bench = told(outcomes)
    last = max(bench.world.cohort(1).members)
    p.rule(bench, last, p.reaction(bench, last))
    assert bench.world.cohort(1).exceeded


def test_no_escalation_and_no_clearance_while_a_candidate_is_open() -> None:
    bench = told("1NNN")
    assert bench.world.cohort(1).cleared == (3, 0)
    assert says(bench) == Escalate(2)
    p.reaction(bench, "003", onset_at=bench.now - timedelta(days=20))
    assert says(bench) == Await(level=1, then=Escalate(2), pending=0, candidates=1)
    with bench.refuses(no.OutcomeNotPermitted):
        p.decide(bench, "escalate", 2, override=bench.seal("surely not"))


def test_one_dlt_and_one_candidate_wait_for_the_ruling() -> None:
    bench = told("1NNT 1P")
    p.reaction(bench, "004")
    assert isinstance(says(bench), Await)
    p.rule_not_a_dlt(bench, "004", 1)
    assert says(bench) == Treat(1, 6)


def test_a_death_in_the_window_is_ruled_on_and_unruled_counts_as_a_dlt() -> None:
    bench = told("1TP")
    events = bench.ask(safety.RecordDeath(patient="002", died_on=bench.now.date(), cause="other"))
    assert raised(events) == {"death": "death-in-window"}
    assert isinstance(says(bench), Await)
    bench.ask(ruling(bench, "death", is_dlt=True, number="002"))
    assert bench.world.cohort(1).exceeded
    assert {hold.cause for hold in holds(bench)} == {"death", "level-exceeded"}


def test_a_death_after_the_window_is_no_candidate() -> None:
    bench = told("1N")
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="other"))
    assert candidates(bench, "001") == ()


def test_an_infusion_omitted_for_a_reaction_is_ruled_on() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    omission = given.OmitInfusion(patient="001", ordinal=2, cause="reaction-or-its-treatment")
    assert raised(bench.ask(omission)) == {"omission/2": "omitted-for-reaction"}
    bench.ask(ruling(bench, "omission/2", is_dlt=True))
    assert bench.world.cohort(1).dlts == 1


def test_an_infusion_omitted_for_another_reason_is_not() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    assert raised(bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="hold"))) == {}


def test_what_is_a_dlt_is_the_protocols() -> None:
    bench = trial_with(
        dlt={
            "toxicities": ["CRS"],
            "minimum_grade": 4,
            "scale": "ASTCT",
            "table_version": "ASTCT-2019.1",
            "associated_relations": ["definite"],
            "fever_masked_hours": 12,
        }
    )
    p.screen(bench, "001")
    p.place(bench, "001", 1)
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    p.reaction(bench, "001", 2)
    assert raised(grade(bench, "001", 1, 3)) == {}
    assert raised(grade(bench, "001", 1, 4)) == {"adverse-event/1": "grade"}
