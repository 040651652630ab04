"""Erasing the free texts about a patient, and redacting one text: one person asks, another confirms."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import privacy

WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/patients/{patient}/erasures",
        privacy.RequestErasure,
        needs("erasure", "W"),
        {"legal_basis": "gdpr-17-request", "explanation": "Asked for in writing on 20 April; the letter is on file."},
        at={"patient": "001"},
    ),
    Write(
        "/patients/{patient}/erasures/{erasure}/confirmation",
        privacy.ConfirmErasure,
        needs("erasure", "S"),
        {},
        at={"patient": "001", "erasure": "1"},
    ),
    Write(
        "/redactions",
        privacy.RequestRedaction,
        needs("redaction", "W"),
        {"about": 24, "member": "reason", "cause": "names-a-person"},
    ),
    Write(
        "/redactions/{redaction}/confirmation",
        privacy.ConfirmRedaction,
        needs("redaction", "S"),
        {},
        at={"redaction": "1"},
    ),
)
