"""What a dose decision that was taken does: it opens, expands or reopens a cohort, holds, stops, or declares."""

from typing import Any

from ledger.cohort import events as c
from ledger.cohort.state import Cohort
from ledger.decisions.docket import Entries
from ledger.decisions.expansion import crossed_levels, expansion_slots, treated
from ledger.decisions.standing import advice
from ledger.designs.base import Await, StopNoMtd
from ledger.designs.reading import FIRST_SLOTS, FULL_SLOTS
from ledger.protocol.document import ProtocolDocument
from ledger.record import TRIAL, Entry
from ledger.trial import dosing as t
from ledger.trial.state import Decision
from ledger.world import World


def carry_out_decision(world: World, protocol: ProtocolDocument, decision: Decision) -> Entries:
    """The decision is taken, and what it opens, expands, reopens, holds, stops or declares follows from it."""
    taken = t.DoseDecisionTaken(
        decision=decision.number, outcome=decision.outcome, to_level=decision.to_level, on_paper=False
    )
    done = consequences(world, protocol, decision.number, decision.outcome, decision.to_level)
    return (Entry(TRIAL, taken), *done)


def consequences(world: World, protocol: ProtocolDocument, number: int, outcome: str, level: int | None) -> Entries:
    """What a decision does to the cohorts and the trial."""
    if outcome == "hold":
        hold = len(world.trial.holds) + 1
        scope: t.HoldScope = "trial" if level is None else "level"
        event = t.HoldApplied(hold=hold, scope=scope, level=level, cause="dose-decision", automatic=False)
        return (Entry(TRIAL, event),)
    if outcome == "stop":
        return (Entry(TRIAL, t.TrialStoppedPrematurely(criterion=_criterion(world, protocol), decision=number)),)
    if level is None:
        return ()
    if outcome == "enter_phase_two":
        return _phase_two(world, protocol, number, level)
    if outcome == "declare_mtd":
        declared: tuple[Any, ...] = (t.MtdDeclared(level=level, decision=number),)
    elif outcome == "declare_mtd_not_reached":
        declared = (t.MtdNotReached(top_level=level, decision=number),)
    else:
        return _cohort_consequences(world.cohort(level), number, outcome)
    return tuple(Entry(TRIAL, event) for event in (*declared, t.Rp2dSelected(level=level, decision=number)))


def _criterion(world: World, protocol: ProtocolDocument) -> str:
    """Why a trial stops: the boundary of phase II, no tolerated level, or what the committee saw besides."""
    for cohort in crossed_levels(world, protocol):
        told = treated(world, protocol, cohort)
        return f"F: phase II boundary, {told.dlts} DLTs of {told.patients} treated at level {cohort.level}"
    given = advice(world, protocol)
    tolerated = not isinstance(given.then if isinstance(given, Await) else given, StopNoMtd)
    return "by decision" if tolerated else "P8: no tolerated level"


def _phase_two(world: World, protocol: ProtocolDocument, number: int, level: int) -> Entries:
    """Phase II at the recommended dose. A paper that names another level than that, or none stands, opens nothing."""
    if level != world.trial.rp2d or protocol.phase_2 is None:
        return ()
    cohort = world.cohort(level)
    opened = c.ExpansionOpened(
        slots_count=expansion_slots(world, protocol, level),
        sentinel_due=protocol.phase_2.first_is_sentinel and cohort.expansion is None,
        decision=number,
    )
    return (Entry(TRIAL, t.PhaseEntered(phase="II", level=level, decision=number)), Entry(cohort.stream, opened))


def _cohort_consequences(cohort: Cohort, number: int, outcome: str) -> Entries:
    fuller = FIRST_SLOTS if cohort.slots == 0 or (cohort.evaluable < FIRST_SLOTS and not cohort.dlts) else FULL_SLOTS
    if outcome == "reopen":
        slots = max(cohort.slots, fuller)
        return (Entry(cohort.stream, c.CohortReopened(slots_count=slots, decision=number)),)
    if not cohort.opened and outcome in ("escalate", "de_escalate"):
        event = c.CohortOpened(level=cohort.level, slots_count=FIRST_SLOTS, decision=number)
        return (Entry(cohort.stream, event),)
    if outcome == "expand":
        return (Entry(cohort.stream, c.CohortExpanded(slots_count=FULL_SLOTS, decision=number)),)
    return ()
