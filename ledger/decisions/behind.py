"""The decision behind a level: what its quorum signed has to stand when the first child is dosed on it.

A decision whose basis is no longer on record as it was stays in history, with its signatures, which are stale. Before
anybody was dosed on it, it lets nobody be dosed: the quorum says it anew, on what is known now. After that the design
says what may follow (domain B.2, G.4-9).
"""

from collections.abc import Iterator
from typing import Final

from ledger import refusals as no
from ledger.cohort.state import Cohort
from ledger.errors import Refused
from ledger.trial.state import Decision
from ledger.world import World

EXPOSING: Final = frozenset({"escalate", "reopen", "expand", "de_escalate"})
"""Outcomes that let further children be dosed."""


def against_first_dose(world: World, level: int) -> Iterator[Refused]:
    """Why nobody is the first to be dosed on a decision: it lost its basis, so that its signatures are stale."""
    cohort = world.cohort(level)
    decision = decision_behind(world, cohort)
    if decision is not None and decision.superseded and not dosed_on(world, cohort, decision):
        yield no.DecisionBasisMoved(f"decision {decision.number}")


def decision_behind(world: World, cohort: Cohort) -> Decision | None:
    """The decision on which a level is dosed: the one that opened or expanded it last. Where that has lost its basis,
    the latest one about the level that has not; to stay there says it anew."""
    number = cohort.decision
    decision = world.trial.decisions.get(number) if number is not None else None
    if decision is None or not decision.superseded or decision.outcome not in EXPOSING:
        return decision
    later = (each for n, each in sorted(world.trial.decisions.items(), reverse=True) if n > decision.number)
    return next((each for each in later if _says_anew(each, cohort.level)), decision)


def _says_anew(decision: Decision, level: int) -> bool:
    about = decision.to_level == level and decision.outcome in EXPOSING | {"stay"}
    return about and decision.taken is not None and not decision.superseded


def dosed_on(world: World, cohort: Cohort, decision: Decision) -> bool:
    """Whether anybody was dosed at the level since a decision was taken; after that it is history (domain B.2). Phase
    II rests on the result of phase I, which is withdrawn by itself."""
    if decision.outcome not in EXPOSING or decision.taken_at is None:
        return True
    since = decision.taken_at
    given = (each.given_at for number in cohort.members for each in world.patients[number].infusions.values())
    return any(at is not None and at >= since for at in given)
