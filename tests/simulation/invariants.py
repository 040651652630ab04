"""What holds after every command (domain B and G.4), whatever was asked. The costly ones are in `history.py`."""

from datetime import timedelta
from itertools import pairwise
from typing import Final

from ledger.decisions.docket import Docket
from ledger.decisions.effects import Touched, effects
from ledger.decisions.standing import advice
from ledger.designs.base import (
    Advice,
    Await,
    DeclareMtd,
    DeclareMtdNotReached,
    Escalate,
    Open,
    StopNoMtd,
    Treat,
)
from ledger.designs.reading import advice_line
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record
from ledger.world import World
from tests.simulation.found import claim
from tests.simulation.harm import check_harm
from tests.simulation.phase_two import check_phase_two
from tests.simulation.reading import (
    Step,
    as_b1,
    candidates_at,
    candidates_due,
    completed,
    counts_below,
    expected_window,
    must_wait,
    step,
)
from tests.simulation.seen import Seen
from tests.simulation.seen_cohorts import MemberSeen
from tests.simulation.seen_outcomes import check_outcomes
from tests.simulation.seen_patients import PatientSeen

SECOND_DLT: Final = 2


def check_log(before: World, appended: tuple[Record, ...]) -> None:
    """Positions and versions are dense, the clock only advances, one command is one append."""
    last, expected = before.recorded_at, before
    for place, record in enumerate(appended):
        claim(record.position == before.size + place, f"position {record.position} is not dense")
        claim(record.stream_version == expected.stream_version(record.stream) + 1, f"{record.stream} is not dense")
        claim(last is None or record.recorded_at > last, f"position {record.position} was not recorded later")
        claim(record.occurred_at.utcoffset() is not None, "an instant without an offset")
        last, expected = record.recorded_at, expected.apply(record)
    claim(len({record.command_id for record in appended}) == 1, "one append of several commands")
    claim(all(a.protocol_version <= b.protocol_version for a, b in pairwise(appended)), "an older version in force")


def check_state(seen: Seen, world: World, protocol: ProtocolDocument, touched: set[str] | None = None) -> None:
    """The rules' state is the one that the log tells, and keeps what the protocol demands; patient by patient only of
    those who were touched, where it is said who was."""
    check_members(seen, world)
    check_received(seen, protocol)
    for level, cohort in world.cohorts.items():
        check_counts(seen, world, level, protocol)
        for number in cohort.members if touched is None else touched.intersection(cohort.members):
            check_patient(seen.patients[number], seen.cohort(level).members[number], protocol)
    check_deaths(seen, protocol)
    check_harm(seen, protocol)
    check_outcomes(seen, protocol)
    check_decisions(seen)
    check_mtd(seen, world, protocol)
    check_advice(seen, world, protocol)
    check_phase_two(seen, protocol)


def check_members(seen: Seen, world: World) -> None:
    """A patient with a level is a member of that cohort and of no other."""
    for number, patient in seen.patients.items():
        at = [level for level, cohort in seen.cohorts.items() if number in cohort.members]
        claim(at == ([] if patient.level is None else [patient.level]), f"{number} of level {patient.level} is at {at}")
        known = world.patients[number]
        claim(known.level == patient.level, f"{number} has level {known.level}, the log says {patient.level}")
        claim(set(known.open_candidates) == patient.candidates, f"{number}: candidates {known.open_candidates}")
        claim(patient.level is not None or not patient.given_on, f"{number} was dosed and has no level")


def check_received(seen: Seen, protocol: ProtocolDocument) -> None:
    """Who counts by the dose received counts at that lower level and nowhere else, with the DLT, which stays counted at
    the assigned level (domain B.2)."""
    for number, patient in seen.patients.items():
        member = seen.cohort(patient.level).members[number] if patient.level is not None else None
        due = counts_below(patient, member, protocol) if member else None
        at = {level: cohort.guests[number] for level, cohort in seen.cohorts.items() if number in cohort.guests}
        expected = {} if due is None else {due: patient.has_dlt}
        claim(at == expected, f"{number} counts by the dose received at {at}, not {expected}")
        claim(due is None or (patient.level or 0) > due, f"{number} of level {patient.level} counts at {due}")


def check_counts(seen: Seen, world: World, level: int, protocol: ProtocolDocument) -> None:
    """Counted are the patients whose ruling in force is a DLT; two of them exceed the level and hold it."""
    told, cohort = seen.cohort(level), world.cohort(level)
    with_dlt = {number for number in told.members if seen.patients[number].has_dlt}
    phases = {number: member.phase for number, member in cohort.members.items()}
    claim(phases == {n: m.phase for n, m in told.members.items()}, f"level {level}: the phases are {phases}")
    counted = {number for number, member in cohort.members.items() if member.dlt is not None}
    claim(with_dlt == counted, f"level {level} counts {sorted(counted)}, rulings say {sorted(with_dlt)}")
    counts = (cohort.evaluable, cohort.pending, cohort.dlts, cohort.slots, cohort.exceeded)
    from_log = (told.count(True), told.count(None), told.dlts, told.slots, told.exceeded)
    claim(counts == from_log, f"level {level}: {counts}, the log says {from_log}")
    if told.dlts >= SECOND_DLT and protocol.design.act_on_second_dlt:
        claim(cohort.exceeded, f"level {level} has {told.dlts} DLTs and is not exceeded")
    if told.exceeded:
        claim(bool(seen.holds_in_force(level)), f"level {level} is exceeded and not held")
    n, t, quiet = told.count(True), told.dlts, told.count(None) + candidates_at(seen, told) == 0
    tolerated = (n >= 3 and t == 0) or (n >= 6 and t <= 1)
    unsaid = quiet and tolerated and not told.exceeded and told.cleared != (n, t)
    claim(not unsaid, f"level {level} has {t} DLTs in {n} and was not cleared")


def check_patient(patient: PatientSeen, member: MemberSeen, protocol: ProtocolDocument) -> None:
    """Whoever was dosed has a window, as long as the protocol wants it; what may be a DLT is a candidate."""
    number, window = patient.screened.number, member.window
    claim(bool(patient.given_on) == (window is not None), f"{number}: given {patient.given_on}, window {window}")
    claim(window is not None or not member.counted, f"{number}: a DLT is counted of a patient without a window")
    if window is None:
        return
    from_on, to_on = expected_window(patient, protocol, window.days)
    claim(window.from_on == from_on, f"{number}: the window opens {window.from_on}, infusion 1 was {from_on}")
    if window.closed is None:
        claim(window.to_on == to_on, f"{number}: the window runs to {window.to_on}, not {to_on}")
        lasting = window.days >= protocol.dlt_window.days_after_last_infusion
        claim(lasting, f"{number}: an open window of {window.days} days, fewer than the protocol's")
    else:
        if window.closed.early_end is not None:
            to_on = max(patient.given_on.values()) + timedelta(days=window.days)
        claim(window.to_on >= to_on, f"{number}: the window closed for {window.to_on} should last to {to_on}")
    missing = set(candidates_due(patient, window, protocol)) - patient.candidates
    claim(not missing, f"{number}: {sorted(missing)} should be candidates")
    undecided = member.determined is None and not member.counted and not patient.candidates
    claim(not (undecided and completed(patient, window, protocol)), f"{number} completed and is not evaluable")


def check_decisions(seen: Seen) -> None:
    """A decision whose patients are otherwise now than it knew them is marked (domain B.2, retracted and late DLTs)."""
    for number, proposed in seen.proposed.items():
        for known in proposed.basis:
            now = seen.cohort(known.level).known(known.patient)
            stands = known.evaluable is None or now == (known.evaluable, known.dlt)
            claim(stands or number in seen.superseded, f"decision {number} knew {known.patient} otherwise than {now}")


def check_deaths(seen: Seen, protocol: ProtocolDocument) -> None:
    """A death not from relapse, after a dose and up to the protocol's day, has held the trial once (domain A.3-19)."""
    held = [hold.patient for hold in seen.holds.values() if hold.cause == "death"]
    for number, patient in seen.patients.items():
        if patient.death is None or patient.death.cause == "relapse" or not patient.given_on:
            continue
        days = (patient.death.died_on - patient.graft.date()).days if patient.graft else 0
        due = days <= protocol.review_holds.gvhd_and_death_through_day
        claim(
            not due or held.count(number) == 1, f"the death of {number} has held the trial {held.count(number)} times"
        )


def check_mtd(seen: Seen, world: World, protocol: ProtocolDocument) -> None:
    """An MTD stands on a tolerated level, of six where the protocol wants six, with nothing exceeded up to it."""
    trial = world.trial
    level = trial.mtd if trial.mtd is not None else protocol.top if trial.mtd_not_reached else None
    claim((level is None) == (seen.mtd is None), f"the MTD is {level}, the log says {seen.mtd}")
    claim((trial.rp2d is None) == (level is None), f"the MTD is {level}, the recommended dose {trial.rp2d}")
    if level is None:
        return
    n, t = seen.cohort(level).count(True), seen.cohort(level).dlts
    fewest = 6 if protocol.design.six_at_mtd or t else 3
    claim(n >= fewest and t <= 1, f"the MTD is level {level} with {t} DLTs in {n}")
    exceeded = [low for low in seen.cohorts if low <= level and seen.cohort(low).exceeded]
    claim(not exceeded, f"the MTD is level {level} while {exceeded} are exceeded")


def check_advice(seen: Seen, world: World, protocol: ProtocolDocument) -> None:
    """The design says what B.1 says, and waits where B.1 waits."""
    if not as_b1(protocol.design):
        return
    given, said = advice(world, protocol), step(seen, protocol)
    claim(_as_step(given) == said, f"B.1 says {said}, the design {advice_line(given)}")
    if must_wait(seen, protocol, said):
        claim(isinstance(given, Await), f"B.1 waits, the design says {advice_line(given)}")


def _as_step(given: Advice) -> Step:
    match given:
        case Await(then=then):
            return _as_step(then)
        case Treat(level=level, slots=slots):
            return f"treat{slots}", level
        case Open(level=level):
            return "open", level
        case Escalate(level=level):
            return "escalate", level
        case DeclareMtd(level=level):
            return "mtd", level
        case DeclareMtdNotReached(top=level):
            return "top", level
        case StopNoMtd():
            return "stop", None


def check_fixpoint(docket: Docket, world: World) -> None:
    """No effect of any rule is missing, of any patient and any level."""
    protocol = world.trial.protocol_on(docket.today)
    if protocol is not None:
        missing = effects(world, protocol.document, Touched.everything(world))
        claim(missing == (), f"effects are missing: {missing}")
