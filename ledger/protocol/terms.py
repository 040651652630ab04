"""The words that protocol documents share: identifiers, spans of time, statements, bands of age."""

import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, Strict, StringConstraints

from ledger.types import Frozen

T = TypeVar("T")


def _distinct(members: tuple[T, ...]) -> tuple[T, ...]:
    if any(member in members[:place] for place, member in enumerate(members)):
        raise ValueError("something is listed twice")
    return members


Distinct = Annotated[tuple[T, ...], Strict(False), AfterValidator(_distinct)]
"""Some values in order, none of them twice; a JSON array."""

Statement = Annotated[
    str,
    StringConstraints(min_length=1, max_length=600, pattern=r"^[^\x00-\x1f\x7f]+$"),
    AfterValidator(lambda text: unicodedata.normalize("NFC", text)),
]
"""One or more sentences of a protocol. They identify no person."""

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
"""A term of a closed list that the protocol itself makes: a reason, a test, a finding."""

RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{1,2}[a-z]?$")]
"""A rule of the protocol. Rules `I2a` and `I2b` are parts of criterion `I2`."""

CriterionId = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{1,2}$")]
InterpretationId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9.]{0,7}-[0-9]{1,3}$")]
Reading = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+){0,11}$", max_length=60)]
"""The short name of one way to read an ambiguous sentence."""

Percent = Annotated[int, Field(ge=1, le=100)]
Days = Annotated[int, Field(ge=1, le=3650)]
Hours = Annotated[int, Field(ge=1, le=8760)]
Years = Annotated[int, Field(ge=0, le=150)]
HeadCount = Annotated[int, Field(ge=1, le=999)]
"""A number of people."""
PositiveGrade = Annotated[int, Field(ge=1, le=5)]
ProtocolDay = Annotated[int, Field(ge=-365, le=3650)]
"""A day counted from day 0. There is a day 0; days -1 and 1 are its neighbours."""


class AgeBand(Frozen):
    """The ages from one birthday up to, and not including, another; open above where none is given."""

    from_age_years: Years
    below_age_years: Years | None

    def holds(self, age_years: int) -> bool:
        """Whether a patient of so many completed years falls into the band."""
        return self.from_age_years <= age_years and (self.below_age_years is None or age_years < self.below_age_years)


B = TypeVar("B", bound=AgeBand)


def cover_every_age(bands: tuple[B, ...]) -> tuple[B, ...]:
    """The bands, when they follow each other from birth without gap or overlap and the last is open."""
    ends = [0, *(band.below_age_years for band in bands)]
    starts = [band.from_age_years for band in bands]
    if ends != [*starts, None] or any(a >= b for a, b in pairwise(starts)):
        raise ValueError("the bands must follow each other from age 0 without gap or overlap, the last one open")
    return bands


def band_at(bands: Sequence[B], age_years: int) -> B:
    """The band of an age, out of bands that cover every age."""
    return next(band for band in bands if band.holds(age_years))
