"""The report of a design's operating characteristics: exact on the trial's ladder, simulated on a long one."""

import json
from collections.abc import Callable
from fractions import Fraction
from itertools import islice

import pytest

from ledger.designs.base import Advice, Await, Design, Outcomes, StopNoMtd, Tally
from ledger.designs.boundaries import decimal_text
from ledger.designs.characteristics import Characteristics, Ladder, by_whole_cohorts, patient_by_patient
from ledger.designs.operating import Enrolment, operating_characteristics, simulated, splitmix64
from tests.designs.designs import three_plus_three

TRIAL = Ladder.of("0.05 0.10 0.20 0.45", bottom=0, start=1)
LONG = Ladder.of("0.02 0.05 0.10 0.20 0.30 0.45", bottom=0, start=1)


def test_the_report_of_the_trial_s_ladder_prints_the_table() -> None:
    report = operating_characteristics(three_plus_three(), TRIAL)
    assert report["method"] == "exact"
    assert report["paths"] == 541
    assert [(each["ending"]["line"], each["probability"]["rounded"]) for each in report["endings"]] == [
        ("stop: no tolerated level", "0.0033"),
        ("declare MTD: level 0", "0.0974"),
        ("declare MTD: level 1", "0.2975"),
        ("declare MTD: level 2", "0.4967"),
        ("declare MTD not reached; RP2D level 3", "0.1050"),
    ]
    assert (report["expected_patients"]["rounded"], report["expected_dlts"]["rounded"]) == ("13.03", "2.83")
    cap = {part: Fraction(report["cap"][part]["exact"]) for part in ("exactly", "above")}
    assert report["cap"]["patients"] == 15
    assert (decimal_text(cap["exactly"], 3), decimal_text(cap["above"], 3)) == ("0.306", "0.078")


def test_patient_by_patient_needs_fewer_patients_for_the_same_endings() -> None:
    whole = operating_characteristics(three_plus_three(), TRIAL, enrolment="whole_cohorts")
    single = operating_characteristics(three_plus_three(), TRIAL, enrolment="patient_by_patient")
    assert single["endings"] == whole["endings"]
    assert single["expected_patients"]["rounded"] == "12.24"
    assert decimal_text(Fraction(single["cap"]["exactly"]["exact"]), 3) == "0.120"


@pytest.mark.parametrize("ladder", [TRIAL, LONG])
def test_the_report_is_plain_json_whose_chances_make_one(ladder: Ladder) -> None:
    report = operating_characteristics(three_plus_three(), ladder, trials=50)
    assert json.loads(json.dumps(report)) == report
    endings = [Fraction(each["probability"]["exact"]) for each in report["endings"]]
    patients = [Fraction(each["exact"]) for each in report["patients"].values()]
    cap = [Fraction(report["cap"][part]["exact"]) for part in ("below", "exactly", "above")]
    assert sum(endings) == sum(patients) == sum(cap) == 1


def test_a_cap_cuts_the_distribution_of_patients() -> None:
    report = operating_characteristics(three_plus_three(), TRIAL, cap=12)
    of = {int(patients): Fraction(each["exact"]) for patients, each in report["patients"].items()}
    assert Fraction(report["cap"]["below"]["exact"]) == of[6] + of[9]
    assert Fraction(report["cap"]["exactly"]["exact"]) == of[12]


@pytest.mark.parametrize("enrolment", ["whole_cohorts", "patient_by_patient"])
def test_five_levels_are_exact_and_six_are_simulated(enrolment: Enrolment) -> None:
    five = Ladder(LONG.rates[:5], bottom=0, start=1)
    for ladder, method in ((five, "exact"), (LONG, "simulation")):
        report = operating_characteristics(three_plus_three(), ladder, enrolment=enrolment, trials=20)
        assert report["method"] == method


def test_a_simulation_is_its_seed() -> None:
    first, again, other = (
        operating_characteristics(three_plus_three(), LONG, seed=seed, trials=200) for seed in (7, 7, 8)
    )
    assert first == again
    assert first["endings"] != other["endings"]


@pytest.mark.parametrize(("together", "enumerate_all"), [(3, by_whole_cohorts), (1, patient_by_patient)])
def test_a_simulation_comes_close_to_what_is_exact(
    together: int, enumerate_all: Callable[[Design, Ladder], Characteristics]
) -> None:
    """On a ladder where both are known, within four standard errors."""
    exact = enumerate_all(three_plus_three(), TRIAL)
    runs = simulated(three_plus_three(), TRIAL, together=together, seed=1, trials=2000)
    for ending, chance in exact.endings.items():
        share = Fraction(sum(run[0] == ending for run in runs), len(runs))
        assert (share - chance) ** 2 <= 16 * chance * (1 - chance) / len(runs)
    mean_dlts = Fraction(sum(run[2] for run in runs), len(runs))
    assert abs(mean_dlts - exact.expected_dlts) < Fraction(15, 100)


def test_the_standard_error_is_never_below_the_true_root() -> None:
    report = operating_characteristics(three_plus_three(), LONG, trials=200)
    for each in report["endings"]:
        share, error = (Fraction(each["probability"][part]) for part in ("exact", "standard_error"))
        square = share * (1 - share) / 200
        assert error**2 >= square > (error - Fraction(1, 10_000)) ** 2


def test_certain_rates_are_simulated_without_chance() -> None:
    runs = simulated(three_plus_three(), Ladder.of("1 1 1 1 1 1", bottom=0, start=1), together=1, seed=3, trials=5)
    assert runs == [(StopNoMtd(), 4, 4)] * 5
    runs = simulated(three_plus_three(), Ladder.of("0 0 0 0 0 0", bottom=0, start=1), together=3, seed=3, trials=5)
    assert {(patients, dlts) for _, patients, dlts in runs} == {(18, 0)}


def test_one_trial_has_no_standard_error() -> None:
    with pytest.raises(ValueError, match="two trials"):
        simulated(three_plus_three(), LONG, together=1, seed=1, trials=1)


def test_the_numbers_are_those_of_splitmix64() -> None:
    """The first numbers of two seeds, as published with other implementations."""
    assert list(islice(splitmix64(1234567), 3)) == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert list(islice(splitmix64(0), 2)) == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


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
        simulated(NeverSure(), LONG, together=1, seed=1, trials=2)
