"""Chapter 1: a trial is registered, its protocol approved, its people and machines appointed."""

from api.demo.people import (
    ADMINISTRATOR,
    APPOINTED_BY_PI,
    APPOINTED_BY_SPONSOR,
    EDC,
    MONITOR_OF_SAFETY,
    PI,
    SITE,
    Player,
)
from api.demo.stage import SITE_OFFSET, Stage
from api.demo.ward import protocol


def begin(stage: Stage) -> None:
    """From nothing to an open first level."""
    stage.screen.chapter(1, "A trial begins")
    _register(stage)
    _appoint(stage)
    _approve_protocol(stage)
    stage.by(PI).post("cohorts", {"level": protocol().start})
    stage.tell(f"Level {protocol().start} opens for three children.")
    stage.show_board()


def _register(stage: Stage) -> None:
    sponsor, document = stage.by(MONITOR_OF_SAFETY), protocol()
    trial = {
        "trial_id": sponsor.trial,
        "title": document.title,
        "sponsor": document.sponsor,
        "origin": f"demo.example/{sponsor.trial}",
        "training": True,
    }
    sponsor.post("/v1/trials", trial)
    stage.tell(f"{MONITOR_OF_SAFETY.name}, for the sponsor, registers a training ledger.")
    sponsor.post("sites", {"site": SITE, "utc_offset": SITE_OFFSET})


def _appoint(stage: Stage) -> None:
    for player in APPOINTED_BY_SPONSOR:
        _delegate(stage, MONITOR_OF_SAFETY, player)
    for player in APPOINTED_BY_PI:
        _delegate(stage, PI, player)
    machine = {"system": EDC.name, "site": SITE, "zone": "Europe/Moscow"}
    stage.by(ADMINISTRATOR).post("sources", machine)
    stage.tell(f"Site {SITE} opens. Roles are delegated; {EDC.name} may report.")


def _delegate(stage: Stage, by: Player, to: Player) -> None:
    delegation = {
        "person": to.name,
        "role": to.role,
        "site": to.site,
        "from_on": stage.today.isoformat(),
        "to_on": None,
        "training": {"reference": f"Training file of {to.name}, GCP", "completed_on": "2025-03-14"},
    }
    stage.by(by).post("delegations", delegation)


def _approve_protocol(stage: Stage) -> None:
    """Proposed by one person, approved by an ethics committee, signed by another person on exactly that document."""
    document, today = protocol().model_dump(mode="json"), stage.today.isoformat()
    version = {"version": 1, "effective_on": today, "document": document}
    stage.by(MONITOR_OF_SAFETY).post("protocol-versions", version)
    ethics = {"body": "Local ethics committee", "approved_on": today}
    stage.by(MONITOR_OF_SAFETY).post("protocol-versions/1/ethics-approvals", ethics)
    shown = stage.by(PI).get("protocol-versions/1").body
    stage.by(PI).post("protocol-versions/1/approvals", {"document_sha256": shown["document_sha256"]})
    stage.tell(f"Protocol version 1: ethics approval, then {PI.name} signs second.")
