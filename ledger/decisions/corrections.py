"""A correction is the same report once more, with the position that it replaces. Nothing is edited."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from ledger import refusals as no
from ledger.decisions import given, infusion, safety, screening
from ledger.decisions.docket import AlreadySo, Command, Docket, Follows
from ledger.patient.safety import AdverseEventReported
from ledger.types import Position

REPORTS: Final[dict[str, type[Command]]] = {
    "consent": screening.RecordConsent,
    "assent": screening.RecordAssent,
    "screening-findings": screening.RecordScreeningFindings,
    "criteria": screening.AssessCriteria,
    "readiness": infusion.AssessReadiness,
    "infusion-start": given.RecordInfusionStart,
    "infusion": given.RecordInfusion,
    "omission": given.OmitInfusion,
    "adverse-event": safety.ReportAdverseEvent,
    "adverse-event-update": safety.UpdateAdverseEvent,
    "crs-assessment": safety.AssessCrs,
    "icans-assessment": safety.AssessIcans,
    "death": safety.RecordDeath,
    "off-study": safety.RecordOffStudy,
    "transplant": safety.RecordTransplant,
}
"""What can be corrected, by the name that a correction gives it. Permissions, rulings and decisions are not
corrected: they are ruled, determined or decided anew."""


class CorrectRecord(Command):
    """Replace what a report says. `kind` and `report` are the report as it should have been; a reason is needed."""

    position: Position
    kind: str
    report: dict[str, Any]
    patient: str


def correct_record(docket: Docket, command: CorrectRecord, decide: Callable[[Docket, Command], Follows]) -> Follows:
    """The corrected report, in the same stream, of the same kind, on the record in force."""
    if docket.asked.reason is None:
        raise no.ReasonMissing("reason")
    if command.position >= docket.world.size:
        raise no.NoSuchRecord(f"position {command.position}")
    original = docket.archive.record(command.position)
    report = readable(command)
    follows = decide(_correcting(docket, command.position), report)
    if isinstance(follows, AlreadySo):
        return follows
    first = follows[0]
    if type(first.event) is not type(original.event) or first.stream != original.stream:
        raise no.CorrectionOfAnotherKind(f"position {command.position}")
    if (later := docket.world.corrected.get(command.position)) is not None:
        if docket.archive.record(later).event == first.event:
            return AlreadySo(later)
        raise no.AlreadyCorrected(f"position {command.position}", later)
    event = first.event
    if isinstance(event, AdverseEventReported) and isinstance(original.event, AdverseEventReported):
        event = event.model_copy(update={"adverse_event": original.event.adverse_event})
    return (replace(first, event=event), *follows[1:])


def readable(command: CorrectRecord) -> Command:
    """The report as a command; `NotCorrectable` for a kind that is none, `ValidationError` for one that cannot be
    read."""
    kind = REPORTS.get(command.kind)
    if kind is None:
        raise no.NotCorrectable(command.kind)
    return kind.model_validate({**command.report, "patient": command.patient})


def _correcting(docket: Docket, position: int) -> Docket:
    return replace(docket, asked=replace(docket.asked, corrects=position))
