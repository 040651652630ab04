"""The dose order: cells/kg -> cells -> mL, by two people and the ledger, never above the plan (G.4-4, E.1)."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from ledger import refusals as no
from ledger.decisions import infusion, screening
from ledger.decisions.corrections import CorrectRecord
from ledger.errors import LedgerError
from ledger.patient.infusion_record import DoseOrdered
from ledger.patient.infusions import InfusionAuthorised
from ledger.product.events import ManufactureCompleted
from ledger.protocol.dosing import volume_within
from ledger.types import decimal_text, exact
from tests import patients as p
from tests.bench import CHECKER, INVESTIGATOR, NURSE, Bench
from tests.spec.story import only, patient, told
from tests.spec.test_authorisation import prepared, weighed


def ordered(bench: Bench, **said: Any) -> DoseOrdered:
    return only(DoseOrdered, bench.ask(p.an_order(bench, "001", 1, **said), NURSE))


def planned() -> Bench:
    """133,333,333 1/3 cells are planned."""
    bench = told("1A")
    weighed(bench)
    return bench


@pytest.mark.parametrize(
    ("viable_cells_per_ml", "volume_ml"),
    [
        ("2900000", "45.9"),  # 45.977...
        ("1000000", "133.3"),
        ("133333333", "1"),
        ("133333334", "0.9"),
        ("1333333333", "0.1"),
    ],
)
def test_the_volume_is_rounded_down_to_the_step_and_its_cells_are_within_the_plan(
    viable_cells_per_ml: str, volume_ml: str
) -> None:
    bench = planned()
    order = ordered(bench, viable_cells_per_ml=viable_cells_per_ml, volume_ml_by_first_calculation=volume_ml)
    assert exact(order.volume_ml) == exact(volume_ml)
    assert exact(order.cells) == exact(volume_ml) * exact(viable_cells_per_ml) <= exact(order.planned_cells)
    assert order.calculated_by == "nina"


@drawn(st.fractions(min_value=1, max_value=10**10), st.integers(1, 10**9), st.sampled_from(("0.1", "0.5", "0.05", "1")))
def test_no_volume_holds_more_than_the_plan_and_one_step_more_would(cells: Fraction, per_ml: int, step: str) -> None:
    volume, one = volume_within(cells, Fraction(per_ml), exact(step)), exact(step)
    assert volume * per_ml <= cells < (volume + one) * per_ml
    assert exact(decimal_text(volume)) == volume


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"volume_ml_by_first_calculation": "1333.4"}, no.VolumesDiffer),
        ({"volume_ml_by_first_calculation": "1333.2"}, no.VolumesDiffer),
        ({"volume_ml_by_first_calculation": "1333.33"}, no.VolumesDiffer),
        ({"cells_by_first_calculation": "133333334"}, no.DoseAbovePlan),
        ({"viable_cells_per_ml": "0", "volume_ml_by_first_calculation": "1"}, no.FindingsContradict),
        ({"viable_cells_per_ml": "2000000000"}, no.FindingsContradict),
        ({"available_volume_ml": "0"}, no.FindingsContradict),
        ({"ordinal": 2}, no.DoseNotPlanned),
        ({"ordinal": 3}, no.NotInProtocol),
    ],
)
def test_what_does_not_follow_from_the_plan_is_not_ordered(said: dict[str, Any], refusal: type[LedgerError]) -> None:
    bench = planned()
    command = p.an_order(bench, "001", 1).model_copy(update=said)
    with bench.refuses(refusal):
        bench.ask(command, NURSE)


def test_cells_may_be_stated_without_the_part_of_one() -> None:
    assert exact(ordered(planned(), cells_by_first_calculation="133333333").volume_ml) == Fraction("1333.3")


def test_a_short_product_is_ordered_as_far_as_it_goes() -> None:
    bench = planned()
    order = ordered(bench, available_volume_ml="1000.07", volume_ml_by_first_calculation="1000")
    assert (order.volume_ml, order.cells) == ("1000", "100000000")
    order = ordered(bench, available_volume_ml="2000", volume_ml_by_first_calculation="1333.3")
    assert exact(order.volume_ml) == Fraction("1333.3"), "what there is never adds to the plan"


def test_a_dose_planned_for_another_level_or_for_who_withdrew_is_not_ordered() -> None:
    bench = planned()
    command = p.an_order(bench, "001", 1)
    bench.ask(screening.WithdrawConsent(patient="001", scope="treatment"))
    with bench.refuses(no.ConsentNotValid):
        bench.ask(command, NURSE)


def test_an_order_is_made_once_and_may_be_made_anew() -> None:
    bench = planned()
    ordered(bench)
    ordered(bench, viable_cells_per_ml="1000000")
    assert ordered(bench).viable_cells_per_ml == p.VIABLE_CELLS_PER_ML
    assert patient(bench, "001").around.orders[1].viable_cells_per_ml == p.VIABLE_CELLS_PER_ML


def test_an_infusion_is_authorised_in_ml_by_another_person_than_who_ordered_it() -> None:
    bench = told("1A")
    authorised = only(InfusionAuthorised, bench.ask(prepared(bench), INVESTIGATOR))
    assert (authorised.volume_ml, authorised.second_calculation_by) == ("1333.3", "ivan")


def test_one_person_does_not_make_both_calculations() -> None:
    bench = told("1A")
    command = prepared(bench)
    bench.ask(p.an_order(bench, "001", 1, viable_cells_per_ml="50000"), INVESTIGATOR)
    again = command.model_copy(update={"volume_ml_by_second_calculation": "2666.6"})
    with bench.refuses(no.CalculationNotIndependent):
        bench.ask(again, INVESTIGATOR)
    bench.ask(p.an_order(bench, "001", 1, viable_cells_per_ml="50000"), CHECKER)


@pytest.mark.parametrize("volume_ml", [None, "1333.2", "1333.4", "0"])
def test_the_second_calculation_agrees_with_the_order(volume_ml: str | None) -> None:
    bench = told("1A")
    command = prepared(bench).model_copy(update={"volume_ml_by_second_calculation": volume_ml})
    with bench.refuses(no.VolumesDiffer):
        bench.ask(command, INVESTIGATOR)


def test_nothing_is_authorised_without_an_order_for_the_plan_and_the_product() -> None:
    bench = told("1A")
    command = prepared(bench)
    other = bench.copy()
    other.ask(p.an_order(other, "001", 1, product="NK-002"), NURSE)
    with other.refuses(no.DoseNotOrdered):
        other.ask(command, INVESTIGATOR)
    weighed_again = infusion.PlanDose(patient="001", ordinal=1, weight_kg="21", weighed_on=bench.now.date())
    bench.ask(weighed_again)
    with bench.refuses(no.DoseNotOrdered):
        bench.ask(command.model_copy(update={"cells_by_second_calculation": "140000000"}), INVESTIGATOR)


def made_fewer(bench: Bench, cells: int) -> None:
    """The lot is corrected to so many cells."""
    position, event = next((r.position, r.event) for r in bench.records if isinstance(r.event, ManufactureCompleted))
    report = {**event.model_dump(mode="json", exclude={"lot"}), "cells": cells}
    correction = CorrectRecord(position=position, kind="manufacture", report=report, lot="NK-001")
    bench.ask(correction, NURSE, reason=bench.seal("miscounted"))


def test_a_product_with_fewer_cells_than_the_plan_is_authorised_as_far_as_it_was_ordered() -> None:
    bench = told("1A")
    made_fewer(bench, 110_000_000)
    command = prepared(bench)
    with bench.refuses(no.CellsTooFew):
        bench.ask(command, INVESTIGATOR)
    order = ordered(bench, available_volume_ml="1100", volume_ml_by_first_calculation="1100")
    bench.ask(command.model_copy(update={"volume_ml_by_second_calculation": order.volume_ml}), INVESTIGATOR)
