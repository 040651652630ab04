"""Planned against given: what is known of each patient, and the shares over all."""

from datetime import timedelta
from fractions import Fraction

from ledger.decisions import given, safety
from ledger.decisions.products import ReceiveCollection, RecordManufacture
from ledger.types import exact
from projections.base import fold
from projections.feasibility import Feasibility, PatientFeasibility, feasibility
from tests import patients as p
from tests.bench import NURSE, QA, Bench, nct07256210, opened_trial
from tests.outcomes import grafted


def report(bench: Bench) -> Feasibility:
    return feasibility(bench.world, nct07256210())


def row(bench: Bench, number: str = "001") -> PatientFeasibility:
    return next(each for each in report(bench).patients if each.patient == number)


def placed(*numbers: str) -> Bench:
    bench = opened_trial()
    for number in numbers:
        p.screen(bench, number)
        p.place(bench, number, 1)
    return bench


def dosed_once(percent: int = 100) -> Bench:
    bench = placed("001")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1, percent)
    return bench


def omit(bench: Bench, ordinal: int, cause: str, number: str = "001") -> None:
    command = given.OmitInfusion.model_validate({"patient": number, "ordinal": ordinal, "cause": cause})
    bench.ask(command, NURSE)


def test_before_anything_is_made_nothing_is_known() -> None:
    found = row(placed("001"))
    assert (found.manufactured, found.released, found.all_given, found.on_day, found.dose_reached) == (None,) * 5
    assert (found.planned_cells_per_kg, found.given_cells_per_kg, found.percent_of_plan) == ("10000000", "0", "0")
    assert report(placed("001")).all_given.pending == 1


def test_who_is_only_screened_is_not_counted() -> None:
    bench = placed("001")
    p.screen(bench, "002")
    assert report(bench).enrolled == 1


def test_a_patient_who_was_given_everything_on_its_day() -> None:
    bench = dosed_once()
    grafted(bench, in_days=12)
    bench.pass_days(5)
    p.authorise(bench, "001", 2)
    p.infuse(bench, "001", 2)
    found = row(bench)
    assert (found.manufactured, found.released, found.all_given, found.on_day, found.dose_reached) == (True,) * 5
    assert [each.protocol_day for each in found.infusions] == [-12, 5]
    assert [round(float(exact(each.percent_of_plan or "0")), 4) for each in found.infusions] == [100.0, 100.0]
    assert report(bench).all_given.percent == "100"


def test_the_first_infusion_alone_is_two_thirds_and_not_enough() -> None:
    bench = dosed_once()
    assert (row(bench).all_given, row(bench).dose_reached) == (None, None)
    omit(bench, 2, "readiness-not-met")
    found = row(bench)
    assert (found.manufactured, found.all_given, found.on_day, found.dose_reached) == (True, False, False, False)
    assert abs(exact(found.percent_of_plan or "0") - Fraction(200, 3)) < Fraction(1, 100)
    assert [(each.cause, each.infusions) for each in report(bench).omissions] == [("readiness-not-met", 1)]


def test_eighty_percent_of_the_plan_is_enough_and_less_is_not() -> None:
    for second, enough in ((40, True), (39, False)):
        bench = placed("001")
        p.infuse(bench, "001", 1, weight_kg="30")
        bench.pass_days(17)
        p.infuse(bench, "001", 2, second, weight_kg="30")
        assert row(bench).dose_reached is enough


def test_a_graft_that_is_moved_moves_the_first_infusion_off_its_day() -> None:
    bench = dosed_once()
    assert row(bench).infusions[0].on_day is True
    grafted(bench, in_days=14)
    found = row(bench)
    assert (found.infusions[0].protocol_day, found.infusions[0].on_day) == (-14, False)
    assert (found.all_given, found.on_day) == (None, False)


def test_the_second_infusion_is_on_its_day_within_the_protocols_window() -> None:
    for day, on_day in ((2, False), (3, True), (7, True), (8, False)):
        bench = dosed_once()
        grafted(bench, in_days=12)
        bench.pass_days(day)
        p.infuse(bench, "001", 2)
        assert row(bench).on_day is on_day


def fail_manufacture(bench: Bench, number: str, lot: str) -> None:
    collection = {
        "lot": lot,
        "chain_of_identity": f"COI-{number}",
        "donor": "D-9",
        "donation_number": f"={lot}",
        "collected_at": bench.now - timedelta(days=10),
        "patient": number,
    }
    bench.ask(ReceiveCollection.model_validate(collection), QA)
    made = {"lot": lot, "outcome": "failed", "finished_at": bench.now}
    bench.ask(RecordManufacture.model_validate(made), QA)


def test_a_failed_manufacture_is_no_once_nothing_more_is_to_come() -> None:
    bench = placed("001")
    fail_manufacture(bench, "001", "LOT-1")
    assert (row(bench).failed_manufactures, row(bench).manufactured) == (1, None)
    for ordinal in (1, 2):
        omit(bench, ordinal, "manufacturing-failure")
    found = row(bench)
    assert (found.manufactured, found.released, found.all_given, found.dose_reached) == (False, False, False, False)
    assert [(each.cause, each.infusions) for each in report(bench).omissions] == [("manufacturing-failure", 2)]


def test_a_lot_made_after_a_failure_counts_as_made() -> None:
    bench = placed("001")
    fail_manufacture(bench, "001", "LOT-1")
    p.prepare_lot(bench, "001")
    assert (row(bench).failed_manufactures, row(bench).manufactured, row(bench).released) == (1, True, True)


def test_shares_count_whom_it_is_known_of() -> None:
    bench = placed("001", "002", "003")
    p.prepare_lot(bench, "001")
    bench.ask(safety.RecordDeath(patient="002", died_on=bench.now.date(), cause="relapse"), NURSE)
    found = report(bench)
    assert (found.enrolled, found.manufactured.numerator, found.manufactured.denominator) == (3, 1, 2)
    assert (found.manufactured.pending, found.manufactured.low_percent, found.manufactured.high_percent) == (
        1,
        "1.25",
        "98.75",
    )


def test_it_is_the_same_from_the_records_alone() -> None:
    bench = dosed_once(90)
    assert feasibility(fold(bench.records), nct07256210()) == report(bench)
