"""Values that are made and changed quickly are what the slow way gives, and as closed as before."""

from dataclasses import FrozenInstanceError, dataclass, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.changing import changed, maker
from ledger.patient.state import Patient
from ledger.record import Record
from ledger.types import parse_instant
from tests.golden.samples import ALL

NUMBERS = st.integers(0, 9)
NAMES = [field.name for field in fields(Patient)]


@given(st.dictionaries(st.sampled_from(NAMES), NUMBERS))
def test_a_changed_value_is_what_replacing_gives(changes: dict[str, Any]) -> None:
    before = Patient("001")
    after = changed(before, **changes)
    assert after == replace(before, **changes)
    assert type(after) is Patient
    assert before == Patient("001")


@pytest.mark.parametrize("record", ALL, ids=lambda record: record.event.NAME)
def test_a_made_value_is_what_its_constructor_gives(record: Record) -> None:
    made = maker(Record)(**{field.name: getattr(record, field.name) for field in fields(Record)})
    assert made == record
    assert hash(made.stream) == hash(record.stream)


def test_a_changed_value_is_closed() -> None:
    with pytest.raises(FrozenInstanceError):
        changed(Patient("001"), version=1).version = 2  # type: ignore[misc]


def test_only_fields_can_be_changed_and_all_are_needed_to_make_one() -> None:
    with pytest.raises(AttributeError):
        changed(Patient("001"), colour="red")
    with pytest.raises(TypeError):
        maker(Patient)(number="001")


@dataclass(frozen=True, slots=True)
class Checked:
    """What looks at its fields when it is made."""

    number: int

    def __post_init__(self) -> None:
        assert self.number > 0


def test_what_checks_itself_is_not_made_behind_its_back() -> None:
    with pytest.raises(AssertionError, match="checks what it is made of"):
        changed(Checked(1), number=0)


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)), OFFSETS)  # noqa: DTZ001 - given a zone below
def test_the_stored_spelling_of_an_instant_is_read_as_any_other_is(at: datetime, zone: timezone) -> None:
    instant = at.replace(tzinfo=zone)
    stored = instant.isoformat(timespec="microseconds")
    assert parse_instant(stored) == instant
    assert parse_instant(stored.replace("T", "t")) == instant
    assert parse_instant(stored).utcoffset() == instant.utcoffset()


@pytest.mark.parametrize("text", ["2026-02-30T10:00:00.000000Z", "2026-01-05T24:00:00.000000Z"])
def test_a_stored_spelling_of_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)


def test_the_first_of_january_is_an_instant() -> None:
    assert parse_instant("2026-01-01T00:00:00.000000Z") == datetime(2026, 1, 1, tzinfo=UTC)
