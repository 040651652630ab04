"""All that can happen to a trial as a whole."""

from ledger.trial.dosing import DOSING_EVENTS
from ledger.trial.events import SETUP_EVENTS
from ledger.trial.evidence import EVIDENCE_EVENTS
from ledger.trial.privacy import PRIVACY_EVENTS
from ledger.trial.reviews import REVIEW_EVENTS
from ledger.trial.signatures import SIGNATURE_EVENTS
from ledger.types import Event

TRIAL_EVENTS: tuple[type[Event], ...] = (
    *SETUP_EVENTS,
    *DOSING_EVENTS,
    *REVIEW_EVENTS,
    *EVIDENCE_EVENTS,
    *SIGNATURE_EVENTS,
    *PRIVACY_EVENTS,
)
