"""The closed catalogue of what can happen: every event by its stored name. A name that is not here is not read."""

from collections.abc import Mapping
from types import MappingProxyType

from ledger.cohort.events import COHORT_EVENTS
from ledger.installation.events import INSTALLATION_EVENTS
from ledger.patient.listed import PATIENT_EVENTS
from ledger.product.events import PRODUCT_EVENTS
from ledger.trial.listed import TRIAL_EVENTS
from ledger.types import Event

EVENTS: Mapping[str, type[Event]] = MappingProxyType(
    {
        event.NAME: event
        for event in (*TRIAL_EVENTS, *COHORT_EVENTS, *PATIENT_EVENTS, *PRODUCT_EVENTS, *INSTALLATION_EVENTS)
    }
)
"""Stored name -> class. Renaming a class changes nothing here; the stored name is for ever."""
