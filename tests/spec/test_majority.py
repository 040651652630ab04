"""Where a protocol asks for no unanimity, more than half of the quorum's seats decide, one of each role among them
(domain A.3-27)."""

from functools import cache

import pytest

from ledger import refusals as no
from ledger.decisions import setup
from ledger.record import Actor
from ledger.trial import dosing as t
from tests.bench import COMMITTEE, COMMITTEE_2, PI, SPONSOR, TRAINED, Bench, person
from tests.spec.story import amend, changed_protocol, go_on, trial_with
from tests.spec.test_dose_decisions import propose, sign, vote

ROSA = person("rosa", "safety_committee", None)
SEATS = {"principal_investigator": 1, "medical_monitor": 1, "safety_committee": 3}
"""Five seats: three are a majority."""

Votes = tuple[tuple[Actor, str], ...]
AGREE, DISAGREE = "agree", "disagree"


@cache
def settled(*, unanimous: bool) -> Bench:
    """Level 1 has to be followed by level 2, and the quorum has five seats."""
    bench = trial_with(quorum={**SEATS, "safety_committee": 1, "unanimous_to_escalate": True})
    go_on(bench, "1NNN")
    return amended(bench, unanimous=unanimous)


def amended(bench: Bench, *, unanimous: bool) -> Bench:
    amend(bench, changed_protocol(quorum={**SEATS, "unanimous_to_escalate": unanimous}))
    today = bench.now.date()
    bench.ask(
        setup.DelegateRole(
            person=ROSA.id, role="safety_committee", site=None, from_on=today, to_on=None, training=TRAINED
        ),
        SPONSOR,
    )
    return bench


def voted(bench: Bench, outcome: t.Outcome, level: int | None, votes: Votes) -> int:
    number = propose(bench, outcome, level)
    for who, said in votes:
        bench.ask(vote(bench, number, vote=said), who)
    return number


def is_taken(bench: Bench, number: int) -> bool:
    return bench.world.trial.decisions[number].taken_at is not None


@pytest.mark.parametrize(
    ("votes", "taken"),
    [
        (((PI, AGREE), (SPONSOR, AGREE), (COMMITTEE, AGREE)), True),
        (((PI, AGREE), (SPONSOR, AGREE)), False),
        (((COMMITTEE, DISAGREE), (PI, AGREE), (SPONSOR, AGREE), (COMMITTEE_2, AGREE)), True),
        (((COMMITTEE, AGREE), (COMMITTEE_2, AGREE), (ROSA, AGREE)), False),
        (((COMMITTEE, AGREE), (COMMITTEE_2, AGREE), (ROSA, AGREE), (PI, AGREE)), False),
        (((COMMITTEE, AGREE), (COMMITTEE_2, AGREE), (ROSA, AGREE), (PI, AGREE), (SPONSOR, AGREE)), True),
    ],
)
def test_a_majority_of_the_seats_with_one_of_each_role_escalates(votes: Votes, taken: bool) -> None:
    bench = settled(unanimous=False).copy()
    assert is_taken(bench, voted(bench, "escalate", 2, votes)) is taken
    assert bench.world.cohort(2).opened is taken


@pytest.mark.parametrize("against", [(PI,), (SPONSOR,), (COMMITTEE, COMMITTEE_2, ROSA)])
def test_a_role_that_is_wholly_against_ends_the_decision(against: tuple[Actor, ...]) -> None:
    bench = settled(unanimous=False).copy()
    number = voted(bench, "escalate", 2, tuple((who, DISAGREE) for who in against))
    with bench.refuses(no.DecisionNotOpen):
        sign(bench, number, *({PI, SPONSOR, COMMITTEE} - set(against)))


def test_one_against_ends_it_where_all_have_to_agree() -> None:
    bench = settled(unanimous=True).copy()
    number = voted(bench, "escalate", 2, ((COMMITTEE, DISAGREE),))
    with bench.refuses(no.DecisionNotOpen):
        sign(bench, number, PI)


def test_where_all_have_to_agree_every_seat_is_filled() -> None:
    bench = settled(unanimous=True).copy()
    number = voted(bench, "escalate", 2, ((PI, AGREE), (SPONSOR, AGREE), (COMMITTEE, AGREE), (COMMITTEE_2, AGREE)))
    assert not is_taken(bench, number)
    sign(bench, number, ROSA)
    assert is_taken(bench, number)


@pytest.mark.parametrize("unanimous", [True, False])
def test_fewer_hold_or_stop(unanimous: bool) -> None:
    bench = settled(unanimous=unanimous).copy()
    assert is_taken(bench, voted(bench, "hold", 1, ((COMMITTEE, AGREE),)))
    bench = settled(unanimous=unanimous).copy()
    assert not is_taken(bench, voted(bench, "hold", 1, ((SPONSOR, AGREE),))), "the proposer alone decides nothing"
