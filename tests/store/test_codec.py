"""The leaf: what is written, what is refused, and what is not read."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
import pytest

from ledger.errors import Corrupt
from ledger.record import Head, Record, Source
from ledger.store.codec import LARGEST_LEAF_BYTES, canonical, decode, encode
from ledger.store.errors import LeafTooLarge, Unstorable
from tests.golden.samples import ALL, SAMPLES

SAMPLE = SAMPLES["patient.infusion-completed.v1"]
PROPOSED = SAMPLES["trial.protocol-version-proposed.v1"]
LEAF = encode(SAMPLE)


class Colour(StrEnum):
    RED = "red"


def with_document(document: dict[str, Any]) -> Record:
    return replace(PROPOSED, event=PROPOSED.event.model_copy(update={"document": document}))


def changed(**members: Any) -> bytes:
    """The leaf of the sample with other members, canonical again."""
    return orjson.dumps({**orjson.loads(LEAF), **members}, option=orjson.OPT_SORT_KEYS)


def test_a_leaf_is_canonical_json_of_the_envelope() -> None:
    assert list(orjson.loads(LEAF)) == [
        "actor",
        "after",
        "command_id",
        "conflicts_with",
        "corrects",
        "data",
        "occurred_at",
        "origin",
        "position",
        "protocol_version",
        "reason",
        "recorded_at",
        "source",
        "stream",
        "stream_version",
        "type",
        "v",
    ]
    assert b" " not in LEAF


def test_an_instant_keeps_the_offset_of_its_place() -> None:
    assert orjson.loads(LEAF)["occurred_at"] == "2026-03-02T10:15:00.000000+03:00"
    assert decode(LEAF).occurred_at.utcoffset() == timedelta(hours=3)


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"share": 0.5}, "a float"),
        ({"share": [[float("nan")]]}, "a float"),
        ({"at": datetime(2026, 3, 2, tzinfo=UTC)}, "a datetime"),
        ({"on": date(2026, 3, 2)}, "a date"),
        ({"id": UUID(int=0)}, "a UUID"),
        ({"cells": Decimal("1.0")}, "a Decimal"),
        ({"colour": Colour.RED}, "a Colour"),
        ({"bytes": b"x"}, "a bytes"),
        ({"several": {1, 2}}, "a set"),
        ({"cells": 2**53}, "an integer"),
        ({"cells": -(2**53)}, "an integer"),
        ({"": 1}, "a member name"),
        ({"Title": 1}, "a member name"),
        ({"title case": 1}, "a member name"),
        ({"_id": 1}, "a member name"),
        ({"größe": 1}, "a member name"),
        ({"deep": [{"er": {"2nd": 1}}]}, "a member name"),
        ({"name": "e\u0301"}, "not in NFC"),
        ({"name": "\ud800"}, "surrogate"),
    ],
)
def test_what_has_no_one_spelling_is_refused(document: dict[str, Any], fault: str) -> None:
    with pytest.raises(Unstorable, match=fault):
        encode(with_document(document))


@pytest.mark.parametrize("name", [1, True, None, 0.5, ("a",), Colour.RED])
def test_a_member_name_is_a_text_and_nothing_like_it(name: object) -> None:
    assert canonical({"red": 1})
    with pytest.raises(Unstorable, match="a member name"):
        canonical({name: 1})


def test_a_tree_that_is_too_deep_is_refused() -> None:
    tree: list[Any] = []
    for _ in range(300):
        tree = [tree]
    with pytest.raises(Unstorable, match="deep"):
        canonical(tree)


@pytest.mark.parametrize("number", [0, -1, 2**53 - 1, -(2**53) + 1])
def test_integers_below_two_to_the_53_are_kept(number: int) -> None:
    assert decode(encode(with_document({"number": number}))) == with_document({"number": number})


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "a reason in words"},
        {"recorded_at": datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=3)))},
        {"recorded_at": datetime(2026, 3, 2, 12, 0)},  # noqa: DTZ001
        {"occurred_at": datetime(2026, 3, 2, 12, 0)},  # noqa: DTZ001
        {"occurred_at": datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(seconds=9015)))},
        {"stream_version": 0},
        {"position": -1},
        {"position": True},
        {"command_id": ""},
        {"origin": None},
        {"after": Head(4, "00")},
        {"source": Source("edc-1", entered_at=datetime(2026, 3, 2))},  # noqa: DTZ001
    ],
)
def test_nothing_is_written_that_could_not_be_read(changes: dict[str, Any]) -> None:
    with pytest.raises(Unstorable, match=r"patient.infusion-completed.v1 for patient/001"):
        encode(replace(SAMPLE, **changes))


def test_a_refusal_does_not_repeat_what_was_entered() -> None:
    with pytest.raises(Unstorable) as refusal:
        encode(replace(SAMPLE, reason="Anna K. fainted"))
    assert "Anna" not in refusal.value.detail


def test_a_leaf_has_at_most_65_535_bytes() -> None:
    bare = len(encode(with_document({"title": ""})))
    longest = with_document({"title": "x" * (LARGEST_LEAF_BYTES - bare)})
    assert len(encode(longest)) == LARGEST_LEAF_BYTES
    with pytest.raises(LeafTooLarge, match="65536 bytes"):
        encode(with_document({"title": "x" * (LARGEST_LEAF_BYTES - bare + 1)}))


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        LEAF[:-1],
        LEAF + b"\n",
        b" " + LEAF,
        LEAF.replace(b'"v":1', b'"v":1,"v":1'),
        LEAF.replace(b'"v":1', b'"v": 1'),
        LEAF.replace(b'"v":1', b'"v":1e0'),
        LEAF.replace(b"NDGOI", b"\\u004eDGOI"),
        LEAF.replace(b"NDGOI", b"\xff"),
        b'{"v":1,' + LEAF[1:].replace(b',"v":1', b""),
    ],
)
def test_other_spellings_are_not_read(leaf: bytes) -> None:
    with pytest.raises(Corrupt):
        decode(leaf)


@pytest.mark.parametrize(
    "members",
    [
        {"v": 2},
        {"v": True},
        {"v": "1"},
        {"type": "patient.infusion-completed.v9"},
        {"type": "patient.infusion-started.v1"},
        {"extra": None},
        {"position": -1},
        {"position": "41"},
        {"stream_version": 0},
        {"occurred_at": "2026-03-02T10:15:00Z"},
        {"occurred_at": "2026-03-02T10:15:00.000000+00:00"},
        {"occurred_at": "2026-03-02T10:15:00.000000-00:00"},
        {"occurred_at": "2026-03-02 10:15:00.000000Z"},
        {"occurred_at": "2026-13-02T10:15:00.000000Z"},
        {"recorded_at": "2026-03-02T10:15:00.000000+03:00"},
        {"recorded_at": "2026-03-02T10:15:00.000000Z\n"},
        {"actor": {"id": "ivan", "role": "investigator", "site": None}},
        {"actor": {"id": "ivan", "role": "investigator", "site": None, "authenticated": "password", "x": 1}},
        {"source": {}},
        {"after": {"size": 1, "root": "5F" * 32}},
        {"reason": "in words"},
        {"data": []},
        {"data": {}},
    ],
)
def test_what_is_not_a_leaf_of_this_version_is_not_read(members: dict[str, Any]) -> None:
    with pytest.raises(Corrupt):
        decode(changed(**members))


def test_a_missing_member_is_not_filled_in() -> None:
    tree = orjson.loads(LEAF)
    for name in tree:
        rest = {other: value for other, value in tree.items() if other != name}
        with pytest.raises(Corrupt):
            decode(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS))


@pytest.mark.parametrize("document", [{"share": 0.5}, {"Share": "1/2"}, {"name": "e\u0301"}])
def test_free_content_is_read_as_strictly_as_it_is_written(document: dict[str, Any]) -> None:
    tree = orjson.loads(encode(PROPOSED))
    tree["data"]["document"] = document
    with pytest.raises(Corrupt):
        decode(orjson.dumps(tree, option=orjson.OPT_SORT_KEYS))


def test_a_fault_in_a_leaf_is_told_by_its_place_and_not_by_its_value() -> None:
    with pytest.raises(Corrupt, match="reason") as fault:
        decode(changed(reason="Anna K. fainted"))
    assert "Anna" not in fault.value.detail


@pytest.mark.parametrize("record", ALL, ids=lambda record: record.event.NAME)
def test_the_content_of_a_leaf_is_what_the_model_says(record: Record) -> None:
    assert orjson.loads(encode(record))["data"] == orjson.loads(canonical(record.event.model_dump()))


@pytest.mark.parametrize("faulty", [0.5, 2**53, "e\u0301", "\ud800", b"x"])
def test_an_event_with_a_value_of_no_one_spelling_is_not_written(faulty: object) -> None:
    event = SAMPLES["patient.adverse-event-reported.v1"].event.model_copy(update={"term": faulty})
    with pytest.raises(Unstorable):
        encode(replace(SAMPLES["patient.adverse-event-reported.v1"], event=event))
