"""The rule agrees with the classical flow chart at every step of every course."""

import pytest

from ledger.designs.base import (
    Advice,
    DeclareMtd,
    DeclareMtdNotReached,
    Escalate,
    Open,
    Outcomes,
    StopNoMtd,
    Tally,
    Treat,
)
from ledger.designs.characteristics import Ladder, by_whole_cohorts
from tests.designs.classical import STOP, Chart, Course, Ending
from tests.designs.designs import three_plus_three

LADDERS = [(bottom, top, start) for top in (2, 3, 4, 5) for start in (1, 2) for bottom in (0, 1)]
VARIANTS = [(six, down) for six in (True, False) for down in (True, False)]


def counted(chart: Chart, course: Course) -> Outcomes:
    tallies: dict[int, Tally] = {}
    for level, dlts in course:
        before = tallies.get(level, Tally(0, 0))
        tallies[level] = Tally(before.evaluable + 3, before.dlt + dlts)
    return Outcomes(tallies, bottom=chart.bottom, top=chart.top, start=chart.start)


def next_on_the_chart(course: Course, level: int) -> Advice:
    """What the chart does next, in the words of an advice."""
    visited = [visited for visited, _ in course]
    if level in visited:
        return Treat(level, 6)
    return Escalate(level) if visited and level > max(visited) else Open(level)


def ended_on_the_chart(ending: Ending) -> Advice:
    match ending:
        case ("mtd", int(level)):
            return DeclareMtd(level)
        case ("not reached", int(level)):
            return DeclareMtdNotReached(level)
        case _:
            assert ending == STOP
            return StopNoMtd()


def advices(chart: Chart) -> dict[Course, Advice]:
    """After each beginning of each course, what comes next."""
    found: dict[Course, Advice] = {}
    for course, ending in chart.courses():
        for done, (level, _) in enumerate(course):
            found[course[:done]] = next_on_the_chart(course[:done], level)
        found[course] = ended_on_the_chart(ending)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("six", "down"), VARIANTS)
@pytest.mark.parametrize(("bottom", "top", "start"), LADDERS)
def test_the_rule_and_the_chart_agree_at_every_step(bottom: int, top: int, start: int, six: bool, down: bool) -> None:
    chart = Chart(bottom, top, start, six=six, down=down)
    for at_once in (True, False):
        design = three_plus_three(six=six, at_once=at_once, down=down)
        for course, expected in advices(chart).items():
            assert design.advise(counted(chart, course)) == expected, course


@pytest.mark.parametrize(("six", "down"), VARIANTS)
@pytest.mark.parametrize(("bottom", "top", "start"), LADDERS)
def test_the_rule_and_the_chart_have_the_same_courses(bottom: int, top: int, start: int, six: bool, down: bool) -> None:
    ladder = Ladder.of("1/4 " * (top - bottom + 1), bottom=bottom, start=start)
    courses = [course for course, _ in Chart(bottom, top, start, six=six, down=down).courses()]
    assert by_whole_cohorts(three_plus_three(six=six, down=down), ladder).paths == len(courses) == len(set(courses))


def test_the_trial_has_541_courses() -> None:
    assert len(list(Chart(bottom=0, top=3, start=1).courses())) == 541
