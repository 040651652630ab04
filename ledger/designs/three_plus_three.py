"""The 3+3 design.

At a level, n counts the evaluable patients of phase I, t those of them with a counted dose-limiting toxicity (DLT).
X is the lowest level with t >= 2 at any n, or marked exceeded and not lifted by a signed review. c is the level below
X, or the top of the ladder where there is no X. A level is in use when anyone was treated there or is assigned to be.
Then, in this order:

    1  c lies below the ladder                     stop: no tolerated level
    2  a level <= c in use has n < 3,              treat the lowest such level, up to 3 or up to 6;
       or t = 1 and n < 6                          nothing above it
    3  no level <= c is in use                     open c, or the start level where c lies above that
    4  let d be the highest level <= c in use
         d below c                                 escalate to d + 1
         d = c with n < 6                          fill d to 6
         d = c with n >= 6, X exists               the MTD is d
         d = c with n >= 6, no X                   the MTD is not reached; d, the top, is recommended

Case 3 is the beginning of the trial (open the start level), or coming down to a level never used (open c, the reserve).
A level with more patients than slots follows the same text: 0 of 4 is cleared, 1 of 4 goes on to 6, 2 of 4 is exceeded.

*Waiting.* Nobody joins a level whose evaluable and pending patients fill its slots. Case 4 needs every window at levels
<= d closed, case 3 every window at levels <= X; both need every candidate DLT ruled, wherever it is. When case 4 fills
d to 6, the windows at d itself are those of this very expansion: they take slots, and hold nothing else.
In case 2 a candidate counts as a DLT: were the step another one with every candidate a DLT, it waits for the ruling.
Case 1 waits for nothing.

*Published rules differ in three points*, and a protocol must state each.

`six_at_mtd` True: as above; the MTD, or the top, is recommended on six patients with at most one DLT (Korn 1994:
"highest dose level in which 6 patients have been treated with <= 1 instance of DLT"). False: 0 of 3 is enough; "fill d
to 6" is left out of case 4 (PMC9018120, table 2; Le Tourneau 2009).

`act_on_second_dlt` True: as above; the second DLT exceeds a level at once, windows running or not. False: whole
cohorts. The counts exceed a level only once its opened cohort is evaluable: three, or six where a fourth patient is
evaluable or pending. Until then case 2 completes the cohort (t >= 1 and n < 6).

`may_deescalate` True: as above (Korn 1994; Lin and Shih 2001, "with dose de-escalation"). False: once a level above c
is in use, or where c lies below the start level, nobody is treated at c or below any more. Instead of cases 2 to 4, the
MTD is the highest level <= c in use that is cleared, as is every level in use below it (n >= 3 with t = 0, or n >= 6
with t <= 1), and that has n >= 6 where `six_at_mtd` asks for it. Without one, stop: nothing can be declared. Both wait
for the windows at levels <= c, which may still clear a higher one; the MTD waits for every candidate as in case 4.
(Lin and Shih 2001, "without dose de-escalation": the previous level is the MTD.)

Sources: Storer 1989, doi:10.2307/2531693; Korn et al. 1994, doi:10.1002/sim.4780131802; Lin and Shih 2001,
doi:10.1093/biostatistics/2.2.203; Le Tourneau et al. 2009, PMC2684552.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ledger.designs.base import (
    Advice,
    Await,
    DeclareMtd,
    DeclareMtdNotReached,
    Escalate,
    Open,
    Outcomes,
    Step,
    StopNoMtd,
    Tally,
    Treat,
)
from ledger.protocol.design import ThreePlusThreeParameters

FIRST_COHORT = 3
FULL_LEVEL = 6
NO_LEVEL = -1

Case: TypeAlias = Literal[1, 2, 3, 4]


@dataclass(frozen=True, slots=True)
class Finding:
    """Which case holds on the counts as they stand, and its step; windows and candidates left aside."""

    ceiling: int
    """c, the highest level that may be treated; below the ladder where there is none. X, if any, is the level above."""
    case: Case
    step: Step


class ThreePlusThree(ThreePlusThreeParameters):
    """The rule above, with the three points that the protocol states."""

    def advise(self, outcomes: Outcomes) -> Advice:
        """The step of the case that holds, or to wait for it."""
        finding = self.find(outcomes)
        windows, candidates = self._awaited(finding, outcomes)
        if not windows and not candidates:
            return finding.step
        return Await(
            level=min(windows + candidates),
            then=finding.step,
            pending=sum(outcomes.at(level).pending for level in windows),
            candidates=sum(outcomes.at(level).candidates for level in candidates),
        )

    def explain(self, outcomes: Outcomes) -> tuple[str, ...]:
        """What is exceeded, which case holds with its numbers, and what is waited for."""
        return _in_words(self.find(outcomes), self.advise(outcomes), outcomes)

    def slots_now(self, outcomes: Outcomes, level: int) -> int:
        """3 or 6 where the advice is to treat or open the level, or waits only because the level is full; else 0."""
        match self.advise(outcomes):
            case Treat(level=filled, slots=slots) if filled == level:
                return slots
            case Await(then=Treat(level=filled, slots=slots)) if filled == level and outcomes.at(level).is_full(slots):
                return slots
            case Open(level=opened) | Escalate(level=opened) if opened == level:
                return FIRST_COHORT
            case _:
                return 0

    def find(self, outcomes: Outcomes) -> Finding:
        """The first case that holds, in the order of the rule."""
        exceeded = (level for level in outcomes.ladder if self.is_exceeded(outcomes.at(level)))
        ceiling = next(exceeded, outcomes.top + 1) - 1
        return Finding(ceiling, *self._case(outcomes, ceiling))

    def is_exceeded(self, tally: Tally) -> bool:
        """Marked exceeded, or two DLTs or more, judged at once or by the whole cohort."""
        opened = FULL_LEVEL if tally.is_full(FIRST_COHORT + 1) else FIRST_COHORT
        judged = self.act_on_second_dlt or tally.evaluable >= opened
        return tally.exceeded or (tally.dlt >= 2 and judged)

    def _case(self, outcomes: Outcomes, ceiling: int) -> tuple[Case, Step]:
        in_use = outcomes.in_use()
        below = [level for level in in_use if level <= ceiling]
        unsettled = [level for level in below if not _is_settled(outcomes.at(level))]
        if ceiling < outcomes.bottom:
            return 1, StopNoMtd()
        if not self.may_deescalate and (ceiling < outcomes.start or len(below) < len(in_use)):
            cleared = below[: below.index(unsettled[0])] if unsettled else below
            return self._case_without_going_down(outcomes, cleared)
        if unsettled:
            return 2, Treat(unsettled[0], _slots(outcomes.at(unsettled[0])))
        if not below:
            return 3, Open(min(outcomes.start, ceiling))
        return 4, self._step_from(below[-1], outcomes, ceiling)

    def _case_without_going_down(self, outcomes: Outcomes, cleared: list[int]) -> tuple[Case, Step]:
        enough = FULL_LEVEL if self.six_at_mtd else FIRST_COHORT
        known = [level for level in cleared if outcomes.at(level).evaluable >= enough]
        return (4, DeclareMtd(known[-1])) if known else (1, StopNoMtd())

    def _step_from(self, highest: int, outcomes: Outcomes, ceiling: int) -> Step:
        if highest < ceiling:
            return Escalate(highest + 1)
        if self.six_at_mtd and outcomes.at(highest).evaluable < FULL_LEVEL:
            return Treat(highest, FULL_LEVEL)
        return DeclareMtdNotReached(highest) if highest == outcomes.top else DeclareMtd(highest)

    def _awaited(self, finding: Finding, outcomes: Outcomes) -> tuple[list[int], list[int]]:
        """The levels whose windows, and the levels whose candidates, stand between the finding and its step."""
        closed_up_to, ruled = _windows_needed_up_to(finding), self._needs_rulings(finding, outcomes)
        full = _full_level(finding.step, outcomes)
        windows = [level for level in outcomes.ladder if level <= closed_up_to or level == full]
        candidates = [level for level in outcomes.ladder if ruled or level == full]
        return (
            [level for level in windows if outcomes.at(level).pending],
            [level for level in candidates if outcomes.at(level).candidates],
        )

    def _needs_rulings(self, finding: Finding, outcomes: Outcomes) -> bool:
        if finding.case == 2:
            return self.find(outcomes.with_candidates_counted()).step != finding.step
        return finding.case != 1


def _windows_needed_up_to(finding: Finding) -> int:
    """The highest level whose windows have to be closed, with those of all levels below it."""
    match finding.step:
        case Treat(level=level) | Escalate(level=level):
            return NO_LEVEL if finding.case == 2 else level - 1
        case Open():
            return finding.ceiling + 1
        case DeclareMtd() | DeclareMtdNotReached() | StopNoMtd():
            return finding.ceiling


def _full_level(step: Step, outcomes: Outcomes) -> int | None:
    """The level to be treated, where its patients, evaluable and pending, fill its slots."""
    if isinstance(step, Treat) and outcomes.at(step.level).is_full(step.slots):
        return step.level
    return None


def _is_settled(tally: Tally) -> bool:
    """Cleared: 0 of 3 or more, or not exceeded with 6 or more."""
    return tally.evaluable >= FULL_LEVEL or (tally.evaluable >= FIRST_COHORT and tally.dlt == 0)


def _slots(tally: Tally) -> int:
    return FIRST_COHORT if tally.evaluable < FIRST_COHORT else FULL_LEVEL


def _in_words(finding: Finding, advice: Advice, outcomes: Outcomes) -> tuple[str, ...]:
    ground = (
        _ceiling_in_words(finding.ceiling, outcomes),
        f"Case {finding.case}: {_step_in_words(finding, outcomes)}.",
    )
    if not isinstance(advice, Await):
        return ground
    running = f"{_count(advice.pending, 'patient')} pending and {_count(advice.candidates, 'candidate DLT')} open"
    return (*ground, f"Not yet: {running}, the lowest at level {advice.level}.")


def _ceiling_in_words(ceiling: int, outcomes: Outcomes) -> str:
    if ceiling == outcomes.top:
        return f"No level is exceeded; the top is level {ceiling}."
    exceeded, numbers = ceiling + 1, _numbers(ceiling + 1, outcomes)
    if outcomes.at(exceeded).dlt >= 2:
        return f"Level {exceeded} is exceeded: {numbers}."
    return f"Level {exceeded} is marked exceeded, with {numbers}; no signed review has lifted the mark."


def _step_in_words(finding: Finding, outcomes: Outcomes) -> str:
    match finding.step:
        case Treat(level=level, slots=slots):
            place = ", nothing above it" if finding.case == 2 else ", the highest level allowed"
            return f"level {level} has {_numbers(level, outcomes)}; fill it to {slots}{place}"
        case Open(level=level):
            return f"no level up to {finding.ceiling} is in use; open level {level}"
        case Escalate(level=level):
            return f"level {level - 1} is cleared with {_numbers(level - 1, outcomes)}; escalate to level {level}"
        case DeclareMtd(level=level):
            return f"level {level} is tolerated with {_numbers(level, outcomes)}; it is the MTD"
        case DeclareMtdNotReached(top=level):
            return f"level {level}, the top, is tolerated with {_numbers(level, outcomes)}; the MTD is not reached"
        case StopNoMtd() if finding.ceiling < outcomes.bottom:
            return "no level is left; stop the trial, no level is tolerated"
        case StopNoMtd():
            numbers = _numbers(finding.ceiling, outcomes)
            return f"level {finding.ceiling} has {numbers}, and the protocol does not go back down; stop, no MTD"


def _numbers(level: int, outcomes: Outcomes) -> str:
    tally = outcomes.at(level)
    return f"{_count(tally.dlt, 'DLT')} in {_count(tally.evaluable, 'evaluable patient')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
