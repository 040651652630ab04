"""What the sponsor makes of adverse events and sends on, pregnancies, safety reviews, and what is expected."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import reporting, safety_reviews

_EVENT = {"patient": "001", "adverse_event": "1"}

WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/reference-safety-information",
        safety_reviews.ApproveReferenceSafetyInformation,
        needs("trial", "W"),
        {"version": "IB-3", "effective_on": "2026-02-01", "document_sha256": "7d" * 32},
    ),
    Write(
        "/patients/{patient}/adverse-events/{adverse_event}/classification",
        reporting.ClassifySae,
        needs("serious", "W", "S"),
        {
            "revision": 1,
            "serious": True,
            "criteria": ["life-threatening", "hospitalisation"],
            "expected": False,
            "reference_safety_information": "IB-3",
            "sponsor_causality": "probable",
            "received_at": "2026-02-20T09:00:00+03:00",
            "rationale": "Vasopressor from the second hour; CRS of this grade is not in the list.",
        },
        at=_EVENT,
        rests_on="patient",
    ),
    Write(
        "/patients/{patient}/adverse-events/{adverse_event}/receipts",
        reporting.RecordReceipt,
        needs("serious", "W", "S"),
        {"received_at": "2026-02-23T16:00:00+03:00", "information": "Letter of the intensive care unit."},
        at=_EVENT,
    ),
    Write(
        "/patients/{patient}/adverse-events/{adverse_event}/expedited-reports",
        reporting.RecordExpeditedReport,
        needs("serious", "W"),
        {
            "kind": "urgent",
            "to": "authority",
            "recipient": "Roszdravnadzor",
            "reference": "2026-0417",
            "submitted_at": "2026-02-24T11:00:00+03:00",
        },
        at=_EVENT,
    ),
    Write(
        "/patients/{patient}/pregnancies",
        reporting.ReportPregnancy,
        needs("adverse-event", "W"),
        {"pregnant": "partner", "known_on": "2026-02-23", "narrative": "Told at the visit."},
        at={"patient": "001"},
    ),
    Write(
        "/safety-reviews",
        safety_reviews.RecordSafetyReview,
        needs("hold", "S"),
        {
            "held_at": "2026-02-24T14:00:00+03:00",
            "attendees": [
                {"person": "olga", "role": "safety_committee", "conflict_of_interest": False},
                {"person": "vera", "role": "medical_monitor", "conflict_of_interest": True},
            ],
            "conflicts": "The medical monitor is employed by the sponsor.",
            "minutes_sha256": "3b" * 32,
            "about_holds": [1],
            "recommendation": "resume",
            "rationale": "One reaction, with full recovery.",
        },
    ),
)
