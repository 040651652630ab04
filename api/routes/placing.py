"""Cohorts open, slots are kept, patients are enrolled and get their dose level."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import enrolment

_PATIENT = {"patient": "001"}
WRITES: Final[tuple[Write, ...]] = (
    Write("/cohorts", enrolment.OpenCohort, needs("dose-decision", "W", "S"), {"level": 1}),
    Write(
        "/cohorts/{level}/reservations",
        enrolment.ReserveSlot,
        needs("slots", "W"),
        {"patient": "001"},
        at={"level": "1"},
    ),
    Write(
        "/cohorts/{level}/reservation-releases",
        enrolment.ReleaseReservation,
        needs("slots", "W"),
        {"patient": "001"},
        at={"level": "1"},
    ),
    Write(
        "/patients/{patient}/enrolment",
        enrolment.EnrolPatient,
        needs("slots", "W"),
        {"planned_transplant_on": "2026-03-02"},
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/dose-assignment",
        enrolment.AssignDoseLevel,
        needs("slots", "W"),
        {"level": 1},
        at=_PATIENT,
        rests_on="patient",
    ),
    Write(
        "/patients/{patient}/dose-assignment/cancellations",
        enrolment.CancelAssignment,
        needs("slots", "W"),
        {"cause": "Conditioning postponed"},
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/dose-assignment/reassignments",
        enrolment.ReassignDoseLevel,
        needs("slots", "W"),
        {"level": 1},
        at={"patient": "003"},
        rests_on="patient",
    ),
)
