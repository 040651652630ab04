"""What is no DLT and yet stops dosing until it is reviewed (A.3-19)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ledger import refusals as no
from ledger.decisions import holds, reporting, safety
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.safety_reviews import RecordSafetyReview
from ledger.record import Actor
from ledger.trial.dosing import HoldApplied, HoldLifted
from ledger.trial.reviews import SafetyReviewHeld
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, PI, SPONSOR, Bench
from tests.spec import story
from tests.spec.story import candidates, has, only, patient, told, trial_with
from tests.spec.test_safety_reports import event

REACTION = {"term": "Infusion reaction", "category": "infusion-reaction"}
ANAPHYLAXIS = {"term": "Anaphylaxis", "category": "anaphylaxis"}
SOS = {"term": "Sinusoidal obstruction syndrome", "category": "sinusoidal-obstruction"}
SEPSIS = {"term": "Sepsis"}


def held(bench: Bench) -> list[tuple[str, int | None, str | None, int | None, int | None]]:
    """The holds in force."""
    return [(hold.cause, hold.level, hold.patient, hold.adverse_event, hold.grade) for hold in story.holds(bench)]


def unrelated(bench: Bench, *signers: Actor, adverse_event: int = 1) -> None:
    for by in signers:
        command = safety.AssessAttribution(
            patient="001", adverse_event=adverse_event, relation="unrelated", rationale=bench.seal("a catheter")
        )
        bench.ask(command, by)


@pytest.mark.parametrize(
    ("said", "grade", "cause"),
    [
        (REACTION, 2, None),
        (REACTION, 3, "infusion-reaction"),
        (REACTION, 4, "infusion-reaction"),
        (ANAPHYLAXIS, 2, None),
        (ANAPHYLAXIS, 3, "infusion-reaction"),
        (SOS, 2, None),
        (SOS, 3, "severe-sos"),
        (SEPSIS, 3, None),
        (SEPSIS, 4, "related-toxicity"),
        (SEPSIS, 5, "related-toxicity"),
        ({"term": "Neutropenia", "haematologic": True}, 4, None),
        ({**REACTION, "haematologic": True}, 3, "infusion-reaction"),
    ],
)
def test_a_related_reaction_is_held_from_its_grade_on(said: dict[str, Any], grade: int, cause: str | None) -> None:
    bench = told("1P")
    bench.ask(event(bench, **said, ctcae_grade=grade))
    assert held(bench) == ([(cause, 1, "001", 1, grade)] if cause else [])
    assert not candidates(bench, "001")


@pytest.mark.parametrize(
    ("said", "cause"), [(REACTION, "infusion-reaction"), (SOS, "severe-sos"), (SEPSIS, None), ({}, None)]
)
def test_what_is_serious_and_not_graded_is_held_where_the_kind_is_named(
    said: dict[str, Any], cause: str | None
) -> None:
    bench = told("1P")
    bench.ask(event(bench, **said, serious=True))
    assert [hold.cause for hold in story.holds(bench)] == ([cause] if cause else [])
    assert all(hold.grade == 3 for hold in story.holds(bench))


def test_what_was_fatal_or_life_threatening_is_held_without_a_grade() -> None:
    bench = told("1P")
    bench.ask(event(bench, **SEPSIS, serious=True))
    assert held(bench) == []
    command = reporting.ClassifySae(
        patient="001",
        adverse_event=1,
        revision=1,
        serious=True,
        criteria=("life-threatening",),
        received_at=bench.now,
    )
    bench.ask(command, SPONSOR)
    assert held(bench) == [("related-toxicity", 1, "001", 1, 4)]
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=1, outcome="fatal"))
    assert [hold.grade for hold in story.holds(bench)] == [4, 5]


def test_an_event_that_two_people_call_unrelated_holds_nothing_except_sinusoidal_obstruction() -> None:
    bench = told("1P")
    bench.ask(event(bench, **SEPSIS, ctcae_grade=3))
    unrelated(bench, PI, SPONSOR)
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=1, ctcae_grade=4))
    assert held(bench) == []
    bench.ask(event(bench, **SOS, ctcae_grade=2))
    unrelated(bench, PI, SPONSOR, adverse_event=2)
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=2, ctcae_grade=3))
    assert held(bench) == [("severe-sos", 1, "001", 2, 3)]


@pytest.mark.parametrize(("days_before", "holds"), [(0, 1), (1, 0)])
def test_before_the_day_of_the_first_infusion_nothing_is_related(days_before: int, holds: int) -> None:
    bench = told("1A")
    bench.ask(event(bench, **REACTION, ctcae_grade=4, onset_at=bench.now - timedelta(days=days_before)))
    assert held(bench) == []
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    assert len(held(bench)) == holds


def test_a_candidate_dlt_has_its_own_way_and_the_same_after_the_window_is_held() -> None:
    bench = told("1P")
    p.reaction(bench, "001", grade=4)
    assert (candidates(bench, "001"), held(bench)) == (("adverse-event/1",), [])
    p.rule_not_a_dlt(bench, "001", 1)
    assert held(bench) == []
    bench = told("1N")
    bench.pass_days(2)
    p.reaction(bench, "001", grade=4)
    assert (candidates(bench, "001"), held(bench)) == ((), [("related-toxicity", 1, "001", 1, 4)])


def test_a_hold_reaches_all_levels_above_and_counts_as_no_dlt() -> None:
    bench = told("1NNN 2P")
    bench.ask(event(bench, **SEPSIS, ctcae_grade=4))
    assert [bench.world.trial.held(level) is not None for level in (1, 2, 3)] == [True, True, True]
    assert bench.world.cohort(1).dlts == 0


def test_the_thresholds_are_the_protocols() -> None:
    rules = story.changed_protocol().review_holds.model_dump(mode="json")
    changed = {
        **rules,
        "infusion_reaction_minimum_grade": 4,
        "other_related_nonhaematologic_minimum_grade": 5,
        "severe_sinusoidal_obstruction": False,
    }
    bench = trial_with(review_holds=changed)
    story.go_on(bench, "1P")
    bench.ask(event(bench, **REACTION, ctcae_grade=3))
    bench.ask(event(bench, **SEPSIS, ctcae_grade=4))
    bench.ask(event(bench, **SOS, ctcae_grade=3))
    assert held(bench) == []
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=1, ctcae_grade=4))
    assert held(bench) == [("infusion-reaction", 1, "001", 1, 4)]


def lower(bench: Bench) -> None:
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=1, ctcae_grade=1))


def correct(bench: Bench) -> None:
    known = patient(bench, "001").adverse_events[1]
    report = {"term": "Sepsis", "serious": False, "ctcae_grade": 1, "onset_at": known.report.onset_at}
    command = CorrectRecord(patient="001", position=known.position, kind="adverse-event", report=report)
    bench.ask(command, reason=bench.seal("another patient's grade"))


def attribute(bench: Bench) -> None:
    unrelated(bench, PI, SPONSOR)


@pytest.mark.parametrize("afterwards", [lower, correct, attribute])
def test_a_lower_grade_or_another_attribution_lifts_nothing_by_itself(afterwards: Callable[[Bench], None]) -> None:
    bench = told("1P")
    bench.ask(event(bench, **SEPSIS, ctcae_grade=4))
    afterwards(bench)
    assert held(bench) == [("related-toxicity", 1, "001", 1, 4)]


def test_it_is_held_once_and_once_more_when_it_turns_out_graver() -> None:
    bench = told("1P")
    bench.ask(event(bench, **REACTION, ctcae_grade=3))
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=1, action="adrenaline"))
    assert len(held(bench)) == 1
    p.review(bench, 1)
    bench.ask(lift(bench), COMMITTEE)
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=1, ctcae_grade=3, action="observed"))
    assert held(bench) == []
    graver = bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=1, ctcae_grade=4))
    assert only(HoldApplied, graver).grade == 4
    with bench.refuses(no.SafetyReviewMissing):
        bench.ask(lift(bench, 2), COMMITTEE)


def lift(bench: Bench, number: int = 1) -> holds.LiftHold:
    return holds.LiftHold(hold=number, review=bench.seal("reviewed"))


def test_a_hold_for_review_is_lifted_after_a_review_that_recommends_it() -> None:
    bench = told("1P")
    bench.ask(event(bench, **SEPSIS, ctcae_grade=4))
    with bench.refuses(no.SafetyReviewMissing):
        bench.ask(lift(bench), COMMITTEE)
    p.review(bench, recommendation="resume")
    with bench.refuses(no.SafetyReviewMissing):
        bench.ask(lift(bench), COMMITTEE)
    bench.pass_days(1)
    p.review(bench, 1, recommendation="stay-held")
    with bench.refuses(no.SafetyReviewMissing):
        bench.ask(lift(bench), COMMITTEE)
    bench.pass_days(1)
    p.review(bench, 1)
    with bench.refuses(no.NotDelegated):
        bench.ask(lift(bench), PI)
    assert only(HoldLifted, bench.ask(lift(bench), COMMITTEE)).safety_review == 3
    assert held(bench) == []


def test_the_latest_review_is_the_one_that_counts() -> None:
    bench = told("1P")
    bench.ask(event(bench, **SEPSIS, ctcae_grade=4))
    p.review(bench, 1)
    bench.pass_days(1)
    p.review(bench, 1, recommendation="amend-protocol")
    with bench.refuses(no.SafetyReviewMissing):
        bench.ask(lift(bench), COMMITTEE)


def member(person: str, role: str = "safety_committee", conflict: bool = False) -> dict[str, object]:
    return {"person": person, "role": role, "conflict_of_interest": conflict}


@pytest.mark.parametrize(
    "attendees",
    [
        (member("maria", "principal_investigator"), member("vera", "medical_monitor")),
        (member("olga", conflict=True),),
        (member("stranger"),),
        (member("maria"),),
    ],
)
def test_a_review_without_the_committee_lifts_nothing(attendees: tuple[dict[str, object], ...]) -> None:
    bench = told("1P")
    bench.ask(event(bench, **SEPSIS, ctcae_grade=4))
    conflicted = any(each["conflict_of_interest"] for each in attendees)
    p.review(bench, 1, attendees=attendees, conflicts=bench.seal("the child of a colleague") if conflicted else None)
    with bench.refuses(no.SafetyReviewNotQuorate):
        bench.ask(lift(bench), COMMITTEE)
    bench.pass_days(1)
    p.review(bench, 1, attendees=(*attendees, member("pavel")), conflicts=bench.seal("x") if conflicted else None)
    bench.ask(lift(bench), COMMITTEE)


def test_a_review_is_the_committees_to_record_and_does_not_contradict_itself() -> None:
    bench = told("1P")
    with bench.refuses(no.HoldNotOpen):
        p.review(bench, 1)
    with bench.refuses(no.FindingsContradict):
        p.review(bench, attendees=())
    with bench.refuses(no.FindingsContradict):
        p.review(bench, attendees=(member("olga"), member("olga")))
    with bench.refuses(no.FindingsContradict):
        p.review(bench, attendees=(member("olga", conflict=True),))
    with bench.refuses(no.FindingsContradict):
        p.review(bench, conflicts=bench.seal("whose?"))
    review = only(SafetyReviewHeld, p.review(bench))
    assert (review.review, p.review(bench, held_at=bench.now)) == (1, ())
    bench.pass_days(1)
    assert only(SafetyReviewHeld, p.review(bench)).review == 2
    with bench.refuses(no.NotDelegated):
        bench.ask(RecordSafetyReview(**{name: said for name, said in review if name != "review"}), NURSE)


def test_a_hold_that_a_person_set_needs_no_review() -> None:
    bench = told("1P")
    bench.ask(holds.ApplyHold(scope="level", level=1, cause="safety-concern"), INVESTIGATOR)
    assert has(HoldLifted, bench.ask(lift(bench), COMMITTEE))
