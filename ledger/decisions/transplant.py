"""The graft: planned for another day, and infused. Its day is day 0, from which everything else is counted."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.docket import (
    AlreadySo,
    Decisions,
    Docket,
    Follows,
    PatientCommand,
    Reports,
    decided,
    judged_report,
)
from ledger.decisions.donor_standing import against_blood_groups, donor_of
from ledger.decisions.own_calendar import moved
from ledger.decisions.standing import day_zero_on
from ledger.errors import LedgerError
from ledger.patient import transplant as t
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.types import Amount, Commitment, Day, Instant, Line, Name


class RescheduleTransplant(PatientCommand):
    """Plan day 0 for another date; everything that depends on it and is still to come moves with it."""

    to_on: Day
    reason: Commitment


class RecordTransplant(PatientCommand):
    """Report the graft infusion: its day is day 0."""

    performed_at: Instant
    donor: Name | None = None
    graft: t.GraftKind | None = None
    product_code: Line | None = None
    cd34_cells_per_kg: Amount | None = None
    cd3_cells_per_kg: Amount | None = None


def reschedule_transplant(docket: Docket, command: RescheduleTransplant) -> Follows:
    """Nothing holds it up: infusions, windows and the calendar follow from the new day. After the graft, day 0 is a
    fact."""
    patient, protocol = docket.patient(command.patient), docket.protocol()
    from_on = day_zero_on(patient)
    if from_on is None or patient.enrolled is None:
        raise no.NotEnrolled(f"patient {patient.number}")
    if patient.transplant is not None:
        raise no.AlreadyTransplanted(f"patient {patient.number}")
    if from_on == command.to_on:
        return AlreadySo(_planned_by(docket, patient))
    event = t.TransplantRescheduled(
        from_on=from_on,
        to_on=command.to_on,
        reason=command.reason,
        moved=moved(patient, protocol, from_on, command.to_on, docket.occurred_day(patient.number)),
    )
    return decided(docket, patient.stream, event, (), stands=False)


def _planned_by(docket: Docket, patient: Patient) -> int:
    """The position that holds the day for which the graft is planned."""
    if patient.treatment.reschedules:
        return patient.treatment.reschedules[-1].position
    assert patient.enrolled is not None, patient.number
    position = docket.world.on_record(patient.stream, patient.enrolled, docket.now)
    assert position is not None, patient.number
    return position


def record_transplant(docket: Docket, command: RecordTransplant) -> Follows:
    """A fact. Of another donor than the selected one, of another kind (P11), or without blood groups: a deviation."""
    patient, protocol = docket.patient(command.patient), docket.protocol()
    event = t.TransplantPerformed(**command.model_dump(exclude={"patient"}))
    return judged_report(docket, patient.stream, event, lambda said: _against_graft(patient, protocol, said))


def _against_graft(patient: Patient, protocol: ProtocolDocument, graft: t.TransplantPerformed) -> Iterator[LedgerError]:
    selected = patient.donors.selected
    if selected is None and protocol.donor.criterion is not None:
        yield no.DonorNotSelected(f"patient {patient.number}")
    if selected is not None and graft.donor != selected.event.donor:
        yield no.GraftOfAnotherDonor(f"patient {patient.number}")
    if graft.graft == "other":
        yield no.GraftNotAsPlanned(f"patient {patient.number}")
    yield from against_blood_groups(patient, protocol, graft.donor or donor_of(patient), graft.performed_at.date())


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RescheduleTransplant: reschedule_transplant,
        RecordTransplant: record_transplant,
    }
)

REPORTS: Final[Reports] = MappingProxyType({"transplant": RecordTransplant})
