"""The toxicity boundaries of phase II: every number that domain F prints, at every n, and what they are made of."""

import json
from fractions import Fraction
from functools import cache
from itertools import product
from math import comb

import pytest

from ledger.designs.boundaries import (
    StoppingTable,
    boundary_report,
    decimal_text,
    of_protocol,
    pocock,
    posterior,
    stop_probability,
)
from ledger.designs.posterior import Beta
from ledger.protocol.load import bundled, load_protocol
from ledger.protocol.safety import RateBoundary

N = 15
PHASE_2 = load_protocol(bundled("nct07256210")).phase_2
UNIFORM, SCEPTICAL = Beta.of("1", "1"), Beta.of("0.6", "1.4")


def in_pocock_s_way(phi: str, patients: int = N) -> StoppingTable:
    return pocock(theta0=Fraction("0.20"), phi=Fraction(phi), patients=patients)


def by_posterior(prior: Beta, patients: int = N) -> StoppingTable:
    return posterior(limit=Fraction("0.30"), certainty=Fraction("0.95"), prior=prior, patients=patients)


def of_the_trial(patients: int = N) -> StoppingTable:
    assert PHASE_2 is not None
    return of_protocol(PHASE_2.boundary, patients)


TABLES = {
    "Pocock .10": (in_pocock_s_way("0.10"), "2 of 2, 3 of 3-4, 4 of 5-7, 5 of 8-10, 6 of 11-14, 7 of 15"),
    "Pocock .05": (in_pocock_s_way("0.05"), "3 of 3, 4 of 4-6, 5 of 7-9, 6 of 10-12, 7 of 13-15"),
    "Beta(1, 1)": (by_posterior(UNIFORM), "2 of 2, 3 of 3-4, 4 of 5-6, 5 of 7-9, 6 of 10-11, 7 of 12-13, 8 of 14-15"),
    "Beta(.6, 1.4)": (by_posterior(SCEPTICAL), "3 of 3, 4 of 4-5, 5 of 6-8, 6 of 9-10, 7 of 11-12, 8 of 13-15"),
    "rate 1/3": (of_the_trial(), "2 of 6, 3 of 7-9, 4 of 10-12, 5 of 13-15"),
}
EACH_TABLE = pytest.mark.parametrize("name", TABLES)


def prints_as(exact: Fraction, printed: str) -> bool:
    """Whether an exact value rounds to the printed one, at the digits that are printed."""
    return abs(exact - Fraction(printed)) <= Fraction(1, 2 * 10 ** len(printed.partition(".")[2]))


@EACH_TABLE
def test_the_table_is_the_printed_one_at_every_n(name: str) -> None:
    table, printed = TABLES[name]
    assert str(table) == printed
    for step in printed.split(", "):
        dlts, _, treated = step.partition(" of ")
        first, _, last = treated.partition("-")
        for n in range(int(first), int(last or first) + 1):
            assert table.stops(int(dlts), n)
            assert not table.stops(int(dlts) - 1, n)


@EACH_TABLE
def test_no_count_stops_before_the_first_step(name: str) -> None:
    table, printed = TABLES[name]
    first = int(printed.split(",")[0].partition(" of ")[2].partition("-")[0])
    assert not any(table.stops(n, n) for n in range(first))


@pytest.mark.parametrize(("rate", "printed"), [("0.20", ".098"), ("0.50", ".829")])
def test_the_pocock_boundary_is_crossed_as_often_as_printed(rate: str, printed: str) -> None:
    assert prints_as(stop_probability(in_pocock_s_way("0.10"), Fraction(rate)), printed)


@pytest.mark.parametrize(
    ("table", "rate", "percent"),
    [
        (of_the_trial(), "0.45", 72),
        (of_the_trial(), "0.20", 17),
        (in_pocock_s_way("0.10"), "0.45", 26),
        (by_posterior(UNIFORM), "0.45", 6),
    ],
)
def test_within_nine_more_after_one_dlt_in_six_so_many_trials_stop(
    table: StoppingTable, rate: str, percent: int
) -> None:
    stopped = stop_probability(table, Fraction(rate), treated=6, dlts=1, more=9)
    assert round(100 * stopped) == percent


@cache
def tail(least: int, n: int) -> Fraction:
    """Pr(X >= least) of a binomial X at a rate of .20."""
    return sum((comb(n, x) * Fraction(4 ** (n - x), 5**n) for x in range(least, n + 1)), start=Fraction(0))


def at_level(level: Fraction, patients: int) -> StoppingTable:
    """The boundary of one pointwise level, from the definition."""
    return StoppingTable.by(lambda n: next((b for b in range(n + 1) if tail(b, n) <= level), None), patients)


@pytest.mark.parametrize("phi", ["0.05", "0.10", "0.25"])
def test_the_pocock_boundary_stops_most_often_of_all_levels_that_keep_phi(phi: str) -> None:
    boundaries = {at_level(Fraction(k, 1000), 8) for k in range(400)}
    chances = {table: stop_probability(table, Fraction("0.20")) for table in boundaries}
    kept = {table: chance for table, chance in chances.items() if chance <= Fraction(phi)}
    assert in_pocock_s_way(phi, 8) == max(kept, key=lambda table: kept[table])


def test_exactly_phi_is_kept() -> None:
    table = in_pocock_s_way("0.10")
    crossed = stop_probability(table, Fraction("0.20"))
    assert pocock(theta0=Fraction("0.20"), phi=crossed, patients=N) == table


def test_a_phi_that_every_level_keeps_stops_at_the_first_dlt() -> None:
    assert pocock(theta0=Fraction("0.20"), phi=Fraction(1), patients=4).least == (1, 1, 1, 1)


def test_a_count_of_more_than_are_treated_stops_nobody() -> None:
    assert StoppingTable.by(lambda _: 2, 3).least == (None, 2, 2)


def test_a_phi_that_no_level_keeps_never_stops() -> None:
    never = pocock(theta0=Fraction("0.9"), phi=Fraction("0.001"), patients=2)
    assert never.steps() == ()
    assert stop_probability(never, Fraction(1)) == 0


def by_every_course(table: StoppingTable, rate: Fraction, treated: int, dlts: int, more: int) -> Fraction:
    """The chance to stop, from all 2^more courses one by one."""
    total = Fraction(0)
    for course in product((0, 1), repeat=more):
        counts = [(dlts + sum(course[:done]), treated + done) for done in range(1, more + 1)]
        if any(table.stops(*count) for count in counts):
            total += rate ** sum(course) * (1 - rate) ** (more - sum(course))
    return total


@EACH_TABLE
@pytest.mark.parametrize(("treated", "dlts"), [(0, 0), (6, 0), (6, 1)])
def test_the_chance_to_stop_is_that_of_all_courses(name: str, treated: int, dlts: int) -> None:
    table = TABLES[name][0]
    found = stop_probability(table, Fraction(1, 3), treated=treated, dlts=dlts, more=6)
    assert found == by_every_course(table, Fraction(1, 3), treated, dlts, 6)


def test_a_trial_that_has_crossed_the_boundary_stops_for_certain() -> None:
    assert stop_probability(of_the_trial(), Fraction(0), treated=6, dlts=2, more=0) == 1
    assert stop_probability(of_the_trial(), Fraction(1), treated=6, dlts=1, more=0) == 0


def test_certain_dlts_stop_and_none_do_not() -> None:
    for table, _ in TABLES.values():
        assert stop_probability(table, Fraction(1)) == 1
        assert stop_probability(table, Fraction(0)) == 0


@pytest.mark.parametrize("name", [name for name in TABLES if name != "rate 1/3"])
def test_a_computed_boundary_is_the_one_that_a_protocol_would_state(name: str) -> None:
    table = TABLES[name][0]
    assert of_protocol(table.for_protocol(), N) == table


def test_a_boundary_that_begins_late_is_no_table_of_steps() -> None:
    with pytest.raises(ValueError, match="would stop elsewhere"):
        of_the_trial().for_protocol()


def test_a_rate_of_all_stops_only_where_everyone_had_a_dlt() -> None:
    strict = of_protocol(RateBoundary(kind="rate", dlt_rate="1", from_treated_count=2), 3)
    assert strict.least == (None, 2, 3)


@pytest.mark.parametrize(("dlts", "treated"), [(-1, 3), (4, 3), (0, 16)])
def test_counts_that_no_trial_has_are_refused(dlts: int, treated: int) -> None:
    with pytest.raises(ValueError, match="does not reach"):
        of_the_trial().stops(dlts, treated)


def test_more_patients_than_the_table_has_are_refused() -> None:
    with pytest.raises(ValueError, match="does not reach"):
        stop_probability(of_the_trial(), Fraction(1, 5), treated=6, dlts=1, more=10)
    with pytest.raises(ValueError, match="between 0 and 1"):
        stop_probability(of_the_trial(), Fraction(6, 5))


def test_the_report_holds_exact_fractions_and_rounded_decimals() -> None:
    report = boundary_report(of_the_trial(), [Fraction("0.45"), Fraction("0.20")], treated=6, dlts=1, more=9)
    assert json.loads(json.dumps(report)) == report
    assert report["steps"] == ["2 of 6", "3 of 7-9", "4 of 10-12", "5 of 13-15"]
    assert report["stops"]["9/20"]["rounded"] == "0.7210"
    assert Fraction(report["stops"]["1/5"]["exact"]) == stop_probability(
        of_the_trial(), Fraction(1, 5), treated=6, dlts=1, more=9
    )


@pytest.mark.parametrize(
    ("exact", "places", "text"),
    [("1/8", 2, "0.12"), ("3/8", 2, "0.38"), ("-1/3", 3, "-0.333"), ("-1/3000", 2, "0.00"), ("5/2", 0, "2")],
)
def test_decimals_are_rounded_half_to_even(exact: str, places: int, text: str) -> None:
    assert decimal_text(Fraction(exact), places) == text
