"""Queries on a patient's record, source verification, and the investigator's endorsement."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import queries, review

_PATIENT: Final = {"patient": "001"}
_QUERY: Final = {**_PATIENT, "query": "1"}
MANIFEST_EXAMPLE: Final = "0" * 64
"""Stands for what `GET .../endorsement` says at that moment."""

WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/patients/{patient}/queries",
        queries.RaiseQuery,
        needs("query", "W", "raise"),
        {"about": 24, "text": "The consent form on file is version 2; the record says 1."},
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/queries/{query}/answers",
        queries.AnswerQuery,
        needs("query", "answer"),
        {"answer": "Version 1 was signed; version 2 was printed later and is not signed."},
        at=_QUERY,
    ),
    Write(
        "/patients/{patient}/queries/{query}/closures",
        queries.CloseQuery,
        needs("query", "W"),
        {"resolution": "stands"},
        at=_QUERY,
    ),
    Write(
        "/patients/{patient}/queries/{query}/reopenings",
        queries.ReopenQuery,
        needs("query", "W", "raise"),
        {"why": "Then version 2 has to leave the file."},
        at=_QUERY,
    ),
    Write(
        "/patients/{patient}/source-verifications",
        review.VerifySource,
        needs("source-verification", "W"),
        {"positions": [24, 25], "verified_on": "2026-02-02"},
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/endorsements",
        review.EndorseData,
        needs("endorsement", "S"),
        {"manifest_hash": MANIFEST_EXAMPLE, "meaning": "I confirm that these data are accurate and complete"},
        at=_PATIENT,
    ),
)
