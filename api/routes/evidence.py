"""Who watches the log, how strict the trial is about it, and the recovery of one that was restored."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import evidence

_POLICY: Final = (
    "log ledger.example/NCT07256210+d8522021+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
    "witness site site.example+424fd60f+BHm1Vi6P5lT5QHixEuipi6eQH4U65pW+1+DjkQutBJZk https://witness.site.example",
    "quorum site",
)

WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/evidence/witness-policies",
        evidence.SetWitnessPolicy,
        needs("evidence", "W"),
        {"lines": list(_POLICY), "policy_sha256": "a" * 64},
    ),
    Write(
        "/evidence/anchor-policies",
        evidence.SetAnchorPolicy,
        needs("evidence", "W"),
        {"authorities": [{"name": "national", "url": "https://tsa.example.org", "roots_sha256": "b" * 64}]},
    ),
    Write("/evidence/settings", evidence.SetSettings, needs("evidence", "W"), {"quorum_before_exposure": True}),
    Write(
        "/evidence/recoveries",
        evidence.RecordRecovery,
        needs("evidence", "W", "S"),
        {
            "signed_size": 120,
            "signed_root": "c" * 64,
            "found_size": 98,
            "found_root": "d" * 64,
            "found_on": "2026-03-04",
            "circumstances": "The disk failed; the backup of the night was restored.",
        },
    ),
)
