"""The operating characteristics of the trial's own ladder (domain B.5), recomputed through the rule, to every digit."""

from collections.abc import Mapping
from fractions import Fraction
from math import comb, prod
from typing import NamedTuple

import pytest

from ledger.designs.base import Advice, Await, DeclareMtd, DeclareMtdNotReached, Outcomes, StopNoMtd, Tally
from ledger.designs.characteristics import Characteristics, Ending, Ladder, by_whole_cohorts, patient_by_patient
from tests.designs.classical import Chart, Course
from tests.designs.classical import Ending as End
from tests.designs.designs import three_plus_three, variants

ENDINGS: list[Ending] = [StopNoMtd(), DeclareMtd(0), DeclareMtd(1), DeclareMtd(2), DeclareMtdNotReached(3)]


class Row(NamedTuple):
    rates: str
    endings: str
    """None, L0, L1, L2, L3 (not reached)."""
    patients: str
    dlts: str
    at_most_12: str
    exactly_15: str
    above_15: str
    one_by_one: tuple[str, str]
    """Patient by patient: E(N) and P(N = 15)."""
    three_enough: tuple[str, str]
    """E(N) where 0 of 3 is enough: at every level, and only at levels not cleared on the way up."""


TABLE = [
    Row(
        rates="0.02 0.05 0.08 0.12",
        endings=".0002 .0268 .0632 .1398 .7701",
        patients="12.97",
        dlts="1.13",
        at_most_12=".683",
        exactly_15=".287",
        above_15=".030",
        one_by_one=("12.78", ".228"),
        three_enough=("10.50", "10.96"),
    ),
    Row(
        rates="0.05 0.10 0.20 0.45",
        endings=".0033 .0974 .2975 .4967 .1050",
        patients="13.03",
        dlts="2.83",
        at_most_12=".616",
        exactly_15=".306",
        above_15=".078",
        one_by_one=("12.24", ".120"),
        three_enough=("10.52", "12.34"),
    ),
    Row(
        rates="0.25 0.40 0.55 0.70",
        endings=".3549 .4065 .2170 .0212 .0004",
        patients="10.57",
        dlts="3.84",
        at_most_12=".914",
        exactly_15=".058",
        above_15=".027",
        one_by_one=("9.37", ".018"),
        three_enough=("8.61", "9.60"),
    ),
]
EACH_ROW = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.rates)


def prints_as(exact: Fraction, printed: str) -> bool:
    """Whether an exact value rounds to the printed one, at the digits that are printed."""
    half_a_digit = Fraction(1, 2 * 10 ** len(printed.partition(".")[2]))
    return abs(exact - Fraction(printed)) <= half_a_digit


def ladder(row: Row) -> Ladder:
    return Ladder.of(row.rates, bottom=0, start=1)


def mtd_probabilities(found: Characteristics) -> list[Fraction]:
    return [found.ends_with(ending) for ending in ENDINGS]


@EACH_ROW
def test_the_table_of_the_trial(row: Row) -> None:
    found = by_whole_cohorts(three_plus_three(), ladder(row))
    printed = row.endings.split()
    assert all(map(prints_as, mtd_probabilities(found), printed)), mtd_probabilities(found)
    assert prints_as(found.expected_patients, row.patients)
    assert prints_as(found.expected_dlts, row.dlts)
    assert prints_as(found.at_most(12), row.at_most_12)
    assert prints_as(found.exactly(15), row.exactly_15)
    assert prints_as(1 - found.at_most(15), row.above_15)


@EACH_ROW
def test_there_are_541_paths_of_6_to_24_patients(row: Row) -> None:
    found = by_whole_cohorts(three_plus_three(), ladder(row))
    assert found.paths == 541
    assert list(found.patients) == [6, 9, 12, 15, 18, 21, 24]


@EACH_ROW
def test_acting_on_the_second_dlt_saves_patients_and_changes_no_mtd(row: Row) -> None:
    whole, single = (by(three_plus_three(), ladder(row)) for by in (by_whole_cohorts, patient_by_patient))
    assert single.endings == whole.endings
    patients, exactly_15 = row.one_by_one
    assert prints_as(single.expected_patients, patients)
    assert prints_as(single.exactly(15), exactly_15)
    assert single.expected_dlts < whole.expected_dlts


@EACH_ROW
def test_whole_cohorts_need_as_many_patients_when_asked_after_each(row: Row) -> None:
    whole, single = (by(three_plus_three(at_once=False), ladder(row)) for by in (by_whole_cohorts, patient_by_patient))
    assert (single.endings, single.patients, single.expected_dlts) == (
        whole.endings,
        whole.patients,
        whole.expected_dlts,
    )
    assert whole == by_whole_cohorts(three_plus_three(), ladder(row))


def test_phase_one_uses_12_to_15_patients_where_the_product_is_tolerable() -> None:
    used = [by_whole_cohorts(three_plus_three(), ladder(row)) for row in TABLE[:2]]
    assert prints_as(used[0].exactly(12) + used[0].exactly(15), ".945")
    assert prints_as(used[1].exactly(12) + used[1].exactly(15), ".802")


@EACH_ROW
def test_none_of_three_is_enough_at_every_level_or_only_at_levels_not_come_back_to(row: Row) -> None:
    """B.5 prints, as the variant where 0 of 3 is enough, the second of these: levels come back to are filled to six."""
    everywhere, at_new_levels = row.three_enough
    assert prints_as(by_whole_cohorts(three_plus_three(six=False), ladder(row)).expected_patients, everywhere)
    chart = Chart(bottom=0, top=3, start=1, six_on_cleared_levels_only=True)
    assert prints_as(
        sum((3 * len(course) * chance for course, _, chance in weighed(chart, row)), Fraction(0)), at_new_levels
    )


@EACH_ROW
@pytest.mark.parametrize("six", [True, False])
@pytest.mark.parametrize("down", [True, False])
def test_the_flow_chart_gives_the_same_distributions(row: Row, six: bool, down: bool) -> None:
    endings: dict[End, Fraction] = {}
    patients: dict[int, Fraction] = {}
    for course, ending, chance in weighed(Chart(bottom=0, top=3, start=1, six=six, down=down), row):
        endings[ending] = endings.get(ending, Fraction(0)) + chance
        patients[3 * len(course)] = patients.get(3 * len(course), Fraction(0)) + chance
    found = by_whole_cohorts(three_plus_three(six=six, down=down), ladder(row))
    names: Mapping[Ending, End] = dict(
        zip(ENDINGS, [("stop", None), ("mtd", 0), ("mtd", 1), ("mtd", 2), ("not reached", 3)], strict=True)
    )
    assert {names[ending]: chance for ending, chance in found.endings.items()} == endings
    assert found.patients == patients


def weighed(chart: Chart, row: Row) -> list[tuple[Course, End, Fraction]]:
    """Every course of the flow chart with its probability."""
    rates = [Fraction(rate) for rate in row.rates.split()]

    def chance(level: int, dlts: int) -> Fraction:
        return comb(3, dlts) * rates[level] ** dlts * (1 - rates[level]) ** (3 - dlts)

    return [
        (course, ending, prod((chance(*cohort) for cohort in course), start=Fraction(1)))
        for course, ending in chart.courses()
    ]


def test_every_variant_ends_with_certainty_on_any_ladder() -> None:
    for design in variants():
        for by in (by_whole_cohorts, patient_by_patient):
            found = by(design, Ladder.of("1/10 1/4 2/5 1/2", bottom=0, start=2))
            assert sum(found.endings.values()) == sum(found.patients.values()) == 1
            assert found.expected_patients == sum(n * p for n, p in found.patients.items())


def test_a_harmless_product_takes_twelve_patients_and_a_poison_six() -> None:
    harmless = by_whole_cohorts(three_plus_three(), Ladder.of("0 0 0 0", bottom=0, start=1))
    assert (harmless.ends_with(DeclareMtdNotReached(3)), harmless.exactly(12)) == (Fraction(1), Fraction(1))
    assert harmless.expected_dlts == 0
    poison = patient_by_patient(three_plus_three(), Ladder.of("1 1 1 1", bottom=0, start=1))
    assert (poison.ends_with(StopNoMtd()), poison.exactly(4)) == (Fraction(1), Fraction(1))
    assert poison.expected_dlts == 4


def test_a_ladder_reads_decimals_and_fractions_exactly() -> None:
    read = Ladder.of("0.1 1/3", bottom=1, start=2)
    assert read == Ladder((Fraction(1, 10), Fraction(1, 3)), bottom=1, start=2)
    assert read.outcomes(((3, 1), (0, 0))).at(1) == Tally(3, 1)


class NeverSure:
    """A design that waits although nobody is pending."""

    def advise(self, outcomes: Outcomes) -> Advice:
        return Await(outcomes.start, StopNoMtd(), pending=0, candidates=0)

    def explain(self, outcomes: Outcomes) -> tuple[str, ...]:
        return (f"never sure about level {outcomes.start}",)

    def is_exceeded(self, tally: Tally) -> bool:
        return tally.exceeded

    def slots_now(self, outcomes: Outcomes, level: int) -> int:
        return outcomes.at(level).pending


def test_a_design_that_waits_for_nobody_is_not_followed() -> None:
    with pytest.raises(ValueError, match="a design enrols"):
        by_whole_cohorts(NeverSure(), Ladder.of("0.1", bottom=1, start=1))
