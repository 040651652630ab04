"""Safety reports. They are never refused for a business reason: what is odd about one is flagged (domain G.4-11)."""

from types import MappingProxyType
from typing import Any, Final, Literal

from ledger import refusals as no
from ledger.decisions.docket import AlreadySo, Command, Decisions, Docket, Follows, PatientCommand, Reports, report
from ledger.decisions.follow_up import against_leaving, judged
from ledger.decisions.odd_reports import quarantined, questions
from ledger.decisions.toxicity import assessed, capd_baseline
from ledger.grading.astct_crs import CrsFindings
from ledger.grading.astct_icans import IcansFindings
from ledger.patient import events as e
from ledger.patient import safety as s
from ledger.patient.state import AdverseEvent, Patient
from ledger.protocol.safety import Category
from ledger.types import Commitment, Count, Day, Grade, Instant, Line, Name, Ordinal


class ReportAdverseEvent(PatientCommand):
    """Report an adverse event."""

    term: Line
    toxicity: s.Toxicity | None = None
    category: Category | None = None
    ctcae_term: Line | None = None
    ctcae_grade: Grade | None = None
    haematologic: bool = False
    serious: bool
    onset_at: Instant
    relative_to_infusion: Ordinal | None = None
    suspect_product: Name | None = None
    site_aware_at: Instant | None = None
    received_at: Instant | None = None
    narrative: Commitment | None = None


class UpdateAdverseEvent(PatientCommand):
    """Report what became of an adverse event."""

    adverse_event: s.AdverseEventNumber
    ctcae_grade: Grade | None = None
    serious: bool | None = None
    ended_at: Instant | None = None
    outcome: s.Outcome | None = None
    action: Line | None = None
    site_aware_at: Instant | None = None
    received_at: Instant | None = None


class AssessCrs(PatientCommand):
    """Record the findings of one assessment of cytokine release syndrome; the grade is computed."""

    adverse_event: s.AdverseEventNumber
    assessed_at: Instant
    findings: CrsFindings


class AssessIcans(PatientCommand):
    """Record the findings of one assessment of neurotoxicity; the grade is computed."""

    adverse_event: s.AdverseEventNumber
    assessed_at: Instant
    findings: IcansFindings


class ConfirmGrade(PatientCommand):
    """Confirm the grade of an assessment, or give another with the reason why."""

    adverse_event: s.AdverseEventNumber
    assessment: Count
    grade: Grade
    differs_because: Commitment | None = None


class AssessAttribution(PatientCommand):
    """Say whether an adverse event is associated with the intervention."""

    adverse_event: s.AdverseEventNumber
    relation: Literal["definite", "probable", "possible", "unlikely", "unrelated"]
    rationale: Commitment | None = None


class RecordDeath(PatientCommand):
    """Report a death."""

    died_on: Day
    cause: Literal["relapse", "other", "unknown"]


class RecordOffStudy(PatientCommand):
    """Report that a patient's participation ended."""

    cause: Literal["completed", "withdrawal", "lost-to-follow-up", "death", "other"]
    off_on: Day


def report_adverse_event(docket: Docket, command: ReportAdverseEvent, ahead: int = 0) -> Follows:
    """Always stored: of a known patient on the patient, of an unknown one in quarantine. What is odd is asked about.

    `ahead` so many entries of the same append.
    """
    patient = docket.world.patients.get(command.patient)
    if patient is None or patient.screened is None:
        return quarantined(docket, command.patient, _content(command))
    event = s.AdverseEventReported(adverse_event=len(patient.adverse_events) + 1, **_content(command))
    on_record = docket.world.on_record(patient.stream, event, command.onset_at)
    if on_record is not None:
        number = docket.archive.record(on_record).event.adverse_event  # type: ignore[attr-defined]
        event = event.model_copy(update={"adverse_event": number})
    follows = report(docket, patient.stream, event)
    if isinstance(follows, AlreadySo) or follows[0].conflicts_with is not None:
        return follows
    return (*follows, *questions(docket, patient, command, ahead))


def _content(command: Command) -> dict[str, Any]:
    return {field: value for field, value in vars(command).items() if field != "patient"}


def _adverse_event(patient: Patient, number: int) -> AdverseEvent:
    known = patient.adverse_events.get(number)
    if known is None:
        raise no.NoSuchAdverseEvent(f"patient {patient.number}: adverse event {number}")
    return known


def update_adverse_event(docket: Docket, command: UpdateAdverseEvent) -> Follows:
    patient = docket.patient(command.patient)
    _adverse_event(patient, command.adverse_event)
    return report(docket, patient.stream, s.AdverseEventUpdated(**_content(command)))


def assess_crs(docket: Docket, command: AssessCrs) -> Follows:
    """The grade that the table gives for the findings at the patient's age on the day of the assessment."""
    return _assess(docket, command, docket.patient(command.patient), command.findings)


def assess_icans(docket: Docket, command: AssessIcans) -> Follows:
    """As for CRS; the CAPD before the first infusion is that on record, where it is not said."""
    patient, findings = docket.patient(command.patient), command.findings
    if findings.capd_baseline is None:
        findings = findings.model_copy(update={"capd_baseline": capd_baseline(patient)})
    return _assess(docket, command, patient, findings)


def _assess(
    docket: Docket, command: AssessCrs | AssessIcans, patient: Patient, findings: CrsFindings | IcansFindings
) -> Follows:
    event = _adverse_event(patient, command.adverse_event)
    sheet = _sheet_of(docket) if docket.asked.corrects is not None else None
    return report(docket, patient.stream, assessed(patient, event.number, findings, command.assessed_at, sheet))


def _sheet_of(docket: Docket) -> int | None:
    """The ward sheet that the assessment was made of which is corrected."""
    original = docket.archive.record(docket.asked.corrects or 0).event
    return original.ward_sheet if isinstance(original, s.ToxicityAssessed) else None


def confirm_grade(docket: Docket, command: ConfirmGrade) -> Follows:
    """A grade other than the computed one needs the reason why; a lower one, another person than the assessor."""
    docket.signer("principal_investigator", "investigator", "medical_monitor", "safety_committee")
    patient = docket.patient(command.patient)
    assessment = _adverse_event(patient, command.adverse_event).assessments.get(command.assessment)
    if assessment is None:
        raise no.NoSuchRecord(f"assessment at position {command.assessment}")
    if command.grade != assessment.computed_grade and command.differs_because is None:
        raise no.ReasonMissing("differs_because")
    assessor = docket.archive.record(command.assessment).actor.id
    if command.grade < assessment.at_most_grade and assessor == docket.asked.by.id:
        raise no.OnlyAssessor(f"assessment at position {command.assessment}: {assessor}")
    return report(docket, patient.stream, s.GradeConfirmed(**_content(command)))


def assess_attribution(docket: Docket, command: AssessAttribution) -> Follows:
    """Whoever assesses signs for himself; *unlikely* and *unrelated* need a rationale (A.3-26), and so does all
    neurotoxicity, which busulfan and fludarabine may have caused (A.3-18)."""
    docket.signer("principal_investigator", "investigator", "medical_monitor", "safety_committee", "drug_safety")
    patient = docket.patient(command.patient)
    known = _adverse_event(patient, command.adverse_event)
    if command.rationale is None:
        if known.of_toxicity("ICANS"):
            raise no.RationaleMissing(f"adverse event {known.number}")
        if command.relation in ("unlikely", "unrelated"):
            raise no.ReasonMissing("rationale")
    event = s.AttributionAssessed(**_content(command), assessor=docket.asked.by.id)
    return report(docket, patient.stream, event)


def record_death(docket: Docket, command: RecordDeath) -> Follows:
    """A death in the DLT window is ruled on; one that is not from relapse holds the trial (by rule, A.3-19)."""
    patient = docket.patient(command.patient)
    return report(docket, patient.stream, e.DeathRecorded(**_content(command)))


def record_off_study(docket: Docket, command: RecordOffStudy) -> Follows:
    patient = docket.patient(command.patient)
    return judged(docket, patient, e.PatientOffStudy(**_content(command)), against_leaving)


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        ReportAdverseEvent: report_adverse_event,
        UpdateAdverseEvent: update_adverse_event,
        AssessCrs: assess_crs,
        AssessIcans: assess_icans,
        ConfirmGrade: confirm_grade,
        AssessAttribution: assess_attribution,
        RecordDeath: record_death,
        RecordOffStudy: record_off_study,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "adverse-event": ReportAdverseEvent,
        "adverse-event-update": UpdateAdverseEvent,
        "crs-assessment": AssessCrs,
        "icans-assessment": AssessIcans,
        "death": RecordDeath,
        "off-study": RecordOffStudy,
    }
)
