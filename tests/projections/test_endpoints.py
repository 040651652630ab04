"""The secondary endpoints: exact counts over those who were dosed and grafted."""

from datetime import date, timedelta
from typing import Any

import pytest

from ledger.decisions import safety
from projections.base import fold
from projections.endpoints import Endpoints, endpoints
from tests import outcomes as o
from tests import patients as p
from tests.bench import NURSE, Bench, nct07256210, opened_trial


def three() -> Bench:
    """Three children, all dosed and grafted on the same days; today is day 100 of each."""
    bench = opened_trial()
    for number in ("001", "002", "003"):
        p.screen(bench, number)
        p.place(bench, number, 1)
    for number in ("001", "002", "003"):
        p.infuse(bench, number, 1)
    bench.pass_days(12)
    for number in ("001", "002", "003"):
        o.grafted(bench, number)
    bench.pass_days(100)
    return bench


def on(bench: Bench, day: int) -> date:
    return o.day_zero(bench) + timedelta(days=day)


def summary(bench: Bench) -> Endpoints:
    return endpoints(bench.world, nct07256210())


def counts(counted: tuple[Any, ...]) -> dict[str, int]:
    return {each.what: each.patients for each in counted}


def die(bench: Bench, number: str, day: int, cause: str) -> None:
    content = {"patient": number, "died_on": on(bench, day), "cause": cause}
    bench.ask(safety.RecordDeath.model_validate(content), NURSE)


def test_who_was_not_dosed_or_not_grafted_is_not_summarised() -> None:
    bench = three()
    p.screen(bench, "004")
    o.grafted(bench, "004")
    assert summary(bench).patients == 3


def test_the_last_response_of_the_short_term_counts() -> None:
    bench = three()
    bench.pass_days(30)
    said = {"kind": "disease-response", "disease": "AML", "criteria": "ELN-2022"}
    for number, day, response in (("001", 28, "CRi"), ("001", 100, "CR"), ("001", 101, "NR"), ("002", 28, "NR")):
        o.report(bench, {**said, "response": response, "assessed_on": on(bench, day)}, patient=number)
    assert counts(summary(bench).response) == {"CR": 1, "NR": 1, "not assessed": 1}


def test_mrd_is_held_against_the_threshold_of_the_disease() -> None:
    bench = three()
    said = {"kind": "mrd", "method": "flow-cytometry", "material": "bone-marrow", "detection_limit_percent": "0.001"}
    for number, percent in (("001", "0.01"), ("002", "0.011"), ("003", None)):
        o.report(bench, {**said, "percent_of_nucleated_cells": percent, "assessed_on": on(bench, 60)}, patient=number)
    assert counts(summary(bench).mrd) == {
        "above the threshold": 1,
        "detected, not above the threshold": 1,
        "not detected": 1,
    }


def test_engraftment_by_day() -> None:
    bench = three()
    for number, day in (("001", 18), ("002", 21)):
        said = {"kind": "engraftment", "of": "neutrophils", "happened_on": on(bench, day)}
        o.report(bench, said, patient=number)
    neutrophils, platelets = summary(bench).engraftment
    assert (neutrophils.days, neutrophils.median_day) == ((18, 21), "39/2")
    assert (neutrophils.engrafted.numerator, neutrophils.engrafted.denominator, neutrophils.engrafted.pending) == (
        2,
        2,
        1,
    )
    o.report(bench, {"kind": "graft-failure", "failure": "primary", "happened_on": on(bench, 28)}, patient="003")
    assert summary(bench).engraftment[0].engrafted.denominator == 3
    assert counts(summary(bench).graft_failure) == {"primary": 1}
    assert platelets.median_day is None


@pytest.mark.parametrize(("day", "counted"), [(100, True), (101, False)])
def test_acute_gvhd_counts_up_to_day_100(day: int, counted: bool) -> None:
    bench = three()
    bench.pass_days(10)
    o.gvhd(bench, on(bench, day), 3)
    found = summary(bench)
    for each in (found.acute_gvhd_2_to_4, found.acute_gvhd_3_to_4):
        assert (each.numerator, each.denominator, each.pending) == (int(counted), 1, 2)


def test_the_grades_ii_and_iii_are_told_apart_and_no_is_known_at_day_100_or_death() -> None:
    bench = three()
    o.gvhd(bench, on(bench, 40), 2)
    o.visit(bench, 100, on(bench, 99), patient="002")
    found = summary(bench)
    assert (found.acute_gvhd_2_to_4.numerator, found.acute_gvhd_2_to_4.denominator) == (1, 1)
    o.visit(bench, None, on(bench, 100), patient="002")
    die(bench, "003", 50, "other")
    found = summary(bench)
    assert (found.acute_gvhd_2_to_4.numerator, found.acute_gvhd_2_to_4.denominator) == (1, 3)
    assert (found.acute_gvhd_3_to_4.numerator, found.acute_gvhd_3_to_4.denominator) == (0, 2)


def test_deaths_relapses_and_survival() -> None:
    bench = three()
    o.report(bench, {"kind": "relapse", "relapse": "haematological", "happened_on": on(bench, 40)}, patient="001")
    die(bench, "001", 60, "other")
    die(bench, "002", 80, "other")
    found = summary(bench)
    assert (found.relapsed, found.died, found.non_relapse_deaths) == (1, 2, 1)
    assert [(step.day, step.at_risk, step.deaths, step.survival) for step in found.survival] == [
        (60, 2, 1, "1/2"),
        (80, 1, 1, "0"),
    ]
    o.visit(bench, 100, on(bench, 100), patient="003")
    assert [step.survival for step in summary(bench).survival] == ["2/3", "1/3"]


def test_a_death_of_relapse_that_nobody_reported_before_is_no_non_relapse_death() -> None:
    bench = three()
    die(bench, "001", 60, "relapse")
    assert summary(bench).non_relapse_deaths == 0


def test_the_worst_severity_counts() -> None:
    bench = three()
    for severity, day in (("mild", 60), ("severe", 80), ("moderate", 100)):
        o.report(bench, {"kind": "chronic-gvhd", "severity": severity, "assessed_on": on(bench, day)})
    o.report(bench, {"kind": "chronic-gvhd", "severity": "none", "assessed_on": on(bench, 100)}, patient="002")
    assert counts(summary(bench).chronic_gvhd) == {"severe": 1, "none": 1, "not assessed": 1}


def test_lymphocytes_at_a_visit_are_those_nearest_to_its_day() -> None:
    bench = three()
    for number, day, cells in (("001", 25, "10"), ("001", 29, "12.5"), ("001", 32, "99"), ("002", 28, "20")):
        said = {"kind": "lymphocyte-subset", "subset": "NK", "cells_per_ul": cells, "assessed_on": on(bench, day)}
        o.report(bench, said, patient=number)
    (found,) = summary(bench).lymphocytes
    assert (found.day, found.subset, found.patients) == (28, "NK", 2)
    shown = (found.lowest_cells_per_ul, found.median_cells_per_ul, found.highest_cells_per_ul)
    assert shown == ("25/2", "65/4", "20")


def test_it_is_the_same_from_the_records_alone() -> None:
    bench = three()
    die(bench, "002", 80, "other")
    assert endpoints(fold(bench.records), nct07256210()) == summary(bench)
