"""An old version of an event is brought up to date step by step as it is read."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from ledger.catalogue import EVENTS
from ledger.store import codec
from ledger.store.upcasts import STEPS, Step, upcast
from tests.golden.samples import SAMPLES


def renamed(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """v1 called the sex *gender*."""
    rest = {name: value for name, value in data.items() if name != "gender"}
    return "patient.screened.v2", {**rest, "sex": data["gender"]}


def split(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """v2 held year and month in two members."""
    rest = {name: value for name, value in data.items() if name not in ("birth_year", "birth_month")}
    return "patient.screened.v3", {**rest, "birth_year_month": f"{data['birth_year']}-{data['birth_month']:02}"}


CHAIN: Mapping[str, Step] = {"patient.screened.v1": renamed, "patient.screened.v2": split}
V1 = {"number": "001", "site": "NDGOI", "gender": "female", "birth_year": 2014, "birth_month": 7}
V3 = {"number": "001", "site": "NDGOI", "sex": "female", "birth_year_month": "2014-07"}


def test_steps_are_taken_one_after_another_to_the_newest_version() -> None:
    assert upcast("patient.screened.v1", V1, CHAIN) == ("patient.screened.v3", V3)


def test_a_later_version_takes_only_the_steps_that_are_left() -> None:
    _, v2 = renamed(V1)
    assert upcast("patient.screened.v2", v2, CHAIN) == ("patient.screened.v3", V3)


def test_an_event_without_a_step_is_as_it_was_stored() -> None:
    assert upcast("patient.enrolled.v1", V1, CHAIN) == ("patient.enrolled.v1", V1)


def test_reading_an_old_leaf_gives_the_event_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = SAMPLES["patient.screened.v1"]
    old = codec.encode(sample).replace(b'"sex":"female"', b'"gender":"female"').replace(b"screened.v1", b"screened.v0")
    old = codec.canonical(orjson.loads(old))
    steps: Mapping[str, Step] = {"patient.screened.v0": lambda data: ("patient.screened.v1", renamed(data)[1])}
    monkeypatch.setattr(codec, "upcast", lambda name, data: upcast(name, data, steps))
    assert codec.decode(old) == sample


def test_every_step_leads_from_a_name_of_the_past_to_one_that_is_read() -> None:
    assert not set(STEPS) & set(EVENTS)
