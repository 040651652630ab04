"""The ward: one sheet a look at the patient, and medication beside the protocol's product."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.application import TrialLedger
from ledger.decisions import ward
from ledger.patient.ward import WardSheetRecorded
from ledger.submission import Receipt
from projections.ward import SheetGrade, grades_at_once

_PATIENT = {"patient": "001"}


def graded(ledger: TrialLedger, receipt: Receipt) -> tuple[SheetGrade, ...]:
    """The grades of a sheet as its append left them, the same at every repetition."""
    sheet = next(record for record in receipt.records if isinstance(record.event, WardSheetRecorded))
    before = ledger.store.stream(sheet.stream, sheet.position)
    since = (r for r in receipt.records if r.stream == sheet.stream and r.position >= sheet.position)
    version = ledger.world.trial.versions.get(sheet.protocol_version)
    return grades_at_once([*before, *since], sheet.position, version.document) if version else ()


WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/patients/{patient}/ward-sheets",
        ward.RecordWardSheet,
        needs("patient", "W"),
        {
            "assessed_at": "2026-02-19T08:00:00+03:00",
            "sheet": {
                "temperature_celsius": "36.9",
                "systolic_mmhg": 104,
                "diastolic_mmhg": 62,
                "heart_rate_per_min": 96,
                "respiratory_rate_per_min": 20,
                "spo2_percent": "98",
                "oxygen_device": "none",
                "vasopressors": [],
                "neurology": "normal",
                "capd_score": 0,
            },
        },
        at=_PATIENT,
        grades=graded,
    ),
    Write(
        "/patients/{patient}/medication",
        ward.RecordMedication,
        needs("patient", "W"),
        {
            "agent": "noradrenaline",
            "acts_as": "vasopressor",
            "dose": "0.05",
            "dose_unit": "ug/kg/min",
            "route": "IV",
            "purpose": "treatment-of-crs",
            "given_at": "2026-02-20T06:00:00+03:00",
            "continuous": True,
        },
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/medication/stops",
        ward.StopMedication,
        needs("patient", "W"),
        {
            "agent": "noradrenaline",
            "given_at": "2026-02-20T06:00:00+03:00",
            "stopped_at": "2026-02-21T18:00:00+03:00",
        },
        at=_PATIENT,
    ),
)
