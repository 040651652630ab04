"""Those who dose acknowledge what they were told (domain E.1).

A decision of the committee is circulated when every party that the protocol names has acknowledged it; before that
nobody is dosed on it.
"""

from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.docket import CLOCK_TOLERANCE, Command, Decisions, Docket, Follows, report
from ledger.notices import NOTICES
from ledger.protocol.terms import Word
from ledger.record import TRIAL, Record
from ledger.trial.dosing import NoticeAcknowledged
from ledger.trial.state import Decision
from ledger.types import Instant, Name, Position
from ledger.world import World


class AcknowledgeNotice(Command):
    """Report that a party has taken note: the person of the ward, the laboratory or the pharmacy who did, and when."""

    about: Position
    party: Word
    by: Name
    acknowledged_at: Instant


def acknowledge_notice(docket: Docket, command: AcknowledgeNotice) -> Follows:
    """A fact. Refused where nothing was to be acknowledged, or not yet."""
    notice = docket.world.notices.get(command.about)
    if notice is None:
        raise no.NoSuchNotice(f"position {command.about}")
    if command.party not in parties(docket.world, notice):
        raise no.NotInProtocol(f"position {command.about}: {command.party}")
    if command.acknowledged_at < notice.occurred_at - CLOCK_TOLERANCE:
        raise no.FindingsContradict("acknowledged before it happened")
    return report(docket, TRIAL, NoticeAcknowledged(**command.model_dump()))


def parties(world: World, notice: Record) -> tuple[str, ...]:
    """Who has to acknowledge a notice, by the protocol version under which it was recorded."""
    version = world.trial.versions.get(notice.protocol_version)
    return version.document.monitoring.parties(NOTICES[type(notice.event)]) if version else ()


def waits_for(world: World, position: int) -> tuple[str, ...]:
    """Who has not acknowledged the notice at a position."""
    known = world.trial.acknowledged
    return tuple(party for party in parties(world, world.notices[position]) if (position, party) not in known)


def circulated(world: World, decision: Decision) -> bool:
    """Whether a decision was taken and everybody concerned has acknowledged it."""
    return decision.taken is not None and not waits_for(world, decision.taken)


DECISIONS: Final[Decisions] = MappingProxyType({AcknowledgeNotice: acknowledge_notice})
