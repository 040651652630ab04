"""A patient's own calendar: the day table from day 0, with the donor and the backbone as far as they are known, and
what of it was given or left out."""

from collections.abc import Iterator
from datetime import date
from typing import Literal, TypeAlias

from ledger.decisions.donor_standing import donor_type_of
from ledger.patient.state import Patient
from ledger.protocol import calendar
from ledger.protocol.calendar import Moved, Schedule, ScheduledItem
from ledger.protocol.document import ProtocolDocument

DoneAs = Literal["given", "omitted"]
Key: TypeAlias = tuple[str, str, int]


def own_schedule(patient: Patient, protocol: ProtocolDocument, day_zero: date) -> Schedule:
    """The calendar from a day 0."""
    backbone = patient.treatment.backbone
    known = backbone if backbone and calendar.choice_of(protocol, backbone) else None
    return calendar.schedule(protocol, day_zero, donor_type=donor_type_of(patient), backbone=known)


def key_of(item: ScheduledItem) -> Key:
    """What is planned, and for which day; an infusion and the graft are planned once."""
    if item.kind in ("infusion", "graft"):
        return item.kind, item.what, 0
    return ("prophylaxis" if item.kind == "gvhd_prophylaxis" else "conditioning"), item.what, item.day


def done(patient: Patient) -> Iterator[tuple[Key, tuple[date | None, DoneAs]]]:
    """What was given, and on which day; or left out."""
    for ordinal, infusion in patient.infusions.items():
        if infusion.given_on or infusion.omitted:
            done_as: DoneAs = "given" if infusion.given_on else "omitted"
            yield ("infusion", f"infusion {ordinal}", 0), (infusion.given_on, done_as)
    for told in patient.treatment.conditioning:
        yield ("conditioning", told.event.agent, told.event.protocol_day), (told.event.given_on, "given")
    for each in patient.treatment.prophylaxis:
        yield ("prophylaxis", each.event.agent, each.event.protocol_day), (each.event.given_on, "given")
    if patient.transplant:
        yield ("graft", calendar.GRAFT, 0), (patient.transplant.at.date(), "given")


def moved(
    patient: Patient, protocol: ProtocolDocument, from_on: date, to_on: date, today: date | None
) -> tuple[Moved, ...]:
    """What moves when day 0 does: neither what was given or left out, nor what was planned for a day before `today`."""
    settled = {key for key, _ in done(patient) if key[0] != "graft"}
    schedules = (own_schedule(patient, protocol, zero) for zero in (from_on, to_on))
    before, after = (tuple(item for item in items if key_of(item) not in settled) for items in schedules)
    return calendar.moved(before, after, today=today)
