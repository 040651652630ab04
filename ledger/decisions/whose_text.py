"""Whom the free texts of a command are about, and so under whose key they are kept.

The patient of the command, or of its lot where that is one patient's alone; a quarantined report, where the patient is
unknown; otherwise the trial. Why somebody was erased is the trial's.
"""

from collections.abc import Iterable

from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.docket import Command, ProductCommand
from ledger.decisions.notices import AcknowledgeNotice
from ledger.decisions.privacy import ConfirmErasure, RequestErasure, subject_of_event
from ledger.decisions.products_standing import patients_of_lot
from ledger.decisions.screening import ScreenPatient
from ledger.record import TRIAL, Record, patient_stream
from ledger.world import World


def subject_of(command: Command, records: Iterable[Record], world: World) -> str:
    """Whom the texts of a command are about, by the state after it and the records that followed from it."""
    if isinstance(command, RequestErasure | ConfirmErasure):
        return TRIAL
    for record in records:
        if (named := subject_of_event(record.event)) is not None:
            return named
    patient = _patient_of(command, world)
    known = world.patients.get(patient) if patient is not None else None
    return TRIAL if known is None else patient_stream(known.number)


def _patient_of(command: Command, world: World) -> str | None:
    if isinstance(command, ScreenPatient):
        return command.number
    if isinstance(command, ProductCommand | CorrectRecord) and command.lot is not None:
        concerned = patients_of_lot(world, command.lot)
        return concerned[0] if len(concerned) == 1 else None
    if isinstance(command, AcknowledgeNotice):
        notice = world.notices.get(command.about)
        return notice.patient if notice is not None else None
    named = getattr(command, "patient", None)
    return named if isinstance(named, str) else None
