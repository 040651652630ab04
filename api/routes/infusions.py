"""An infusion: planned, checked, authorised, given or not."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import given, infusion, readiness

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
            "chain_of_identity": "COI-001",
            "checkers": ["boris", "nina"],
        },
        at=_FIRST,
        rests_on="patient",
    ),
    Write(
        "/patients/{patient}/infusions/{ordinal}/start",
        given.RecordInfusionStart,
        needs("infusion", "W"),
        {"product": "NK-001-A", "level": 1, "started_at": "2026-02-18T09:40:00+03:00"},
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
            "cells": 140000000,
            "cd3_cells_per_kg": "1200",
            "viability_percent": "91.5",
            "volume_ml": "48",
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
