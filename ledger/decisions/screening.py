"""A patient enters screening, consents, is assessed, and is found eligible or not."""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Literal

from ledger import refusals as no
from ledger.cohort.events import ReleaseCause, ReservationReleased
from ledger.decisions.consent import against_collecting
from ledger.decisions.docket import (
    Command,
    Decisions,
    Docket,
    Follows,
    PatientCommand,
    Reports,
    decided,
    deviations,
    report,
)
from ledger.decisions.eligibility import checklist_hash, may_be_attested
from ledger.decisions.permits import against_eligibility, checklist
from ledger.facts import fact_key
from ledger.patient import agreement as a
from ledger.patient import events as e
from ledger.patient.review import QueryRaised
from ledger.patient.state import Patient
from ledger.record import Entry, patient_stream
from ledger.types import Commitment, Event, Instant, Line, Name, PatientNumber, Several


class ScreenPatient(Command):
    """Enter a patient into screening under a new pseudonymous number."""

    number: PatientNumber
    site: Name
    birth_year_month: e.BirthMonth
    sex: Literal["female", "male"]


class RecordConsent(PatientCommand):
    """Record a signed consent."""

    form_version: Line
    capacity: e.Capacity
    signed_at: Instant
    relation: Line | None = None
    obtained_by: Name
    copy_given: bool
    witness: bool = False


class RecordAssent(PatientCommand):
    """Record that a minor agreed."""

    form_version: Line
    signed_at: Instant


class WithdrawConsent(PatientCommand):
    """Record that consent was withdrawn."""

    scope: a.Scope


class RecordScreeningFindings(PatientCommand):
    """Record findings of screening, as measured."""

    findings: Several[e.ScreeningFindingRecorded]


class AssessCriteria(PatientCommand):
    """Record which eligibility criteria are met."""

    assessments: Several[e.CriterionAssessed]


class SignDetermination(PatientCommand):
    """Decide, as investigator, a criterion of which the protocol makes him the arbiter."""

    criterion: e.Criterion
    met: bool
    rationale: Commitment


class ConfirmEligibility(PatientCommand):
    """Sign the checklist under the protocol version in force."""


class FailScreening(PatientCommand):
    """Record that the patient does not take part, by which criteria."""

    criteria: Several[e.Criterion]


def screen_patient(docket: Docket, command: ScreenPatient) -> Follows:
    """A number is given once: another patient under it contradicts the record. The site has to be open."""
    if command.site not in docket.world.trial.sites:
        raise no.SiteNotOpen(command.site)
    if command.birth_year_month > docket.today.isoformat()[:7]:
        raise no.OccurrenceInTheFuture("the patient is born later than today")
    docket.protocol()
    return report(docket, patient_stream(command.number), e.PatientScreened(**command.model_dump()))


def record_consent(docket: Docket, command: RecordConsent) -> Follows:
    patient = docket.patient(command.patient)
    return report(docket, patient.stream, e.ConsentGiven(**command.model_dump(exclude={"patient"})))


def record_assent(docket: Docket, command: RecordAssent) -> Follows:
    patient = docket.patient(command.patient)
    return report(docket, patient.stream, e.AssentGiven(**command.model_dump(exclude={"patient"})))


def withdraw_consent(docket: Docket, command: WithdrawConsent) -> Follows:
    """It ends new treatment, or all participation; either way a kept slot is given back. Nothing recorded is lost."""
    patient = docket.patient(command.patient)
    follows = report(docket, patient.stream, a.ConsentWithdrawn(scope=command.scope))
    return follows if not isinstance(follows, tuple) else (*follows, *give_back(docket, patient.number, "withdrawn"))


def record_screening_findings(docket: Docket, command: RecordScreeningFindings) -> Follows:
    patient = docket.patient(command.patient)
    follows = several(docket, patient, command.findings)
    if not isinstance(follows, tuple):
        return follows
    return (*follows, *deviations(patient.stream, against_collecting(patient, docket.occurred_at)))


def several(docket: Docket, patient: Patient, events: tuple[Event, ...]) -> Follows:
    """Many reports as one command: what is new of them is recorded; all known is *already so*."""
    if not events:
        raise no.UnreadableCommand("nothing is reported")
    if len({fact_key(event, docket.occurred_at) for event in events}) < len(events):
        raise no.FindingsContradict("the same thing is reported twice in one command")
    answers = [report(docket, patient.stream, event) for event in events]
    entries = tuple(_numbered(patient, [entry for answer in answers if isinstance(answer, tuple) for entry in answer]))
    return entries or next((answer for answer in answers if not isinstance(answer, tuple)), ())


def _numbered(patient: Patient, entries: list[Entry]) -> Iterator[Entry]:
    """The entries, each query that several of them raise with a number of its own."""
    number = len(patient.review.queries)
    for entry in entries:
        if isinstance(entry.event, QueryRaised):
            number += 1
            entry = replace(entry, event=entry.event.model_copy(update={"query": number}))
        yield entry


def assess_criteria(docket: Docket, command: AssessCriteria) -> Follows:
    """Verdicts that the protocol leaves to a person. Where it names an arbiter, his determination is asked for; what
    the ledger computes is not attested, unless no rule reaches a patient of that age."""
    patient, protocol = docket.patient(command.patient), docket.protocol()
    given = checklist(docket.world, patient, protocol, docket.occurred_day(patient.number))
    computed = {each.criterion for each in given if not may_be_attested(each)}
    for assessed in command.assessments:
        criterion = protocol.eligibility.criterion(assessed.criterion)
        if criterion is None or criterion.assessed_by == "determination":
            raise no.NotInProtocol(f"criterion {assessed.criterion}")
        if criterion.id in computed:
            raise no.CriterionIsComputed(f"criterion {criterion.id}")
    return several(docket, patient, command.assessments)


def sign_determination(docket: Docket, command: SignDetermination) -> Follows:
    """The principal investigator is the final arbiter (X5), and of nothing else: no criterion is waived (E.1)."""
    docket.signer("principal_investigator")
    patient = docket.patient(command.patient)
    criterion = docket.protocol().eligibility.criterion(command.criterion)
    if criterion is None or criterion.assessed_by != "determination":
        raise no.NotInProtocol(f"criterion {command.criterion} by determination")
    return report(docket, patient.stream, e.InvestigatorDeterminationSigned(**command.model_dump(exclude={"patient"})))


def confirm_eligibility(docket: Docket, command: ConfirmEligibility) -> Follows:
    """The signed checklist: its hash covers every verdict, with what it rests on and the positions that hold it."""
    docket.signer("principal_investigator", "investigator")
    patient, version = docket.patient(command.patient), docket.version()
    given = checklist(docket.world, patient, version.document, docket.judged_on)
    event = e.EligibilityConfirmed(checklist_hash=checklist_hash(given), protocol_version=version.number)
    broken = against_eligibility(docket.world, patient, version.document, docket.judged_on)
    signed = (patient.checklist_hash, patient.eligible_under)
    stands = signed == (event.checklist_hash, event.protocol_version)
    return decided(docket, patient.stream, event, broken, stands=stands)


def fail_screening(docket: Docket, command: FailScreening) -> Follows:
    """The patient leaves screening, by criteria of the protocol or by its age rule; a reservation is given back."""
    patient, eligibility = docket.patient(command.patient), docket.protocol().eligibility
    if not command.criteria:
        raise no.UnreadableCommand("no criterion is named")
    known = {eligibility.age.rule, *(each.id for each in eligibility.criteria)}
    if unknown := [each for each in command.criteria if each not in known]:
        raise no.NotInProtocol(f"criterion {unknown[0]}")
    if patient.enrolled is not None:
        raise no.AlreadyEnrolled(f"patient {patient.number}")
    follows = report(docket, patient.stream, e.ScreenFailed(criteria=command.criteria))
    return (
        follows if not isinstance(follows, tuple) else (*follows, *give_back(docket, patient.number, "screen-failed"))
    )


def give_back(docket: Docket, number: str, cause: ReleaseCause) -> tuple[Entry, ...]:
    """Every reservation of a patient who will not be treated is released."""
    return tuple(
        Entry(cohort.stream, ReservationReleased(patient=number, cause=cause))
        for cohort in docket.world.cohorts.values()
        if number in cohort.reservations
    )


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        ScreenPatient: screen_patient,
        RecordConsent: record_consent,
        RecordAssent: record_assent,
        WithdrawConsent: withdraw_consent,
        RecordScreeningFindings: record_screening_findings,
        AssessCriteria: assess_criteria,
        SignDetermination: sign_determination,
        ConfirmEligibility: confirm_eligibility,
        FailScreening: fail_screening,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "screening": ScreenPatient,
        "consent": RecordConsent,
        "assent": RecordAssent,
        "screening-findings": RecordScreeningFindings,
        "criteria": AssessCriteria,
    }
)
