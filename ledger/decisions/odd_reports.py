"""What is odd about a safety report. It is stored all the same, and someone is asked (domain G.4-11)."""

from collections.abc import Iterator
from typing import Any, Protocol

from ledger.decisions.docket import Docket, Entries, Follows, queries, report
from ledger.decisions.products_standing import given_to
from ledger.patient.state import Patient
from ledger.record import TRIAL
from ledger.trial.events import ReportQuarantined


class About(Protocol):
    """A report of an adverse event."""

    @property
    def suspect_product(self) -> str | None: ...


def quarantined(docket: Docket, patient_as_reported: str, content: dict[str, Any]) -> Follows:
    """A report that names a patient whom the ledger does not know, kept whole. Said again, it is the same one."""
    number = len(docket.world.trial.quarantine) + 1
    event = ReportQuarantined(quarantine=number, patient_as_reported=patient_as_reported, **content)
    on_record = docket.world.on_record(TRIAL, event, event.onset_at)
    if on_record is not None:
        number = docket.archive.record(on_record).event.quarantine  # type: ignore[attr-defined]
        event = event.model_copy(update={"quarantine": number})
    return report(docket, TRIAL, event)


def questions(docket: Docket, patient: Patient, command: About, ahead: int) -> Entries:
    """What has to be asked about a report that is new, or a correction; `ahead` so many entries of its append."""
    odd = tuple(_product(docket, patient, command.suspect_product))
    if docket.asked.corrects is None:
        odd += tuple(_participation(patient))
    return queries(patient, docket.world.size + ahead, *odd)


def _product(docket: Docket, patient: Patient, lot: str | None) -> Iterator[str]:
    if lot is None:
        return
    product = docket.world.products.get(lot)
    if product is None or not product.collections:
        yield "suspect product unknown"
    elif all(dose.lot != lot for dose in given_to((patient,))):
        yield "suspect product not given to the patient"


def _participation(patient: Patient) -> Iterator[str]:
    if patient.withdrawn == "all-participation":
        yield "reported after consent was withdrawn"
    if patient.off_study is not None:
        yield "reported after the end of participation"
