"""The dose decisions of a trial: what was proposed on which inputs, who signed, and who is still missing."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, Literal

from ledger.decisions.dose_decision import RESTRICTING, is_open, majority
from ledger.decisions.notices import circulated, waits_for
from ledger.decisions.standing import inputs_hash
from ledger.protocol.safety import Quorum
from ledger.record import TRIAL
from ledger.trial.dosing import DoseDecisionSigned, Outcome
from ledger.trial.state import Decision, Version
from ledger.types import Instant
from ledger.world import World
from projections.base import TextOf, View, no_text
from projections.levels import home_day
from projections.signatures import Manifestation, manifestation, signatures_of

DecisionState = Literal["open", "taken", "rejected", "superseded"]
"""*Superseded*: a fact it rested on changed before it was taken."""

LAST_DECISIONS: Final = 10


class Vote(View):
    """A member's vote."""

    member: str
    role: str
    vote: str
    signature: Manifestation | None
    """The signature on the vote, with name, time, meaning and whether it still stands."""


class MissingSignature(View):
    """A seat of the quorum that nobody has filled."""

    role: str | None
    """Null: any role of the quorum will do."""
    count: int
    people: tuple[str, ...]
    """Who holds the role today and has not voted."""


class DecisionView(View):
    """A dose decision."""

    number: int
    position: int
    outcome: Outcome
    from_level: int | None
    to_level: int | None
    state: DecisionState
    design_advice: str | None
    """What the design said; null for a decision entered from paper."""
    inputs_hash: str | None
    """What every signature names."""
    data_cut_off: int
    """How many events the dossier rests on."""
    proposed_by: str | None
    proposal_signature: Manifestation | None
    override: str | None
    """The commitment to why the outcome is another than the advice."""
    votes: tuple[Vote, ...]
    missing: tuple[MissingSignature, ...]
    """While it is open: the signatures that the quorum still needs."""
    inputs_moved: bool
    """While it is open: the dossier is another one now, so nobody can sign it any more."""
    basis_superseded: bool
    """A fact that it rested on is no longer on record as it was. A taken decision stays in history."""
    taken_at: Instant | None
    circulated: bool
    """Everybody whom the protocol names has acknowledged it; before that nobody is dosed on it."""
    notice: int | None
    """The position that they acknowledge, once it is taken."""
    waits_for: tuple[str, ...]


def dose_decisions(
    world: World, now: datetime, last: int | None = None, text: TextOf = no_text
) -> tuple[DecisionView, ...]:
    """The decisions, the newest first; only the last so many where that is asked for."""
    numbers = sorted(world.trial.decisions, reverse=True)
    day = home_day(world, now)
    return tuple(decision_view(world, world.trial.decisions[number], day, text) for number in numbers[:last])


def decision_view(world: World, decision: Decision, today: date, text: TextOf = no_text) -> DecisionView:
    """One decision on a day."""
    version, state = world.trial.protocol_on(today), state_of(world, decision)
    waits = version is not None and state == "open"
    return DecisionView(
        number=decision.number,
        position=decision.position,
        outcome=decision.outcome,
        from_level=decision.from_level,
        to_level=decision.to_level,
        state=state,
        design_advice=decision.advice,
        inputs_hash=decision.inputs_hash,
        data_cut_off=decision.data_cut_off,
        proposed_by=decision.proposed_by,
        proposal_signature=signatures_of(world, text)(decision.position),
        override=decision.override,
        votes=tuple(_votes(world, decision, text)),
        missing=missing(world, decision, version, today) if version and waits else (),
        inputs_moved=inputs_hash(world, version) != decision.inputs_hash if version and waits else False,
        basis_superseded=decision.superseded,
        taken_at=decision.taken_at,
        circulated=circulated(world, decision),
        notice=decision.taken,
        waits_for=waits_for(world, decision.taken) if decision.taken is not None else (),
    )


def _votes(world: World, decision: Decision, text: TextOf) -> Iterator[Vote]:
    for member, (role, vote) in sorted(decision.votes.items()):
        signed = world.signatures.at(TRIAL, DoseDecisionSigned, decision.number, member)
        signature = manifestation(signed, text) if signed else None
        yield Vote(member=member, role=role, vote=vote, signature=signature)


def signed_so_far(world: World, decision: Decision, text: TextOf) -> tuple[Manifestation, ...]:
    """The signatures on a decision: on the proposal, on each vote, and on one that was entered from paper."""
    of, day = signatures_of(world, text), date.min
    shown = decision_view(world, decision, day, text)
    found = (
        shown.proposal_signature,
        *(vote.signature for vote in shown.votes),
        of(decision.taken or decision.position),
    )
    return tuple({each.position: each for each in found if each is not None}.values())


def state_of(world: World, decision: Decision) -> DecisionState:
    """The word for a decision. What was taken stays taken, whatever becomes of its basis."""
    if decision.taken_at is not None:
        return "taken"
    if decision.superseded:
        return "superseded"
    return "open" if is_open(world, decision) else "rejected"


def missing(world: World, decision: Decision, version: Version, today: date) -> tuple[MissingSignature, ...]:
    """The signatures that an open decision still needs, by role, with the people who could give them."""
    quorum = version.document.quorum
    if decision.outcome in RESTRICTING:
        people = {who for role in quorum.seats() for who in _could_sign(world, decision, role, today)}
        others = tuple(sorted(people - {decision.proposed_by or ""}))
        return (MissingSignature(role=None, count=1, people=others),)
    seats = _empty_seats(decision, quorum)
    named = tuple(
        MissingSignature(role=role, count=count, people=_could_sign(world, decision, role, today))
        for role, count in seats
    )
    agreed = sum(vote == "agree" for _, vote in decision.votes.values())
    more = majority(decision.votes, quorum) - agreed - sum(count for _, count in seats)
    if quorum.unanimous_to_escalate or more <= 0:
        return named
    anyone = sorted({who for role in quorum.seats() for who in _could_sign(world, decision, role, today)})
    return (*named, MissingSignature(role=None, count=more, people=tuple(anyone)))


def _empty_seats(decision: Decision, quorum: Quorum) -> list[tuple[str, int]]:
    """Where all have to agree, every seat that nobody has filled; where a majority does, one of each role that is not
    among those who agree."""
    filled = Counter(role for role, vote in decision.votes.values() if vote == "agree")
    if not quorum.unanimous_to_escalate:
        return [(role, 1) for role in quorum.seats() if not filled[role]]
    return [(role, seats - filled[role]) for role, seats in quorum.seats().items() if seats > filled[role]]


def _could_sign(world: World, decision: Decision, role: str, today: date) -> tuple[str, ...]:
    holders = {
        person
        for person, held, site in world.trial.delegations
        if held == role and person not in decision.votes and world.trial.delegated(person, role, site, today)
    }
    return tuple(sorted(holders))
