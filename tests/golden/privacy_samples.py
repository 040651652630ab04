"""One record for each event about the texts that are gone."""

from typing import Final

from ledger.record import Record
from ledger.trial.privacy import ErasureRequested, RedactionRequested, TextErased, TextRedacted
from tests.golden.envelope import commitment, on_trial

PRIVACY_SAMPLES: Final[tuple[Record, ...]] = (
    on_trial(
        ErasureRequested(erasure=1, patient="001", legal_basis="gdpr-17-request", explanation=commitment("a")),
        reason=commitment("b"),
    ),
    on_trial(
        TextErased(
            erasure=1,
            patient="001",
            subjects=("patient/001", "quarantine/2"),
            texts_count=14,
            commitments_sha256=commitment("c"),
            legal_basis="gdpr-17-request",
        )
    ),
    on_trial(RedactionRequested(redaction=1, about=24, commitment=commitment("d"), cause="names-a-person")),
    on_trial(TextRedacted(redaction=1, about=24, commitment=commitment("d"), cause="names-a-person")),
)
