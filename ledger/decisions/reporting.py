"""The reporting of safety: what the sponsor makes of an adverse event, when it learnt of it, what it sent, pregnancies.

By when something has to be reported is read from these facts (`ledger/clocks`) and never recorded.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from types import MappingProxyType
from typing import Any, Final

from ledger import refusals as no
from ledger.clocks.causality import weaker
from ledger.decisions.docket import (
    AlreadySo,
    Decisions,
    Docket,
    Follows,
    PatientCommand,
    Reports,
    not_in_the_future,
    permit,
    report,
)
from ledger.decisions.odd_reports import quarantined
from ledger.errors import Refused
from ledger.facts import same_fact
from ledger.patient import reporting as r
from ledger.patient.reporting_state import URGENT, Case, Classification
from ledger.patient.safety import AdverseEventNumber
from ledger.patient.state import AdverseEvent, Patient
from ledger.record import Entry
from ledger.types import Commitment, Count, Day, Instant, Line, Name, Several


class ClassifySae(PatientCommand):
    """Sign whether an adverse event is serious, expected and suspected, in the sponsor's judgement."""

    adverse_event: AdverseEventNumber
    revision: r.Revision
    serious: bool
    criteria: Several[r.SeriousnessCriterion] = ()
    expected: bool | None = None
    reference_safety_information: Name | None = None
    sponsor_causality: r.Assessed | None = None
    received_at: Instant
    rationale: Commitment | None = None


class RecordReceipt(PatientCommand):
    """Report when the sponsor received information: further one, or what a record (`about`) holds."""

    adverse_event: AdverseEventNumber
    about: Count | None = None
    received_at: Instant
    information: Commitment | None = None


class RecordExpeditedReport(PatientCommand):
    """Report that a report on an adverse event was sent."""

    adverse_event: AdverseEventNumber
    kind: r.ReportKind
    to: r.ReportedTo
    recipient: Line
    reference: Line | None = None
    submitted_at: Instant


class ReportPregnancy(PatientCommand):
    """Report a pregnancy of a patient, or of a patient's partner."""

    pregnant: r.Pregnant
    known_on: Day
    expected_birth_on: Day | None = None
    outcome: r.PregnancyOutcome | None = None
    received_at: Instant | None = None
    narrative: Commitment | None = None


def classify_sae(docket: Docket, command: ClassifySae) -> Follows:
    """By the sponsor: drug safety, or the medical monitor, who upgrades only. The revisions count upwards."""
    docket.signer("drug_safety", "medical_monitor")
    patient, number = docket.patient(command.patient), command.adverse_event
    known, case = _adverse_event(patient, number), patient.reporting.case(number)
    _readable(command)
    event = r.SaeClassified(**_content(command), investigator_causality=case.causality("investigator"))
    not_in_the_future(docket, event)
    last = case.classification
    if last is not None and _is_on_record(docket, event, last):
        return AlreadySo(last.position)
    if command.revision != (last.event.revision if last else 0) + 1:
        position = last.position if last else None
        raise no.AlreadyClassified(f"adverse event {number}, revision {command.revision}", position)
    deviations = permit(docket, patient.stream, _against(docket, known, case, event))
    return (*deviations, Entry(patient.stream, event, reported=docket.asked.on_paper))


def _adverse_event(patient: Patient, number: int) -> AdverseEvent:
    known = patient.adverse_events.get(number)
    if known is None:
        raise no.NoSuchAdverseEvent(f"patient {patient.number}: adverse event {number}")
    return known


def _readable(command: ClassifySae) -> None:
    """Refuse what contradicts itself."""
    if command.serious != bool(command.criteria) or len(set(command.criteria)) != len(command.criteria):
        raise no.FindingsContradict("serious is what meets a criterion, each named once")
    if (command.expected is None) != (command.reference_safety_information is None):
        raise no.FindingsContradict("expected is said against a version of the reference safety information")


def _is_on_record(docket: Docket, event: r.SaeClassified, last: Classification) -> bool:
    """Whether the revision in force says the same, whatever investigators have said since."""
    then = event.model_copy(update={"investigator_causality": last.event.investigator_causality})
    return same_fact(last.event, then, docket.archive)


def _against(docket: Docket, known: AdverseEvent, case: Case, event: r.SaeClassified) -> Iterator[Refused]:
    """Why a classification is not signed: it says less than the investigators or the reports do, or it calls expected
    what no list in force named; of the medical monitor, it says less than the one before."""
    about, by_investigators = f"adverse event {known.number}", case.causality("investigator")
    if weaker(event.sponsor_causality, by_investigators):
        yield no.BelowOnRecord(f"{about}: {by_investigators} in the investigator's judgement")
    if case.reported_serious and not event.serious:
        yield no.BelowOnRecord(f"{about}: reported as serious")
    if case.reported_fatal and "death" not in event.criteria:
        yield no.BelowOnRecord(f"{about}: reported as fatal")
    if docket.asked.by.role == "medical_monitor":
        yield from _below_the_last(about, case.classification, event)
    if event.reference_safety_information is not None:
        yield from _against_the_list(docket, known, event, event.reference_safety_information)


def _below_the_last(about: str, last: Classification | None, event: r.SaeClassified) -> Iterator[Refused]:
    """The medical monitor upgrades only; what nobody has said counts as unexpected and suspected already."""
    if event.expected and (last is None or last.event.expected is not True):
        yield no.BelowOnRecord(f"{about}: unexpected")
    if last is None:
        return
    if (last.event.serious and not event.serious) or URGENT & set(last.event.criteria) - set(event.criteria):
        yield no.BelowOnRecord(f"{about}: {', '.join(last.event.criteria)}, revision {last.event.revision}")
    if weaker(event.sponsor_causality, last.event.sponsor_causality):
        yield no.BelowOnRecord(f"{about}: {last.event.sponsor_causality}, revision {last.event.revision}")


def _against_the_list(docket: Docket, known: AdverseEvent, event: r.SaeClassified, version: str) -> Iterator[Refused]:
    """A list that came into force after the onset makes nothing expected (domain E.1)."""
    effective_on = docket.world.trial.reference_safety.get(version)
    onset_on = known.report.onset_at.date()
    if effective_on is None or (event.expected and effective_on > onset_on):
        yield no.NotExpectedThen(f"reference safety information {version}, onset {onset_on}")


def record_receipt(docket: Docket, command: RecordReceipt) -> Follows:
    """A fact. An earlier receipt moves what is due earlier; a later one moves nothing."""
    patient = docket.patient(command.patient)
    _adverse_event(patient, command.adverse_event)
    reporting = patient.reporting
    if command.about is not None:
        receipts = reporting.case(command.adverse_event).receipts
        if reporting.receipt(command.about) not in receipts:
            raise no.NoSuchRecord(f"information on adverse event {command.adverse_event} at position {command.about}")
    return report(docket, patient.stream, r.SponsorInformed(**_content(command)))


def record_expedited_report(docket: Docket, command: RecordExpeditedReport) -> Follows:
    patient = docket.patient(command.patient)
    _adverse_event(patient, command.adverse_event)
    return report(docket, patient.stream, r.ExpeditedReportSubmitted(**_content(command)))


def report_pregnancy(docket: Docket, command: ReportPregnancy) -> Follows:
    """Always stored; of an unknown patient in quarantine, like any safety report."""
    patient = docket.world.patients.get(command.patient)
    if patient is None or patient.screened is None:
        content = {
            "term": f"Pregnancy of the {command.pregnant}",
            "serious": command.outcome == "congenital-anomaly",
            "onset_at": datetime.combine(command.known_on, time(), UTC),
            "received_at": command.received_at,
            "narrative": command.narrative,
        }
        return quarantined(docket, command.patient, content)
    return report(docket, patient.stream, r.PregnancyReported(**_content(command)))


def _content(command: PatientCommand) -> dict[str, Any]:
    return {field: value for field, value in command if field != "patient"}


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        ClassifySae: classify_sae,
        RecordReceipt: record_receipt,
        RecordExpeditedReport: record_expedited_report,
        ReportPregnancy: report_pregnancy,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "receipt": RecordReceipt,
        "expedited-report": RecordExpeditedReport,
        "pregnancy": ReportPregnancy,
    }
)
