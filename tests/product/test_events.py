"""The events of a product: their names, where the state keeps each, and that JSON loses nothing."""

from dataclasses import fields

import pytest

from ledger.decisions import products as p
from ledger.decisions import products_release as release
from ledger.product.events import PRODUCT_EVENTS
from ledger.product.state import PRODUCT_EVOLUTION, Product, evolve
from ledger.types import Event
from tests.product.lots import LAB, LOT, ProductBench, ready_lot, sterility
from tests.product.test_custody import destroy, thaw


def whole_story() -> ProductBench:
    bench = ready_lot(A=100_000_000, B=50_000_000)
    thaw(bench, "A", 90_000_000)
    bench.ask(p.RecordExcursion(lot=LOT, highest_c="-98.5", lasted_minutes=35, started_at=bench.now), LAB)
    destroy(bench, "A", 10)
    bench.pass_days(14)
    sterility(bench, "negative")
    return bench


STORY = whole_story()


def test_every_event_is_kept_by_the_state() -> None:
    assert set(PRODUCT_EVOLUTION) == set(PRODUCT_EVENTS)
    assert set(PRODUCT_EVOLUTION.values()) <= {field.name for field in fields(Product)}
    assert {type(record.event) for record in STORY.records} >= set(PRODUCT_EVENTS)


def test_every_command_has_one_decision() -> None:
    decisions = {**p.DECISIONS, **release.DECISIONS}
    assert len(set(decisions.values())) == len(decisions) == len(PRODUCT_EVENTS)


@pytest.mark.parametrize("kind", PRODUCT_EVENTS)
def test_an_event_survives_json(kind: type[Event]) -> None:
    event = next(record.event for record in STORY.records if type(record.event) is kind)
    assert kind.NAME.startswith("product.")
    assert kind.NAME.endswith(".v1")
    assert kind.model_validate(event.model_dump(mode="json")) == event


def test_the_state_is_what_its_events_give() -> None:
    product = Product(LOT)
    for record in STORY.records:
        if record.stream == f"product/{LOT}":
            product = evolve(product, record)
    assert product == STORY.lot()
