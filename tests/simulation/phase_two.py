"""Phase II as domain F and A.3-20 have it, held against the log: counted once more, by a reader of the pages."""

from fractions import Fraction

from ledger.cohort import events as c
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.safety import RateBoundary
from ledger.record import Record
from ledger.trial import dosing as d
from tests.simulation.found import claim
from tests.simulation.seen import Seen
from tests.simulation.seen_cohorts import CohortSeen


def counts(seen: Seen, cohort: CohortSeen, protocol: ProtocolDocument, *, carefully: bool = False) -> tuple[int, int]:
    """DLTs, and patients treated there. Carefully: candidates are DLTs, and who is still observed is left out."""
    phase = protocol.phase_2
    dlts, patients = 0, 0
    for number, member in cohort.members.items():
        known = seen.patients[number]
        if (phase is not None and not phase.counts_phase_1_at_rp2d and member.phase == "I") or not (
            known.given_on or member.counted
        ):
            continue
        dlt = member.counted or (carefully and bool(known.candidates))
        over = member.window is not None and member.window.closed is not None
        dlts += dlt
        patients += dlt or over or not carefully
    if phase is not None and phase.counts_phase_1_at_rp2d:
        for number, with_dlt in cohort.guests.items():
            dlts += with_dlt or (carefully and bool(seen.patients[number].candidates))
            patients += 1
    return dlts, patients


def stops(seen: Seen, level: int, protocol: ProtocolDocument, *, carefully: bool = False) -> bool:
    """Whether the counts at a level of phase II stop it."""
    phase, cohort = protocol.phase_2, seen.cohort(level)
    if phase is None or cohort.expanded_at is None:
        return False
    dlts, patients = counts(seen, cohort, protocol, carefully=carefully)
    with_dlt = {number for number, member in cohort.members.items() if member.counted}
    with_dlt |= {number for number, counted in cohort.guests.items() if counted}
    if carefully:
        with_dlt |= {number for number in {*cohort.members, *cohort.guests} if seen.patients[number].candidates}
    if level == protocol.stopping.level and len(with_dlt) >= protocol.stopping.dlt_count:
        return True
    boundary = phase.boundary
    if isinstance(boundary, RateBoundary):
        return patients >= boundary.from_treated_count and Fraction(boundary.dlt_rate) * patients <= dlts
    reaching = [step.dlt_count for step in boundary.steps if patients <= step.through_treated_count]
    return dlts >= (reaching or [boundary.steps[-1].dlt_count])[0]


def check_phase_two(seen: Seen, protocol: ProtocolDocument) -> None:
    """Every DLT of phase II was held for review, and a crossed boundary holds."""
    reviewed = {hold.patient for hold in seen.holds.values() if hold.cause == "phase-two-dlt"}
    for level, cohort in seen.cohorts.items():
        if protocol.phase_2 is not None and protocol.phase_2.hold_at_every_dlt:
            with_dlt = {n for n, member in cohort.members.items() if member.counted and member.phase == "II"}
            claim(with_dlt <= reviewed, f"DLTs of {sorted(with_dlt - reviewed)} in phase II were not held for review")
        if stops(seen, level, protocol):
            held = [hold for hold in seen.holds_in_force(level) if seen.holds[hold].cause == "phase-two-boundary"]
            claim(bool(held), f"the boundary is crossed at level {level} and does not hold it")
    if seen.phase_two is not None:
        claim(seen.phase_two == seen.mtd, f"phase II at level {seen.phase_two}, the recommended dose is {seen.mtd}")


def check_going_on(seen: Seen, level: int, protocol: ProtocolDocument) -> None:
    """Nobody is exposed where phase II has stopped, or would stop with what is not decided yet."""
    if seen.cohort(level).expanded_at is None:
        return
    claim(not stops(seen, level, protocol, carefully=True), f"permitted at level {level}, past its boundary")
    if protocol.phase_2 is not None and protocol.phase_2.hold_at_every_dlt:
        members = seen.cohort(level).members.items()
        candidates = [n for n, member in members if seen.patients[n].candidates and not member.counted]
        claim(not candidates, f"permitted at level {level} while {candidates} may have a DLT")


def check_entered(seen: Seen, record: Record, protocol: ProtocolDocument, *, on_paper: bool) -> None:
    """Phase II begins at the recommended dose, with phase I settled and no more patients than the cap leaves."""
    match record.event:
        case d.PhaseEntered(level=level, decision=decision):
            claim(seen.mtd == level, f"phase II at level {level}, the recommended dose is {seen.mtd}")
            claim(seen.taken[decision].outcome == "enter_phase_two", "phase II without its decision")
            if not on_paper:
                _check_settled(seen, level)
        case c.ExpansionOpened(slots_count=slots):
            count = sum(bool(each.enrolled or each.given_on) for each in seen.patients.values())
            undosed = sum(bool(each.enrolled) and not each.given_on for each in seen.patients.values())
            dosed = sum(bool(seen.patients[n].given_on) for n in seen.cohort(record.level or 0).of_phase("II"))
            most = max(0, protocol.enrolment_cap - count) + undosed + dosed
            claim(slots <= most, f"phase II takes {slots}, the cap leaves {most}")
        case _:
            pass


def _check_settled(seen: Seen, level: int) -> None:
    claim(not seen.stopped and not seen.holds_in_force(level), "phase II was entered in a trial that is held")
    for at, cohort in seen.cohorts.items():
        for number, member in cohort.of_phase("I").items():
            running = member.window is not None and member.window.closed is None
            claim(not running, f"phase II was entered while {number} is observed")
            claim(not seen.patients[number].candidates, f"phase II was entered with a candidate of {number}")
            claim(at > level or member.evaluable is not None, f"phase II was entered with {number} undecided")
