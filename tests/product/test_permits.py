"""Why a product is not infused: every rule that is broken, and the sum of CD3+ cells over both infusions."""

import pytest

from ledger import refusals as no
from ledger.decisions import products as p
from ledger.decisions.given import RecordInfusion, RecordInfusionStart
from ledger.errors import Refused
from tests.bench import SITE
from tests.patients import authorise, infuse, place, screen
from tests.product.lots import (
    LAB,
    LOT,
    ProductBench,
    collect,
    dispose,
    fork,
    hand_over,
    make,
    pass_tests,
    ready_lot,
    result,
    trial,
    why_not,
)


@pytest.fixture(scope="module")
def lot() -> ProductBench:
    return ready_lot()


def test_a_released_lot_at_the_ward_is_infused_to_its_patient(lot: ProductBench) -> None:
    assert why_not(lot) == []


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"lot": "NK-999"}, no.ProductUnknown),
        ({"chain": "COI-002"}, no.IdentityDoesNotMatch),
        ({"cells": "400000001"}, no.CellsTooFew),
    ],
)
def test_another_lot_another_identity_or_too_many_cells(
    lot: ProductBench, asked: dict[str, str], refusal: type[Refused]
) -> None:
    assert why_not(lot, **asked) == [refusal]  # type: ignore[arg-type]


def test_part_of_a_cell_is_none(lot: ProductBench) -> None:
    assert why_not(lot, cells="400000000/3") == []
    assert why_not(lot, cells="1200000001/3") == []


def test_everything_that_is_broken_is_told() -> None:
    bench = trial()
    collect(bench, patient=None)
    make(bench)
    assert why_not(bench) == [
        no.ProductNotReleased,
        no.RecipientDiffers,
        no.NotInCustodyOfSite,
        no.SumNotKnown,
    ]


def test_a_lot_is_not_given_to_another_patient(lot: ProductBench) -> None:
    bench = fork(lot)
    screen(bench, "002", donor="D-7")
    place(bench, "002", 1)
    assert why_not(bench, patient="002") == [no.RecipientDiffers]


@pytest.mark.parametrize(
    ("party", "there"),
    [(SITE, True), (f"{SITE}.ward", True), (f"{SITE}2", False), ("CELLFAB", False)],
)
def test_the_cells_are_at_the_patients_site(party: str, there: bool) -> None:
    bench = trial()
    collect(bench)
    make(bench)
    pass_tests(bench)
    dispose(bench, "conditional")
    hand_over(bench, "COURIER", party)
    assert why_not(bench) == ([] if there else [no.NotInCustodyOfSite])


def test_only_the_bags_at_the_site_count() -> None:
    bench = ready_lot(A=300_000_000, B=100_000_000)
    hand_over(bench, f"{SITE}.ward", "CELLFAB", bag="A")
    assert why_not(bench, cells="100000000") == []
    assert why_not(bench, cells="100000001") == [no.NotInCustodyOfSite]


def test_a_destroyed_lot_is_not_infused(lot: ProductBench) -> None:
    bench = fork(lot)
    bench.ask(p.RecordDestruction(lot=LOT, cause="damaged", witnessed_by="boris", destroyed_at=bench.now), LAB)
    assert why_not(bench) == [no.ProductIsDestroyed]


def test_what_was_infused_is_not_there_again(lot: ProductBench) -> None:
    bench = fork(lot)
    authorise(bench, "001", 1)
    infuse(bench, "001", 1)  # 400 million / 3
    assert why_not(bench, ordinal=2, cells="266666667") == []
    assert why_not(bench, ordinal=2, cells="266666668") == [no.CellsTooFew]


def with_cd3(cells_in_lot: str) -> ProductBench:
    bench = ready_lot()
    result(bench, "cd3_cells_per_kg", cells_in_lot, "cells")
    return bench


@pytest.mark.parametrize(
    ("weight_kg", "cells", "fits"),
    [  # one CD3+ cell in 50.0001 of 400 million: 7,999,984 in the lot
        ("20", "200000000", True),
        ("19.9", "200000000", False),
        ("20", "200001000", False),
    ],
)
def test_cd3_cells_are_limited_per_kg_of_the_actual_weight(weight_kg: str, cells: str, fits: bool) -> None:
    bench = with_cd3("7999984")
    assert why_not(bench, weight_kg=weight_kg, cells=cells) == ([] if fits else [no.SumOverLimit])


@pytest.mark.parametrize(
    ("reported", "cells", "fits"),
    [  # 1 CD3+ in 100. Infusion 1, 133,333,333 cells to 20 kg, brought 66,666.6665 per kg, unless reported otherwise
        (None, "133333333", True),
        (None, "133333334", False),
        ("150000", "49999999", True),
        ("150000", "50000000", False),
        ("200000", "1", False),
    ],
)
def test_cd3_cells_are_summed_over_both_infusions(reported: str | None, cells: str, fits: bool) -> None:
    bench = with_cd3("4000000")
    given(bench, reported)
    assert why_not(bench, ordinal=2, weight_kg="10", cells=cells) == ([] if fits else [no.SumOverLimit])


def given(bench: ProductBench, cd3_cells_per_kg: str | None, lot: str = LOT) -> None:
    """Infusion 1 to patient 001: 133,333,333 cells at 20 kg."""
    bench.ask(
        RecordInfusion(
            patient="001",
            ordinal=1,
            product=lot,
            ended_at=bench.now,
            weight_kg="20",
            cells=133_333_333,
            cd3_cells_per_kg=cd3_cells_per_kg,
        )
    )


def test_the_sum_is_not_known_without_what_an_earlier_infusion_brought() -> None:
    bench = ready_lot()
    given(bench, None, lot="NK-OTHER")
    assert why_not(bench, ordinal=2) == [no.SumNotKnown]
    bench = ready_lot()
    given(bench, "100", lot="NK-OTHER")
    assert why_not(bench, ordinal=2) == []


def test_an_infusion_that_has_only_begun_leaves_the_sum_unknown() -> None:
    bench = ready_lot()
    begun = RecordInfusionStart(patient="001", ordinal=1, product=LOT, level=1, started_at=bench.now)
    bench.ask(begun)
    assert why_not(bench, ordinal=2) == [no.SumNotKnown]


@pytest.mark.parametrize(("cells_in_lot", "passed"), [(400_000_000, False), (400_000_100, True), (100_000_000, False)])
def test_only_what_is_planned_of_the_lot_counts_at_release(cells_in_lot: int, passed: bool) -> None:
    bench = trial()
    collect(bench)
    make(bench, LOT, cells_in_lot)
    result(bench, "cd3_cells_per_kg", "8000000", "cells")
    assert bench.lot().results[0].event.passed is passed
