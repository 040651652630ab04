"""A correction is the same report once more, with the position that it replaces. Nothing is edited."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, Self

from pydantic import model_validator

from ledger import refusals as no
from ledger.decisions import (
    conditioning,
    consent,
    donor,
    follow_up,
    given,
    infusion_record,
    outcomes,
    products,
    products_release,
    readiness,
    reporting,
    safety,
    screening,
    transplant,
    ward,
)
from ledger.decisions.docket import AlreadySo, Command, Docket, Follows, ProductCommand, Reports
from ledger.facts import same_fact
from ledger.patient.safety import AdverseEventReported
from ledger.types import Event, Position

REPORTS: Final[Reports] = MappingProxyType(
    {
        **screening.REPORTS,
        **consent.REPORTS,
        **donor.REPORTS,
        **conditioning.REPORTS,
        **transplant.REPORTS,
        **readiness.REPORTS,
        **given.REPORTS,
        **infusion_record.REPORTS,
        **safety.REPORTS,
        **reporting.REPORTS,
        **products.REPORTS,
        **products_release.REPORTS,
        **ward.REPORTS,
        **outcomes.REPORTS,
        **follow_up.REPORTS,
    }
)
"""What can be corrected, by the name that a correction gives it. Permissions, rulings and decisions are not
corrected: they are ruled, determined or decided anew."""


class CorrectRecord(Command):
    """Replace what a report says of a patient or of a lot. `kind` and `report` are the report as it should have been; a
    reason is needed."""

    position: Position
    kind: str
    report: dict[str, Any]
    patient: str | None = None
    lot: str | None = None

    @model_validator(mode="after")
    def _about_one(self) -> Self:
        if (self.patient is None) == (self.lot is None):
            raise ValueError("of a patient, or of a lot")
        return self


def correct_record(docket: Docket, command: CorrectRecord, decide: Callable[[Docket, Command], Follows]) -> Follows:
    """The corrected report, in the same stream, of the same kind, on the record in force."""
    if docket.asked.reason is None:
        raise no.ReasonMissing("reason")
    if command.position >= docket.world.size:
        raise no.NoSuchRecord(f"position {command.position}")
    original = docket.archive.record(command.position)
    if original.stream != _stream(docket, command):
        raise no.CorrectionOfAnotherKind(f"position {command.position}")
    follows = decide(_correcting(docket, command.position), readable(command))
    if isinstance(follows, AlreadySo):
        return follows
    first, event = follows[0], follows[0].event
    if isinstance(event, AdverseEventReported) and isinstance(original.event, AdverseEventReported):
        event = event.model_copy(update={"adverse_event": original.event.adverse_event})
    several = sum(entry.corrects is not None for entry in follows) > 1
    if several or not _about_the_same(original.event, event):
        raise no.CorrectionOfAnotherKind(f"position {command.position}")
    if original.conflicts_with is not None:
        raise no.NotCorrectable(f"position {command.position} contradicts position {original.conflicts_with}")
    if (later := docket.world.corrected.get(command.position)) is not None:
        if same_fact(docket.archive.record(later).event, event, docket.archive):
            return AlreadySo(later)
        raise no.AlreadyCorrected(f"position {command.position}", later)
    keeps_its_time = first.at is None and event.WHEN is None and docket.asked.occurred_at is None
    at = original.occurred_at if keeps_its_time else first.at
    return (replace(first, event=event, at=at), *follows[1:])


def _stream(docket: Docket, command: CorrectRecord) -> str:
    if command.lot is not None:
        return docket.product(command.lot).stream
    return docket.patient(command.patient or "").stream


def _about_the_same(original: Event, corrected: Event) -> bool:
    """Whether two reports are of one kind and about one thing: the same infusion, adverse event, criterion, finding."""
    named = ("ordinal", "adverse_event", "criterion", "word", "number", "test", "bag")
    return type(original) is type(corrected) and all(
        getattr(original, field, None) == getattr(corrected, field, None) for field in named
    )


def readable(command: CorrectRecord) -> Command:
    """The report as a command; `NotCorrectable` for a kind that is none, `ValidationError` for one that cannot be
    read."""
    kind = REPORTS.get(command.kind)
    if kind is None:
        raise no.NotCorrectable(command.kind)
    if issubclass(kind, ProductCommand):
        return kind.model_validate({**command.report, "lot": command.lot})
    whose = "number" if kind is screening.ScreenPatient else "patient"
    return kind.model_validate({**command.report, whose: command.patient})


def _correcting(docket: Docket, position: int) -> Docket:
    return replace(docket, asked=replace(docket.asked, corrects=position))
