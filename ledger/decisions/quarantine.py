"""Reports that named a patient whom the ledger does not know: someone says whose they are (domain G.4-11)."""

from collections.abc import Iterator
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from ledger import refusals as no
from ledger.clocks.facts import received_by
from ledger.decisions.docket import AlreadySo, Command, Decisions, Docket, Follows, report
from ledger.decisions.safety import ReportAdverseEvent, report_adverse_event
from ledger.patient import reporting as r
from ledger.patient.state import Patient
from ledger.record import TRIAL, Entry
from ledger.trial.events import QuarantineResolved
from ledger.trial.state import Quarantined
from ledger.types import Commitment, PatientNumber


class ResolveQuarantine(Command):
    """Say to whom a quarantined report belongs."""

    quarantine: int
    patient: PatientNumber | None
    resolution: Commitment


def resolve_quarantine(docket: Docket, command: ResolveQuarantine) -> Follows:
    """A quarantined report is found to belong to a patient, and is one of his then; or to none."""
    found = docket.world.trial.quarantine.get(command.quarantine)
    if found is None:
        raise no.NothingToTake(f"quarantine {command.quarantine}")
    resolved = report(docket, TRIAL, QuarantineResolved(**command.model_dump()))
    if command.patient is None:
        return resolved
    patient = docket.patient(command.patient)
    if not isinstance(resolved, tuple) or resolved[0].conflicts_with is not None:
        return resolved
    return (*resolved, *_as_the_patients(docket, patient, found))


def _as_the_patients(docket: Docket, patient: Patient, found: Quarantined) -> Iterator[Entry]:
    """The quarantined report as one of the patient's, received when it was quarantined, or earlier where it says so.

    Where the patient's event is on record already, that receipt is told of it (domain E.1).
    """
    received_at = received_by(found.report.received_at, found.recorded_at)
    zone = docket.world.zone_of(patient.number)
    content: dict[str, Any] = {
        name: said.astimezone(zone) if isinstance(said, datetime) else said
        for name, said in found.report
        if name not in ("quarantine", "patient_as_reported")
    }
    what = (found.report.term, found.report.onset_at)
    same = (each for each in patient.adverse_events.values() if (each.report.term, each.report.onset_at) == what)
    known = next(same, None)
    if known is None:
        content["received_at"] = received_at
    reported = report_adverse_event(docket, ReportAdverseEvent(patient=patient.number, **content), ahead=1)
    yield from () if isinstance(reported, AlreadySo) else reported
    if known is not None:
        informed: dict[str, Any] = {"adverse_event": known.number, "about": known.position, "received_at": received_at}
        yield Entry(patient.stream, r.SponsorInformed(**informed, information=None), reported=True)


DECISIONS: Final[Decisions] = MappingProxyType({ResolveQuarantine: resolve_quarantine})
