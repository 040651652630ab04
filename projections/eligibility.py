"""Who may take part, and why not: the eligibility matrix of a patient, and the screening and enrolment log."""

from datetime import date, datetime
from typing import Literal

from ledger.decisions.eligibility import checklist_hash
from ledger.decisions.permits import checklist
from ledger.eligibility.matrix import open_criteria
from ledger.eligibility.verdict import Basis, Input, Kind, Verdict
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.types import Day, Sha256
from ledger.world import World
from projections.base import View
from projections.levels import home_day

Outcome = Literal["in_screening", "eligible", "screen_failed", "enrolled"]


class VerdictView(View):
    """The verdict on the age limits or on a criterion. An exclusion criterion that is met excludes."""

    criterion: str
    text: str | None
    """As the protocol has it; null for the age limits."""
    kind: Kind
    met: bool | None
    """Null where it cannot be told from what is on record."""
    passes: bool | None
    """Whether the criterion lets the patient take part."""
    because: str
    basis: Basis
    """Who answers: a rule on findings, another rule of the ledger, a person, or the arbiter."""
    computed: bool | None
    """What the findings say, also where somebody else's answer stands."""
    rule: str
    inputs: tuple[Input, ...]
    """What it rests on, with the position of each in the log."""
    missing: tuple[str, ...]


class EligibilityView(View):
    """The eligibility matrix of a patient on a day."""

    patient: str
    on: Day
    protocol_version: int
    verdicts: tuple[VerdictView, ...]
    open: tuple[str, ...]
    """The criteria that do not let the patient take part: not met as they should be, or not told."""
    confirmed_under: int | None
    """The protocol version under which somebody signed the checklist."""
    confirmed_as_shown: bool
    """Whether what was signed is what is shown."""
    checklist_hash: Sha256


class ScreeningRow(View):
    """A patient in the screening and enrolment log."""

    patient: str
    site: str
    screened_on: Day
    consented_on: Day | None
    """The day of the first signature of a consent."""
    outcome: Outcome
    failed_by: tuple[str, ...]
    """The criteria by which screening failed, as reported."""
    open: tuple[str, ...]
    """The criteria that are open today, of a patient in screening."""
    eligible_under: int | None
    enrolled_on: Day | None
    phase: Literal["I", "II"] | None
    level: int | None


def eligibility(world: World, number: str, now: datetime) -> EligibilityView | None:
    """The matrix of a patient today; none for one never screened, or where no protocol version is in force."""
    known, today = world.patients.get(number), world.patient_day(number, now)
    version = world.trial.protocol_on(today)
    if known is None or known.screened is None or version is None:
        return None
    given = checklist(world, known, version.document, today)
    signed = checklist_hash(given)
    return EligibilityView(
        patient=number,
        on=today,
        protocol_version=version.number,
        verdicts=tuple(_shown(each, version.document) for each in given),
        open=open_criteria(given),
        confirmed_under=known.eligible_under,
        confirmed_as_shown=known.eligible_under == version.number and known.checklist_hash == signed,
        checklist_hash=signed,
    )


def _shown(verdict: Verdict, protocol: ProtocolDocument) -> VerdictView:
    criterion = protocol.eligibility.criterion(verdict.criterion)
    return VerdictView(**dict(verdict), text=criterion.text if criterion else None, passes=verdict.passes)


def screening_log(world: World, now: datetime) -> tuple[ScreeningRow, ...]:
    """Everybody who was ever screened, by number."""
    version = world.trial.protocol_on(home_day(world, now))
    protocol = version.document if version is not None else None
    return tuple(
        _row(world, patient, protocol, world.patient_day(number, now))
        for number, patient in world.patients.in_order()
        if patient.screened is not None
    )


def _row(world: World, patient: Patient, protocol: ProtocolDocument | None, today: date) -> ScreeningRow:
    assert patient.screened is not None, patient.number
    assert patient.entered is not None, patient.number
    outcome, enrolled = _outcome(patient), patient.enrolled
    undecided = protocol if outcome == "in_screening" else None
    return ScreeningRow(
        patient=patient.number,
        site=patient.screened.site,
        screened_on=world.site_day(patient.screened.site, patient.entered.at),
        consented_on=min((each.signed_at.date() for each in patient.consents.values()), default=None),
        outcome=outcome,
        failed_by=patient.failed_by,
        open=open_criteria(checklist(world, patient, undecided, today)) if undecided else (),
        eligible_under=patient.eligible_under,
        enrolled_on=world.site_day(patient.screened.site, patient.enrolled_at) if patient.enrolled_at else None,
        phase=enrolled.phase if enrolled else None,
        level=patient.level,
    )


def _outcome(patient: Patient) -> Outcome:
    if patient.enrolled is not None:
        return "enrolled"
    if patient.screen_failed:
        return "screen_failed"
    return "in_screening" if patient.eligible_under is None else "eligible"
