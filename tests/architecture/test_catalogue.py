"""The catalogue of events: closed, each in one aggregate, each given by some rule, each under one stored name."""

import re
from pathlib import Path

import pytest

from ledger.catalogue import EVENTS
from ledger.cohort.state import COHORT_EVOLUTION
from ledger.installation.state import INSTALLATION_EVOLUTION
from ledger.patient.evolution import PATIENT_EVOLUTION
from ledger.product.state import PRODUCT_EVOLUTION
from ledger.trial.evolution import TRIAL_EVOLUTION
from ledger.types import Event
from tests.architecture.test_refusals import names_in

ROOT = Path(__file__).parents[2]
AGGREGATES = {
    "trial": frozenset(TRIAL_EVOLUTION),
    "cohort": frozenset(COHORT_EVOLUTION),
    "patient": frozenset(PATIENT_EVOLUTION),
    "product": frozenset(PRODUCT_EVOLUTION),
    "installation": frozenset(INSTALLATION_EVOLUTION),
}
STORED_NAME = re.compile(r"(trial|cohort|patient|product|installation)\.[a-z][a-z0-9]*(?:-[a-z0-9]+)*\.v[1-9][0-9]*")
GIVEN = names_in((ROOT / "ledger" / "decisions").rglob("*.py"))


@pytest.mark.parametrize("name", EVENTS)
def test_a_stored_name_is_stream_kind_then_what_happened_then_version(name: str) -> None:
    assert STORED_NAME.fullmatch(name)
    assert name == EVENTS[name].NAME


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_evolves_exactly_the_aggregate_of_its_stream(name: str) -> None:
    evolved = [kind for kind, events in AGGREGATES.items() if EVENTS[name] in events]
    assert evolved == [name.partition(".")[0]]


@pytest.mark.parametrize("kind", AGGREGATES)
def test_an_aggregate_evolves_by_events_of_the_catalogue_only(kind: str) -> None:
    in_the_catalogue = {event for name, event in EVENTS.items() if name.startswith(f"{kind}.")}
    assert in_the_catalogue in (AGGREGATES[kind], frozenset())


def test_stored_names_are_given_once() -> None:
    every = [event.NAME for events in AGGREGATES.values() for event in events]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.NAME)
def test_some_rule_gives_the_event(event: type[Event]) -> None:
    assert event.__name__ in GIVEN


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.NAME)
def test_what_identifies_an_event_are_fields_of_it(event: type[Event]) -> None:
    """Or parts of its fields, as a property reads them."""
    parts = {name for name, held in vars(event).items() if isinstance(held, property)}
    named = (*(event.KEY or ()), *(event.NEWEST or ()), *((event.WHEN,) if event.WHEN else ()))
    assert set(named) <= set(event.model_fields) | parts
    assert event.KEY is None or event.NEWEST is None
