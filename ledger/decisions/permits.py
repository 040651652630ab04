"""The rules behind the permissions, each as the sequence of rules that are broken: a command is refused by the
first, the escalation board lists them all, and what was decided on paper keeps each as a deviation."""

from collections.abc import Iterator
from datetime import date, timedelta

from ledger import refusals as no
from ledger.cohort.state import Cohort
from ledger.decisions.behind import decision_behind
from ledger.decisions.consent import against_consent, consent_valid
from ledger.decisions.docket import Docket
from ledger.decisions.eligibility import verdicts
from ledger.decisions.expansion import enrolled_count, has_candidate, may_be_crossed
from ledger.decisions.notices import circulated
from ledger.decisions.standing import advice, outcomes, tally
from ledger.decisions.witnessed import against_unwitnessed
from ledger.designs.listed import design_of
from ledger.designs.reading import advice_line, lower_level_to_treat, treats_now
from ledger.eligibility.matrix import open_criteria
from ledger.eligibility.verdict import Verdict
from ledger.errors import Refused
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.trial.state import Version
from ledger.world import World

Broken = Iterator[Refused]


def in_plan(docket: Docket, ordinal: int) -> ProtocolDocument:
    """The protocol in force; `NotInProtocol` for an infusion that it does not plan."""
    protocol = docket.protocol()
    if ordinal not in protocol.ordinals():
        raise no.NotInProtocol(f"infusion {ordinal}")
    return protocol


def against_exposure(world: World, level: int | None) -> Broken:
    """Why no further child may be exposed, in the trial or at a level."""
    trial = world.trial
    if trial.stopped:
        yield no.TrialStopped(f"stopped: {trial.stopped}")
    if (hold := trial.held(None)) is not None:
        yield no.TrialHeld(f"hold {hold}")
    if level is None:
        return
    if hold is None and (hold := trial.held(level)) is not None:
        yield no.LevelHeld(f"hold {hold} reaches level {level}")
    cohort = world.cohort(level)
    if cohort.exceeded:
        yield no.CohortExceededIsShut(f"level {level}")
    elif _exceeded_with_candidates(world, cohort):
        yield no.CandidatesHoldLevel(f"level {level}")
    else:
        yield from _against_going_on(world, cohort)


def _against_going_on(world: World, cohort: Cohort) -> Broken:
    """Why a level of phase II takes no further child: a DLT there that is not ruled on, or its boundary (domain F)."""
    protocol = world.protocol()
    if cohort.expansion is None or protocol is None:
        return
    if protocol.phase_2 is None:
        yield no.PhaseTwoNotStated(f"level {cohort.level}")
    elif protocol.phase_2.hold_at_every_dlt and any(
        member.dlt is None and has_candidate(world, number) for number, member in cohort.counted.items()
    ):
        yield no.CandidatesHoldLevel(f"level {cohort.level}")
    elif may_be_crossed(world, protocol, cohort):
        yield no.BoundaryCrossed(f"level {cohort.level}")


def _exceeded_with_candidates(world: World, cohort: Cohort) -> bool:
    """Whether the design would call a level exceeded, were every candidate DLT ruled one (domain B.2)."""
    protocol = world.protocol()
    counted = tally(world, cohort).with_candidates_counted()
    return protocol is not None and design_of(protocol.design).is_exceeded(counted)


def against_lower_levels(world: World, protocol: ProtocolDocument, level: int) -> Broken:
    """A candidate DLT below counts as a DLT here too: one that would exceed or unsettle a lower level (domain B.2)."""
    told, design = outcomes(world, protocol).with_candidates_counted(), design_of(protocol.design)
    unsettled = lower_level_to_treat(design.advise(told))
    exceeded = (lower for lower in told.ladder if lower < level and design.is_exceeded(told.at(lower)))
    if unsettled is not None and unsettled < level:
        yield no.CandidatesHoldLevel(f"level {level}: level {unsettled} is to be treated first")
    elif (lower := next(exceeded, None)) is not None:
        yield no.CandidatesHoldLevel(f"level {level}: level {lower}")


def against_placing(world: World, protocol: ProtocolDocument, level: int) -> Broken:
    """Why a level takes no further patient: exposure, the result of phase I, the cohort, the design. In phase II the
    design is not asked: the recommended dose takes patients, and no other level."""
    yield from against_exposure(world, level)
    if world.trial.phase == "II":
        if level != world.trial.rp2d:
            yield no.NotTheRecommendedDose(f"level {level}")
        return
    if world.trial.phase_one_over:
        yield no.PhaseOneComplete("phase I has its result")
    if not world.cohort(level).opened:
        yield no.CohortNotOpen(f"level {level}")
    if not treats_now(given := advice(world, protocol), level):
        yield no.LevelNotAdvised(f"level {level}: the design says {advice_line(given)}")


def against_screening(patient: Patient) -> Broken:
    """Why a patient is not in screening."""
    if patient.screen_failed:
        yield no.PatientNotScreened(f"patient {patient.number}: screen failed")
    if patient.off_study or patient.death:
        yield no.OffStudy(f"patient {patient.number}")


def against_taking_part(patient: Patient, protocol: ProtocolDocument, on: date) -> Broken:
    """Why no new protocol action is taken with a patient: left the study, or consent not valid."""
    yield from against_screening(patient)
    yield from against_consent(patient, protocol, on)


def checklist(world: World, patient: Patient, protocol: ProtocolDocument, on: date) -> tuple[Verdict, ...]:
    """The verdicts on the age and on every criterion, on a day."""
    return verdicts(world, patient, protocol, on, consented=consent_valid(patient, protocol, on))


def against_eligibility(world: World, patient: Patient, protocol: ProtocolDocument, on: date) -> Broken:
    """Why eligibility cannot be confirmed: consent, an open or unmet criterion, the age."""
    yield from against_taking_part(patient, protocol, on)
    yield from _against_open_criteria(world, patient, protocol, on)


def _against_open_criteria(world: World, patient: Patient, protocol: ProtocolDocument, on: date) -> Broken:
    """Criteria open or not met, the age limits among them; of the age, its contradiction is a flag (domain A.3-1)."""
    given, rule = checklist(world, patient, protocol, on), protocol.eligibility.age
    flagged = given[0].met is None
    if unmet := [each for each in open_criteria(given) if not (flagged and each == rule.rule)]:
        yield no.CriteriaOpen(f"patient {patient.number}: {', '.join(unmet)}")
    if flagged:
        yield no.AgeFlagStands(f"patient {patient.number}: {rule.flag_interpretation}")


def against_enrolment(docket: Docket, patient: Patient, version: Version) -> Broken:
    """Why a patient is not enrolled (domain G.4-1)."""
    world, protocol = docket.world, version.document
    yield from against_exposure(world, None)
    yield from against_open_enrolment(world)
    yield from against_taking_part(patient, protocol, docket.judged_on)
    if patient.enrolled is not None:
        yield no.AlreadyEnrolled(f"patient {patient.number}")
    yield from _against_stale_eligibility(docket, patient, version)
    yield from against_one_more(world, protocol)


def _against_stale_eligibility(docket: Docket, patient: Patient, version: Version) -> Broken:
    """Eligibility is signed under the version in force, and no criterion was found otherwise since (domain G.4-1)."""
    if patient.eligible_under != version.number:
        yield no.NotEligible(f"patient {patient.number}")
    yield from _against_open_criteria(docket.world, patient, version.document, docket.judged_on)


def against_open_enrolment(world: World) -> Broken:
    """A person closed enrolment."""
    if world.trial.enrolment_closed:
        yield no.EnrolmentIsClosed("enrolment is closed")


def against_one_more(world: World, protocol: ProtocolDocument) -> Broken:
    """The enrolment cap (P1, A.3-20)."""
    if enrolled_count(world) >= protocol.enrolment_cap:
        yield no.EnrolmentCapReached(f"{protocol.enrolment_cap} patients")


def against_opening(world: World, protocol: ProtocolDocument, level: int) -> Broken:
    """Why a level does not open without a dose decision (P4)."""
    yield from against_exposure(world, level)
    if level != protocol.start:
        yield no.NotTheStartLevel(f"level {level}")
    if world.cohort(level).opened:
        yield no.CohortOpenAlready(f"level {level}")


def against_reservation(docket: Docket, patient: Patient, cohort: Cohort, protocol: ProtocolDocument) -> Broken:
    """Why a slot is not kept for a patient."""
    today = docket.judged_on
    yield from against_taking_part(patient, protocol, today)
    yield from against_placing(docket.world, protocol, cohort.level)
    if patient.enrolled is None and enrolled_count(docket.world) >= protocol.enrolment_cap:
        yield no.EnrolmentCapReached(f"{protocol.enrolment_cap} patients")
    if patient.level is not None:
        yield no.AlreadyAssigned(f"patient {patient.number} has level {patient.level}")
    for other in docket.world.cohorts.values():
        if other.level != cohort.level and other.keeps_slot(patient.number, today):
            yield no.AlreadyReserved(f"patient {patient.number}: level {other.level}")
    yield from against_full(docket.world, cohort, today)


def against_full(world: World, cohort: Cohort, today: date) -> Broken:
    """Every slot of the phase is held by a patient or a live reservation."""
    if cohort.free_slots(today, world.trial.phase) < 1:
        yield no.NoFreeSlot(f"level {cohort.level}")


def against_assignment(docket: Docket, patient: Patient, cohort: Cohort, version: Version) -> Broken:
    """Why a patient does not get the level (domain G.4-1, G.4-2)."""
    protocol = version.document
    yield from against_taking_part(patient, protocol, docket.judged_on)
    if patient.enrolled is None:
        yield no.NotEnrolled(f"patient {patient.number}")
    yield from _against_stale_eligibility(docket, patient, version)
    if patient.level is not None:
        yield no.AlreadyAssigned(f"patient {patient.number} has level {patient.level}")
    yield from against_placing(docket.world, protocol, cohort.level)
    yield from against_unwitnessed(docket.world, cohort.level)
    if not cohort.keeps_slot(patient.number, docket.judged_on):
        yield no.NoReservation(f"patient {patient.number} at level {cohort.level}")


def under_observation(world: World, number: str, protocol: ProtocolDocument, on: date) -> bool:
    """Whether a patient of a cohort still keeps the next one waiting: not dosed yet, infusions outstanding, or not
    long enough after the last one (domain B.2, sentinel)."""
    patient = world.patients.get(number)
    member = world.cohort(patient.level).members.get(number) if patient and patient.level is not None else None
    if patient is None or member is None or member.evaluable is False:
        return False
    given = [i.given_on for i in patient.infusions.values() if i.given_on]
    outstanding = any(
        ordinal not in patient.infusions or not patient.infusions[ordinal].settled for ordinal in protocol.ordinals()
    )
    if not given or (outstanding and not patient.may_have_dlt):
        return True
    return on < max(given) + timedelta(days=protocol.sentinel.observation_days)


def against_first_infusion(docket: Docket, patient: Patient, protocol: ProtocolDocument) -> Broken:
    """The sentinel period; one patient at a time after a DLT at the level, or as long as a sentinel is missing."""
    if patient.level is None:
        return
    world, cohort = docket.world, docket.world.cohort(patient.level)
    had_dlt = any(member.dlt is not None or has_candidate(world, number) for number, member in cohort.counted.items())
    after_dlt = protocol.sentinel.one_at_a_time_after_dlt and had_dlt
    one_at_a_time = after_dlt or (cohort.sentinel_due and not patient.sentinel)
    for number, member in sorted(cohort.members.items()):
        begun = _begun(docket, number)
        if number == patient.number or not (member.sentinel or (one_at_a_time and begun)):
            continue
        if patient.sentinel and not begun:
            continue
        if under_observation(world, number, protocol, docket.judged_on):
            yield no.SentinelPeriodRunning(f"patient {number} of level {patient.level}")


def _begun(docket: Docket, number: str) -> bool:
    """Whether a patient was dosed, or may be at any moment by an authorisation that is valid."""
    patient = docket.world.patients.get(number)
    if patient is None:
        return False
    return patient.dosed or any(each.valid_until > docket.judged_at for each in patient.authorised.values())


def against_level_use(world: World, patient: Patient) -> Broken:
    """Why an assigned level is not dosed: nothing opened it, or the decision behind it has not been circulated."""
    if patient.level is None:
        yield no.NotAssigned(f"patient {patient.number}")
        return
    cohort = world.cohort(patient.level)
    if not cohort.opened:
        yield no.CohortNotOpen(f"level {patient.level}")
    decision = decision_behind(world, cohort)
    if decision is not None and not circulated(world, decision):
        yield no.DecisionNotCirculated(f"decision {decision.number}")
    yield from against_unwitnessed(world, patient.level)


def weight_is_fresh(weighed_on: date, on: date, protocol: ProtocolDocument) -> bool:
    """Whether a weight was taken within the protocol's days before the infusion (domain A.3-16)."""
    return timedelta(0) <= on - weighed_on <= timedelta(days=protocol.weight_valid_days)
