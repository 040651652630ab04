"""Anyone entitled may stop exposure; only the committee lets it go on."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, Literal

from ledger import refusals as no
from ledger.decisions.docket import AlreadySo, Command, Decisions, Docket, Follows, decided
from ledger.decisions.effects import standing_cause
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
    """By the committee's signature, once the cause no longer stands (domain G.4-5)."""
    docket.signer("safety_committee")
    hold = docket.world.trial.holds.get(command.hold)
    if hold is None:
        raise no.HoldNotOpen(f"hold {command.hold}")
    event = HoldLifted(hold=command.hold, review=command.review)
    broken = against_lifting(docket.world, docket.protocol(), command.hold)
    return decided(docket, TRIAL, event, broken, stands=hold.lifted)


def against_lifting(world: World, protocol: ProtocolDocument, number: int) -> Iterator[Refused]:
    """Why a hold is not lifted: it is not in force any more, or the rule that set it would set it again now."""
    hold = world.trial.holds[number]
    if hold.lifted:
        yield no.HoldNotOpen(f"hold {number}")
    elif standing_cause(world, protocol, hold):
        yield no.HoldCauseStands(f"hold {number}: {hold.cause}")


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        ApplyHold: apply_hold,
        LiftHold: lift_hold,
    }
)
