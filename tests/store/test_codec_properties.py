"""For any record: the bytes are those of RFC 8785, and reading them gives the record back."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.record import Actor, Head, Record, Source
from ledger.store.codec import canonical, decode, encode
from tests.golden.samples import ALL, SAMPLES

NAMES = st.from_regex(r"\A[a-z][a-z0-9_]{0,8}\Z")
TEXTS = st.text().map(lambda text: unicodedata.normalize("NFC", text))
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
LEAVES = st.none() | st.booleans() | INTEGERS | TEXTS
TREES = st.recursive(LEAVES, lambda part: st.lists(part, max_size=4) | st.dictionaries(NAMES, part, max_size=5))
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31))  # noqa: DTZ001
INSTANTS = st.builds(lambda at, offset: at.replace(tzinfo=offset), MOMENTS, OFFSETS)
POSITIONS = st.integers(0, 2**53 - 1)
SOURCES = st.builds(
    Source, TEXTS, st.none() | TEXTS, st.none() | TEXTS, st.none() | TEXTS, entered_at=st.none() | INSTANTS
)


@st.composite
def any_records(draw: st.DrawFn) -> Record:
    """A sample with any envelope around it."""
    return replace(
        draw(st.sampled_from(ALL)),
        origin=draw(TEXTS),
        position=draw(POSITIONS),
        stream=draw(TEXTS),
        stream_version=draw(st.integers(1, 2**53 - 1)),
        occurred_at=draw(INSTANTS),
        recorded_at=draw(MOMENTS).replace(tzinfo=UTC),
        actor=Actor(draw(TEXTS), draw(TEXTS), draw(st.none() | TEXTS), draw(TEXTS)),
        command_id=draw(TEXTS.filter(bool)),
        protocol_version=draw(POSITIONS),
        source=draw(st.none() | SOURCES),
        reason=draw(st.none() | HASHES),
        corrects=draw(st.none() | POSITIONS),
        conflicts_with=draw(st.none() | POSITIONS),
        after=draw(st.none() | st.builds(Head, POSITIONS, HASHES)),
    )


@settings(deadline=None)
@given(TREES)
def test_the_bytes_of_any_tree_are_those_of_rfc_8785(tree: Any) -> None:
    assert canonical(tree) == rfc8785.dumps(tree)


@settings(deadline=None)
@given(any_records())
def test_the_bytes_of_any_record_are_those_of_rfc_8785(record: Record) -> None:
    leaf = encode(record)
    assert leaf == rfc8785.dumps(orjson.loads(leaf))


@settings(deadline=None)
@given(any_records())
def test_any_record_is_read_back_as_it_was(record: Record) -> None:
    found = decode(encode(record))
    assert found == record
    assert found.occurred_at.utcoffset() == record.occurred_at.utcoffset()
    assert encode(found) == encode(record)


@settings(deadline=None)
@given(st.dictionaries(NAMES, TREES, max_size=5))
def test_any_document_is_read_back_as_it_was(document: dict[str, Any]) -> None:
    proposed = SAMPLES["trial.protocol-version-proposed.v1"]
    record = replace(proposed, event=proposed.event.model_copy(update={"document": document}))
    assert decode(encode(record)) == record
