"""Domain A.3, B.1 and B.2 read once more: from the pages, not from the rules' code."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

from ledger.protocol.design import DesignParameters
from ledger.protocol.document import ProtocolDocument
from tests.simulation.seen import Seen
from tests.simulation.seen_cohorts import CohortSeen, MemberSeen, WindowSeen
from tests.simulation.seen_patients import EventSeen, PatientSeen

Step = tuple[str, int | None]
"""stop; treat3, treat6, open or escalate with a level; mtd or top with a level."""


def candidates_at(seen: Seen, cohort: CohortSeen) -> int:
    """Patients of the cohort, of phase I, with a candidate DLT whose DLT is not counted already."""
    counted = {number for number, member in cohort.members.items() if member.counted}
    counted |= {number for number, with_dlt in cohort.guests.items() if with_dlt}
    here = {*cohort.of_phase("I"), *cohort.guests} - counted
    return sum(bool(seen.patients[number].candidates) for number in here)


def ceiling(seen: Seen, protocol: ProtocolDocument) -> tuple[int, bool]:
    """c, and whether there is an X above it."""
    exceeded = [level for level in protocol.levels() if seen.cohort(level).exceeded or seen.cohort(level).dlts >= 2]
    return (min(exceeded) - 1, True) if exceeded else (protocol.top, False)


def in_use(seen: Seen, protocol: ProtocolDocument) -> list[int]:
    """Levels that were opened and have been given to a patient: a dose by mistake brings no level into use."""
    given = [level for level in protocol.levels() if seen.cohort(level).of_phase("I") or seen.cohort(level).guests]
    return [level for level in given if seen.cohort(level).opened]


def as_b1(design: DesignParameters) -> bool:
    """Whether a protocol has all three switches on, as B.1 is written."""
    return design.six_at_mtd and design.act_on_second_dlt and design.may_deescalate


def step(seen: Seen, protocol: ProtocolDocument) -> Step:
    """What B.1 says on the counts, with all three switches on; whether windows and candidates allow it is left open."""
    c, x_exists = ceiling(seen, protocol)
    if c < protocol.bottom:
        return "stop", None
    treated = [level for level in in_use(seen, protocol) if level <= c]
    for level in treated:
        n, t = seen.cohort(level).count(True), seen.cohort(level).dlts
        if n < 3:
            return "treat3", level
        if t == 1 and n < 6:
            return "treat6", level
    if not treated:
        return "open", min(c, protocol.start)
    d = treated[-1]
    if d < c:
        return "escalate", d + 1
    if seen.cohort(d).count(True) < 6:
        return "treat6", d
    return ("mtd", d) if x_exists else ("top", d)


def must_wait(seen: Seen, protocol: ProtocolDocument, said: Step) -> bool:
    """Whether a window at a level that the step rests on runs, or a candidate is open anywhere (cases 3 and 4)."""
    kind, level = said
    if kind not in ("open", "escalate", "mtd", "top"):
        return False
    assert level is not None
    up_to = level if kind in ("mtd", "top") else level - 1 if kind == "escalate" else ceiling(seen, protocol)[0] + 1
    counted = [level for level in in_use(seen, protocol) if level <= up_to]
    pending = sum(seen.cohort(level).count(None) for level in counted)
    candidates = sum(candidates_at(seen, seen.cohort(level)) for level in in_use(seen, protocol))
    return pending + candidates > 0


def consent_valid(patient: PatientSeen, protocol: ProtocolDocument, on: date) -> bool:
    """Everyone whose signature the age needs has signed; the patient's own counts from the age band it is needed in."""
    needed, forms = protocol.consent_required(patient.age_on(on)), patient.forms
    for capacity in needed:
        signed = [each.signed_at.date() for each in patient.consents.values() if each.capacity == capacity]
        signed = [day for day in signed if day <= on]
        if capacity == "patient":
            signed = [day for day in signed if protocol.consent_required(patient.age_on(day)) == needed]
        if not signed:
            return False
    return not patient.withdrawn and not any(form_overdue(patient, place, needed, on) for place in range(len(forms)))


def form_overdue(patient: PatientSeen, place: int, needed: frozenset[str], on: date) -> bool:
    """A form whose day has passed without a signature of each who is needed, on it or on one asked for later."""
    if patient.forms[place].due_on >= on:
        return False
    for capacity in needed.intersection(patient.forms[place].capacities):
        enough = [form.form_version for form in patient.forms[place:] if capacity in form.capacities]
        signed = [each for each in patient.consents.values() if each.capacity == capacity]
        if not any(each.form_version in enough and each.signed_at.date() <= on for each in signed):
            return True
    return False


def denied(patient: PatientSeen, protocol: ProtocolDocument, on: date) -> bool:
    """A minor has said no, and neither agreed nor signed since."""
    minor = "representative" in protocol.consent_required(patient.age_on(on))
    own = [each.signed_at for each in patient.consents.values() if each.capacity == "patient"]
    since = [at for at in (patient.agreed_at, *own) if at is not None]
    said_at = patient.denied_at
    return minor and said_at is not None and said_at.date() <= on and all(at <= said_at for at in since)


def expected_window(patient: PatientSeen, protocol: ProtocolDocument, days: int) -> tuple[date, date]:
    """From infusion 1 to so many days after the last infusion given; one that is to come yet keeps it open."""
    given = patient.given_on
    first, last = min(given.values()), max(given.values())
    none_to_come = patient.has_dlt or patient.candidates or patient.death or patient.withdrawn
    for ordinal in protocol.ordinals():
        if ordinal not in given and ordinal not in patient.omitted and not none_to_come:
            last = max(last, planned_on(patient, protocol, ordinal) or first + _apart(protocol, ordinal))
    return first, last + timedelta(days=days)


def _apart(protocol: ProtocolDocument, ordinal: int) -> timedelta:
    return timedelta(days=protocol.infusion(ordinal).planned_day - protocol.infusion(1).planned_day)


def planned_on(patient: PatientSeen, protocol: ProtocolDocument, ordinal: int) -> date | None:
    """The calendar day of an infusion, counted from the graft, or from the planned one until then."""
    day_zero = patient.graft.date() if patient.graft else None
    day_zero = day_zero or patient.replanned
    if day_zero is None and patient.enrolled is not None:
        day_zero = patient.enrolled.planned_transplant_on
    return day_zero + timedelta(days=protocol.infusion(ordinal).planned_day) if day_zero else None


def completed(patient: PatientSeen, window: WindowSeen, protocol: ProtocolDocument) -> bool:
    """The window was closed with every assessment done, and enough of the level's planned total was received."""
    closed = window.closed
    if closed is None or closed.early_end is not None or patient.level is None:
        return False
    enough = gave_enough(patient, protocol, patient.level)
    return enough and closed.assessments_done_count >= closed.assessments_due_count


def received(patient: PatientSeen) -> Fraction:
    """The cells/kg of all infusions."""
    return sum((Fraction(done.cells) / Fraction(done.weight_kg) for done in patient.done.values()), Fraction())


def gave_enough(patient: PatientSeen, protocol: ProtocolDocument, level: int) -> bool:
    """Whether what was received is the protocol's share of a level's total."""
    return received(patient) * 100 >= protocol.level_total(level) * protocol.evaluability.minimum_percent_of_plan


def counts_below(patient: PatientSeen, member: MemberSeen, protocol: ProtocolDocument) -> int | None:
    """The lower level at which a patient counts (B.2): the committee said so, and there is a DLT; or without one, the
    window is complete and the dose is that level's: no more than its total, more than the next lower one's, enough."""
    level = member.determined.at_level if member.determined and member.determined.evaluable else None
    level = None if member.phase == "II" else level
    if level is None or member.counted:
        return level
    closed = member.window.closed if member.window else None
    complete = closed and closed.early_end is None and closed.assessments_done_count >= closed.assessments_due_count
    lower = [each for each in protocol.levels() if each < level]
    above = not lower or received(patient) > protocol.level_total(lower[-1])
    is_dose = above and received(patient) <= protocol.level_total(level) and gave_enough(patient, protocol, level)
    return level if complete and is_dose else None


def candidates_due(patient: PatientSeen, window: WindowSeen, protocol: ProtocolDocument) -> Iterator[str]:
    """What has to be an open candidate: it may be a DLT, lies in the window, and nobody has ruled on it."""
    for number, event in patient.events.items():
        ruling = patient.rulings.get(f"adverse-event/{number}")
        within = window.from_on <= event.report.onset_at.date() <= window.last_on
        if within and _may_be_dlt(event, protocol) and ruling is None:
            yield f"adverse-event/{number}"
        ruled_grade = ruling.grade if ruling is not None and not ruling.is_dlt else None
        worse = ruled_grade is not None and (event.grade or 0) > ruled_grade
        if within and worse and _may_be_dlt(event, protocol):
            yield f"adverse-event/{number}"
    for ordinal, omitted in patient.omitted.items():
        if omitted.cause == "reaction-or-its-treatment" and f"omission/{ordinal}" not in patient.rulings:
            yield f"omission/{ordinal}"
    death = patient.death
    if death is not None and window.from_on <= death.died_on <= window.last_on and "death" not in patient.rulings:
        yield "death"


def _may_be_dlt(event: EventSeen, protocol: ProtocolDocument) -> bool:
    kinds = {event.report.toxicity, *event.toxicities.values()} & set(protocol.dlt.toxicities)
    high = event.grade is not None and event.grade >= protocol.dlt.minimum_grade
    return bool(kinds) and (high or bool(event.doubtful) or (event.serious and event.grade is None))
