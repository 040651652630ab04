"""Whether others saw a dose decision before anybody is exposed by it, in trials that ask for that."""

from collections.abc import Iterator

from ledger import refusals as no
from ledger.errors import Refused
from ledger.world import World


def against_unwitnessed(world: World, level: int) -> Iterator[Refused]:
    """No child is exposed at a level that a decision opened before a quorum of witnesses cosigned a head that holds the
    decision (evidence-3). The start level, which no decision opens, needs none."""
    number = world.cohort(level).decision
    decision = world.trial.decisions.get(number) if number is not None else None
    if decision is None or decision.taken is None or not world.trial.evidence.quorum_before_exposure:
        return
    if world.trial.evidence.quorum_size <= decision.taken:
        yield no.EvidenceQuorumMissing(f"decision {decision.number} at position {decision.taken}")
