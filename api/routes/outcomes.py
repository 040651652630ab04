"""What became of a patient: outcomes, visits, and attempts to reach somebody."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import follow_up, outcomes

_PATIENT = {"patient": "001"}

GVHD_FINDINGS: Final = {
    "weight_kg": "21.0",
    "rash_percent_of_body_surface": "30",
    "erythroderma_with_bullae_and_desquamation": False,
    "bilirubin_mg_per_dl": "0.9",
    "persistent_upper_gi_symptoms": False,
    "stool_ml_per_day": None,
    "stool_episodes_per_day": 2,
    "severe_pain_ileus_or_gross_blood": False,
}

WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/patients/{patient}/outcomes",
        outcomes.RecordOutcomes,
        needs("patient", "W"),
        {
            "outcomes": [
                {"kind": "engraftment", "of": "neutrophils", "happened_on": "2026-03-19"},
                {
                    "kind": "disease-response",
                    "disease": "AML",
                    "criteria": "ELN-2022",
                    "response": "CR",
                    "assessed_on": "2026-03-30",
                },
                {
                    "kind": "mrd",
                    "method": "flow-cytometry",
                    "material": "bone-marrow",
                    "percent_of_nucleated_cells": None,
                    "detection_limit_percent": "0.01",
                    "assessed_on": "2026-03-30",
                },
                {"kind": "lymphocyte-subset", "subset": "NK", "cells_per_ul": "145", "assessed_on": "2026-03-30"},
            ]
        },
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/outcomes/acute-gvhd",
        outcomes.StageAcuteGvhd,
        needs("patient", "W"),
        {"assessed_on": "2026-03-30", "findings": GVHD_FINDINGS},
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/visits",
        follow_up.RecordVisit,
        needs("patient", "W"),
        {
            "visit": 28,
            "visited_on": "2026-03-30",
            "kind": "on-site",
            "performed": ["disease-response", "mrd", "lymphocyte-subset", "acute-gvhd"],
        },
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/missed-visits",
        follow_up.ReportMissedVisit,
        needs("patient", "W"),
        {"visit": 60, "cause": "not-reached"},
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/contacts",
        follow_up.RecordContactAttempt,
        needs("patient", "W"),
        {"attempted_at": "2026-04-18T11:00:00+03:00", "means": "telephone", "reached": False},
        at=_PATIENT,
    ),
)
