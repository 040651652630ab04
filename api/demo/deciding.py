"""A dose decision: proposed on the frozen dossier, signed by the quorum, circulated to those who dose."""

from typing import Any, Final

from api.demo.people import CHECKER, COMMITTEE, COORDINATOR, MONITOR_OF_SAFETY, PI, QA
from api.demo.stage import Stage

MEANING: Final = "I have reviewed the dossier and agree with the outcome."
QUORUM: Final = (PI, MONITOR_OF_SAFETY, COMMITTEE)
TOLD: Final = {"ward": COORDINATOR, "cell_laboratory": QA, "pharmacy": CHECKER}
"""Who acknowledges for those who dose."""

SIGNED_BY: Final = "PI, medical monitor and committee"


def decide(stage: Stage, number: int, outcome: str, level: int) -> None:
    """All of it, on one day. Every signature names the hash of what was shown."""
    stage.on(stage.today, hour=15)
    seen: dict[str, Any] = stage.by(MONITOR_OF_SAFETY).get("dossier").body
    proposal = {"outcome": outcome, "to_level": level, "dossier_hash": seen["dossier_hash"]}
    stage.by(MONITOR_OF_SAFETY).post("dose-decisions", proposal)
    for signer in QUORUM:
        vote = {"vote": "agree", "meaning": MEANING, "dossier_hash": seen["dossier_hash"]}
        stage.by(signer).post(f"dose-decisions/{number}/signatures", vote)
    taken = stage.by(PI).get(f"dose-decisions/{number}").body
    _show_signature(stage, taken, number)
    for party, player in TOLD.items():
        note = {"party": party, "by": player.name, "acknowledged_at": stage.at()}
        stage.by(player).post(f"notices/{taken['notice']}/acknowledgements", note)
    what = f"{outcome.replace('_', ' ')}, level {level}"
    stage.tell(f"Decision {number}: {what}. Signed by the {SIGNED_BY} on dossier {seen['dossier_hash'][:8]}…")


def _show_signature(stage: Stage, taken: dict[str, Any], number: int) -> None:
    """As it stands with what it signs: printed name, date and time, meaning. Once in a story."""
    if number == 1:
        signature = next(vote["signature"] for vote in taken["votes"] if vote["member"] == COMMITTEE.name)
        how = " and ".join(("id", *signature["components"]))
        stage.tell(f"Signed by {signature['name']}, {signature['signed_at'][:16].replace('T', ' ')} UTC, by {how}:")
        stage.tell(f"“{signature['meaning']}.”")
