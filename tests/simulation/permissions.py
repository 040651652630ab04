"""No permission against the rules (domain G.4-1 to G.4-4, G.4-9): each is held against what was seen before it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from ledger.cohort import events as c
from ledger.decisions.docket import Command
from ledger.decisions.enrolment import AssignDoseLevel, ReassignDoseLevel
from ledger.patient import events as e
from ledger.patient import infusions as i
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record
from ledger.types import exact
from tests.simulation.found import claim
from tests.simulation.phase_two import check_going_on
from tests.simulation.reading import candidates_at, consent_valid, denied
from tests.simulation.seen import Seen
from tests.simulation.seen_patients import PatientSeen


@dataclass(frozen=True)
class Moment:
    """When, under which version and by which command something was permitted."""

    command: Command
    now: datetime
    today: date
    version: int
    protocol: ProtocolDocument


def check_permission(seen: Seen, record: Record, moment: Moment) -> None:
    """`Found`, where a record is a permission that should have been refused."""
    match record.event:
        case c.SlotReserved():
            _check_reservation(seen, record, moment)
        case e.PatientEnrolled():
            _check_enrolment(seen, record, moment)
        case e.DoseLevelAssigned(level=level) if isinstance(moment.command, AssignDoseLevel):
            _check_assignment(seen, record, moment, level)
        case e.DoseLevelReassigned(level=level) if isinstance(moment.command, ReassignDoseLevel):
            _check_reassignment(seen, record, moment, level)
        case c.SlotAssigned() if isinstance(moment.command, AssignDoseLevel | ReassignDoseLevel):
            cohort = seen.cohort(record.level or 0)
            claim(cohort.taken(seen.phase) < cohort.room(seen.phase), "more patients were placed than slots")
            claim(record.event.phase == seen.phase, f"placed in phase {record.event.phase} during phase {seen.phase}")
        case i.InfusionAuthorised() as authorised:
            _check_authorisation(seen, record, moment, authorised)
        case _:
            pass


def _patient(seen: Seen, record: Record) -> PatientSeen:
    assert record.patient is not None
    return seen.patients[record.patient]


def _check_exposure(seen: Seen, level: int | None, moment: Moment) -> None:
    claim(not seen.stopped, "permitted in a stopped trial")
    claim(not seen.holds_in_force(level), f"permitted under holds {seen.holds_in_force(level)} at level {level}")
    if level is not None:
        cohort = seen.cohort(level)
        claim(not cohort.exceeded, f"permitted at level {level}, which is exceeded")
        at_once = moment.protocol.design.act_on_second_dlt
        few = cohort.dlts + candidates_at(seen, cohort) < 2
        claim(few or not at_once, "permitted at two DLTs, candidates counted")
        check_going_on(seen, level, moment.protocol)


def _check_part(patient: PatientSeen, moment: Moment) -> None:
    claim(consent_valid(patient, moment.protocol, moment.today), "permitted without valid consent")
    claim(not denied(patient, moment.protocol, moment.today), "permitted against a minor's no")
    gone = patient.screen_failed or patient.death or patient.off_study
    claim(not gone, "permitted for a patient who takes no part")


def _check_placing(seen: Seen, level: int, moment: Moment) -> None:
    _check_exposure(seen, level, moment)
    claim(seen.cohort(level).opened, f"permitted at level {level}, which nothing has opened")
    claim(seen.mtd is None or seen.phase == "II", "placed between the result of phase I and phase II")
    claim(seen.phase_two in (None, level), f"placed at level {level} in phase II at level {seen.phase_two}")


def _check_reservation(seen: Seen, record: Record, moment: Moment) -> None:
    assert isinstance(record.event, c.SlotReserved)
    cohort, level = seen.cohort(record.level or 0), record.level or 0
    _check_part(seen.patients[record.event.patient], moment)
    _check_placing(seen, level, moment)
    others = [on for number, on in cohort.reserved.items() if number != record.event.patient and on >= moment.today]
    held, room = cohort.taken(seen.phase) + len(others), cohort.room(seen.phase)
    claim(held < room, f"level {level}: {held} of {room} slots were held, and one more was reserved")


def _check_enrolment(seen: Seen, record: Record, moment: Moment) -> None:
    patient = _patient(seen, record)
    _check_part(patient, moment)
    _check_exposure(seen, None, moment)
    claim(not seen.enrolment_closed, "enrolled after enrolment was closed")
    claim(patient.eligible_under == moment.version, "enrolled without eligibility under the version in force")
    count = sum(bool(each.enrolled or each.given_on) for each in seen.patients.values())
    claim(count < moment.protocol.enrolment_cap, f"enrolled as number {count + 1}, past the cap")


def _check_assignment(seen: Seen, record: Record, moment: Moment, level: int) -> None:
    patient, cohort = _patient(seen, record), seen.cohort(level)
    _check_part(patient, moment)
    _check_placing(seen, level, moment)
    claim(patient.enrolled is not None, "assigned without enrolment")
    claim(patient.eligible_under == moment.version, "assigned without eligibility under the version in force")
    claim(patient.level is None, "assigned twice")
    reserved_to = cohort.reserved.get(record.patient or "")
    claim(reserved_to is not None and reserved_to >= moment.today, "assigned without a live reservation")


def _check_reassignment(seen: Seen, record: Record, moment: Moment, level: int) -> None:
    patient = _patient(seen, record)
    _check_placing(seen, level, moment)
    claim(not patient.given_on, "moved after the first infusion")
    claim(patient.level is not None and level < patient.level, "moved, but not to a lower level")
    claim(bool(seen.holds_in_force(patient.level)), "moved from a level that is not held")


def _check_authorisation(seen: Seen, record: Record, moment: Moment, event: i.InfusionAuthorised) -> None:
    patient = _patient(seen, record)
    _check_part(patient, moment)
    claim(patient.level == event.level, "an infusion was authorised at another level than the assigned one")
    _check_exposure(seen, event.level, moment)
    claim(not patient.has_dlt and not patient.candidates, "a patient with a DLT or a candidate was to be infused")
    settled = event.ordinal in patient.given_on or event.ordinal in patient.omitted
    claim(not settled, "an infusion was authorised that was given or omitted")
    earlier = set(range(1, event.ordinal))
    claim(earlier <= set(patient.done), "a later infusion was authorised before an earlier one was given")
    decision = seen.cohort(event.level).decision
    told = seen.acknowledged.get(seen.taken_at[decision], set()) if decision is not None else set()
    everybody = set(moment.protocol.monitoring.parties("dose_decision"))
    claim(decision is None or everybody <= told, "authorised before the decision was circulated")
    claim(event.valid_until <= moment.now + timedelta(hours=24), "authorised for more than a day")
    bars = seen.lots[event.product].bars(record.patient or "", patient.graft_of or patient.selected)
    claim(not bars, f"lot {event.product} was authorised although {bars}")
    _check_dose(patient, moment, event)
    _check_order(patient, moment, event, record.actor.id)
    _check_readiness(patient, moment, event.ordinal)
    if event.ordinal == 1:
        _check_sentinel(seen, record.patient or "", event.level, moment)


def _check_dose(patient: PatientSeen, moment: Moment, event: i.InfusionAuthorised) -> None:
    dose, protocol = patient.doses[event.ordinal], moment.protocol
    planned = protocol.level_total(event.level) * protocol.share(event.ordinal) * Fraction(dose.weight_kg)
    claim(exact(event.max_cells) == planned, "authorised cells are not level total x share x weight")
    claim(0 <= (moment.today - dose.weighed_on).days <= protocol.weight_valid_days, "authorised on an old weight")


def _check_order(patient: PatientSeen, moment: Moment, event: i.InfusionAuthorised, by: str) -> None:
    """Ordered in mL by somebody else, of this lot, in whole steps that hold no more than the plan."""
    orderer, order = patient.orders[event.ordinal]
    volume, planned = exact(order.volume_ml), exact(patient.doses[event.ordinal].cells)
    claim(orderer != by, f"{by} ordered and authorised")
    claim(order.product == event.product, "authorised of another lot than ordered")
    claim(exact(event.volume_ml or "0") == volume, "authorised in another volume than ordered")
    claim(0 < volume * exact(order.viable_cells_per_ml) <= planned, "more cells were ordered than planned")
    claim((volume / exact(moment.protocol.dose_order.volume_step_ml)).denominator == 1, "not in whole steps")


def _check_readiness(patient: PatientSeen, moment: Moment, ordinal: int) -> None:
    limits = moment.protocol.readiness
    items = {item.check: item for item in patient.ready[ordinal].items}
    asked = {"steroids", "infection", "ventilator", "oxygen"}
    asked |= {"nonhaematologic-reaction"} if ordinal in limits.nonhaematologic_ordinals else set()
    claim(set(items) == asked, f"readiness was {sorted(items)}")
    for check, item in items.items():
        hours = limits.oxygen_valid_hours if check in ("oxygen", "ventilator") else limits.valid_hours
        claim(item.met, f"authorised although {check} was not met")
        claim(moment.now - item.assessed_at <= timedelta(hours=hours), f"authorised on an old check of {check}")


def _check_sentinel(seen: Seen, number: str, level: int, moment: Moment) -> None:
    """Only the sentinel itself is infused before the sentinel of its cohort was observed long enough."""
    members = seen.cohort(level).members
    if members[number].sentinel:
        return
    for other, member in members.items():
        if other == number or not member.sentinel or member.evaluable is False:
            continue
        claim(_was_observed(seen.patients[other], moment), f"authorised while the sentinel {other} is observed")


def _was_observed(sentinel: PatientSeen, moment: Moment) -> bool:
    given, protocol = sentinel.given_on, moment.protocol
    to_come = set(protocol.ordinals()) - set(given) - set(sentinel.omitted)
    if not given or (to_come and not sentinel.has_dlt and not sentinel.candidates):
        return False
    return moment.today - max(given.values()) >= timedelta(days=protocol.sentinel.observation_days)
