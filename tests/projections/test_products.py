"""A lot as it stands: traced from the donor to the recipient and back, with every cell in one place."""

from ledger.decisions.given import RecordInfusion
from projections.base import fold
from projections.products import accountability, product, products
from tests.bench import INVESTIGATOR
from tests.product.lots import LOT, hand_over, ready_lot
from tests.projections.trials import three_treated


def test_the_trace_reads_the_same_from_both_ends() -> None:
    world = three_treated().world
    (from_donor,), (to_patient,) = products(world, donor="D-002"), products(world, patient="002")
    assert from_donor == to_patient == product(world, "NK-002")
    assert [(link.donor, link.patient, link.ordinal) for link in from_donor.trace] == [
        ("D-002", "002", 1),
        ("D-002", "002", 2),
    ]
    assert not any(link.broken for link in from_donor.trace)
    assert [lot.lot for lot in products(world)] == ["NK-001", "NK-002", "NK-003"]


def test_a_lot_says_who_signed_what_was_found_and_who_holds_it() -> None:
    bench = ready_lot(A=200_000_000)
    hand_over(bench, "CELLFAB", "NDGOI.store", bag="A", hours_ago=1)
    shown = product(bench.world, LOT)
    assert shown is not None
    assert (shown.disposition, shown.signed_by, shown.recipient) == ("conditional", "galina", "001")
    assert {test.test: test.passed for test in shown.release_tests}["hla_typing"]
    assert [(held.bag, held.to_party) for held in shown.custody] == [("A", "NDGOI.store"), (None, "NDGOI.ward")]
    assert {place.bag: place.cells for place in shown.account.left} == {None: 200_000_000, "A": 200_000_000}
    assert shown.version == bench.world.stream_version(f"product/{LOT}")


def test_every_cell_is_in_one_place() -> None:
    for shown in products(three_treated().world):
        found = shown.account
        assert found.made == found.lost_at_thaw + found.infused + found.destroyed + found.remaining - found.unaccounted
        assert found.infused > 0


def test_cells_of_a_lot_that_nobody_collected_are_shown_as_a_broken_link() -> None:
    bench = ready_lot()
    done = {"patient": "001", "ordinal": 1, "product": "NK-404", "ended_at": bench.now, "weight_kg": "20", "cells": 10}
    bench.ask(RecordInfusion.model_validate(done), INVESTIGATOR)
    shown = product(bench.world, "NK-404")
    assert shown is not None
    assert (shown.version, shown.donor, shown.account.unaccounted) == (0, None, 10)
    assert [link.broken for link in shown.trace] == [True]
    assert product(bench.world, "NK-405") is None


def test_the_accountability_log_has_a_row_for_every_lot() -> None:
    world = three_treated().world
    rows = accountability(world)
    assert [(row.lot, row.recipient) for row in rows] == [("NK-001", "001"), ("NK-002", "002"), ("NK-003", "003")]
    for row, shown in zip(rows, products(world), strict=True):
        assert (row.made, row.infused, row.remaining) == (
            shown.account.made,
            shown.account.infused,
            shown.account.remaining,
        )
        assert row.received_on is not None


def test_it_is_the_same_from_the_records_alone() -> None:
    bench = three_treated()
    assert products(fold(bench.records)) == products(bench.world)
