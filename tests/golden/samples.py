"""One plausible record for every event of the catalogue, written by hand.

A sample is as fixed as its golden bytes from the first release of its event on. A new version of an event gets a sample
of its own; the bytes of the old one stay, and are read through `upcasts.py`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.record import Record
from tests.golden.cohort_samples import COHORT_SAMPLES
from tests.golden.donor_samples import DONOR_SAMPLES
from tests.golden.evidence_samples import EVIDENCE_SAMPLES
from tests.golden.infusion_record_samples import INFUSION_RECORD_SAMPLES
from tests.golden.installation_samples import INSTALLATION_SAMPLES
from tests.golden.outcome_samples import OUTCOME_SAMPLES
from tests.golden.patient_samples import PATIENT_SAMPLES
from tests.golden.privacy_samples import PRIVACY_SAMPLES
from tests.golden.product_samples import PRODUCT_SAMPLES
from tests.golden.reporting_samples import REPORTING_SAMPLES
from tests.golden.review_samples import REVIEW_SAMPLES
from tests.golden.safety_samples import SAFETY_SAMPLES
from tests.golden.signature_samples import SIGNATURE_SAMPLES
from tests.golden.trial_samples import TRIAL_SAMPLES
from tests.golden.ward_samples import WARD_SAMPLES

ALL: Final = (
    *COHORT_SAMPLES,
    *EVIDENCE_SAMPLES,
    *PATIENT_SAMPLES,
    *DONOR_SAMPLES,
    *PRODUCT_SAMPLES,
    *REVIEW_SAMPLES,
    *SAFETY_SAMPLES,
    *TRIAL_SAMPLES,
    *WARD_SAMPLES,
    *REPORTING_SAMPLES,
    *OUTCOME_SAMPLES,
    *INFUSION_RECORD_SAMPLES,
    *SIGNATURE_SAMPLES,
    *INSTALLATION_SAMPLES,
    *PRIVACY_SAMPLES,
)

SAMPLES: Mapping[str, Record] = MappingProxyType({record.event.NAME: record for record in ALL})
"""Stored name -> sample."""
