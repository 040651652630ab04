"""Quantities, instants and days: what is stored has one spelling, and reading it gives the value back."""

from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ledger.types import (
    LONGEST_QUANTITY,
    Amount,
    Day,
    Exact,
    Instant,
    Quantity,
    exact,
    exact_text,
    instant_text,
    parse_day,
    parse_instant,
    utc,
)

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1901, 1, 1), datetime(2199, 12, 30), timezones=OFFSETS)  # noqa: DTZ001
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
FRACTIONS = st.builds(Fraction, st.integers(-(10**15), 10**15), st.integers(1, 10**15))
DECIMALS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?\Z")

ANY_QUANTITY: TypeAdapter[str] = TypeAdapter(Quantity)
ANY_AMOUNT: TypeAdapter[str] = TypeAdapter(Amount)
ANY_EXACT: TypeAdapter[str] = TypeAdapter(Exact)
ANY_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
ANY_DAY: TypeAdapter[date] = TypeAdapter(Day)


def accepted(adapter: TypeAdapter[Any], given_value: object) -> bool:
    try:
        adapter.validate_python(given_value)
    except ValidationError:
        return False
    return True


@given(INSTANTS)
def test_an_instant_is_read_back_with_its_offset(at: datetime) -> None:
    read = parse_instant(instant_text(at))
    assert (read, read.utcoffset()) == (at, at.utcoffset())
    assert instant_text(read) == instant_text(at)


@given(INSTANTS, INSTANTS)
def test_two_instants_have_one_text_only_when_they_are_one_at_one_offset(one: datetime, other: datetime) -> None:
    same = one == other and one.utcoffset() == other.utcoffset()
    assert (instant_text(one) == instant_text(other)) == same


@given(INSTANTS, OFFSETS)
def test_an_instant_in_utc_is_the_same_wherever_it_was_seen(at: datetime, offset: timezone) -> None:
    assert utc(at) == utc(at.astimezone(offset))
    assert instant_text(utc(at)) == instant_text(utc(at.astimezone(offset)))


@given(INSTANTS)
def test_an_instant_is_taken_as_text_or_as_value_and_dumped_as_text(at: datetime) -> None:
    assert ANY_INSTANT.validate_python(instant_text(at)) == at == ANY_INSTANT.validate_python(at)
    assert ANY_INSTANT.dump_python(at, mode="json") == instant_text(at)


@given(INSTANTS, st.sampled_from(["{} ", " {}", "{}0", "{}\n", "{}[UTC]"]))
def test_nothing_around_an_instant_is_read(at: datetime, around: str) -> None:
    assert not accepted(ANY_INSTANT, around.format(instant_text(at)))


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02",
        "2026-03-02T10:15:00",
        "2026-03-02 10:15:00Z",
        "2026-03-02T10:15Z",
        "2026-03-02T10:15:00.1234567Z",
        "2026-03-02T10:15:00,5Z",
        "2026-03-02T10:15:00+0300",
        "2026-03-02T10:15:60Z",
        "2026-02-30T10:15:00Z",
        "20260302T101500Z",
        "1772446500",
        "२०२६-03-02T10:15:00Z",
    ],
)
def test_another_text_is_no_instant(text: str) -> None:
    assert not accepted(ANY_INSTANT, text)


@given(st.integers() | st.floats() | st.booleans() | st.none() | st.dates() | st.datetimes())
def test_what_is_no_text_and_no_instant_with_an_offset_is_no_instant(other: object) -> None:
    assert not accepted(ANY_INSTANT, other)


@given(DAYS)
def test_a_day_has_one_spelling(day: date) -> None:
    text = ANY_DAY.dump_python(day, mode="json")
    assert parse_day(text) == ANY_DAY.validate_python(text) == day
    assert len(text) == len("2026-03-02")


@given(st.from_regex(r"\A[0-9]{2,4}-?[0-9]{1,2}-?[0-9]{1,2}\Z") | st.text(max_size=12))
def test_a_text_that_is_read_as_a_day_is_that_day_s_spelling(text: str) -> None:
    assert not accepted(ANY_DAY, text) or parse_day(text).isoformat() == text


@given(DAYS, st.sampled_from(["{:%Y%m%d}", "{:%Y-%m-%d} ", "{:%d.%m.%Y}", "{:%Y/%m/%d}", "{:%Y-%m-%dT00:00:00Z}"]))
def test_a_day_in_another_spelling_is_refused(day: date, spelling: str) -> None:
    assert not accepted(ANY_DAY, spelling.format(day))


@given(FRACTIONS)
def test_a_computed_quantity_is_read_back_exactly(value: Fraction) -> None:
    text = exact_text(value)
    assume(len(text) <= LONGEST_QUANTITY)
    assert exact(ANY_EXACT.validate_python(text)) == value


@given(st.from_regex(r"\A-?[0-9]{1,6}(/-?[0-9]{1,6})?\Z") | FRACTIONS.map(str) | st.text(max_size=8))
def test_a_text_that_is_read_as_a_computed_quantity_is_the_only_spelling_of_its_value(text: str) -> None:
    assert not accepted(ANY_EXACT, text) or exact_text(exact(text)) == text


@given(FRACTIONS, st.integers(2, 9))
def test_a_fraction_that_is_not_in_lowest_terms_is_refused(value: Fraction, factor: int) -> None:
    assert not accepted(ANY_EXACT, f"{value.numerator * factor}/{value.denominator * factor}")


@given(DECIMALS)
def test_a_measured_quantity_is_kept_as_it_was_given(text: str) -> None:
    assert ANY_QUANTITY.validate_python(text) == text
    assert accepted(ANY_AMOUNT, text) == (not text.startswith("-"))


@given(st.integers(-(10**20), 10**20))
def test_an_integer_is_a_quantity_in_its_decimal_spelling(number: int) -> None:
    assert ANY_QUANTITY.validate_python(number) == ANY_EXACT.validate_python(number) == str(number)
    assert accepted(ANY_AMOUNT, number) == (number >= 0)


@given(DECIMALS, st.sampled_from(["0{}", "+{}", "{}.", "{}e3", " {}", "{} ", "{}\n", "{}_0", "{},5", "{}%"]))
def test_another_spelling_of_a_quantity_is_refused(text: str, other: str) -> None:
    assert not accepted(ANY_QUANTITY, other.format(text))


@given(st.floats() | st.booleans() | st.none() | st.decimals())
def test_a_float_a_truth_value_and_nothing_are_no_quantities(other: object) -> None:
    assert not any(accepted(adapter, other) for adapter in (ANY_QUANTITY, ANY_AMOUNT, ANY_EXACT))


@given(st.integers(LONGEST_QUANTITY + 1, 200))
def test_a_quantity_longer_than_forty_characters_is_refused(length: int) -> None:
    assert not any(accepted(adapter, "7" * length) for adapter in (ANY_QUANTITY, ANY_AMOUNT, ANY_EXACT))
