"""Which outcome of a dose decision the design permits on what is known (domain G.4-3): the one that it advises, or one
further to the right with a documented override. Phase II is entered on the result of phase I; crossed, its boundary
permits to stop."""

from collections.abc import Iterator
from typing import Final

from ledger import refusals as no
from ledger.decisions.expansion import crossed_levels, expansion_slots, may_be_crossed, phase_one_unsettled
from ledger.decisions.permits import against_exposure
from ledger.decisions.standing import candidates_at, ruled_at_lower_doses
from ledger.designs.base import (
    Advice,
    Await,
    DeclareMtd,
    DeclareMtdNotReached,
    Escalate,
    Open,
    StopNoMtd,
    Treat,
)
from ledger.designs.reading import FULL_SLOTS, advice_line
from ledger.errors import Refused
from ledger.protocol.document import ProtocolDocument
from ledger.trial import dosing as t
from ledger.world import World

CAUTION: Final = {"escalate": 0, "reopen": 0, "expand": 1, "stay": 2, "de_escalate": 3, "stop": 4}
"""From the left to the right; an override moves right only, and to expand lies left of to stay, since it exposes more
children. A declaration is permitted only where it is advised."""

DLTS_THAT_EXCEED: Final = 2
"""Two patients with a DLT exceed a level (domain G.4-5, B.1): with so many it is not reopened."""

SETTLING: Final = frozenset({"escalate", "declare_mtd", "declare_mtd_not_reached"})


def advised_outcome(given: Advice, world: World) -> tuple[t.Outcome, int | None]:
    """The outcome that carries an advice out, and its level."""
    match given:
        case Escalate(level=level) | Open(level=level) if world.cohort(level).opened:
            return "stay", level
        case Escalate(level=level):
            return "escalate", level
        case Open(level=level):
            return "de_escalate", level
        case DeclareMtd(level=level):
            return "declare_mtd", level
        case DeclareMtdNotReached(top=level):
            return "declare_mtd_not_reached", level
        case StopNoMtd():
            return "stop", None
        case Treat(level=level, slots=slots):
            return ("expand" if slots > world.cohort(level).slots else "stay"), level
        case Await(level=level):
            return ("hold" if world.cohort(level).exceeded else "stay"), level


def against_entering(world: World, protocol: ProtocolDocument, level: int | None) -> Iterator[Refused]:
    """Why phase II is not entered at a level, or not with more patients than it has (domain F)."""
    rp2d = world.trial.rp2d
    if protocol.phase_2 is None:
        yield no.PhaseTwoNotStated("phase_2")
        return
    if rp2d is None:
        yield no.NoRecommendedDose("phase I has no result that stands")
        return
    if level != rp2d:
        yield no.NotTheRecommendedDose(f"level {level}")
    yield from against_exposure(world, rp2d)
    slots, cohort = expansion_slots(world, protocol, rp2d), world.cohort(rp2d)
    if world.trial.phase == "II" and cohort.expansion is not None and slots <= cohort.expansion.slots:
        yield no.PhaseTwoEntered(f"level {rp2d}: {cohort.expansion.slots} patients")
    elif slots < 1:
        yield no.EnrolmentCapReached(f"{protocol.enrolment_cap} patients")
    if unsettled := phase_one_unsettled(world, rp2d):
        yield no.PhaseOneUnsettled(f"patients {', '.join(unsettled)}")
    if cohort.expansion is None and may_be_crossed(world, protocol, cohort):
        yield no.BoundaryCrossed(f"level {rp2d}")


def against_outcome(
    world: World, protocol: ProtocolDocument, given: Advice, outcome: str, level: int | None, override: bool
) -> Iterator[Refused]:
    """Why an outcome is not permitted on these inputs (domain G.4-3): by the design, and for phase II by domain F."""
    if outcome == "enter_phase_two":
        yield from against_entering(world, protocol, level)
        return
    if outcome == "stop" and crossed_levels(world, protocol):
        return
    line = f"{outcome} {'' if level is None else level}: the design says {advice_line(given)}"
    if outcome == "hold":
        return
    if outcome == "reopen":
        if level is None or not world.cohort(level).exceeded or _may_exceed(world, level):
            yield no.OutcomeNotPermitted(line)
        return
    if outcome in SETTLING and level is not None and not ruled_at_lower_doses(world, level):
        yield no.CandidateStands(line)
    if (outcome, level) == advised_outcome(given, world):
        return
    advised = advised_outcome(given, world)[0]
    declared = outcome not in CAUTION or advised not in CAUTION
    if (declared and outcome != "stop") or _further_left(outcome, advised) or _misplaced(world, outcome, level):
        yield no.OutcomeNotPermitted(line)
    elif not override:
        yield no.OverrideMissing(line)


def _may_exceed(world: World, level: int) -> bool:
    """Whether a level has two DLTs, candidates counted."""
    return world.cohort(level).dlts + candidates_at(world, world.cohort(level)) >= DLTS_THAT_EXCEED


def _further_left(outcome: str, advised: str) -> bool:
    return outcome in CAUTION and advised in CAUTION and CAUTION[outcome] < CAUTION[advised]


def _misplaced(world: World, outcome: str, level: int | None) -> bool:
    """Whether an override names a level that is exceeded (A.3-8), or one that it does not fit."""
    if outcome == "stop":
        return level is not None
    if level is None or world.cohort(level).exceeded or outcome == "escalate":
        return True
    lowest_exceeded = min((c.level for c in world.cohorts.values() if c.exceeded), default=None)
    if lowest_exceeded is not None and level >= lowest_exceeded:
        return True
    opened = max((c.level for c in world.cohorts.values() if c.opened), default=level)
    if outcome == "expand":
        return not world.cohort(level).opened or world.cohort(level).slots >= FULL_SLOTS
    return level >= opened if outcome == "de_escalate" else level > opened
