"""What is recorded around an infusion (E.1), what it breaks (B.2), and what follows without readiness (A.3-25)."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import given, infusion_record
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.weight_change import weight_change
from ledger.patient import infusion_record as r
from ledger.patient import infusions as i
from ledger.patient.review import QueryRaised
from ledger.types import Event, exact
from tests import patients as p
from tests.bench import INVESTIGATOR, NURSE, Bench
from tests.spec.story import deviations, go_on, has, member, named, only, patient, replayed, says, told, trial_with
from tests.spec.test_authorisation import prepared
from tests.spec.test_evaluability import determine
from tests.spec.test_infusion_reports import end, start


def authorised() -> Bench:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    return bench


def begun(**said: Any) -> tuple[Bench, tuple[Event, ...]]:
    bench = authorised()
    return bench, bench.ask(start(bench, **said))


def ended(percent: int = 100, **said: Any) -> tuple[Bench, tuple[Event, ...]]:
    """133,333,333 1/3 cells are planned, and 1333.3 mL ordered."""
    bench, _ = begun()
    bench.now += timedelta(hours=1)
    cells = 133_333_333 * percent // 100
    return bench, bench.ask(end(bench, **{"cells": cells, **said}))


def test_bags_premedication_and_the_check_at_the_bedside_are_on_record() -> None:
    said = {"chain_of_identity": "COI-001", "checkers": ("boris", "nina"), "premedication": ("paracetamol",)}
    _, events = begun(**said)
    assert deviations(events) == set()
    started = only(i.InfusionStarted, events)
    assert (started.checkers, started.premedication) == (("boris", "nina"), ("paracetamol",))


@pytest.mark.parametrize(
    ("said", "broken"),
    [
        ({"checkers": ("boris",)}, no.CheckersNotDistinct),
        ({"checkers": ("boris", "boris")}, no.CheckersNotDistinct),
        ({"chain_of_identity": "COI-002"}, no.IdentityDoesNotMatch),
        ({"bags": ("NK-001-9",)}, no.BagNotOnRecord),
    ],
)
def test_what_was_not_checked_as_it_should_be_is_stored_and_flagged(said: dict[str, Any], broken: type) -> None:
    _, events = begun(**said)
    assert has(i.InfusionStarted, events)
    assert deviations(events) == named(broken)


def test_cells_follow_from_cells_per_ml_viability_and_volume() -> None:
    _, events = ended(cells=None, cells_per_ml="111111", viability_percent="90", volume_ml="1333.3")
    done = only(i.InfusionCompleted, events)
    assert exact(done.cells_by_volume or "0") == Fraction("111111") * Fraction("0.9") * Fraction("1333.3")
    assert done.cells == int(exact(done.cells_by_volume or "0"))
    assert deviations(events) == set()


def test_without_cells_and_without_what_they_follow_from_nothing_can_be_read() -> None:
    bench, _ = begun()
    several: tuple[dict[str, Any], ...] = (
        {},
        {"cells_per_ml": "1", "volume_ml": "1"},
        {"viability_percent": "101", "cells_per_ml": "1"},
    )
    for said in several:
        with bench.refuses(no.FindingsContradict):
            bench.ask(end(bench, **{"cells": None, **said}))


@pytest.mark.parametrize(
    ("cells", "asks"),
    [(100_000_000, False), (101_000_000, False), (99_000_000, False), (101_000_001, True), (98_999_999, True)],
)
def test_stated_cells_that_the_volume_does_not_bear_out_raise_a_query_and_stand(cells: int, asks: bool) -> None:
    """The protocol lets them differ by 1 % of 100,000,000."""
    bench, events = ended(cells=cells, cells_per_ml="125000", viability_percent="80", volume_ml="1000")
    assert has(QueryRaised, events) is asks
    assert only(i.InfusionCompleted, events).cells == cells
    if asks:
        query = only(QueryRaised, events)
        assert bench.records[query.about].event == only(i.InfusionCompleted, events)


def test_an_overdose_by_volume_is_one_whatever_was_stated() -> None:
    _, events = ended(cells_per_ml="1000000", viability_percent="100", volume_ml="147")
    assert no.Overdose.__name__ in deviations(events)


@pytest.mark.parametrize(("percent", "broken"), [(110, ()), (111, (no.Overdose,)), (81, ()), (79, (no.ShortDose,))])
def test_above_110_percent_is_an_overdose_and_below_80_a_short_dose(percent: int, broken: tuple[type, ...]) -> None:
    _, events = ended(percent)
    assert deviations(events) == named(*broken)


def test_a_volume_above_the_one_authorised_is_flagged() -> None:
    assert deviations(ended(volume_ml="1333.3")[1]) == set()
    assert deviations(ended(volume_ml="1333.4")[1]) == named(no.VolumeAboveOrder)


def test_percent_of_plan_is_of_the_infusion_and_of_the_levels_total() -> None:
    bench, _ = ended(75)
    done = patient(bench, "001").infusions[1].completed
    assert done is not None
    assert int(exact(done.percent_of_plan)) == 74, "75 % but for part of a cell"
    share = patient(bench, "001").given_share(Fraction(10_000_000))
    assert int(share * 1000) == 499


def interruption(bench: Bench, minutes_ago: int, cause: str = "line-or-pump") -> infusion_record.RecordInterruption:
    at = bench.now - timedelta(minutes=minutes_ago)
    return infusion_record.RecordInterruption.model_validate(
        {"patient": "001", "ordinal": 1, "interrupted_at": at, "cause": cause}
    )


def resumption(bench: Bench, minutes_ago: int) -> infusion_record.RecordResumption:
    return infusion_record.RecordResumption(
        patient="001", ordinal=1, resumed_at=bench.now - timedelta(minutes=minutes_ago)
    )


def test_every_interruption_has_its_time_and_its_cause() -> None:
    bench, _ = ended()
    bench.ask(interruption(bench, 50, "reaction"), NURSE)
    bench.ask(resumption(bench, 40), NURSE)
    bench.ask(interruption(bench, 30), NURSE)
    assert [each.cause for each in patient(bench, "001").around.interruptions.values()] == ["reaction", "line-or-pump"]
    assert not any(isinstance(record.event, QueryRaised) for record in bench.records)


@pytest.mark.parametrize("minutes_ago", [70, -1])
def test_outside_the_infusion_as_reported_it_is_stored_and_asked_about(minutes_ago: int) -> None:
    bench, _ = ended()
    for command in (interruption(bench, minutes_ago), resumption(bench, minutes_ago)):
        assert has(QueryRaised, bench.ask(command, NURSE))


def test_another_cause_of_the_same_interruption_contradicts_the_record_until_it_is_corrected() -> None:
    bench, _ = ended()
    only(r.InfusionInterrupted, bench.ask(interruption(bench, 30), NURSE))
    position = bench.world.size - 1
    assert has(QueryRaised, bench.ask(interruption(bench, 30, "reaction"), NURSE))
    report = interruption(bench, 30, "reaction").model_dump(mode="json", exclude={"patient"})
    correction = CorrectRecord(position=position, kind="infusion-interruption", report=report, patient="001")
    bench.ask(correction, NURSE, reason=bench.seal("it was a reaction"))
    assert [each.cause for each in patient(bench, "001").around.interruptions.values()] == ["reaction"]
    assert replayed(bench) == bench.world


def vitals(bench: Bench, *readings: dict[str, Any]) -> infusion_record.RecordInfusionVitals:
    said = [{"taken_at": bench.now, **reading} for reading in readings]
    return infusion_record.RecordInfusionVitals.model_validate({"patient": "001", "ordinal": 1, "readings": said})


def test_vital_signs_are_a_list_around_the_infusion() -> None:
    bench, _ = ended()
    earlier = bench.now - timedelta(minutes=30)
    readings = ({"temperature_celsius": "36.6", "taken_at": earlier}, {"spo2_percent": "97", "systolic_mmhg": 101})
    assert len(bench.ask(vitals(bench, *readings), NURSE)) == 2
    later = {"heart_rate_per_min": 90, "taken_at": earlier + timedelta(minutes=5)}
    assert len(bench.ask(vitals(bench, *readings, later), NURSE)) == 1, "the others are on record"


@pytest.mark.parametrize("reading", [{}, {"spo2_percent": "100.1"}, {"systolic_mmhg": 60, "diastolic_mmhg": 61}])
def test_a_reading_that_cannot_be_true_is_refused(reading: dict[str, Any]) -> None:
    bench, _ = ended()
    with bench.refuses(no.FindingsContradict):
        bench.ask(vitals(bench, reading), NURSE)


def test_two_contradicting_readings_raise_two_queries() -> None:
    bench, _ = ended()
    earlier = bench.now - timedelta(minutes=30)
    first = ({"spo2_percent": "97"}, {"spo2_percent": "98", "taken_at": earlier})
    bench.ask(vitals(bench, *first), NURSE)
    again = ({"spo2_percent": "87"}, {"spo2_percent": "88", "taken_at": earlier})
    raised = [event.query for event in bench.ask(vitals(bench, *again), NURSE) if isinstance(event, QueryRaised)]
    assert raised == [1, 2]


def second_planned(weight_kg: str) -> Bench:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(17)
    p.authorise(bench, "001", 2, weight_kg=weight_kg)
    return bench


@pytest.mark.parametrize(
    ("weight_kg", "percent", "alert"),
    [("22", 10, False), ("22.01", Fraction("10.05"), True), ("18", -10, False), ("17.99", Fraction("-10.05"), True)],
)
def test_a_weight_that_changed_by_more_than_10_percent_alerts(
    weight_kg: str, percent: int | Fraction, alert: bool
) -> None:
    bench = second_planned(weight_kg)
    change = weight_change(patient(bench, "001"), 2, bench.docket().protocol())
    assert change is not None
    assert (change.from_kg, change.to_kg, change.percent, change.alert) == ("20", weight_kg, percent, alert)


def test_the_second_infusion_is_authorised_by_its_own_weight() -> None:
    bench = second_planned("25")
    assert exact(patient(bench, "001").authorised[2].max_cells) == 25 * Fraction(10_000_000, 3)


def test_the_percentage_is_the_protocols() -> None:
    bench = trial_with(weight_change_alert_percent=50)
    go_on(bench, "1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(17)
    p.authorise(bench, "001", 2, weight_kg="29")
    change = weight_change(patient(bench, "001"), 2, bench.docket().protocol())
    assert change is not None
    assert not change.alert


def test_who_is_not_ready_waits_inside_the_window_and_is_then_authorised() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(15)
    bench.ask(p.ready(bench, "001", 2, oxygen_l_per_min="6"), INVESTIGATOR)
    bench.pass_days(4)
    p.authorise(bench, "001", 2)
    assert deviations(p.infuse(bench, "001", 2)) == set(), "day +7"


@pytest.mark.parametrize(("day", "broken"), [(7, (no.OmittedTooSoon,)), (8, ())])
def test_an_infusion_is_omitted_for_readiness_once_its_days_have_passed(day: int, broken: tuple[type, ...]) -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(12 + day)
    omission = given.OmitInfusion(patient="001", ordinal=2, cause="readiness-not-met")
    assert deviations(bench.ask(omission)) == named(*broken)


def test_without_infusion_1_there_is_no_infusion_2_no_window_and_the_patient_is_replaced() -> None:
    bench = told("1A")
    bench.pass_days(1)
    bench.ask(given.OmitInfusion(patient="001", ordinal=1, cause="readiness-not-met"))
    bench.pass_days(16)
    command = prepared(bench, ordinal=2)
    with bench.refuses(no.EarlierInfusionNotGiven):
        bench.ask(command, INVESTIGATOR)
    events = bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="earlier-infusion-not-given"))
    assert deviations(events) == set()
    assert not any(isinstance(record.event, c.DltWindowOpened) for record in bench.records)
    determine(bench, reason="not_infused")
    assert member(bench, "001").evaluable is False
    assert bench.world.cohort(1).free_slots(bench.now.date(), "I") == 3
    go_on(bench, "1A")
    assert member(bench, "002").sentinel
    assert says(bench) is not None
