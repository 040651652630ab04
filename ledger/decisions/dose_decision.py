"""The committee decides on a dose: proposed on frozen inputs, signed by the quorum, taken. Those who dose then
acknowledge it (`notices.py`).

What the design permits and what people decide are two facts. An outcome is the one that the design advises, or one
further to the right with a documented override: escalate, then expand or stay, then down, then stop (G.4-3).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from ledger import refusals as no
from ledger.decisions.behind import EXPOSING
from ledger.decisions.consequences import carry_out_decision, consequences
from ledger.decisions.docket import (
    CLOCK_TOLERANCE,
    AlreadySo,
    Command,
    Decisions,
    Docket,
    Follows,
    deviation,
    refuse,
)
from ledger.decisions.dose_outcomes import against_entering, against_outcome
from ledger.decisions.permits import against_exposure, against_one_more
from ledger.decisions.standing import advice, basis, inputs_hash
from ledger.designs.base import (
    Advice,
)
from ledger.designs.reading import advice_line
from ledger.errors import Refused
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.safety import Quorum
from ledger.record import TRIAL, Entry
from ledger.trial import dosing as t
from ledger.trial.state import Decision, Version
from ledger.types import Commitment, Instant, Level, Line, Sha256
from ledger.world import World

RESTRICTING: Final = frozenset({"hold", "stop"})


class ProposeDoseDecision(Command):
    """Propose an outcome on the dossier with this hash; an outcome other than the advice needs `override`."""

    outcome: t.Outcome
    to_level: Level | None
    dossier_hash: Sha256
    override: Commitment | None = None


class SignDoseDecision(Command):
    """Vote, as a member of the quorum, on exactly the dossier with this hash."""

    decision: int
    vote: str
    meaning: Line
    dossier_hash: Sha256


class ReportPaperDecision(Command):
    """Enter a decision that was taken on paper, before the ledger or while it was down."""

    outcome: t.Outcome
    to_level: Level | None
    taken_at: Instant


def propose_dose_decision(docket: Docket, command: ProposeDoseDecision) -> Follows:
    """Frozen inputs: the dossier's hash as the proposer saw it has to be that of the dossier now."""
    docket.signer("medical_monitor", "principal_investigator")
    world, version = docket.world, docket.version()
    _named_level(version.document, command.outcome, command.to_level)
    if (known := _proposed_already(world, command, docket.asked.by.id)) is not None:
        return AlreadySo(known)
    if command.dossier_hash != inputs_hash(world, version):
        raise no.DossierStale("the dossier")
    on = Proposing.on(world, version)
    from_level = max((cohort.level for cohort in world.cohorts.values() if cohort.members), default=None)
    event = t.DoseDecisionProposed(
        decision=len(world.trial.decisions) + 1,
        from_level=from_level,
        outcome=command.outcome,
        to_level=command.to_level,
        design_advice=advice_line(on.advice),
        inputs_hash=command.dossier_hash,
        data_cut_off=world.size,
        basis=basis(world),
        override=command.override,
    )
    overrides = command.override is not None
    refuse(against_proposal(on, command.outcome, command.to_level, overrides))
    return (Entry(TRIAL, event),)


def _named_level(protocol: ProtocolDocument, outcome: str, level: int | None) -> None:
    """An outcome names a level of the ladder; to stop names none, and to hold may name none."""
    if level is not None and level not in protocol.levels():
        raise no.NotInProtocol(f"level {level}")
    if (level is None and outcome not in RESTRICTING) or (level is not None and outcome == "stop"):
        raise no.FindingsContradict(f"{outcome} and its level")


@dataclass(frozen=True, slots=True)
class Proposing:
    """What every outcome is held against: what the design advises, and the decision on the dossier as it is now that
    waits for signatures."""

    world: World
    protocol: ProtocolDocument
    advice: Advice
    waiting: Decision | None

    @classmethod
    def on(cls, world: World, version: Version) -> Self:
        unsigned = [decision for decision in world.trial.decisions.values() if is_open(world, decision)]
        current = inputs_hash(world, version) if unsigned else None
        waiting = next((decision for decision in unsigned if decision.inputs_hash == current), None)
        return cls(world, version.document, advice(world, version.document), waiting)


def against_proposal(on: Proposing, outcome: str, level: int | None, override: bool) -> Iterator[Refused]:
    """Why an outcome is not proposed now: another decision waits for signatures on what stands on record, nobody may
    be exposed, phase I has its result, or the design does not permit it."""
    world = on.world
    if outcome not in RESTRICTING and on.waiting is not None:
        yield no.DecisionPending(f"decision {on.waiting.number}")
    if outcome in EXPOSING:
        yield from against_exposing(world, on.protocol)
    elif world.trial.stopped and outcome not in ("hold", "enter_phase_two"):
        yield no.TrialStopped(f"stopped: {world.trial.stopped}")
    if world.trial.phase_one_over and outcome in ("declare_mtd", "declare_mtd_not_reached"):
        yield no.PhaseOneComplete("phase I has its result")
    yield from against_outcome(world, on.protocol, on.advice, outcome, level, override)


def against_exposing(world: World, protocol: ProtocolDocument) -> Iterator[Refused]:
    """Stop, trial hold and cap override every permission to open (domain B.2); the cap, where nobody enrolled waits."""
    yield from against_exposure(world, None)
    if not any(p.enrolled and not p.dosed and not (p.off_study or p.death) for p in world.participants.values()):
        yield from against_one_more(world, protocol)


def _proposed_already(world: World, command: ProposeDoseDecision, by: str) -> int | None:
    for decision in world.trial.decisions.values():
        same = (decision.outcome, decision.to_level, decision.inputs_hash, decision.proposed_by)
        if same == (command.outcome, command.to_level, command.dossier_hash, by) and is_open(world, decision):
            return decision.position
    return None


def is_open(world: World, decision: Decision) -> bool:
    """Whether signatures are still waited for: neither taken, nor superseded, nor voted down."""
    protocol = world.protocol()
    return decision.open and not voted_down(decision.votes, protocol.quorum if protocol else None)


def sign_dose_decision(docket: Docket, command: SignDoseDecision) -> Follows:
    """One vote a person. With the last signature that the quorum needs, the decision is taken and carried out."""
    protocol, world = docket.protocol(), docket.world
    if docket.asked.by.role not in protocol.quorum.seats():
        raise no.NotInQuorum(f"{docket.asked.by.id} as {docket.asked.by.role}")
    docket.signer(*protocol.quorum.seats())
    decision = world.trial.decisions.get(command.decision)
    if decision is None:
        raise no.NoSuchDecision(f"decision {command.decision}")
    if command.vote not in ("agree", "disagree"):
        raise no.UnreadableCommand("vote")
    by = docket.asked.by
    event = t.DoseDecisionSigned(
        decision=command.decision,
        member=by.id,
        role=by.role,  # type: ignore[arg-type]
        vote=command.vote,  # type: ignore[arg-type]
        meaning=command.meaning,
        dossier_hash=command.dossier_hash,
    )
    if by.id in decision.votes:
        position = world.on_record(TRIAL, event, docket.now)
        if position is None or decision.votes[by.id][1] != command.vote:
            raise no.AlreadySigned(f"decision {command.decision}: {by.id}", position)
        return AlreadySo(position)
    refuse(_against_signing(docket, decision, command))
    votes = {**dict(decision.votes), by.id: (str(by.role), command.vote)}
    done = carry_out_decision(world, protocol, decision) if quorate(decision, votes, protocol.quorum) else ()
    return (Entry(TRIAL, event), *done)


def _against_signing(docket: Docket, decision: Decision, command: SignDoseDecision) -> Iterator[Refused]:
    if not is_open(docket.world, decision):
        yield no.DecisionNotOpen(f"decision {decision.number}")
    if len({command.dossier_hash, decision.inputs_hash, inputs_hash(docket.world, docket.version())}) > 1:
        yield no.DossierMoved(f"decision {decision.number}")
    if decision.outcome in EXPOSING and command.vote == "agree":
        yield from against_exposing(docket.world, docket.protocol())
    elif decision.outcome == "enter_phase_two" and command.vote == "agree":
        yield from against_entering(docket.world, docket.protocol(), decision.to_level)


Votes = Mapping[str, tuple[str, str]]
"""Role and vote, by member."""


def quorate(decision: Decision, votes: Votes, quorum: Quorum) -> bool:
    """Whether enough distinct people agree; one other than the proposer may hold or stop (domain A.3-27).

    Unanimous: every seat of every role is filled by one who agrees, and nobody disagrees. By majority: more than half
    of the seats, and of those who voted, agree, one of each role among them.
    """
    if voted_down(votes, quorum):
        return False
    agreeing = {member: role for member, (role, vote) in votes.items() if vote == "agree"}
    if decision.outcome in RESTRICTING:
        return any(member != decision.proposed_by for member in agreeing)
    roles, seats = list(agreeing.values()), quorum.seats()
    if quorum.unanimous_to_escalate:
        return all(roles.count(role) >= needed for role, needed in seats.items())
    return len(roles) >= majority(votes, quorum) and set(seats) <= set(roles)


def majority(votes: Votes, quorum: Quorum) -> int:
    """How many are more than half of the seats, and of those who voted."""
    return max(sum(quorum.seats().values()), len(votes)) // 2 + 1


def voted_down(votes: Votes, quorum: Quorum | None) -> bool:
    """Whether it can no longer be taken: by one vote against; where a majority decides, by half of the seats, or by
    every seat of a role."""
    against = [role for role, vote in votes.values() if vote != "agree"]
    if quorum is None or quorum.unanimous_to_escalate:
        return bool(against)
    seats = quorum.seats()
    return 2 * len(against) >= sum(seats.values()) or any(against.count(role) >= seats[role] for role in seats)


def report_paper_decision(docket: Docket, command: ReportPaperDecision) -> Follows:
    """Stored and carried out as it was taken; what the design did not permit on what is known is a deviation."""
    docket.signer("medical_monitor", "principal_investigator")
    world, protocol = docket.world, docket.protocol()
    _named_level(protocol, command.outcome, command.to_level)
    given = advice(world, protocol)
    for decision in world.trial.decisions.values():
        known = (decision.taken_at, decision.outcome, decision.to_level)
        if known == (command.taken_at, command.outcome, command.to_level):
            return AlreadySo(decision.position)
    if command.taken_at > docket.now + CLOCK_TOLERANCE:
        raise no.OccurrenceInTheFuture("the decision is said to have been taken later than now")
    number = len(world.trial.decisions) + 1
    taken = t.DoseDecisionTaken(decision=number, outcome=command.outcome, to_level=command.to_level, on_paper=True)
    broken = against_outcome(world, protocol, given, command.outcome, command.to_level, override=False)
    found = tuple(deviation(TRIAL, error) for error in broken)
    done = consequences(world, protocol, number, command.outcome, command.to_level)
    return (Entry(TRIAL, taken, reported=True, at=command.taken_at), *found, *done)


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        ProposeDoseDecision: propose_dose_decision,
        SignDoseDecision: sign_dose_decision,
        ReportPaperDecision: report_paper_decision,
    }
)
