"""What the rules make of the facts about one patient, with no person needed: the level, the window, candidates, the
count, who is evaluable, and the hold that a death sets. `effects.py` asks them."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Final

from ledger.cohort import events as c
from ledger.cohort.state import Member, Window
from ledger.decisions.standing import (
    counts_at,
    level_given,
    level_received,
    may_be_dlt,
    planned_window,
    received_enough,
    ruled_evaluable,
)
from ledger.decisions.toxicity_effects import grades_follow_the_record, sheets_are_graded
from ledger.patient import events as e
from ledger.patient import safety as s
from ledger.patient.state import RULED, AdverseEvent, Infusion, Patient
from ledger.protocol.document import ProtocolDocument
from ledger.record import TRIAL, Entry, cohort_stream
from ledger.trial import dosing as t
from ledger.types import exact
from ledger.world import World

Effects = Iterator[Entry]


def placed_by_dosing(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """A child who was dosed without a level has the one that was given: counted, and flagged where it was reported."""
    given = [infusion for _, infusion in sorted(patient.infusions.items()) if infusion.given_on]
    if patient.level is None and given and (level := _level_of(given[0], protocol)) in protocol.levels():
        yield Entry(patient.stream, e.DoseLevelAssigned(level=level, sentinel=False))
        phase = world.trial.phase_at(_given_at(given[0]))
        yield Entry(cohort_stream(level), c.SlotAssigned(patient=patient.number, sentinel=False, phase=phase))


def _given_at(infusion: Infusion) -> datetime:
    """When a dose was given: its start as reported, or else its end."""
    if infusion.started is not None:
        return infusion.started.started_at
    assert infusion.completed is not None
    return infusion.completed.ended_at


def _level_of(infusion: Infusion, protocol: ProtocolDocument) -> int:
    """The level of a dose that was given: as reported at its start, or else by its cells."""
    if infusion.started is not None:
        return infusion.started.level
    assert infusion.completed is not None
    return level_given(protocol, infusion.ordinal, exact(infusion.completed.cells_per_kg))


def placed_holds_no_other_slot(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """Who has a dose level, by a dose in error too, holds no slot besides."""
    for cohort in world.cohorts.values() if patient.level is not None else ():
        if patient.number in cohort.reservations:
            yield Entry(cohort.stream, c.ReservationReleased(patient=patient.number, cause="placed"))


def begun_reservation_is_kept(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """A reservation frees its slot by time only before manufacture or conditioning began; afterwards only a person
    gives it back (domain B.2). Manufacture begins with the collection."""
    reserved = [cohort for cohort in world.cohorts.values() if patient.number in cohort.reservations]
    if not reserved:
        return
    collected = (
        held.event.collected_at.date()
        for product in world.products.values()
        for held in product.collections
        if held.event.patient == patient.number
    )
    begun = min((*collected, *((day,) if (day := patient.treatment.begun_on) else ())), default=None)
    for cohort in reserved:
        expires_on = cohort.reservations.get(patient.number)
        if begun and expires_on and begun <= expires_on and patient.number not in cohort.kept:
            yield Entry(cohort.stream, c.ReservationKept(patient=patient.number, begun_on=begun))


def membership(world: World, patient: Patient) -> Member | None:
    """The patient as a member of the cohort of the level."""
    return None if patient.level is None else world.cohort(patient.level).members.get(patient.number)


def window_follows_infusions(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """The window opens with the first infusion and moves with the others; an amendment may lengthen it only."""
    member = membership(world, patient)
    if member is None or patient.level is None:
        return
    known, days = member.window, protocol.dlt_window.days_after_last_infusion
    if known is not None:
        days = max(known.days_after_last_infusion, days) if known.running else known.days_after_last_infusion
    planned = planned_window(patient, protocol, days)
    if planned is None:
        return
    stream, (from_on, to_on) = cohort_stream(patient.level), planned
    version = world.trial.protocol_on(from_on)
    if known is None and version and (then := version.document.dlt_window.days_after_last_infusion) > days:
        days, to_on = then, to_on + timedelta(days=then - days)
    if known is None:
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
    elif _has_moved(known, from_on, to_on, days) or _dosed_after_its_end(known, patient, days):
        event = c.DltWindowReplanned(
            patient=patient.number, from_on=from_on, planned_to_on=to_on, days_after_last_infusion_count=days
        )
        yield Entry(stream, event)


def _has_moved(known: Window, from_on: date, to_on: date, days: int) -> bool:
    """A closed window is watched again where the infusions began on another day, or it ended too soon by its time."""
    if known.running:
        return (known.from_on, known.planned_to_on, known.days_after_last_infusion) != (from_on, to_on, days)
    return from_on != known.from_on or (known.early_end is None and to_on > known.planned_to_on)


def _dosed_after_its_end(known: Window, patient: Patient, days: int) -> bool:
    """Whether a window that ended early, for a departure, is not long enough for the last infusion given since."""
    last = max(infusion.given_on for infusion in patient.infusions.values() if infusion.given_on)
    return known.early_end is not None and last + timedelta(days=days) > known.planned_to_on


def candidates_are_raised(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """What may be a DLT counts as one until it is ruled; a higher grade than was ruled on is ruled on again."""
    member = membership(world, patient)
    window = member.window if member else None
    for event in patient.adverse_events.values() if window is not None else ():
        if may_be_dlt(event, protocol, window) and _unruled(patient, event.subject, event):
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


def _unruled(patient: Patient, subject: str, event: AdverseEvent | None) -> bool:
    """Nothing is ruled yet, or *not a DLT* when the grades on record were lower, or less in doubt, than now."""
    ruling = patient.rulings.get(subject)
    if patient.candidates.get(subject, RULED) != RULED:
        return False
    if ruling is None or event is None:
        return ruling is None
    higher = any(now > then for now, then in zip(event.grades, ruling.grades, strict=True))
    above_stated = ruling.event.grade is not None and (event.grade or 0) > ruling.event.grade
    return not ruling.event.is_dlt and (higher or above_stated)


def candidates_are_ruled(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """A candidate ends with the ruling that came after it."""
    for subject in patient.open_candidates:
        ruling = patient.rulings.get(subject)
        if ruling is not None and ruling.position > patient.candidates[subject]:
            yield Entry(patient.stream, s.CandidateDltRuled(subject=subject, is_dlt=ruling.event.is_dlt))


def dlts_are_counted(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """A patient with a DLT by the rulings in force counts once at the level; taken back, no longer."""
    member = membership(world, patient)
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
    member = membership(world, patient)
    if member is None or patient.level is None or member.evaluable is not None or patient.open_candidates:
        return
    if member.window is None or member.window.running:
        return
    ruled, completed = (
        ruled_evaluable(patient),
        member.window.complete and received_enough(patient, protocol, patient.level),
    )
    if completed or ruled:
        event = c.EvaluabilityDetermined(
            patient=patient.number,
            evaluable=True,
            reason="completed" if completed else f"ruled: {ruled}",
            revision=member.revision + 1,
        )
        yield Entry(cohort_stream(patient.level), event)


def counted_where_received(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """Who the committee says is evaluable at the level actually received counts there as well, with the DLT if any; at
    the assigned level a DLT counts in any case (domain B.2, dose deviation)."""
    member = membership(world, patient)
    due = counts_at(patient, member, protocol) if member else None
    for level, cohort in sorted(world.cohorts.items()):
        if patient.number in cohort.received_here and level != due:
            yield Entry(cohort.stream, c.ReceivedDoseUncounted(patient=patient.number))
    if due is None or member is None or patient.level is None:
        return
    known = world.cohort(due).received_here.get(patient.number)
    if known is None or (known.dlt, known.revision) != (member.dlt, member.revision):
        event = c.ReceivedDoseCounted(
            patient=patient.number, assigned_level=patient.level, revision=member.revision, adjudication=member.dlt
        )
        yield Entry(cohort_stream(due), event)


def death_holds_the_trial(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """A death not from relapse, up to the protocol's day, holds the trial once (A.3-19)."""
    if not _counts_as_death(patient, protocol.review_holds.gvhd_and_death_through_day):
        return
    held = any(hold.cause == "death" and hold.patient == patient.number for hold in world.trial.holds.values())
    if not held:
        yield automatic_hold(world, "trial", None, "death", patient.number)


def dlt_at_a_lower_dose_holds_its_level(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """A DLT counts at the assigned level. Where no more was received than a lower level's total, it is held against
    that level too, until the committee has ruled by lifting the hold (domain B.2, dose deviation)."""
    level = level_received(patient, protocol) if patient.has_dlt else None
    if level is None:
        return
    known = {(hold.cause, hold.patient, hold.level) for hold in world.trial.holds.values()}
    if ("dlt-at-lower-dose", patient.number, level) not in known:
        yield automatic_hold(world, "level", level, "dlt-at-lower-dose", patient.number)


def _counts_as_death(patient: Patient, through_day: int) -> bool:
    death = patient.death.event if patient.death else None
    if not isinstance(death, e.DeathRecorded) or death.cause == "relapse" or not patient.dosed:
        return False
    day_zero = patient.transplant.at.date() if patient.transplant else None
    return day_zero is None or (death.died_on - day_zero).days <= through_day


def automatic_hold(
    world: World,
    scope: t.HoldScope,
    level: int | None,
    cause: t.HoldCause,
    patient: str | None = None,
    **of: int | None,
) -> Entry:
    """A hold by rule, with no person needed; `of` is the adverse event that sets it, and its grade."""
    hold = t.HoldApplied(
        hold=len(world.trial.holds) + 1, scope=scope, level=level, cause=cause, automatic=True, patient=patient, **of
    )
    return Entry(TRIAL, hold)


PatientRule = Callable[[World, Patient, ProtocolDocument], Effects]

PATIENT_RULES: Final[tuple[PatientRule, ...]] = (
    placed_by_dosing,
    placed_holds_no_other_slot,
    begun_reservation_is_kept,
    window_follows_infusions,
    sheets_are_graded,
    grades_follow_the_record,
    candidates_are_raised,
    candidates_are_ruled,
    dlts_are_counted,
    evaluability_follows,
    counted_where_received,
    death_holds_the_trial,
    dlt_at_a_lower_dose_holds_its_level,
)
