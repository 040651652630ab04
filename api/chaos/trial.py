"""A trial to be maltreated: registered under the bundled protocol, with a site and some patients in screening, in a
directory of its own; and the one account that reports about them."""

import secrets
from datetime import date
from pathlib import Path
from typing import Final

from api.auth import add_account
from ledger.application import TrialLedger
from ledger.decisions.docket import Command
from ledger.decisions.safety import ReportAdverseEvent
from ledger.decisions.screening import ScreenPatient
from ledger.decisions.setup import (
    ApproveProtocolVersion,
    DelegateRole,
    OpenSite,
    ProposeProtocolVersion,
    RecordEthicsApproval,
    RegisterTrial,
)
from ledger.protocol.load import bundled, load_protocol
from ledger.record import Actor, Asked
from ledger.shelf import SUFFIX
from ledger.submission import Submission, command_id

TRIAL: Final = "CHAOS-1"
SITE: Final = "SITE-A"
CLIENT: Final = "callers"
PATIENTS: Final = 20
BEGUN_ON: Final = date(2026, 1, 5)
ONSET: Final = "2026-01-05T07:00:00Z"
SPONSOR: Final = Actor("vera", "medical_monitor", None, "chaos")
INVESTIGATOR: Final = Actor("maria", "principal_investigator", SITE, "chaos")
REPORTER: Final = Actor("ivan", "investigator", SITE, "chaos")


def file_in(directory: Path) -> Path:
    return directory / f"{TRIAL}{SUFFIX}"


def begin(ledger: TrialLedger) -> None:
    """The trial's first events."""
    document = load_protocol(bundled("nct07256210"))
    registered = RegisterTrial(
        trial_id=TRIAL, title="To be maltreated", sponsor="Nobody", origin=f"chaos.example/{TRIAL}", training=True
    )
    proposed = ProposeProtocolVersion(version=1, effective_on=BEGUN_ON, document=document.model_dump(mode="json"))
    approved = RecordEthicsApproval(version=1, body="Nobody's ethics committee", approved_on=BEGUN_ON)
    for command in (registered, OpenSite(site=SITE, utc_offset="+00:00"), proposed, approved):
        _ask(ledger, command, SPONSOR)
    for who, by in ((INVESTIGATOR, SPONSOR), (REPORTER, INVESTIGATOR)):
        delegated = {"person": who.id, "role": who.role, "site": SITE, "from_on": BEGUN_ON, "to_on": None}
        _ask(ledger, DelegateRole.model_validate(delegated), by)
    sha256 = ledger.world.trial.versions[1].sha256
    _ask(ledger, ApproveProtocolVersion(version=1, document_sha256=sha256), INVESTIGATOR)
    for number in range(1, PATIENTS + 1):
        screening = ScreenPatient(number=f"{number:03}", site=SITE, birth_year_month="2016-03", sex="male")
        _ask(ledger, screening, REPORTER)


def a_trial(directory: Path) -> str:
    """The trial in a file, and the token of who reports."""
    ledger = TrialLedger.create(file_in(directory))
    try:
        begin(ledger)
    finally:
        ledger.close()
    return add_account(directory / "accounts.jsonl", id="ivan", role="investigator", site=SITE, client=CLIENT)


def patient_of(key: str) -> str:
    """The patient about whom a report under a key is; the same in every process."""
    return f"{sum(key.encode()) % PATIENTS + 1:03}"


def a_report(key: str) -> Submission:
    """The report under a key, as a server would submit it."""
    command = ReportAdverseEvent.model_validate(
        {"patient": patient_of(key), "term": f"Event {key}", "serious": False, "onset_at": ONSET}
    )
    return Submission(command, Asked(REPORTER, command_id(CLIENT, key)), request_hash=key)


def _ask(ledger: TrialLedger, command: Command, by: Actor) -> None:
    ledger.submit(Submission(command, Asked(by, secrets.token_hex(16))))
