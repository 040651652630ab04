"""The usual way of a patient through the trial, one step at a time, as far as the rules let it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, get_args

from api.demo.findings import attested, passing
from ledger.cohort.events import EarlyEnd
from ledger.cohort.state import Member
from ledger.decisions import dlt, enrolment, safety, screening, setup
from ledger.decisions.carry_out import CarriedOut
from ledger.decisions.consent import consent_valid, minor_dissents
from ledger.decisions.docket import Command
from ledger.decisions.eligibility import checklist_hash
from ledger.decisions.permits import checklist
from ledger.decisions.standing import advice, assessments_due, level_received
from ledger.designs.reading import treats_now
from ledger.patient.events import CriterionAssessed
from ledger.patient.state import Patient
from ledger.refusals import AgeFlagStands
from tests import donors
from tests.bench import INVESTIGATOR, PI, SITE, SPONSOR
from tests.simulation.beginnings import FAR_SITE, QUORUM
from tests.simulation.cells import unfit
from tests.simulation.dosing import graft, infuse_next
from tests.simulation.walk import Walk

Step = Callable[[Walk, Patient], bool]

BIRTHS: Final = ("2025-09", "2024-06", "2021-11", "2016-03", "2013-02", "2012-03", "2011-07", "2008-04", "2005-01")
"""Infants under the age flag, children about to turn 12, 14 or 18, and grown-ups."""
ADULTS: Final = ("1999-12", "1990-05", "1962-08")


def arrive(walk: Walk) -> bool:
    """A new patient is screened."""
    number = f"{max((int(known) for known in walk.numbers()), default=0) + 1:03d}"
    born = walk.pick(ADULTS if walk.temper.kind == "another-trial" else BIRTHS)
    site = SITE if walk.maybe(0.75) else FAR_SITE
    command = screening.ScreenPatient(
        number=number, site=site, birth_year_month=born, sex=walk.pick(("female", "male"))
    )
    return walk.done(command)


def go_on(walk: Walk, number: str) -> bool:
    """The next step of a patient; False where nothing can be done now."""
    return any(step(walk, walk.patient(number)) for step in STEPS)


def gone(patient: Patient) -> bool:
    return bool(patient.screen_failed or patient.death or patient.off_study or patient.withdrawn)


def member_of(walk: Walk, patient: Patient) -> Member | None:
    return None if patient.level is None else walk.world.cohort(patient.level).members.get(patient.number)


def leave(walk: Walk, patient: Patient) -> bool:
    """Who is gone gives back what he holds."""
    if not gone(patient):
        return False
    for level, cohort in walk.world.cohorts.items():
        if patient.number in cohort.reservations:
            return walk.done(enrolment.ReleaseReservation(patient=patient.number, level=level))
    return give_up_level(walk, patient)


def without_cells(walk: Walk, patient: Patient) -> bool:
    """Who cannot have the cells that were made leaves before the first infusion."""
    if gone(patient) or patient.dosed or not unfit(walk, patient):
        return False
    off_on = walk.today(patient.number)
    command = safety.RecordOffStudy(patient=patient.number, cause="other", off_on=off_on)
    return walk.done(command, walk.doctor(patient.number))


def give_up_level(walk: Walk, patient: Patient) -> bool:
    """Who was not dosed, and will not be, has no level any more."""
    if patient.level is None or patient.dosed:
        return False
    cohort = walk.world.cohort(patient.level)
    omitted = any(infusion.omitted for infusion in patient.infusions.values())
    if not (gone(patient) or omitted or cohort.exceeded or not cohort.opened):
        return False
    return walk.done(enrolment.CancelAssignment(patient=patient.number, cause="will not be infused"))


def move_down(walk: Walk, patient: Patient) -> bool:
    """Who waits on a held level goes to the lower one that is filled first."""
    if patient.level is None or patient.dosed or walk.world.trial.held(patient.level) is None:
        return False
    given = advice(walk.world, walk.protocol)
    lower = next((level for level in range(patient.level) if treats_now(given, level)), None)
    if lower is None or walk.world.trial.held(lower) is not None:
        return False
    return walk.done(enrolment.ReassignDoseLevel(patient=patient.number, level=lower), PI)


def end_early(walk: Walk, patient: Patient) -> bool:
    """The window of who died, withdrew or was lost ends early."""
    member = member_of(walk, patient)
    if member is None or member.window is None or not member.window.running or patient.open_candidates:
        return False
    cause = patient.off_study.event.cause if patient.off_study else None  # type: ignore[attr-defined]
    end = "death" if patient.death else "withdrawal" if patient.withdrawn == "all-participation" else cause
    if end not in get_args(EarlyEnd):
        return False
    closing = {"patient": patient.number, "assessments_done_count": 1, "early_end": end}
    command = dlt.CloseDltWindow.model_validate(closing)
    return walk.done(command, walk.doctor(patient.number))


def consent(walk: Walk, patient: Patient) -> bool:
    """Everyone signs whose signature the age needs."""
    today = walk.today(patient.number)
    if not gone(patient) and minor_dissents(patient, walk.protocol, today):
        at, number = walk.here(patient.number), patient.number
        agreed = screening.RecordAssent(patient=number, form_version="1.1", signed_at=at)
        return walk.done(agreed, walk.doctor(number))
    if gone(patient) or consent_valid(patient, walk.protocol, today):
        return False
    forms = [told.event.form_version for told in patient.agreement.forms]
    for capacity in sorted(walk.protocol.consent_required(patient.age_on(today))):
        command = screening.RecordConsent(
            patient=patient.number,
            form_version=forms[-1] if forms and walk.maybe(0.5) else "2.0",
            capacity=capacity,
            signed_at=walk.here(patient.number),
            obtained_by="maria",
            copy_given=True,
        )
        walk.ask(command, walk.doctor(patient.number))
    return True


def examine(walk: Walk, patient: Patient) -> bool:
    """Everything is looked for once; sometimes one thing is found otherwise, or not at all, the first time."""
    if gone(patient) or patient.findings:
        return False
    return _found(walk, patient, walk.chance.randrange(30))


def _found(walk: Walk, patient: Patient, left_out: int = -1) -> bool:
    today = walk.today(patient.number)
    assert patient.screened is not None
    found = passing(walk.protocol.eligibility, patient.age_on(today), patient.screened.sex, today)
    kept = [each for place, each in enumerate(found) if place != left_out] or found
    command = screening.RecordScreeningFindings.model_validate({"patient": patient.number, "findings": kept})
    return walk.done(command, walk.doctor(patient.number))


def assess(walk: Walk, patient: Patient) -> bool:
    """Every criterion that people answer is answered."""
    verdicts = [each for each in attested(walk.protocol) if each["criterion"] not in patient.attested]
    asked = [c for c in walk.protocol.eligibility.criteria if c.id not in patient.determinations]
    determined = [c for c in asked if c.assessed_by == "determination"]
    if gone(patient) or not (verdicts or determined):
        return False
    by = walk.doctor(patient.number)
    if verdicts:
        for each in verdicts:
            each["inputs"] = walk.text("chart") if walk.maybe(0.1) else None
        walk.ask(screening.AssessCriteria.model_validate({"patient": patient.number, "assessments": verdicts}), by)
    for c in determined:
        met, why = c.kind == "inclusion", walk.text("seen by the investigator")
        walk.ask(screening.SignDetermination(patient=patient.number, criterion=c.id, met=met, rationale=why), by)
    return True


def find_donor(walk: Walk, patient: Patient) -> bool:
    """A donor is selected, and the blood groups are known, where the protocol asks for it."""
    if gone(patient) or patient.donors.selected is not None or not walk.protocol.donor.criterion:
        return False
    for command, by in donors.steps(walk.bench, patient.number):
        walk.ask(command, walk.doctor(patient.number) if by == INVESTIGATOR else by)
    return walk.patient(patient.number).donors.selected is not None


def confirm(walk: Walk, patient: Patient) -> bool:
    """Eligible under the version in force; who never will be leaves screening."""
    if gone(patient) or patient.level is not None or _is_eligible(walk, patient):
        return False
    by = walk.doctor(patient.number)
    answer = walk.ask(screening.ConfirmEligibility(patient=patient.number), by)
    if isinstance(answer, AgeFlagStands) and walk.maybe(0.3):
        for signer in walk.chance.sample((PI, SPONSOR), 2):
            basis, known = walk.text("infants are treated here"), walk.protocol.interpretation("A.3-1")
            reading = known.reading if known else "none"
            walk.ask(setup.SignInterpretation(item="A.3-1", reading=reading, basis=basis), signer)
        return True
    if isinstance(answer, CarriedOut) or walk.maybe(0.3):
        return isinstance(answer, CarriedOut)
    if patient.enrolled is None:
        return walk.done(
            screening.FailScreening(patient=patient.number, criteria=(walk.protocol.eligibility.criteria[-1].id,)), by
        )
    off_on = walk.today(patient.number)
    return walk.done(safety.RecordOffStudy(patient=patient.number, cause="other", off_on=off_on), by)


def _is_eligible(walk: Walk, patient: Patient) -> bool:
    signed = patient.eligible_under == walk.bench.docket().version().number
    given = checklist(walk.world, patient, walk.protocol, walk.today(patient.number))
    return signed and patient.checklist_hash == checklist_hash(given)


def reconsider(walk: Walk, patient: Patient) -> bool:
    """Who is not eligible under the version in force, or any more, is examined and assessed again."""
    if gone(patient) or patient.level is not None or patient.screened is None:
        return False
    given = checklist(walk.world, patient, walk.protocol, walk.today(patient.number))
    if given[0].passes is False:
        return _too_old(walk, patient)
    wrong = [each for each in given if each.passes is not True]
    if patient.enrolled is None and not (wrong and walk.maybe(0.3)):
        return False
    verdicts = [
        CriterionAssessed(criterion=each.criterion, met=each.kind == "inclusion", inputs=None)
        for each in wrong
        if each.basis == "attested"
    ]
    command = screening.AssessCriteria(patient=patient.number, assessments=tuple(verdicts))
    said = bool(verdicts) and walk.done(command, walk.doctor(patient.number))
    computed = any(each.basis == "computed" and each.missing != ("signed reading of A.3-1",) for each in wrong)
    return (computed and _found(walk, patient)) or said


def _too_old(walk: Walk, patient: Patient) -> bool:
    """Who grew past the age limit while waiting leaves."""
    number, rule = patient.number, walk.protocol.eligibility.age.rule
    leaves: Command = screening.FailScreening(patient=number, criteria=(rule,))
    if patient.enrolled is not None:
        leaves = safety.RecordOffStudy(patient=number, cause="other", off_on=walk.today(number))
    return walk.done(leaves, walk.doctor(number))


def place(walk: Walk, patient: Patient) -> bool:
    """A slot, then the enrolment, then the level."""
    if gone(patient) or patient.level is not None or patient.infusions:
        return False
    if not _is_eligible(walk, patient) and not walk.maybe(0.1):
        return False
    number, by = patient.number, walk.doctor(patient.number)
    today, cohorts = walk.today(number), walk.world.cohorts.values()
    level = next((c.level for c in cohorts if c.keeps_slot(number, today)), None)
    if level is None:
        return _reserve(walk, number)
    if patient.enrolled is None:
        day_zero = today + timedelta(days=_days_to_graft(walk))
        return walk.done(enrolment.EnrolPatient(patient=number, planned_transplant_on=day_zero), by)
    return walk.done(enrolment.AssignDoseLevel(patient=number, level=level), by)


def _reserve(walk: Walk, number: str) -> bool:
    given, trial = advice(walk.world, walk.protocol), walk.world.trial
    level = next((level for level in walk.protocol.levels() if treats_now(given, level)), None)
    level = trial.rp2d if trial.phase == "II" else level
    if level is None or walk.world.cohort(level).free_slots(walk.today(number), trial.phase) < 1:
        return False
    return walk.done(enrolment.ReserveSlot(patient=number, level=level), walk.doctor(number))


def _days_to_graft(walk: Walk) -> int:
    first = -walk.protocol.day_of(1)
    return first + walk.pick((0, 0, 1, 7, 21, 33))


def observe(walk: Walk, patient: Patient) -> bool:
    """The window is closed when its days are over."""
    member = member_of(walk, patient)
    if member is None or member.window is None or not member.window.running or patient.open_candidates:
        return False
    settled = all(o in patient.infusions and patient.infusions[o].settled for o in walk.protocol.ordinals())
    if not settled or walk.today(patient.number) <= member.window.planned_to_on:
        return False
    due = assessments_due(patient, member.window, walk.protocol)
    done = due if walk.maybe(0.93) else max(0, due - 1)
    command = dlt.CloseDltWindow(patient=patient.number, assessments_done_count=done)
    return walk.done(command, walk.doctor(patient.number), reason=walk.text("the other sheets are on paper"))


def determine(walk: Walk, patient: Patient) -> bool:
    """Who did not complete the window as planned is not evaluable, by two signatures; or counts where the dose was."""
    member = member_of(walk, patient)
    if member is None or member.window is None or member.window.running or member.evaluable is not None:
        return False
    if patient.may_have_dlt:
        return False
    if level_received(patient, walk.protocol) is not None and walk.maybe(0.5) and count_below(walk, patient, member):
        return True
    reason = walk.pick(walk.protocol.evaluability.not_evaluable_reasons)
    for by in walk.chance.sample(QUORUM, 2):
        command = dlt.DetermineEvaluability(
            patient=patient.number, evaluable=False, reason=reason, revision=member.revision + 1
        )
        walk.ask(command, by)
    after = member_of(walk, walk.patient(patient.number))
    return after is not None and after.evaluable is not None


def count_below(walk: Walk, patient: Patient, member: Member) -> bool:
    """The committee says that a patient counts at the level whose dose was received."""
    level = level_received(patient, walk.protocol)
    for by in walk.chance.sample(QUORUM, len(QUORUM)):
        command = dlt.DetermineEvaluability(
            patient=patient.number, evaluable=True, reason="dose received", revision=member.revision + 1, at_level=level
        )
        walk.ask(command, by)
    after = member_of(walk, walk.patient(patient.number))
    return after is not None and after.revision > member.revision


STEPS: Final[tuple[Step, ...]] = (
    without_cells,
    leave,
    move_down,
    give_up_level,
    end_early,
    consent,
    examine,
    assess,
    find_donor,
    reconsider,
    confirm,
    place,
    infuse_next,
    graft,
    observe,
    determine,
)
