"""What the rules make of the facts, with no person needed.

Each rule compares what is recorded with what should be, and gives the events that are missing. They are recorded in
the append of the command that caused them, and applied until nothing is missing; then the log says what the rules
say, whatever was reported, corrected or ruled, and in whatever order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ledger.cohort import events as c
from ledger.cohort.state import Cohort
from ledger.decisions.expansion import boundary_crossed, crossed_levels, dlts_to_review
from ledger.decisions.outcome_effects import outcomes_hold_for_review
from ledger.decisions.patient_effects import PATIENT_RULES, Effects, automatic_hold
from ledger.decisions.review_holds import harm_holds_for_review
from ledger.decisions.standing import advice, candidates_at, tally
from ledger.designs.listed import design_of
from ledger.designs.reading import declared_level, lower_level_to_treat, tolerated
from ledger.protocol.document import ProtocolDocument
from ledger.record import TRIAL, Entry
from ledger.trial import dosing as t
from ledger.trial.state import Hold
from ledger.world import World


def second_dlt_exceeds(world: World, cohort: Cohort, protocol: ProtocolDocument) -> Effects:
    """Two counted DLTs exceed the level and hold it and all above, at once (domain G.4-5), at Level 0 also
    among the first three (A.3-5)."""
    if not cohort.exceeded and design_of(protocol.design).is_exceeded(tally(world, cohort)):
        yield Entry(cohort.stream, c.CohortExceeded(evaluable_count=cohort.evaluable, dlt_count=cohort.dlts))
        yield automatic_hold(world, "level", cohort.level, "level-exceeded")


def tolerated_level_is_cleared(world: World, cohort: Cohort, protocol: ProtocolDocument) -> Effects:
    """0 of 3, or at most 1 of 6, with no window and no candidate open."""
    now = (cohort.evaluable, cohort.dlts)
    quiet = cohort.pending == 0 and candidates_at(world, cohort) == 0 and not cohort.exceeded
    if quiet and tolerated(*now) and cohort.cleared != now:
        yield Entry(cohort.stream, c.CohortCleared(evaluable_count=cohort.evaluable, dlt_count=cohort.dlts))


def lower_level_first(world: World, protocol: ProtocolDocument) -> Effects:
    """A lower level that is no longer settled is filled first; dosing above it is held (domain B.2, late DLT)."""
    lowest = lower_level_to_treat(advice(world, protocol))
    above = [cohort.level for cohort in world.cohorts.values() if cohort.opened and cohort.level > (lowest or 0)]
    if lowest is not None and above and world.trial.held(min(above)) is None:
        yield automatic_hold(world, "level", lowest + 1, "lower-level-unsettled")


def superseded_decisions(world: World, protocol: ProtocolDocument) -> Effects:
    """A decision whose patients are no longer on record as it knew them stays in history, marked."""
    for decision in world.trial.decisions.values():
        if decision.superseded:
            continue
        for known in decision.basis:
            if _differs(world, known):
                event = t.DecisionBasisSuperseded(decision=decision.number, patient=known.patient)
                yield Entry(TRIAL, event)
                break


def _differs(world: World, known: t.PatientBasis) -> bool:
    """Whether what was decided of a patient is otherwise now. What was still open then has only come to an end."""
    member = world.cohort(known.level).counted.get(known.patient)
    if known.evaluable is None:
        return False
    return member is None or member.evaluable != known.evaluable or (member.dlt is not None) != known.dlt


def mtd_is_superseded(world: World, protocol: ProtocolDocument) -> Effects:
    """A declaration that the design no longer gives: withdrawn, and everything held (domain B.2, G.4-8)."""
    trial, declared = world.trial, declared_level(advice(world, protocol))
    level = trial.mtd if trial.mtd is not None else (trial.rp2d if trial.mtd_not_reached else None)
    if level is not None and trial.mtd_decision is not None and declared != level:
        yield Entry(TRIAL, t.MtdSuperseded(level=level, decision=trial.mtd_decision))
        yield Entry(TRIAL, t.Rp2dWithdrawn(level=level))
        yield automatic_hold(world, "trial", None, "mtd-superseded")


def every_dlt_of_phase_two_holds(world: World, protocol: ProtocolDocument) -> Effects:
    """A DLT that is ruled in phase II holds its level, or the recommended one below it, for review (domain F). Taken
    back and ruled again, it is reviewed again."""
    if protocol.phase_2 is None or not protocol.phase_2.hold_at_every_dlt:
        return
    holds, rp2d = world.trial.holds.values(), world.trial.rp2d
    for level, cohort in sorted(world.cohorts.items()):
        for number, ruled_at in dlts_to_review(cohort):
            if not any(_reviews(hold, number, ruled_at) for hold in holds):
                reaches = level if rp2d is None else min(level, rp2d)
                yield automatic_hold(world, "level", reaches, "phase-two-dlt", number)
                return


def _reviews(hold: Hold, number: str, ruled_at: int) -> bool:
    """Whether a hold is for a patient's DLT: in force, or set after the ruling and lifted since."""
    return (hold.cause, hold.patient) == ("phase-two-dlt", number) and (not hold.lifted or hold.position > ruled_at)


def crossed_boundary_holds(world: World, protocol: ProtocolDocument) -> Effects:
    """Phase II stops where its boundary is crossed: held at once, until the counts no longer cross it (domain F)."""
    for cohort in crossed_levels(world, protocol):
        holds = world.trial.holds.values()
        if not any((h.cause, h.level, h.lifted) == ("phase-two-boundary", cohort.level, False) for h in holds):
            yield automatic_hold(world, "level", cohort.level, "phase-two-boundary")
            return


CohortRule = Callable[[World, Cohort, ProtocolDocument], Effects]
TrialRule = Callable[[World, ProtocolDocument], Effects]

EVERY_PATIENT_RULE: Final = (*PATIENT_RULES, harm_holds_for_review, outcomes_hold_for_review)
COHORT_RULES: Final[tuple[CohortRule, ...]] = (
    second_dlt_exceeds,
    tolerated_level_is_cleared,
)
TRIAL_RULES: Final[tuple[TrialRule, ...]] = (
    superseded_decisions,
    mtd_is_superseded,
    lower_level_first,
    every_dlt_of_phase_two_holds,
    crossed_boundary_holds,
)


@dataclass(frozen=True, slots=True)
class Touched:
    """Whose rules have to be asked: these patients, these levels, and the trial's or not."""

    patients: frozenset[str]
    levels: frozenset[int]
    trial: bool

    @classmethod
    def everything(cls, world: World) -> "Touched":
        return cls(frozenset(world.patients), frozenset(world.cohorts), trial=True)


def effects(world: World, protocol: ProtocolDocument, touched: Touched) -> tuple[Entry, ...]:
    """The missing effects of the first rule that has any, for what was touched."""
    patients = [world.patients[number] for number in sorted(touched.patients)]
    for patient_rule in EVERY_PATIENT_RULE if patients else ():
        for patient in patients:
            if found := tuple(patient_rule(world, patient, protocol)):
                return found
    for cohort_rule in COHORT_RULES:
        for level in sorted(touched.levels):
            if found := tuple(cohort_rule(world, world.cohort(level), protocol)):
                return found
    for trial_rule in TRIAL_RULES if touched.trial else ():
        if found := tuple(trial_rule(world, protocol)):
            return found
    return ()


def standing_cause(world: World, protocol: ProtocolDocument, hold: Hold) -> bool:
    """Whether the rule that set a hold would set it again now."""
    if hold.cause == "level-exceeded" and hold.level is not None:
        return world.cohort(hold.level).exceeded
    if hold.cause == "phase-two-boundary" and hold.level is not None:
        return boundary_crossed(world, protocol, world.cohort(hold.level))
    if hold.cause == "lower-level-unsettled" and hold.level is not None:
        lowest = lower_level_to_treat(advice(world, protocol))
        return lowest is not None and lowest < hold.level
    return False
