"""What the rules make of the facts, with no person needed.

Each rule compares what is recorded with what should be, and gives the events that are missing. They are recorded in
the append of the command that caused them, and applied until nothing is missing; then the log says what the rules
say, whatever was reported, corrected or ruled, and in whatever order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from ledger.cohort import events as c
from ledger.cohort.state import Cohort, Member
from ledger.decisions.standing import advice, candidates_at, may_be_dlt, planned_window, tally
from ledger.designs.listed import design_of
from ledger.designs.reading import lower_level_to_treat, tolerated
from ledger.patient import events as e
from ledger.patient import safety as s
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.record import TRIAL, Entry, cohort_stream
from ledger.trial import dosing as t
from ledger.trial.state import Hold
from ledger.world import World

Effects = Iterator[Entry]


def placed_by_dosing(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """A child who was dosed without a level has the one that was given: counted, and flagged where it was reported."""
    begun = [i.started for i in patient.infusions.values() if i.started is not None]
    if patient.level is None and begun and protocol.bottom <= begun[0].level <= protocol.top:
        level = begun[0].level
        yield Entry(patient.stream, e.DoseLevelAssigned(level=level, sentinel=False))
        yield Entry(cohort_stream(level), c.SlotAssigned(patient=patient.number, sentinel=False))


def _membership(world: World, patient: Patient) -> Member | None:
    return None if patient.level is None else world.cohort(patient.level).members.get(patient.number)


def window_follows_infusions(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """The window opens with the first infusion and moves with the others; an amendment may lengthen it only."""
    member = _membership(world, patient)
    if member is None or patient.level is None:
        return
    known, days = member.window, protocol.dlt_window.days_after_last_infusion
    if known is not None:
        days = max(known.days_after_last_infusion, days) if known.running else known.days_after_last_infusion
    planned = planned_window(patient, protocol, days)
    if planned is None:
        return
    stream, (from_on, to_on) = cohort_stream(patient.level), planned
    if known is None:
        version = world.trial.protocol_on(from_on)
        yield Entry(
            stream,
            c.DltWindowOpened(
                patient=patient.number,
                from_on=from_on,
                planned_to_on=to_on,
                days_after_last_infusion_count=days,
                protocol_version=version.number if version else 0,
            ),
        )
    elif (known.from_on, known.planned_to_on, known.days_after_last_infusion) != (from_on, to_on, days) and (
        known.running or to_on > known.planned_to_on
    ):
        event = c.DltWindowReplanned(
            patient=patient.number, from_on=from_on, planned_to_on=to_on, days_after_last_infusion_count=days
        )
        yield Entry(stream, event)


def candidates_are_raised(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """What may be a DLT counts as one until it is ruled; a higher grade than was ruled on is ruled on again."""
    member = _membership(world, patient)
    window = member.window if member else None
    for event in patient.adverse_events.values():
        if may_be_dlt(event, protocol, window) and _unruled(patient, event.subject, event.grade):
            cause: s.CandidateCause = "serious-ungraded"
            if event.grade is not None:
                cause = "grade" if event.grade >= protocol.dlt.minimum_grade else "needs-adjudication"
            yield Entry(patient.stream, s.CandidateDltRaised(subject=event.subject, cause=cause))
    for infusion in patient.infusions.values():
        for_reaction = infusion.omitted is not None and infusion.omitted.cause == "reaction-or-its-treatment"
        subject = f"omission/{infusion.ordinal}"
        if for_reaction and window is not None and _unruled(patient, subject, None):
            yield Entry(patient.stream, s.CandidateDltRaised(subject=subject, cause="omitted-for-reaction"))
    death = patient.death.event if patient.death else None
    in_window = isinstance(death, e.DeathRecorded) and window is not None and window.includes(death.died_on)
    if in_window and _unruled(patient, "death", None):
        yield Entry(patient.stream, s.CandidateDltRaised(subject="death", cause="death-in-window"))


def _unruled(patient: Patient, subject: str, grade: int | None) -> bool:
    ruling = patient.rulings.get(subject)
    if patient.candidates.get(subject, -1) >= 0:
        return False
    return ruling is None or (not ruling.event.is_dlt and (grade or 0) > (ruling.event.grade or grade or 0))


def candidates_are_ruled(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """A candidate ends with the ruling that came after it."""
    for subject in patient.open_candidates:
        ruling = patient.rulings.get(subject)
        if ruling is not None and ruling.position > patient.candidates[subject]:
            yield Entry(patient.stream, s.CandidateDltRuled(subject=subject, is_dlt=ruling.event.is_dlt))


def dlts_are_counted(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """A patient with a DLT by the rulings in force counts once at the level; taken back, no longer."""
    member = _membership(world, patient)
    if member is None or patient.level is None:
        return
    positions = [ruling.position for ruling in patient.rulings.values() if ruling.event.is_dlt]
    if positions and member.dlt is None:
        yield Entry(cohort_stream(patient.level), c.DltCounted(patient=patient.number, adjudication=min(positions)))
    elif not positions and member.dlt is not None:
        last = max((ruling.position for ruling in patient.rulings.values()), default=member.dlt)
        yield Entry(cohort_stream(patient.level), c.DltUncounted(patient=patient.number, adjudication=last))


def evaluability_follows(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """Evaluable without anyone's signature: the window completed and enough of the planned dose received; or taken
    off for a reaction, or dead in the window, and ruled (domain B.2)."""
    member = _membership(world, patient)
    if member is None or patient.level is None or member.evaluable is not None or patient.open_candidates:
        return
    if member.window is None or member.window.running:
        return
    percent = patient.given_share(protocol.level_total(patient.level)) * 100
    ruled = [subject for subject in patient.rulings if not subject.startswith("adverse-event/")]
    completed = member.window.complete and percent >= protocol.evaluability.minimum_percent_of_plan
    if completed or ruled:
        event = c.EvaluabilityDetermined(
            patient=patient.number,
            evaluable=True,
            reason="completed" if completed else f"ruled: {ruled[0]}",
            revision=member.revision + 1,
        )
        yield Entry(cohort_stream(patient.level), event)


def second_dlt_exceeds(world: World, cohort: Cohort, protocol: ProtocolDocument) -> Effects:
    """Two counted DLTs exceed the level and hold it and all above, at once (domain G.4-5)."""
    if not cohort.exceeded and design_of(protocol.design).is_exceeded(tally(world, cohort)):
        yield Entry(cohort.stream, c.CohortExceeded(evaluable_count=cohort.evaluable, dlt_count=cohort.dlts))
        yield _hold(world, "level", cohort.level, "level-exceeded")


def tolerated_level_is_cleared(world: World, cohort: Cohort, protocol: ProtocolDocument) -> Effects:
    """0 of 3, or at most 1 of 6, with no window and no candidate open."""
    now = (cohort.evaluable, cohort.dlts)
    quiet = cohort.pending == 0 and candidates_at(world, cohort) == 0 and not cohort.exceeded
    if quiet and tolerated(*now) and cohort.cleared != now:
        yield Entry(cohort.stream, c.CohortCleared(evaluable_count=cohort.evaluable, dlt_count=cohort.dlts))


def _hold(
    world: World, scope: t.HoldScope, level: int | None, cause: t.HoldCause, patient: str | None = None
) -> Entry:
    hold = t.HoldApplied(
        hold=len(world.trial.holds) + 1, scope=scope, level=level, cause=cause, automatic=True, patient=patient
    )
    return Entry(TRIAL, hold)


def lower_level_first(world: World, protocol: ProtocolDocument) -> Effects:
    """A lower level that is no longer settled is filled first; dosing above it is held (domain B.2, late DLT)."""
    lowest = lower_level_to_treat(advice(world, protocol))
    above = [cohort.level for cohort in world.cohorts.values() if cohort.opened and cohort.level > (lowest or 0)]
    if lowest is not None and above and world.trial.held(min(above)) is None:
        yield _hold(world, "level", lowest + 1, "lower-level-unsettled")


def death_holds_the_trial(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """A death not from relapse, up to the protocol's day, holds the trial once (A.3-19)."""
    if not _counts_as_death(patient, protocol.review_holds.gvhd_and_death_through_day):
        return
    held = any(hold.cause == "death" and hold.patient == patient.number for hold in world.trial.holds.values())
    if not held:
        yield _hold(world, "trial", None, "death", patient.number)


def _counts_as_death(patient: Patient, through_day: int) -> bool:
    death = patient.death.event if patient.death else None
    if not isinstance(death, e.DeathRecorded) or death.cause == "relapse" or not patient.dosed:
        return False
    day_zero = patient.transplant.at.date() if patient.transplant else None
    return day_zero is None or (death.died_on - day_zero).days <= through_day


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
    patient = world.patients.get(known.patient)
    member = _membership(world, patient) if patient else None
    if member is None:
        return known.dlt or known.evaluable is not None
    decided = known.evaluable is not None and member.evaluable != known.evaluable
    return decided or (member.dlt is not None) != known.dlt


def mtd_is_superseded(world: World, protocol: ProtocolDocument) -> Effects:
    """A declaration that the level's count no longer supports: withdrawn, and everything held (domain B.2, G.4-8)."""
    trial = world.trial
    level = trial.mtd if trial.mtd is not None else (protocol.top if trial.mtd_not_reached else None)
    if level is None or trial.mtd_decision is None:
        return
    lowest_exceeded = min((cohort.level for cohort in world.cohorts.values() if cohort.exceeded), default=None)
    cohort = world.cohort(level)
    if (lowest_exceeded is not None and lowest_exceeded <= level) or not tolerated(cohort.evaluable, cohort.dlts):
        yield Entry(TRIAL, t.MtdSuperseded(level=level, decision=trial.mtd_decision))
        yield Entry(TRIAL, t.Rp2dWithdrawn(level=level))
        yield _hold(world, "trial", None, "mtd-superseded")


PatientRule = Callable[[World, Patient, ProtocolDocument], Effects]
CohortRule = Callable[[World, Cohort, ProtocolDocument], Effects]
TrialRule = Callable[[World, ProtocolDocument], Effects]

PATIENT_RULES: Final[tuple[PatientRule, ...]] = (
    placed_by_dosing,
    window_follows_infusions,
    candidates_are_raised,
    candidates_are_ruled,
    dlts_are_counted,
    evaluability_follows,
    death_holds_the_trial,
)
COHORT_RULES: Final[tuple[CohortRule, ...]] = (second_dlt_exceeds, tolerated_level_is_cleared)
TRIAL_RULES: Final[tuple[TrialRule, ...]] = (
    superseded_decisions,
    mtd_is_superseded,
    lower_level_first,
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
    for patient_rule in PATIENT_RULES:
        for number in sorted(touched.patients):
            if found := tuple(patient_rule(world, world.patients[number], protocol)):
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
    if hold.cause == "lower-level-unsettled" and hold.level is not None:
        lowest = lower_level_to_treat(advice(world, protocol))
        return lowest is not None and lowest < hold.level
    return False
