"""Acknowledging what those who dose have to hear of."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import notices

WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/notices/{about}/acknowledgements",
        notices.AcknowledgeNotice,
        needs("notice", "W"),
        {"party": "ward", "by": "nina", "acknowledged_at": "2026-04-20T11:00:00+03:00"},
        at={"about": "20"},
    ),
)
