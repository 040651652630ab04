"""Where the escalation stands: what the design is told, and what it advises. Pure functions of the trial's state."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from hashlib import sha256
from typing import Any

from ledger.cohort.state import Cohort, Member, Window
from ledger.decisions.expansion import boundary_crossed, has_candidate, treated
from ledger.designs.base import Advice, Outcomes, Tally
from ledger.designs.listed import design_of
from ledger.designs.reading import advice_line
from ledger.patient.state import AdverseEvent, Patient
from ledger.protocol.document import ProtocolDocument
from ledger.trial.dosing import PatientBasis
from ledger.trial.state import Version
from ledger.world import World


def candidates_at(world: World, cohort: Cohort) -> int:
    """Patients of a cohort, of phase I, with an open candidate DLT and no counted one."""
    return sum(member.dlt is None and has_candidate(world, number) for number, member in cohort.members_of("I").items())


def tally(world: World, cohort: Cohort) -> Tally:
    """What the design is told of one level."""
    return Tally(
        evaluable=cohort.evaluable,
        dlt=cohort.dlts,
        pending=cohort.pending,
        candidates=candidates_at(world, cohort),
        exceeded=cohort.exceeded,
        treated=len(cohort.members_of("I")),
    )


def outcomes(world: World, protocol: ProtocolDocument) -> Outcomes:
    """What the design is told of the ladder. A level where nobody was ever placed is absent. One that no decision
    opened is not in use by a dose that was given there in error; what it did to the child still counts against it."""
    levels = {
        level: tally(world, cohort) if cohort.opened or cohort.exceeded else _in_error(world, cohort)
        for level, cohort in sorted(world.cohorts.items())
        if (cohort.members_of("I") or cohort.exceeded) and protocol.bottom <= level <= protocol.top
    }
    return Outcomes(levels=levels, bottom=protocol.bottom, top=protocol.top, start=protocol.start)


def _in_error(world: World, cohort: Cohort) -> Tally:
    return Tally(evaluable=0, dlt=0, candidates=candidates_at(world, cohort))


def advice(world: World, protocol: ProtocolDocument) -> Advice:
    """What the protocol's design advises on what is known now."""
    return design_of(protocol.design).advise(outcomes(world, protocol))


def basis(world: World) -> tuple[PatientBasis, ...]:
    """What is known of every patient who has a dose level, in the order of their numbers; once more of who counts at a
    lower level too, by the dose received."""
    return tuple(
        PatientBasis(
            patient=number,
            level=level,
            phase=member.phase,
            evaluable=member.evaluable,
            dlt=member.dlt is not None,
            candidate=has_candidate(world, number),
        )
        for number, level, member in sorted(_members(world), key=lambda each: each[:2])
    )


def _members(world: World) -> Iterator[tuple[str, int, Member]]:
    for level, cohort in world.cohorts.items():
        for number, member in cohort.counted.items():
            yield number, level, member


def dossier(world: World, version: Version) -> dict[str, Any]:
    """The inputs of a dose decision: all that its outcome may rest on, and nothing that a clock moves."""
    protocol = version.document
    told = outcomes(world, protocol)
    return {
        "protocol_version": version.number,
        "protocol_sha256": version.sha256,
        "design": protocol.design.model_dump(mode="json"),
        "ladder": {"bottom": told.bottom, "start": told.start, "top": told.top},
        "levels": [
            {
                "level": level,
                "evaluable": t.evaluable,
                "dlt": t.dlt,
                "pending": t.pending,
                "candidates": t.candidates,
                "exceeded": t.exceeded,
            }
            for level, t in sorted(told.levels.items())
        ],
        "opened": sorted(level for level, cohort in world.cohorts.items() if cohort.opened),
        "phase_2": _phase_two(world, protocol),
        "patients": [each.model_dump(mode="json") for each in basis(world)],
        "advice": advice_line(advice(world, protocol)),
    }


def _phase_two(world: World, protocol: ProtocolDocument) -> dict[str, Any] | None:
    """What a decision in phase II rests on besides: the counts at the recommended dose that its boundary is told."""
    level = world.trial.rp2d
    if level is None or world.trial.phase == "I":
        return None
    told = treated(world, protocol, world.cohort(level))
    return {
        "level": level,
        "treated": told.patients,
        "observed": told.observed,
        "dlt": told.dlts,
        "candidates": told.candidates,
        "boundary_crossed": boundary_crossed(world, protocol, world.cohort(level)),
    }


def canonical_hash(document: Any) -> str:
    """SHA-256, in hex, of a document of ASCII member names, integers and texts in canonical form (RFC 8785)."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def inputs_hash(world: World, version: Version) -> str:
    """The hash of the dossier: what a proposer and every signer name."""
    return canonical_hash(dossier(world, version))


def level_given(protocol: ProtocolDocument, ordinal: int, cells_per_kg: Fraction) -> int:
    """The level that a dose stands for: the lowest of which it is no overdose, or else the top."""
    share = protocol.share(ordinal) * protocol.overdose_percent / 100
    levels = (level for level in protocol.levels() if cells_per_kg <= protocol.level_total(level) * share)
    return next(levels, protocol.top)


def planned_on(patient: Patient, protocol: ProtocolDocument, ordinal: int) -> date | None:
    """The calendar day on which an infusion is planned, from the actual day 0 or else the planned one."""
    day_zero = day_zero_on(patient)
    return day_zero + timedelta(days=protocol.day_of(ordinal)) if day_zero else None


def day_zero_on(patient: Patient) -> date | None:
    """Day 0: the calendar day of the graft; until then the one planned last."""
    if patient.transplant:
        return patient.transplant.at.date()
    if patient.treatment.rescheduled_to:
        return patient.treatment.rescheduled_to
    return patient.enrolled.planned_transplant_on if patient.enrolled else None


def planned_window(patient: Patient, protocol: ProtocolDocument, days: int) -> tuple[date, date] | None:
    """From the day of the first infusion to `days` after the last one given, or still to come (domain A.3-6)."""
    given = [i.given_on for i in patient.infusions.values() if i.given_on]
    if not given:
        return None
    first, last = min(given), max(given)
    if patient.may_have_dlt or patient.death or patient.withdrawn:
        return first, last + timedelta(days=days)
    for ordinal in protocol.ordinals():
        infusion = patient.infusions.get(ordinal)
        if infusion is not None and (infusion.given_on or infusion.omitted):
            continue
        apart = timedelta(days=protocol.day_of(ordinal) - protocol.day_of(1))
        last = max(last, planned_on(patient, protocol, ordinal) or first + apart)
    return first, last + timedelta(days=days)


def received_enough(patient: Patient, protocol: ProtocolDocument, level: int | None) -> bool:
    """Whether the infusions together gave the protocol's share of a level's planned total (domain B.2)."""
    assert level is not None
    percent = patient.given_share(protocol.level_total(level)) * 100
    return percent >= protocol.evaluability.minimum_percent_of_plan


def counts_at(patient: Patient, member: Member, protocol: ProtocolDocument) -> int | None:
    """The lower level at which a patient counts by the dose received, where the committee determined so: with a DLT in
    any case, without one once the window is complete and enough of that level's total was received (domain B.2). A
    patient of phase II counts at no level of the design."""
    said = member.determination
    if member.phase == "II" or said is None or not said.evaluable or said.at_level not in protocol.levels():
        return None
    if member.dlt is not None:
        return said.at_level
    complete = member.window is not None and member.window.complete
    received = level_received(patient, protocol) == said.at_level and received_enough(patient, protocol, said.at_level)
    return said.at_level if complete and received else None


def ruled_evaluable(patient: Patient) -> str | None:
    """The ruling that makes evaluable whatever was received: on an infusion omitted for a reaction, or on a death."""
    return min((subject for subject in patient.rulings if not subject.startswith("adverse-event/")), default=None)


def assessments_due(patient: Patient, window: Window, protocol: ProtocolDocument) -> int:
    """How many days the schedule of the window has."""
    return len(scheduled_days(patient, window, protocol))


def scheduled_days(patient: Patient, window: Window, protocol: ProtocolDocument) -> tuple[date, ...]:
    """The days of the CRS and ICE/CAPD assessments: daily to day 7 after each infusion, then weekly to the window's
    end."""
    rule = protocol.dlt_window
    given = sorted(i.given_on for i in patient.infusions.values() if i.given_on)
    days: set[date] = set()
    for day in given:
        days |= {day + timedelta(days=n) for n in range(rule.daily_assessment_days + 1)}
    if given:
        day = given[-1] + timedelta(days=rule.daily_assessment_days + rule.later_assessment_interval_days)
        while day <= window.planned_to_on:
            days.add(day)
            day += timedelta(days=rule.later_assessment_interval_days)
    return tuple(sorted(day for day in days if window.from_on <= day <= window.planned_to_on))


def may_be_dlt(event: AdverseEvent, protocol: ProtocolDocument, window: Window | None) -> bool:
    """Whether an adverse event is a candidate DLT by what is on record (domain B.2)."""
    if window is None or (event.report.toxicity is None and not event.assessments):
        return False
    kinds = {event.report.toxicity, *(a.toxicity for a in event.assessments.values())}
    if not kinds & set(protocol.dlt.toxicities):
        return False
    if not any(map(window.includes, event.onset_days)):
        return False
    high = event.grade is not None and event.grade >= protocol.dlt.minimum_grade
    return high or event.needs_adjudication or (event.serious and event.grade is None)


def level_received(patient: Patient, protocol: ProtocolDocument) -> int | None:
    """The lowest level below the assigned one whose total is no less than what was received; none for a dose above
    them all."""
    if patient.level is None or not any(infusion.completed for infusion in patient.infusions.values()):
        return None
    received = patient.given_share(protocol.level_total(patient.level)) * protocol.level_total(patient.level)
    below = (level for level in protocol.levels() if level < (patient.level or 0))
    return next((level for level in below if protocol.level_total(level) >= received), None)


def ruled_at_lower_doses(world: World, level: int) -> bool:
    """Whether every DLT at a dose of this level or of a lower one has been ruled on there: it counts there, or the
    committee lifted the hold that it set."""
    return not any(
        hold.cause == "dlt-at-lower-dose"
        and not hold.lifted
        and hold.level is not None
        and hold.level <= level
        and hold.patient not in world.cohort(hold.level).received_here
        for hold in world.trial.holds.values()
    )
