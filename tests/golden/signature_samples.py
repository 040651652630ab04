"""One record for each event of a person's signature."""

from typing import Final

from ledger.record import Record
from ledger.trial.signatures import RecordSigned, SignedHead, SignedLeaf
from tests.golden.envelope import CHECKPOINT, commitment, moscow, on_trial

SIGNATURE_SAMPLES: Final[tuple[Record, ...]] = (
    on_trial(
        RecordSigned(
            manifest=(SignedLeaf(position=40, leaf_hash=commitment("2")),),
            about="patient/001",
            patient="001",
            meaning="I rule that this toxicity was dose-limiting",
            shown_sha256=None,
            checkpoint=SignedHead(size=CHECKPOINT.size, root=CHECKPOINT.root),
            signer_name=commitment("3"),
            signed_at=moscow(2, 10, 15),
            components=("password", "totp"),
            run=False,
        ),
        after=CHECKPOINT,
    ),
)
