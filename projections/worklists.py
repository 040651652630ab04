"""What waits for somebody: windows, rulings, signatures, reviews, consents. Read at a moment, never recorded."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, Literal

from ledger.cohort.state import Member, Window
from ledger.decisions.assessments import baseline_state, done_days, missing_days
from ledger.decisions.consent import signed_for_age, unsigned_forms
from ledger.decisions.donor_standing import donor_of, due_blood_groups
from ledger.decisions.standing import scheduled_days
from ledger.decisions.toxicity import capd_baseline
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.types import Day, Instant
from ledger.world import World
from projections.base import View
from projections.checks_due import CheckDue, checks_due
from projections.dose_decisions import DecisionView, dose_decisions
from projections.escalation import HoldView, holds_in_force
from projections.levels import WindowNow, home_day, window_now
from projections.notices import NoticeView, notices
from projections.review import EndorsementDue, QueryView, VerificationView, endorsements_due, queries, verifications
from projections.safety_clocks import DueReport, reports_due
from projections.weights import WeightAlert, weight_alerts

CONSENT_HORIZON_DAYS: Final = 60
"""How long before a birthday a new consent is announced."""

LAPSING_DAYS: Final = 3
"""How long before it lapses a reservation is announced."""


class OpenWindow(WindowNow):
    """A DLT window that is not closed. Once elapsed, it is to be closed with its assessments counted."""

    patient: str
    level: int
    assessments_due: int
    """Scheduled CRS and ICE/CAPD assessments up to its end."""
    assessments_on_record: int
    """Those of them that the ward sheets and assessments on record show."""
    missing_on: tuple[Day, ...]
    """Scheduled days before today on which not both were assessed."""


class DueAdjudication(View):
    """A candidate DLT that nobody has ruled on; it counts as a DLT for every permission."""

    patient: str
    level: int | None
    subject: str
    position: int
    signatures: tuple[str, ...]
    """Who has signed that it is not a DLT."""


class EvaluabilityDue(View):
    """A patient whose window is closed and who is neither evaluable nor not."""

    patient: str
    level: int
    closed_on: Day
    signatures: tuple[str, ...]


class QuarantinedReport(View):
    """A safety report that named a patient whom the ledger does not know."""

    quarantine: int
    patient_as_reported: str
    term: str
    onset_at: Instant
    serious: bool


class LapsingReservation(View):
    """A reservation that lapses soon, or has lapsed and not been released."""

    patient: str
    level: int
    expires_on: Day
    days_left: int
    """Below 0: so many days ago."""


class ConsentDue(View):
    """A patient of whom a signature is missing that the age demands, now or at a coming birthday, or a new form."""

    patient: str
    form_version: str | None
    """The new form that is to be signed; null where the age demands the signature."""
    due_on: Day | None
    """The day set for the form, or the birthday, taken early; null where no consent was ever complete."""
    overdue: bool
    """New protocol actions are refused; safety reporting never is."""


class BaselineDue(View):
    """A child assessed by CAPD, without a score before the first infusion: due while there is time, then missing
    as long as the window runs."""

    patient: str
    state: Literal["due", "missing"]


class BloodGroupDue(View):
    """A blood group that not enough samples have confirmed, of a patient with a dose level or of the donor."""

    patient: str
    whose: Literal["recipient", "donor"]
    donor: str | None
    samples: int
    disagree: bool
    """Samples contradict each other: a query is open."""


class Worklists(View):
    """Everything that waits for somebody."""

    open_windows: tuple[OpenWindow, ...]
    adjudications: tuple[DueAdjudication, ...]
    evaluability: tuple[EvaluabilityDue, ...]
    unsigned_decisions: tuple[DecisionView, ...]
    decisions_to_circulate: tuple[DecisionView, ...]
    holds_to_review: tuple[HoldView, ...]
    quarantined: tuple[QuarantinedReport, ...]
    reports_due: tuple[DueReport, ...]
    reservations: tuple[LapsingReservation, ...]
    consents: tuple[ConsentDue, ...]
    baselines: tuple[BaselineDue, ...]
    blood_groups: tuple[BloodGroupDue, ...]
    queries: tuple[QueryView, ...]
    """Those that are not closed, the oldest first."""
    source_verification: tuple[VerificationView, ...]
    endorsements: tuple[EndorsementDue, ...]
    weight_alerts: tuple[WeightAlert, ...]
    bedside_checks: tuple[CheckDue, ...]
    notices: tuple[NoticeView, ...]
    """What the ward, the laboratory or the pharmacy has not acknowledged."""


def worklists(world: World, now: datetime) -> Worklists:
    """What waits at a moment."""
    today = home_day(world, now)
    version = world.trial.protocol_on(today)
    protocol = version.document if version else None
    decisions = dose_decisions(world, now)
    return Worklists(
        open_windows=tuple(_windows(world, protocol, now)) if protocol else (),
        adjudications=tuple(_adjudications(world)),
        evaluability=tuple(_evaluability(world)),
        unsigned_decisions=tuple(each for each in decisions if each.state == "open"),
        decisions_to_circulate=tuple(each for each in decisions if each.state == "taken" and not each.circulated),
        holds_to_review=holds_in_force(world, protocol),
        quarantined=tuple(_quarantined(world)),
        reports_due=reports_due(world, now),
        reservations=tuple(_reservations(world, today)),
        consents=tuple(_consents(world, protocol, now)) if protocol else (),
        baselines=tuple(_baselines(world, now)),
        blood_groups=tuple(_blood_groups(world, protocol, now)) if protocol else (),
        queries=queries(world, now, closed=False),
        source_verification=verifications(world, protocol) if protocol else (),
        endorsements=tuple(endorsements_due(world)),
        weight_alerts=tuple(weight_alerts(world, protocol)) if protocol else (),
        bedside_checks=tuple(checks_due(world)),
        notices=notices(world, now, all_of_them=False),
    )


def _members(world: World) -> Iterator[tuple[int, str, Member]]:
    for level, cohort in sorted(world.cohorts.items()):
        for number, member in sorted(cohort.members.items(), key=lambda entry: entry[0]):
            yield level, number, member


def _windows(world: World, protocol: ProtocolDocument, now: datetime) -> Iterator[OpenWindow]:
    """Those that end first come first."""
    running = [(window, number, level) for level, number, m in _members(world) if (window := m.window) is not None]
    for window, number, level in sorted(running, key=lambda entry: (entry[0].planned_to_on, entry[1])):
        if window.running:
            yield _window(world, protocol, window, number, level, now)


def _window(
    world: World, protocol: ProtocolDocument, window: Window, number: str, level: int, now: datetime
) -> OpenWindow:
    patient = world.patients.get(number) or Patient(number)
    return OpenWindow(
        **dict(window_now(window, today := world.patient_day(number, now))),
        patient=number,
        level=level,
        assessments_due=len(days := scheduled_days(patient, window, protocol)),
        assessments_on_record=len(done_days(patient, days)),
        missing_on=missing_days(patient, window, protocol, today),
    )


def _adjudications(world: World) -> Iterator[DueAdjudication]:
    for number, patient in sorted(world.participants.items()):
        for subject in patient.open_candidates:
            yield DueAdjudication(
                patient=number,
                level=patient.level,
                subject=subject,
                position=patient.candidates[subject],
                signatures=tuple(signed.member for signed in patient.opinions.get(subject, ())),
            )


def _evaluability(world: World) -> Iterator[EvaluabilityDue]:
    for level, number, member in _members(world):
        closed_on = member.window.closed_on if member.window else None
        if closed_on is not None and member.evaluable is None:
            signatures = tuple(opinion.member for opinion in member.opinions)
            yield EvaluabilityDue(patient=number, level=level, closed_on=closed_on, signatures=signatures)


def _quarantined(world: World) -> Iterator[QuarantinedReport]:
    for number, found in sorted(world.trial.quarantine.items()):
        if not found.resolved:
            yield QuarantinedReport(
                quarantine=number,
                patient_as_reported=found.report.patient_as_reported,
                term=found.report.term,
                onset_at=found.report.onset_at,
                serious=found.report.serious,
            )


def _reservations(world: World, today: date) -> Iterator[LapsingReservation]:
    for level, cohort in sorted(world.cohorts.items()):
        for number, expires_on in sorted(cohort.reservations.items()):
            left = (expires_on - today).days
            if left <= LAPSING_DAYS and number not in cohort.kept:
                yield LapsingReservation(patient=number, level=level, expires_on=expires_on, days_left=left)


def _consents(world: World, protocol: ProtocolDocument, now: datetime) -> Iterator[ConsentDue]:
    for number, patient in world.patients.in_order():
        if not (_gone(patient) or patient.withdrawn == "all-participation"):
            yield from consents_due(patient, protocol, world.patient_day(number, now))


def _gone(patient: Patient) -> bool:
    return bool(patient.screen_failed or patient.off_study or patient.death)


def consents_due(patient: Patient, protocol: ProtocolDocument, today: date) -> Iterator[ConsentDue]:
    """The signature that a patient's age demands and that is missing today, or will be at a birthday soon; then every
    new form that is not signed."""
    number, birthdays = patient.number, sorted(_majorities(patient, protocol))
    if not signed_for_age(patient, protocol, today):
        passed = [day for day in birthdays if day <= today] if patient.consents else []
        yield ConsentDue(patient=number, form_version=None, due_on=max(passed, default=None), overdue=True)
    else:
        soon = (day for day in birthdays if 0 < (day - today).days <= CONSENT_HORIZON_DAYS)
        due = next((day for day in soon if not signed_for_age(patient, protocol, day)), None)
        if due is not None:
            yield ConsentDue(patient=number, form_version=None, due_on=due, overdue=False)
    for form in unsigned_forms(patient, protocol, today):
        overdue = form.due_on < today
        yield ConsentDue(patient=number, form_version=form.form_version, due_on=form.due_on, overdue=overdue)


def _blood_groups(world: World, protocol: ProtocolDocument, now: datetime) -> Iterator[BloodGroupDue]:
    for number, patient in sorted(world.participants.items()):
        if _gone(patient) or patient.withdrawn or patient.transplant or patient.level is None:
            continue
        today = world.patient_day(number, now)
        for donor in due_blood_groups(patient, protocol, donor_of(patient), today):
            group = patient.donors.blood_group(donor, today)
            yield BloodGroupDue(
                patient=number,
                whose="donor" if donor else "recipient",
                donor=donor,
                samples=group.samples,
                disagree=group.disagree,
            )


def _majorities(patient: Patient, protocol: ProtocolDocument) -> Iterator[date]:
    for age in protocol.consent.majority_ages_years:
        if (born := patient.born_on) is not None:
            yield born.replace(year=born.year + age)


def _baselines(world: World, now: datetime) -> Iterator[BaselineDue]:
    for _, number, member in _members(world):
        patient, over = world.patients.get(number), member.window is not None and not member.window.running
        if patient is None or over:
            continue
        state = baseline_state(patient, capd_baseline(patient), world.patient_day(number, now))
        if state == "due" or state == "missing":
            yield BaselineDue(patient=number, state=state)
