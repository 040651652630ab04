"""Anyone entitled may stop exposure; only the committee lets it go on."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, Literal

from ledger import refusals as no
from ledger.decisions.docket import AlreadySo, Command, Decisions, Docket, Follows, decided
from ledger.decisions.effects import standing_cause
from ledger.decisions.safety_reviews import covering, is_quorate
from ledger.errors import Refused
from ledger.protocol.document import ProtocolDocument
from ledger.record import TRIAL, Entry
from ledger.trial.dosing import HoldApplied, HoldLifted
from ledger.types import Commitment, Level, Role
from ledger.world import World

HOLDERS: Final[tuple[Role, ...]] = (
    "principal_investigator",
    "investigator",
    "medical_monitor",
    "safety_committee",
    "cell_processing_qa",
    "ethics_committee",
)


class ApplyHold(Command):
    """Stop exposure in the trial, or at a level and above."""

    scope: Literal["trial", "level"]
    level: Level | None = None
    cause: Literal["safety-concern", "logistics", "other"]


class LiftHold(Command):
    """Lift a hold after review."""

    hold: int
    review: Commitment


def apply_hold(docket: Docket, command: ApplyHold) -> Follows:
    """A hold is never refused to those who may set one (domain B.2). The same hold is not set twice."""
    docket.signer(*HOLDERS)
    if (command.scope == "level") != (command.level is not None):
        raise no.FindingsContradict("a level's hold names its level, a trial's names none")
    if command.level is not None and command.level not in docket.protocol().levels():
        raise no.NotInProtocol(f"level {command.level}")
    holds = docket.world.trial.holds
    for hold in holds.values():
        same = (hold.scope, hold.level, hold.cause) == (command.scope, command.level, command.cause)
        if same and not hold.lifted:
            return AlreadySo(hold.position)
    event = HoldApplied(
        hold=len(holds) + 1, scope=command.scope, level=command.level, cause=command.cause, automatic=False
    )
    return (Entry(TRIAL, event),)


def lift_hold(docket: Docket, command: LiftHold) -> Follows:
    """By the committee's signature, once the cause no longer stands (domain G.4-5); what was held for review (A.3-19),
    after a safety review that recommends it."""
    docket.signer("safety_committee")
    hold = docket.world.trial.holds.get(command.hold)
    if hold is None:
        raise no.HoldNotOpen(f"hold {command.hold}")
    review = covering(docket.world, command.hold) if hold.needs_review else None
    safety_review = review.review if review is not None else None
    event = HoldLifted(hold=command.hold, review=command.review, safety_review=safety_review)
    if hold.lifted:
        event = event.model_copy(update={"safety_review": hold.safety_review})
    broken = against_lifting(docket.world, docket.protocol(), command.hold)
    return decided(docket, TRIAL, event, broken, stands=hold.lifted)


def against_lifting(world: World, protocol: ProtocolDocument, number: int) -> Iterator[Refused]:
    """Why a hold is not lifted: it is not in force any more, or the rule that set it would set it again now."""
    hold = world.trial.holds[number]
    if hold.lifted:
        yield no.HoldNotOpen(f"hold {number}")
        return
    if standing_cause(world, protocol, hold):
        yield no.HoldCauseStands(f"hold {number}: {hold.cause}")
    if hold.needs_review:
        yield from _against_the_review(world, protocol, number)


def _against_the_review(world: World, protocol: ProtocolDocument, number: int) -> Iterator[Refused]:
    review = covering(world, number)
    if review is None or review.recommendation != "resume":
        said = "" if review is None else f": review {review.review} recommends {review.recommendation}"
        yield no.SafetyReviewMissing(f"hold {number}{said}")
    elif not is_quorate(world, review, protocol):
        yield no.SafetyReviewNotQuorate(f"hold {number}: review {review.review}")


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        ApplyHold: apply_hold,
        LiftHold: lift_hold,
    }
)
