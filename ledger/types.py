"""The words of the trade as types.

Quantities never pass through a float: what was measured is a decimal string kept as given, what was computed is
an integer or a fraction in lowest terms. Instants carry the offset of the place they were seen at.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

from ledger.changing import changed as changed

T = TypeVar("T")


class Frozen(BaseModel):
    """A value: immutable, closed (an unknown member is refused) and strict (`false` is not a number)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Event(Frozen):
    """One fact, in the past tense. `NAME` is its stored name and outlives the class.

    `KEY` names the fields that identify the fact within its stream (`()`: once in a stream), so that a second
    report of it is either the same or a contradiction. `None`: it may happen again, and only its whole content
    with its time identifies it. `NEWEST`: it may be said anew, about the thing that these fields name; said once more,
    without a change, it is no new fact. `WHEN` names the field that says when it happened, where one does.
    """

    NAME: ClassVar[str]
    KEY: ClassVar[tuple[str, ...] | None] = None
    NEWEST: ClassVar[tuple[str, ...] | None] = None
    WHEN: ClassVar[str | None] = None


_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,6}))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_STORED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}(?:Z|[+-][0-9]{2}:[0-9]{2})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_EXACT = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")
LONGEST_QUANTITY: Final = 40
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
A_DAY_LIES: Final = "a day lies between 1900 and 2199"


def parse_instant(text: str) -> datetime:
    """The instant that an RFC 3339 text with an offset names; `ValueError` for any other text, a 7th digit included."""
    if _STORED.fullmatch(text):
        return datetime.fromisoformat(text)
    found = _INSTANT.fullmatch(text)
    if not found:
        raise ValueError("not an RFC 3339 instant with an offset and at most six fractional digits")
    day, clock, fraction, zone = found.groups()
    return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '').ljust(6, '0')}{zone.upper()}")


def instant_text(at: datetime) -> str:
    """The one stored spelling: `YYYY-MM-DDTHH:MM:SS.ffffff` with `Z` or `+-HH:MM`."""
    text = at.isoformat(timespec="microseconds")
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def parse_day(text: str) -> date:
    """The calendar day `YYYY-MM-DD`; `ValueError` for any other spelling."""
    if not _DAY.fullmatch(text):
        raise ValueError("not a calendar day YYYY-MM-DD")
    return date.fromisoformat(text)


def exact(quantity: str) -> Fraction:
    """The exact value of a stored quantity: an integer, a decimal string or a fraction string."""
    return Fraction(quantity)


def exact_text(value: Fraction) -> str:
    """The stored spelling of a computed quantity: an integer, or a fraction in lowest terms."""
    return str(value)


def decimal_text(value: Fraction) -> str:
    """The exact decimal spelling of a number that has one, such as `48.5`; `ValueError` for a third."""
    rest, places = value.denominator, 0
    while rest > 1 and (10 ** (places + 1)) % rest:
        places += 1
        if places > LONGEST_QUANTITY:
            raise ValueError("the number has no decimal spelling")
    places += rest > 1
    digits = str(abs(value.numerator) * 10**places // rest).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def _read_instant(given: Any) -> datetime:
    at = parse_instant(given) if isinstance(given, str) else given
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise ValueError("an instant is a text with an offset")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(A_DAY_LIES)
    return at


def _read_day(given: Any) -> date:
    day = parse_day(given) if isinstance(given, str) else given
    if not isinstance(day, date) or isinstance(day, datetime):
        raise ValueError("a day is a text YYYY-MM-DD")
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(A_DAY_LIES)
    return day


def _read_decimal(given: Any) -> str:
    text = str(given) if type(given) is int else given
    if not isinstance(text, str) or len(text) > LONGEST_QUANTITY or not _DECIMAL.fullmatch(text):
        raise ValueError("a quantity is an integer or an exact decimal string")
    return text


def _read_exact(given: Any) -> str:
    text = str(given) if type(given) is int else given
    if not isinstance(text, str) or len(text) > LONGEST_QUANTITY or not _EXACT.fullmatch(text):
        raise ValueError("an exact quantity is an integer or a fraction string")
    if str(Fraction(text)) != text:
        raise ValueError("a fraction is written in lowest terms")
    return text


def _nfc(text: str) -> str:
    if text.isascii():
        return text
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise ValueError("a text holds no lone surrogate")
    return unicodedata.normalize("NFC", text)


def _not_negative(text: str) -> str:
    if text.startswith("-"):
        raise ValueError("a quantity of this kind is not negative")
    return text


Instant = Annotated[
    datetime,
    BeforeValidator(_read_instant),
    PlainSerializer(instant_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-02T10:15:00+03:00"]}),
]
"""An instant with the UTC offset of the place where it was seen."""

Day = Annotated[
    date,
    BeforeValidator(_read_day),
    PlainSerializer(lambda day: day.isoformat(), return_type=str),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-03-02"]}),
]
"""A calendar day at the site."""

_QUANTITY_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$", "maxLength": 40}, {"type": "integer"}]
}
Quantity = Annotated[str, BeforeValidator(_read_decimal), WithJsonSchema(_QUANTITY_SCHEMA)]
"""A measured quantity, as given: an exact decimal string (an integer is taken too). The field's name has the unit."""

Amount = Annotated[
    str,
    BeforeValidator(_read_decimal),
    AfterValidator(_not_negative),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]+)?$", "maxLength": 40},
                {"type": "integer", "minimum": 0},
            ]
        }
    ),
]
"""A measured quantity that is not negative."""

Exact = Annotated[
    str,
    BeforeValidator(_read_exact),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?$", "maxLength": 40},
                {"type": "integer"},
            ]
        }
    ),
]
"""A computed quantity: an integer or a fraction in lowest terms, as a string such as `10000000/3`."""

Several = Annotated[tuple[T, ...], Strict(False)]
"""Some values in order; a JSON array."""

Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"),
    AfterValidator(_nfc),
]
"""A short structured text that identifies no person: a title, the name of an organisation or of a document."""


class FreeText:
    """Marks a field whose text is kept beside the log. The log holds its commitment."""


Commitment = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), FreeText()]
"""A free text as the log holds it: SHA-256(0x02 || salt || text), in hex. The text itself is kept beside the log."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in hex."""

PatientNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z](?:[0-9A-Z-]{0,14}[0-9A-Z])?$")]
"""The pseudonymous number of a patient in the trial."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,62}[A-Za-z0-9])?$")]
"""An identifier: a person's account, a site, a system, a lot."""

Level = Annotated[int, Field(ge=0, le=99)]
"""A dose level of the protocol's ladder."""

Ordinal = Annotated[int, Field(ge=1, le=9)]
"""Which of a patient's infusions."""

Grade = Annotated[int, Field(ge=0, le=5)]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Position = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""Where an event stands in the log of its trial, from 0. It is the event's identity."""

Phase = Literal["I", "II"]
"""Of the trial, and of the patient's place in it."""

Role = Literal[
    "principal_investigator",
    "investigator",
    "coordinator",
    "bedside_checker",
    "medical_monitor",
    "safety_committee",
    "drug_safety",
    "cell_processing_qa",
    "data_manager",
    "monitor",
    "statistician",
    "ethics_committee",
    "inspector",
    "edc_system",
    "administrator",
]


def utc(at: datetime) -> datetime:
    """The same instant in UTC."""
    return at.astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day number so many months later, clamped to the end of the month (domain A.3-4)."""
    first = date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first.replace(day=min(day.day, (following - first).days))


def whole_years(born: date, on: date) -> int:
    """Completed years of life on a day."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
