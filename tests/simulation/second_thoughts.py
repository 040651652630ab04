"""What is thought of again: corrections, rulings and determinations revised, patients moved, slots given back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from ledger.cohort.state import Member
from ledger.decisions import dlt, enrolment
from ledger.decisions.corrections import CorrectRecord
from ledger.patient import events as e
from ledger.patient import infusions as i
from ledger.patient import safety as s
from ledger.patient import transplant as t
from ledger.record import Record
from tests.simulation import safety as toxicities
from tests.simulation.beginnings import QUORUM
from tests.simulation.committee import rule
from tests.simulation.walk import Walk


def correct(walk: Walk, number: str) -> bool:
    """A report of the patient is corrected, with a reason."""
    own = [record for record in walk.bench.records if record.patient == number and type(record.event) in KINDS]
    return bool(own) and correct_one(walk, walk.pick(own))


def correct_one(walk: Walk, record: Record) -> bool:
    kind, changed = KINDS[type(record.event)]
    asked = {} if walk.maybe(0.05) else {"reason": walk.text("read from the chart again")}
    report = changed(walk, record.event)
    number = record.patient or ""
    command = CorrectRecord(position=record.position, kind=kind, report=report, patient=number)
    return walk.done(command, walk.doctor(number), **asked)


def _said(event: Any, *left_out: str) -> dict[str, Any]:
    content: dict[str, Any] = event.model_dump(mode="json", exclude={"adverse_event", *left_out})
    return content


def _consent(walk: Walk, event: e.ConsentGiven) -> dict[str, Any]:
    earlier = event.signed_at - timedelta(days=walk.pick((0, 1, 400)))
    return {**_said(event), "signed_at": earlier, "capacity": walk.pick(("patient", "representative"))}


def _start(walk: Walk, event: i.InfusionStarted) -> dict[str, Any]:
    moved = event.started_at + timedelta(days=walk.pick((-3, -1, 0, 0, 1, 2)))
    level = walk.pick(walk.protocol.levels()) if walk.maybe(0.2) else event.level
    return {**_said(event), "started_at": min(moved, walk.bench.now), "level": level}


def _end(walk: Walk, event: i.InfusionCompleted) -> dict[str, Any]:
    cells = event.cells * walk.pick((50, 90, 100, 110, 120)) // 100
    content = {
        **_said(event, "cells_by_volume", "cells_per_kg", "percent_of_plan"),
        "cells": cells,
        "ended_at": walk.bench.now,
    }
    return content | {"weight_kg": walk.pick((event.weight_kg, "20.5"))}


def _omission(walk: Walk, event: i.InfusionOmitted) -> dict[str, Any]:
    return {**_said(event), "cause": walk.pick(("reaction-or-its-treatment", "hold", "other"))}


def _event(walk: Walk, event: s.AdverseEventReported) -> dict[str, Any]:
    moved = event.onset_at + timedelta(days=walk.pick((-20, -1, 0, 1, 20)))
    return {**_said(event), "onset_at": min(moved, walk.bench.now), "serious": walk.maybe(0.5), "narrative": None}


def _toxicity(walk: Walk, event: s.ToxicityAssessed) -> dict[str, Any]:
    found = toxicities.findings(walk, event.toxicity)
    return {
        "adverse_event": event.adverse_event,
        "assessed_at": event.assessed_at,
        "findings": found.model_dump(mode="json"),
    }


def _death(walk: Walk, event: e.DeathRecorded) -> dict[str, Any]:
    died_on = event.died_on - timedelta(days=walk.pick((0, 1, 30)))
    return {"died_on": died_on, "cause": walk.pick(("relapse", "other"))}


def _off_study(walk: Walk, event: e.PatientOffStudy) -> dict[str, Any]:
    return {**_said(event), "cause": walk.pick(("completed", "withdrawal", "lost-to-follow-up"))}


def _graft(walk: Walk, event: t.TransplantPerformed) -> dict[str, Any]:
    moved = event.performed_at + timedelta(days=walk.pick((-3, -1, 1, 3)))
    return {**_said(event), "performed_at": min(moved, walk.bench.now)}


def _criterion(walk: Walk, event: e.CriterionAssessed) -> dict[str, Any]:
    return {"assessments": [{"criterion": event.criterion, "met": walk.maybe(0.5), "inputs": None}]}


def _finding(walk: Walk, event: e.ScreeningFindingRecorded) -> dict[str, Any]:
    content = _said(event)
    if content["finding"]["kind"] == "measured":
        content["finding"]["quantity"] = walk.pick(("40", "72", "1"))
    if content["finding"]["kind"] == "yes_no":
        content["finding"]["answer"] = walk.maybe(0.3)
    return {"findings": [content]}


def _update(walk: Walk, event: s.AdverseEventUpdated) -> dict[str, Any]:
    return {**_said(event), "adverse_event": event.adverse_event, "serious": walk.maybe(0.5)}


KINDS: Final[dict[type, tuple[str, Callable[[Walk, Any], dict[str, Any]]]]] = {
    e.ConsentGiven: ("consent", _consent),
    e.CriterionAssessed: ("criteria", _criterion),
    e.ScreeningFindingRecorded: ("screening-findings", _finding),
    e.DeathRecorded: ("death", _death),
    e.PatientOffStudy: ("off-study", _off_study),
    i.InfusionStarted: ("infusion-start", _start),
    i.InfusionCompleted: ("infusion", _end),
    i.InfusionOmitted: ("omission", _omission),
    t.TransplantPerformed: ("transplant", _graft),
    s.AdverseEventReported: ("adverse-event", _event),
    s.AdverseEventUpdated: ("adverse-event-update", _update),
}
"""What can be corrected, the name that a correction gives it, and how it should have been."""


def correct_a_grade(walk: Walk, number: str) -> bool:
    """The findings of an assessment were others: its grade is computed anew."""
    own = [r for r in walk.bench.records if r.patient == number and isinstance(r.event, s.ToxicityAssessed)]
    if not own:
        return False
    record = walk.pick(own)
    assert isinstance(record.event, s.ToxicityAssessed)
    kind = "crs-assessment" if record.event.toxicity == "CRS" else "icans-assessment"
    report = _toxicity(walk, record.event)
    command = CorrectRecord(position=record.position, kind=kind, report=report, patient=number)
    return walk.done(command, walk.doctor(number), reason=walk.text("another chart"))


def rule_again(walk: Walk, number: str) -> bool:
    """A ruling is turned round under the next revision."""
    patient = walk.patient(number)
    if not patient.rulings:
        return False
    subject = walk.pick(sorted(patient.rulings))
    return rule(walk, patient, subject, is_dlt=not patient.rulings[subject].event.is_dlt)


def determine_again(walk: Walk, number: str) -> bool:
    """It is determined anew who counts; sometimes the second signer sees it otherwise."""
    patient = walk.patient(number)
    member: Member | None = None
    if patient.level is not None:
        member = walk.world.cohort(patient.level).members.get(number)
    if member is None:
        return False
    evaluable = walk.maybe(0.5)
    for by in walk.chance.sample(QUORUM, 2):
        agreed = evaluable if walk.maybe(0.85) else not evaluable
        reason = "reviewed again" if agreed else walk.pick(walk.protocol.evaluability.not_evaluable_reasons)
        revision = member.revision + 1
        command = dlt.DetermineEvaluability(patient=number, evaluable=agreed, reason=reason, revision=revision)
        walk.ask(command, by)
    return True


def cancel(walk: Walk, number: str) -> bool:
    command = enrolment.CancelAssignment(patient=number, cause="manufacture failed")
    return walk.done(command, walk.doctor(number))


def reassign(walk: Walk, number: str) -> bool:
    command = enrolment.ReassignDoseLevel(patient=number, level=walk.pick(walk.protocol.levels()))
    return walk.done(command, walk.doctor(number))


def release(walk: Walk, number: str) -> bool:
    command = enrolment.ReleaseReservation(patient=number, level=walk.pick(walk.protocol.levels()))
    return walk.done(command, walk.doctor(number))
