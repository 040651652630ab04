"""A cohort opens, a slot is kept, a patient is enrolled and gets a dose level."""

from collections.abc import Iterator
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.cohort.state import Cohort
from ledger.decisions.docket import (
    AlreadySo,
    Command,
    Decisions,
    Docket,
    Entries,
    Follows,
    PatientCommand,
    decided,
    decided_here,
)
from ledger.decisions.permits import (
    against_assignment,
    against_enrolment,
    against_full,
    against_opening,
    against_placing,
    against_reservation,
    against_taking_part,
)
from ledger.designs.reading import FIRST_SLOTS
from ledger.errors import Refused
from ledger.patient import events as e
from ledger.patient.state import Patient
from ledger.record import Entry, cohort_stream
from ledger.types import Day, Level, Line, Phase


class OpenCohort(Command):
    """Open the protocol's start level. Every other level opens by a dose decision."""

    level: Level


class ReserveSlot(PatientCommand):
    """Keep a slot of a cohort for a patient in screening."""

    level: Level


class ReleaseReservation(PatientCommand):
    """Give a kept slot back."""

    level: Level


class EnrolPatient(PatientCommand):
    """Enrol an eligible patient, with the planned day 0."""

    planned_transplant_on: Day


class AssignDoseLevel(PatientCommand):
    """Give an enrolled patient the level at which a slot is kept."""

    level: Level


class CancelAssignment(PatientCommand):
    """End an assignment before the first infusion; the slot is free again."""

    cause: Line


class ReassignDoseLevel(PatientCommand):
    """Move a patient on a held level to a lower open one, before the first infusion."""

    level: Level


def open_cohort(docket: Docket, command: OpenCohort) -> Follows:
    """The start level opens once, under an approved protocol. What a paper opened is a decision on paper."""
    docket.signer("medical_monitor", "principal_investigator")
    protocol, cohort = docket.protocol(), docket.cohort(command.level)
    event = c.CohortOpened(level=command.level, slots_count=FIRST_SLOTS, decision=None)
    return decided_here(docket, cohort.stream, event, against_opening(docket.world, protocol, command.level))


def reserve_slot(docket: Docket, command: ReserveSlot) -> Follows:
    """The patient holds the slot until the reservation lapses; lapsed ones of others are released first."""
    patient, protocol, cohort = docket.patient(command.patient), docket.protocol(), docket.cohort(command.level)
    held = cohort.reservations.get(patient.number)
    live = cohort.keeps_slot(patient.number, docket.judged_on)
    expires_on = docket.judged_on + timedelta(days=protocol.reservation_days)
    event = c.SlotReserved(patient=patient.number, expires_on=held if held is not None and live else expires_on)
    broken = against_reservation(docket, patient, cohort, protocol)
    told_before = docket.asked.on_paper and patient.level is not None
    follows = decided(docket, cohort.stream, event, broken, stands=live or told_before)
    return follows if isinstance(follows, AlreadySo) else (*_lapsed(docket, cohort), *follows)


def _lapsed(docket: Docket, cohort: Cohort) -> Entries:
    return tuple(
        Entry(cohort.stream, c.ReservationReleased(patient=number, cause="lapsed"))
        for number in sorted(cohort.reservations)
        if not cohort.keeps_slot(number, docket.judged_on)
    )


def release_reservation(docket: Docket, command: ReleaseReservation) -> Follows:
    """A person gives the slot back."""
    cohort = docket.cohort(command.level)
    if command.patient not in cohort.reservations:
        raise no.NoReservation(f"patient {command.patient} at level {command.level}")
    return (Entry(cohort.stream, c.ReservationReleased(patient=command.patient, cause="by-person")),)


def enrol_patient(docket: Docket, command: EnrolPatient) -> Follows:
    """Eligible under the version in force, consent valid, below the cap (domain G.4-1)."""
    patient = docket.patient(command.patient)
    phase = patient.enrolled.phase if patient.enrolled else _phase(docket)
    event = e.PatientEnrolled(phase=phase, planned_transplant_on=command.planned_transplant_on)
    if patient.enrolled not in (None, event):
        raise no.AlreadyEnrolled(f"patient {patient.number}")
    return decided(docket, patient.stream, event, against_enrolment(docket, patient, docket.version()))


def assign_dose_level(docket: Docket, command: AssignDoseLevel) -> Follows:
    """The level on the patient and the slot on the cohort, in one append. The first of a cohort is its sentinel."""
    patient, cohort = docket.patient(command.patient), docket.cohort(command.level)
    if patient.level not in (None, command.level):
        raise no.AlreadyAssigned(f"patient {patient.number} has level {patient.level}")
    sentinel = patient.sentinel if patient.level == command.level else cohort.sentinel_due
    event = e.DoseLevelAssigned(level=command.level, sentinel=sentinel)
    broken = against_assignment(docket, patient, cohort, docket.version())
    follows = decided(docket, patient.stream, event, broken, stands=patient.level == command.level)
    if isinstance(follows, AlreadySo):
        return follows
    return (*follows, _taken(docket, patient, cohort, sentinel=sentinel))


def _taken(docket: Docket, patient: Patient, cohort: Cohort, *, sentinel: bool) -> Entry:
    """The place in the cohort."""
    return Entry(cohort.stream, c.SlotAssigned(patient=patient.number, sentinel=sentinel, phase=_phase(docket)))


def _phase(docket: Docket) -> Phase:
    """The phase that the trial is in; of what was decided on paper, the one that it was in then."""
    trial = docket.world.trial
    return trial.phase_at(docket.occurred_at) if docket.asked.on_paper else trial.phase


def cancel_assignment(docket: Docket, command: CancelAssignment) -> Follows:
    """Before the first infusion only: afterwards the level stands, whatever becomes of the patient."""
    patient = docket.patient(command.patient)
    if patient.level is None:
        raise no.NotAssigned(f"patient {patient.number}")
    if patient.dosed:
        raise no.AlreadyDosed(f"patient {patient.number}")
    return (
        Entry(patient.stream, e.AssignmentCancelled(level=patient.level, cause=command.cause)),
        Entry(cohort_stream(patient.level), c.SlotVacated(patient=patient.number)),
    )


def reassign_dose_level(docket: Docket, command: ReassignDoseLevel) -> Follows:
    """A conditioned patient on a held level goes to a lower open one, by signature (domain B.2)."""
    docket.signer("principal_investigator", "medical_monitor")
    patient, cohort = docket.patient(command.patient), docket.cohort(command.level)
    before = patient.level
    if before is None:
        raise no.NotAssigned(f"patient {patient.number}")
    if patient.dosed:
        raise no.AlreadyDosed(f"patient {patient.number}")

    def broken() -> Iterator[Refused]:
        yield from against_taking_part(patient, docket.protocol(), docket.judged_on)
        if command.level >= before or docket.world.trial.held(before) is None:
            yield no.LevelNotAdvised(f"from level {before} to level {command.level}")
        yield from against_placing(docket.world, docket.protocol(), command.level)
        yield from against_full(docket.world, cohort, docket.judged_on)

    event = e.DoseLevelReassigned(from_level=before, level=command.level, sentinel=cohort.sentinel_due)
    follows = decided(docket, patient.stream, event, broken(), stands=False)
    if isinstance(follows, AlreadySo):
        return follows
    vacated = Entry(cohort_stream(before), c.SlotVacated(patient=patient.number))
    return (*follows, vacated, _taken(docket, patient, cohort, sentinel=cohort.sentinel_due))


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        OpenCohort: open_cohort,
        ReserveSlot: reserve_slot,
        ReleaseReservation: release_reservation,
        EnrolPatient: enrol_patient,
        AssignDoseLevel: assign_dose_level,
        CancelAssignment: cancel_assignment,
        ReassignDoseLevel: reassign_dose_level,
    }
)
