"""Hands, bags and numbers: the chain of custody, and an account in which every cell is somewhere."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import refusals as no
from ledger.decisions import products as p
from ledger.decisions.products_standing import infused
from ledger.patient.events import ProtocolDeviationRecorded
from ledger.product import events as e
from ledger.product.account import Account, account
from ledger.product.state import Held, Product
from ledger.types import Event
from tests.bench import SITE, START
from tests.patients import authorise, infuse
from tests.product.lots import LAB, LOT, ProductBench, collect, hand_over, make, ready_lot, trial


def deviations(events: tuple[Event, ...]) -> list[str]:
    return [event.kind for event in events if isinstance(event, ProtocolDeviationRecorded)]


def made(**bags: int) -> ProductBench:
    bench = trial()
    collect(bench)
    make(bench, LOT, 400_000_000, **bags)
    return bench


def test_custody_passes_from_hand_to_hand() -> None:
    bench = made()
    assert deviations(hand_over(bench, "CELLFAB", "COURIER", hours_ago=2)) == []
    assert deviations(hand_over(bench, "COURIER", f"{SITE}.ward", hours_ago=1)) == []
    assert bench.lot().holder(None, bench.now) == f"{SITE}.ward"
    assert bench.lot().holder(None, bench.now - timedelta(hours=1.5)) == "COURIER"
    assert bench.lot().holder(None, bench.now - timedelta(hours=3)) is None


def test_a_missing_link_is_a_deviation_and_may_be_entered_late() -> None:
    bench = made()
    hand_over(bench, "CELLFAB", "COURIER", hours_ago=3)
    assert deviations(hand_over(bench, "PHARMACY", SITE, hours_ago=1)) == [no.CustodyBroken.__name__]
    assert deviations(hand_over(bench, "COURIER", "PHARMACY", hours_ago=2)) == []
    assert bench.lot().holder(None, bench.now) == SITE


def test_a_bag_goes_its_own_way() -> None:
    bench = made(A=100, B=100)
    hand_over(bench, "CELLFAB", SITE, hours_ago=3)
    hand_over(bench, SITE, "CELLFAB", bag="A", hours_ago=2)
    assert [bench.lot().holder(bag, bench.now) for bag in ("A", "B", None)] == ["CELLFAB", SITE, SITE]
    hand_over(bench, SITE, "QC", hours_ago=1)
    assert [bench.lot().holder(bag, bench.now) for bag in ("A", "B")] == ["QC", "QC"]


def test_a_bag_that_is_not_on_record_is_a_deviation() -> None:
    assert deviations(hand_over(made(A=100), "CELLFAB", SITE, bag="Z")) == [no.BagNotOnRecord.__name__]


def test_nobody_hands_over_to_himself() -> None:
    bench = made()
    with bench.refuses(no.FindingsContradict):
        hand_over(bench, SITE, SITE)


def test_another_temperature_of_the_same_transfer_contradicts_it() -> None:
    bench = made()
    hand_over(bench, "CELLFAB", SITE)
    known = bench.lot().transfers[0].event
    warmer = p.TransferCustody(**{**known.model_dump(), "lot": LOT, "temperature_c": "-80"})
    names = [event.NAME for event in bench.ask(warmer, LAB)]
    assert names == ["product.custody-transferred.v1", "patient.query-raised.v1"]
    assert [held.event.temperature_c for held in bench.lot().transfers] == ["-152.4"]


def test_a_corrected_transfer_takes_the_place_of_the_wrong_one() -> None:
    bench = made()
    hand_over(bench, "CELLFAB", "COURIER")
    wrong = bench.lot().transfers[0].position
    events = hand_over(bench, "CELLFAB", SITE, corrects=wrong, reason=bench.seal("wrong line"))
    assert deviations(events) == []
    assert bench.lot().holder(None, bench.now) == SITE


def thaw(bench: ProductBench, bag: str, cells: int) -> tuple[Event, ...]:
    command = p.RecordThaw(lot=LOT, bag=bag, thawed_at=bench.now, viability_percent="81.5", cells=cells)
    return bench.ask(command, LAB)


def destroy(
    bench: ProductBench, bag: str | None = None, cells: int | None = None, witness: str = "boris"
) -> tuple[Event, ...]:
    command = p.RecordDestruction(
        lot=LOT, bag=bag, cells=cells, cause="residue", witnessed_by=witness, destroyed_at=bench.now
    )
    return bench.ask(command, LAB)


def books(bench: ProductBench) -> Account:
    return account(bench.lot(), infused(bench.world.patients.values(), LOT))


def test_every_cell_is_somewhere() -> None:
    bench = ready_lot(A=150_000_000, B=200_000_000)
    assert books(bench).left == {"A": 150_000_000, "B": 200_000_000, None: 50_000_000}
    thaw(bench, "A", 140_000_000)
    authorise(bench, "001", 1)
    infuse(bench, "001", 1)
    destroy(bench, "A")
    kept = books(bench)
    assert (kept.made, kept.lost_at_thaw, kept.infused) == (400_000_000, 10_000_000, 133_333_333)
    assert (kept.destroyed, kept.remaining, kept.unaccounted) == (6_666_667, 250_000_000, 0)
    destroy(bench, None, 50_000_000)
    assert books(bench).remaining == 200_000_000


def test_more_than_there_was_is_not_accounted_for() -> None:
    bench = ready_lot(A=100_000_000, B=300_000_000)
    thaw(bench, "A", 100_000_000)
    authorise(bench, "001", 1)
    infuse(bench, "001", 1)
    kept = books(bench)
    assert (kept.unaccounted, kept.left["A"], kept.left["B"]) == (33_333_333, 0, 300_000_000)


def test_the_witness_is_another_person() -> None:
    assert deviations(destroy(ready_lot(), witness=LAB.id)) == [no.CheckersNotDistinct.__name__]


def test_thawing_a_destroyed_bag_is_a_deviation_and_a_bag_before_its_residue_is_not() -> None:
    bench = ready_lot(A=100, B=100)
    assert deviations(thaw(bench, "A", 90)) == []
    bench.pass_days(0.1)
    destroy(bench, "A")
    destroy(bench, "B")
    bench.pass_days(0.1)
    assert deviations(thaw(bench, "B", 90)) == [no.ProductIsDestroyed.__name__]


def test_viability_is_at_most_a_hundred_percent() -> None:
    bench = ready_lot(A=100)
    with bench.refuses(no.FindingsContradict):
        bench.ask(p.RecordThaw(lot=LOT, bag="A", thawed_at=bench.now, viability_percent="100.5", cells=1), LAB)


BAGS = ("A", "B", "C")
CELLS = st.integers(0, 100)


@st.composite
def lots(draw: st.DrawFn) -> Product:
    """A lot of some bags, some thawed and some destroyed, in any order and number."""
    bags = tuple(e.Bag(bag=bag, cells=draw(CELLS)) for bag in BAGS[: draw(st.integers(0, 3))])
    made = e.ManufactureCompleted(
        outcome="manufactured",
        lot=LOT,
        cells=sum(bag.cells for bag in bags) + draw(CELLS),
        bags=bags,
        finished_at=START,
    )
    thaws = [
        e.ProductThawed(bag=bag, thawed_at=START + timedelta(hours=hour), viability_percent="80", cells=draw(CELLS))
        for hour, bag in enumerate(draw(st.lists(st.sampled_from(BAGS), unique=True)))
    ]
    destroyed = [
        e.ProductDestroyed(bag=bag, cells=cells, cause="other", witnessed_by="boris", destroyed_at=START)
        for bag, cells in draw(st.lists(st.tuples(st.none() | st.sampled_from(BAGS), st.none() | CELLS), max_size=4))
    ]
    return Product(
        LOT,
        manufactures=(Held(0, START, "lena", made),),
        thaws=tuple(Held(1, START, "lena", each) for each in thaws),
        destructions=tuple(Held(2, START, "lena", each) for each in destroyed),
    )


@given(lots(), st.integers(0, 500))
def test_the_account_balances(product: Product, given_cells: int) -> None:
    kept = account(product, given_cells)
    assert kept.made == kept.lost_at_thaw + kept.infused + kept.destroyed + kept.remaining - kept.unaccounted
    assert kept.unaccounted >= 0
    assert all(cells >= 0 for cells in kept.left.values())


@pytest.mark.parametrize("cause", ["residue", "rejected", "sterility-positive"])
def test_a_destroyed_lot_holds_nothing(cause: e.DestructionCause) -> None:
    bench = ready_lot(A=100)
    command = p.RecordDestruction(lot=LOT, cause=cause, witnessed_by="boris", destroyed_at=bench.now)
    bench.ask(command, LAB)
    assert books(bench).remaining == 0
