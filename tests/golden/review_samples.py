"""One record for each event of the review of a patient's record."""

from datetime import date
from typing import Final

from ledger.patient.review import (
    InvestigatorEndorsed,
    QueryAnswered,
    QueryClosed,
    QueryRaised,
    QueryReopened,
    SourceVerified,
)
from ledger.record import Actor, Record
from tests.golden.envelope import commitment, on_patient

MONITOR: Final = Actor("anton", "monitor", "NDGOI", "password+totp")

REVIEW_SAMPLES: Final[tuple[Record, ...]] = (
    on_patient(QueryRaised(query=1, about=40, kind="question", text=commitment("1")), actor=MONITOR),
    on_patient(QueryAnswered(query=1, answer=commitment("2"))),
    on_patient(QueryClosed(query=1, resolution="stands", comment=None), actor=MONITOR),
    on_patient(QueryReopened(query=1, why=commitment("3")), actor=MONITOR),
    on_patient(SourceVerified(positions=(38, 40), verified_on=date(2026, 3, 2)), actor=MONITOR),
    on_patient(
        InvestigatorEndorsed(
            member="ivan",
            role="investigator",
            up_to_position=40,
            records_count=27,
            manifest_hash=commitment("a"),
            meaning="I confirm that these data are accurate and complete",
        )
    ),
)
