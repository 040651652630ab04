"""One record for each event about the evidence of a log."""

from datetime import date
from typing import Final

from ledger.record import Record
from ledger.trial.evidence import (
    AnchorPolicySet,
    AnchorRecorded,
    Authority,
    ClockAnomaly,
    Cosigner,
    EvidenceQuorumReached,
    LogKeyEnrolled,
    RecoveryRecorded,
    SettingsSet,
    WitnessPolicySet,
)
from tests.golden.envelope import CHECKPOINT, commitment, moscow, on_trial

KEY: Final = "ledger.example.org/NCT07256210+64b6b0f7+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
WITNESS: Final = "site.example.org+1a2b3c4d+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
SIGNATURE: Final = "A" * 86 + "=="

EVIDENCE_SAMPLES: Final[tuple[Record, ...]] = (
    on_trial(LogKeyEnrolled(verifier_key=KEY, replaces=None, signed_by_old_key=None)),
    on_trial(
        WitnessPolicySet(
            lines=(f"log {KEY}", f"witness site {WITNESS} https://site.example.org", "quorum site"),
            policy_sha256=commitment("a"),
        )
    ),
    on_trial(
        AnchorPolicySet(
            authorities=(Authority(name="national", url="https://tsa.example.org", roots_sha256=commitment("b")),)
        )
    ),
    on_trial(
        AnchorRecorded(size=7, authority="national", token_sha256=commitment("c"), stamped_at=moscow(3, 12)),
        after=CHECKPOINT,
    ),
    on_trial(
        EvidenceQuorumReached(
            size=7, root=commitment("d"), cosigners=(Cosigner(name="site", cosigned_at=moscow(3, 12)),)
        ),
        after=CHECKPOINT,
    ),
    on_trial(ClockAnomaly(against="steady-clock", off_by_milliseconds=-3_600_012)),
    on_trial(
        RecoveryRecorded(
            signed_size=120,
            signed_root=commitment("e"),
            found_size=98,
            found_root=commitment("f"),
            found_on=date(2026, 3, 4),
            circumstances=commitment("0"),
        ),
        reason=commitment("1"),
    ),
    on_trial(SettingsSet(quorum_before_exposure=True)),
)
