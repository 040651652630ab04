"""All that can happen to a patient."""

from ledger.patient.agreement import AGREEMENT_EVENTS
from ledger.patient.donors import DONOR_EVENTS
from ledger.patient.events import PARTICIPATION_EVENTS
from ledger.patient.infusion_record import INFUSION_RECORD_EVENTS
from ledger.patient.infusions import INFUSION_EVENTS
from ledger.patient.outcomes import OUTCOME_EVENTS
from ledger.patient.reporting import REPORTING_EVENTS
from ledger.patient.review import REVIEW_EVENTS
from ledger.patient.safety import SAFETY_EVENTS
from ledger.patient.transplant import TRANSPLANT_EVENTS
from ledger.patient.visits import VISIT_EVENTS
from ledger.patient.ward import WARD_EVENTS
from ledger.types import Event

PATIENT_EVENTS: tuple[type[Event], ...] = (
    *PARTICIPATION_EVENTS,
    *AGREEMENT_EVENTS,
    *DONOR_EVENTS,
    *TRANSPLANT_EVENTS,
    *INFUSION_EVENTS,
    *INFUSION_RECORD_EVENTS,
    *SAFETY_EVENTS,
    *REVIEW_EVENTS,
    *WARD_EVENTS,
    *REPORTING_EVENTS,
    *OUTCOME_EVENTS,
    *VISIT_EVENTS,
)
