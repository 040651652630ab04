"""The chain of identity, and the trace that reads it from either end."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import refusals as no
from ledger.decisions.products_standing import given_to
from ledger.errors import LedgerError
from ledger.patient.events import ProtocolDeviationRecorded
from ledger.product.events import CollectionReceived
from ledger.product.state import Held, Product
from ledger.product.trace import Given, Link, from_donor, links, of_chain, to_patient
from ledger.trial.events import TrialDeviationRecorded
from ledger.types import Event
from tests.bench import START
from tests.patients import authorise, infuse, place, screen
from tests.product.lots import (
    CHAIN,
    LOT,
    ProductBench,
    collect,
    dispose,
    make,
    pass_tests,
    ready_lot,
    trial,
    why_not,
)


def deviations(events: tuple[Event, ...]) -> list[str]:
    return [e.kind for e in events if isinstance(e, ProtocolDeviationRecorded | TrialDeviationRecorded)]


def test_a_lot_ties_its_donor_to_its_recipient() -> None:
    bench = trial()
    collect(bench)
    collect(bench, donation_number="=W0000 26 123457 00")
    lot = bench.lot()
    assert (lot.chain, lot.donor, lot.recipient, len(lot.collections)) == (CHAIN, "D-7", "001", 2)


@pytest.mark.parametrize(
    "other",
    [{"chain_of_identity": "COI-002"}, {"donor": "D-8"}, {"patient": "002"}],
)
def test_two_donations_of_a_lot_that_deny_each_other_are_kept_and_block_it(other: dict[str, str]) -> None:
    bench = ready_lot()
    assert deviations(collect(bench, LOT, {}, donation_number="=W0000 26 999999 00", **other)) == [
        no.ChainOfIdentityBroken.__name__
    ]
    assert why_not(bench) != []


def test_another_lot_under_the_chain_has_the_same_donor_and_recipient() -> None:
    bench = trial()
    collect(bench)
    assert deviations(collect(bench, lot="NK-001-B", donation_number="=X")) == []
    assert deviations(collect(bench, lot="NK-001-C", donation_number="=Y", donor="D-8")) == [
        no.ChainOfIdentityBroken.__name__
    ]
    assert deviations(collect(bench, lot="NK-001-D", chain_of_identity="COI-9", donor="D-9")) == [
        no.ChainOfIdentityBroken.__name__
    ], "one donation has one donor"


def test_a_contradicted_identity_blocks_until_somebody_corrects_it() -> None:
    bench = ready_lot()
    wrong = bench.lot().collections[0].position
    names = [event.NAME for event in collect(bench, patient="002", collected_at=START - timedelta(days=9))]
    assert names == ["product.collection-received.v1", "patient.query-raised.v1"]
    assert bench.lot().recipient == "001"
    assert why_not(bench) == [no.ChainOfIdentityBroken]
    again = {"corrects": wrong, "reason": bench.seal("label read again")}
    collect(bench, LOT, again, donation_number="=W0000 26 123457 00")
    assert (bench.lot().donor, bench.lot().identity_disputed, why_not(bench)) == ("D-7", False, [])


def test_a_disputed_identity_is_not_released() -> None:
    bench = trial()
    collect(bench)
    make(bench)
    pass_tests(bench)
    collect(bench, donor="D-8")
    with pytest.raises(LedgerError) as refusal:
        dispose(bench, "conditional")
    assert refusal.type is no.ChainOfIdentityBroken


def traced(bench: ProductBench) -> tuple[Link, ...]:
    return links(bench.products, given_to(bench.world.patients.values()))


def test_the_trace_leads_from_the_donor_to_the_patient_and_back() -> None:
    bench = ready_lot()
    authorise(bench, "001", 1)
    infuse(bench, "001", 1)
    collect(bench, lot="NK-002", donation_number="=Z", chain_of_identity="COI-002", patient="002")
    every = traced(bench)
    assert [(link.lot, link.meant_for, link.given and link.given.ordinal) for link in from_donor("D-7", every)] == [
        ("NK-001", "001", 1),
        ("NK-002", "002", None),
    ]
    assert [(link.donor, link.given and link.given.cells) for link in to_patient("001", every)] == [
        ("D-7", 133_333_333)
    ]
    assert of_chain("COI-002", every) == to_patient("002", every)
    assert not any(link.broken for link in every)


def test_cells_for_another_patient_and_cells_of_nobody_break_the_chain() -> None:
    bench = trial()
    screen(bench, "002")
    place(bench, "002", 1)
    collect(bench, lot="NK-002", patient="001")
    infuse(bench, "001", 1)  # NK-001, which nobody collected
    infuse(bench, "002", 1)  # NK-002, collected for 001
    assert [(link.lot, link.broken) for link in traced(bench)] == [("NK-001", True), ("NK-002", True)]
    assert {link.lot for link in to_patient("001", traced(bench))} == {"NK-001", "NK-002"}


NAMES = st.sampled_from(("A", "B", "C"))


@st.composite
def collections(draw: st.DrawFn) -> dict[str, Product]:
    products = {}
    for lot in draw(st.lists(NAMES, unique=True)):
        held = [
            CollectionReceived(
                chain_of_identity=draw(NAMES),
                donor=draw(NAMES),
                donation_number=number,
                collected_at=START,
                patient=draw(st.none() | NAMES),
            )
            for number in draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))
        ]
        products[lot] = Product(lot, collections=tuple(Held(0, START, "lena", each) for each in held))
    return products


INFUSIONS = st.lists(st.builds(Given, NAMES, st.integers(1, 2), NAMES, st.integers(0, 9), st.just(START)), max_size=4)


@given(collections(), INFUSIONS)
def test_what_is_found_from_one_end_is_found_from_the_other(products: dict[str, Product], given: list[Given]) -> None:
    every = links(products, given)
    for link in every:
        if link.donor is not None:
            assert link in from_donor(link.donor, every)
        if link.meant_for is not None:
            assert link in to_patient(link.meant_for, every)
        if link.given is not None:
            assert link in to_patient(link.given.patient, every)
    assert {id(each) for each in given} == {id(link.given) for link in every if link.given is not None}


def test_the_lot_is_the_product_of_the_infusion() -> None:
    bench = ready_lot()
    infuse(bench, "001", 1)
    assert [each.lot for each in given_to(bench.world.patients.values())] == [LOT]
