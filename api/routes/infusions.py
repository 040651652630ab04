"""An infusion: planned, ordered, checked, authorised, given or not, and what is recorded around it."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import bedside, dose_order, given, infusion, infusion_record, readiness

_FIRST = {"patient": "001", "ordinal": "1"}
WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/patients/{patient}/infusions/{ordinal}/dose",
        infusion.PlanDose,
        needs("readiness", "S", "findings"),
        {"weight_kg": "21.0", "weighed_on": "2026-02-18"},
        at=_FIRST,
    ),
    Write(
        "/patients/{patient}/infusions/{ordinal}/dose-order",
        dose_order.OrderDose,
        needs("readiness", "S", "findings"),
        {
            "product": "NK-001-A",
            "bags": ["NK-001-A.1"],
            "viable_cells_per_ml": "2900000",
            "cells_by_first_calculation": "140000000",
            "volume_ml_by_first_calculation": "48.2",
        },
        at=_FIRST,
    ),
    Write(
        "/patients/{patient}/infusions/{ordinal}/readiness",
        readiness.AssessReadiness,
        needs("readiness", "S", "findings"),
        {
            "assessed_at": "2026-02-18T08:30:00+03:00",
            "oxygen_assessed_at": "2026-02-18T08:40:00+03:00",
            "prednisone_equivalent_mg_per_kg_per_day_max_in_72_h": "0.25",
            "uncontrolled_infection": False,
            "ventilator": False,
            "oxygen_l_per_min": "0",
        },
        at=_FIRST,
    ),
    Write(
        "/patients/{patient}/infusions/{ordinal}/authorisation",
        infusion.AuthoriseInfusion,
        needs("readiness", "S"),
        {
            "product": "NK-001-A",
            "cells_by_second_calculation": "140000000",
            "volume_ml_by_second_calculation": "48.2",
            "chain_of_identity": "COI-001",
            "checkers": ["boris", "nina"],
        },
        at=_FIRST,
        rests_on="patient",
    ),
    Write(
        "/patients/{patient}/infusions/{ordinal}/checks",
        bedside.SignBedsideCheck,
        needs("bedside-check", "S"),
        {"product": "NK-001-A", "chain_of_identity": "COI-001"},
        at=_FIRST,
    ),
    Write(
        "/patients/{patient}/infusions/{ordinal}/start",
        given.RecordInfusionStart,
        needs("infusion", "W"),
        {
            "product": "NK-001-A",
            "level": 1,
            "started_at": "2026-02-18T09:40:00+03:00",
            "bags": ["NK-001-A.1"],
            "chain_of_identity": "COI-001",
            "checkers": ["boris", "nina"],
            "premedication": ["paracetamol", "clemastine"],
        },
        at=_FIRST,
    ),
    Write(
        "/patients/{patient}/infusions/{ordinal}/completion",
        given.RecordInfusion,
        needs("infusion", "W"),
        {
            "product": "NK-001-A",
            "ended_at": "2026-02-18T10:05:00+03:00",
            "weight_kg": "21.0",
            "weighed_on": "2026-02-18",
            "cells": 140000000,
            "cd3_cells_per_kg": "1200",
            "cells_per_ml": "3170000",
            "viability_percent": "91.5",
            "volume_ml": "48.2",
            "residual_volume_ml": "0.5",
            "reaction": False,
        },
        at=_FIRST,
    ),
    Write(
        "/patients/{patient}/infusions/{ordinal}/interruptions",
        infusion_record.RecordInterruption,
        needs("infusion", "W"),
        {"interrupted_at": "2026-02-18T09:50:00+03:00", "cause": "line-or-pump"},
        at=_FIRST,
    ),
    Write(
        "/patients/{patient}/infusions/{ordinal}/resumptions",
        infusion_record.RecordResumption,
        needs("infusion", "W"),
        {"resumed_at": "2026-02-18T09:54:00+03:00"},
        at=_FIRST,
    ),
    Write(
        "/patients/{patient}/infusions/{ordinal}/vitals",
        infusion_record.RecordInfusionVitals,
        needs("infusion", "W"),
        {
            "readings": [
                {
                    "taken_at": "2026-02-18T09:35:00+03:00",
                    "temperature_celsius": "36.7",
                    "systolic_mmhg": 104,
                    "diastolic_mmhg": 61,
                    "heart_rate_per_min": 92,
                    "spo2_percent": "99",
                },
                {"taken_at": "2026-02-18T10:10:00+03:00", "temperature_celsius": "37.1", "heart_rate_per_min": 98},
            ]
        },
        at=_FIRST,
    ),
    Write(
        "/patients/{patient}/infusions/{ordinal}/omission",
        given.OmitInfusion,
        needs("infusion", "W"),
        {"cause": "manufacturing-failure", "occurred_at": "2026-03-20T08:00:00+03:00"},
        at={"patient": "002", "ordinal": "2"},
    ),
)
