"""What a dose decision that was taken does: it opens, expands or reopens a cohort, holds, stops, or declares."""

from typing import Any

from ledger.cohort import events as c
from ledger.cohort.state import Cohort
from ledger.decisions.docket import Entries
from ledger.designs.reading import FIRST_SLOTS, FULL_SLOTS
from ledger.record import TRIAL, Entry
from ledger.trial import dosing as t
from ledger.trial.state import Decision
from ledger.world import World


def carry_out_decision(world: World, decision: Decision) -> Entries:
    """The decision is taken, and what it opens, expands, reopens, holds, stops or declares follows from it."""
    taken = t.DoseDecisionTaken(
        decision=decision.number, outcome=decision.outcome, to_level=decision.to_level, on_paper=False
    )
    return (Entry(TRIAL, taken), *consequences(world, decision.number, decision.outcome, decision.to_level))


def consequences(world: World, number: int, outcome: str, level: int | None) -> Entries:
    """What a decision does to the cohorts and the trial."""
    if outcome == "hold":
        hold = len(world.trial.holds) + 1
        scope: t.HoldScope = "trial" if level is None else "level"
        event = t.HoldApplied(hold=hold, scope=scope, level=level, cause="dose-decision", automatic=False)
        return (Entry(TRIAL, event),)
    if outcome == "stop":
        return (Entry(TRIAL, t.TrialStoppedPrematurely(criterion="P8: no tolerated level", decision=number)),)
    if level is None:
        return ()
    if outcome == "declare_mtd":
        declared: tuple[Any, ...] = (t.MtdDeclared(level=level, decision=number),)
    elif outcome == "declare_mtd_not_reached":
        declared = (t.MtdNotReached(top_level=level, decision=number),)
    else:
        return _cohort_consequences(world.cohort(level), number, outcome)
    return tuple(Entry(TRIAL, event) for event in (*declared, t.Rp2dSelected(level=level, decision=number)))


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
