"""The end of a walk: everybody cooperates and nothing goes wrong any more. Then the trial has to come to an end."""

from collections.abc import Callable
from datetime import timedelta

from ledger.decisions.dose_decision import is_open
from ledger.decisions.expansion import enrolled_count, expansion_slots
from ledger.decisions.standing import advice, planned_on
from ledger.designs.reading import advice_line
from projections.phase_two import is_complete
from tests.simulation.committee import decide, sit
from tests.simulation.dosing import next_ordinal
from tests.simulation.found import Found
from tests.simulation.usual import arrive, go_on, gone
from tests.simulation.walk import Walk
from tests.simulation.ward import stop

MOST_ROUNDS = 1500
ROUNDS_WITHOUT_NEWS = 60
WAITING_AT_MOST = 2
LONGEST_WAIT_DAYS = 14
ENOUGH_IN_PHASE_TWO = 7


def bring_into_phase_two(walk: Walk) -> str:
    """Phase II is entered, or the trial ends before."""
    return bring_to(walk, lambda on_the_way: "II" if on_the_way.world.trial.phase == "II" else ended(on_the_way))


def bring_to_an_end(walk: Walk) -> str:
    """How the trial ends."""
    return bring_to(walk, ended)


def bring_to(walk: Walk, there: Callable[[Walk], str | None]) -> str:
    """Where the trial comes to; `Found`, where nothing can be done any more and yet it is not there."""
    quiet = 0
    for _ in range(MOST_ROUNDS):
        if (end := there(walk)) is not None:
            return end
        before = walk.world.size
        if not round_of(walk):
            walk.wait(days=days_to_wait(walk))
        quiet = 0 if walk.world.size > before else quiet + 1
        if quiet > ROUNDS_WITHOUT_NEWS:
            raise Found(f"stuck: {where(walk)}")
    raise Found(f"no end: {where(walk)}")


def days_to_wait(walk: Walk) -> int:
    """Until the next infusion is due or the next window is over; two weeks at most."""
    due = [walk.bench.now.date() + timedelta(days=LONGEST_WAIT_DAYS)]
    for cohort in walk.world.cohorts.values():
        for number, member in cohort.members.items():
            if member.window is not None and member.window.running:
                due.append(member.window.planned_to_on + timedelta(days=1))
            ordinal = next_ordinal(walk, walk.patient(number))
            planned = planned_on(walk.patient(number), walk.protocol, ordinal) if ordinal is not None else None
            due.extend(() if planned is None else (planned,))
    today = walk.bench.now.date()
    return min(((day - today).days for day in due if day > today), default=1)


def round_of(walk: Walk) -> bool:
    """Everybody does what can be done now."""
    for number in walk.numbers():
        stop(walk, number)
    going = [go_on(walk, number) for number in walk.numbers()]
    sitting = sit(walk) or reopen(walk)
    return any(going) or sitting or need_patients(walk)


def reopen(walk: Walk) -> bool:
    """A level that is exceeded although it has at most one DLT left is reopened by a signed review."""
    for cohort in walk.world.cohorts.values():
        if cohort.exceeded and cohort.dlts < 2 and walk.world.trial.held(None) is None and not walk.world.trial.stopped:
            return decide(walk, "reopen", cohort.level)
    return False


def need_patients(walk: Walk) -> bool:
    waiting = [n for n in walk.numbers() if walk.patient(n).level is None and not gone(walk.patient(n))]
    waiting = [n for n in waiting if not walk.patient(n).infusions]
    wanted = len(waiting) < WAITING_AT_MOST and walk.world.trial.enrolment_closed is None
    return arrive(walk) if wanted else False


def ended(walk: Walk) -> str | None:
    """The end that the trial has come to, if it has."""
    trial = walk.world.trial
    if trial.stopped:
        return "stopped"
    if trial.mtd is not None:
        return with_phase_two(walk, f"MTD level {trial.mtd}")
    if trial.mtd_not_reached:
        return with_phase_two(walk, "MTD not reached")
    busy = any(
        not gone(patient) and member.evaluable is None
        for level, cohort in walk.world.cohorts.items()
        for number, member in cohort.members.items()
        if (patient := walk.patient(number)).level == level
    )
    if busy or any(walk.patient(n).open_candidates for n in walk.numbers()):
        return None
    if enrolled_count(walk.world) >= walk.protocol.enrolment_cap:
        return "undetermined: the cap is reached"
    return "undetermined: enrolment closed" if trial.enrolment_closed else None


def with_phase_two(walk: Walk, result: str) -> str | None:
    """The end of a trial with a recommended dose: phase II observed to its end, where there is one; of a large one,
    when enough patients have gone through it."""
    level = walk.world.trial.rp2d
    assert level is not None
    cohort = walk.world.cohort(level)
    if walk.protocol.phase_2 is None or not walk.temper.phase_two:
        return result
    if walk.world.trial.phase == "I":
        return result if expansion_slots(walk.world, walk.protocol, level) < 1 else None
    over = sum(m.window is not None and not m.window.running for m in cohort.members_of("II").values())
    if is_complete(walk.world, walk.protocol, cohort):
        return f"{result}, phase II complete"
    return f"{result}, phase II goes on" if over >= ENOUGH_IN_PHASE_TWO else None


def where(walk: Walk) -> str:
    """Where the trial stands, for whoever has to find out why it does not go on."""
    trial = walk.world.trial
    holds = {number: (hold.cause, hold.level) for number, hold in trial.holds.items() if not hold.lifted}
    waiting = [number for number, decision in trial.decisions.items() if is_open(walk.world, decision)]
    cohorts = {
        level: (cohort.opened, cohort.slots, cohort.evaluable, cohort.pending, cohort.dlts, cohort.exceeded)
        for level, cohort in walk.world.cohorts.items()
    }
    given = advice_line(advice(walk.world, walk.protocol))
    return f"{given}; holds {holds}; decisions open {waiting}; (open, slots, n, pending, t, exceeded) {cohorts}"
