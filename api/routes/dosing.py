"""Holds, dose decisions, decisions taken on paper, and corrections."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import corrections, dose_decision, holds

DOSSIER_EXAMPLE: Final = "0" * 64
"""Stands for what `GET .../dossier` says at that moment."""

WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/holds",
        holds.ApplyHold,
        needs("hold", "set"),
        {"scope": "trial", "cause": "logistics", "reason": "The cell laboratory has no power."},
    ),
    Write(
        "/holds/{hold}/lifts",
        holds.LiftHold,
        needs("hold", "lift"),
        {"review": "Power is back; all products were checked and are within their limits."},
        at={"hold": "1"},
        rests_on="trial",
    ),
    Write(
        "/dose-decisions",
        dose_decision.ProposeDoseDecision,
        needs("dose-decision", "W", "S"),
        {"outcome": "stay", "to_level": 1, "dossier_hash": DOSSIER_EXAMPLE},
    ),
    Write(
        "/dose-decisions/{decision}/signatures",
        dose_decision.SignDoseDecision,
        needs("dose-decision", "S"),
        {"vote": "agree", "meaning": "I have reviewed the dossier and agree", "dossier_hash": DOSSIER_EXAMPLE},
        at={"decision": "1"},
    ),
    Write(
        "/paper-decisions",
        dose_decision.ReportPaperDecision,
        needs("dose-decision", "W", "S"),
        {"outcome": "escalate", "to_level": 2, "taken_at": "2026-04-20T10:00:00+03:00"},
    ),
    Write(
        "/corrections",
        corrections.CorrectRecord,
        needs("correction", "W"),
        {
            "position": 42,
            "patient": "001",
            "kind": "infusion",
            "report": {
                "ordinal": 1,
                "product": "NK-001-A",
                "ended_at": "2026-02-18T10:05:00+03:00",
                "weight_kg": "21.0",
                "cells": 140000000,
                "cd3_cells_per_kg": "1200",
                "viability_percent": "91.5",
                "volume_ml": "50",
            },
            "reason": "Transcription: the bag held 50 ml, as the laboratory's record says.",
        },
        rests_on="patient",
    ),
)
