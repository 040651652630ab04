"""Corticosteroids before an infusion: the highest dose in any rolling 24 hours, as prednisone, per kg of body weight.

Looked at are the administrations from the lookback (72 hours in the bundled trial) before a moment up to that moment,
both ends included. Each dose is turned into prednisone by the protocol's table. The doses of the 24 hours up to each
administration are summed, without one given exactly 24 hours earlier: a dose at eight every morning is one dose a day.
The largest of these sums, over the weight, is the exposure. Exactly the protocol's maximum passes.

Premedication counts, dexamethasone included (A.3-11). An agent that the table lacks makes the exposure not computable;
it fails all the same where the known agents alone are more than the maximum. A dose counts at the instant it was given;
an infusion over hours is stated by the instant and the dose of each of its parts.
A dose that is not known in mg makes the exposure not computable as an unknown agent does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Final

from ledger.protocol.treatment import Readiness
from ledger.types import exact

DAY: Final = timedelta(hours=24)
DECIMALS: Final = 3


@dataclass(frozen=True, slots=True)
class SteroidDose:
    """One administration of a corticosteroid, whatever it was for. Nothing for a dose that is not known in mg."""

    agent: str
    dose_mg: Fraction | None
    given_at: datetime


@dataclass(frozen=True, slots=True)
class SteroidExposure:
    """The highest sum of a rolling 24 hours, in mg of prednisone per kg.

    `mg_per_kg_per_day` is none where the table lacks an agent, or a dose is not known in mg, and `passes` is then none,
    too, unless what is known fails by itself. `table_version` says by which table.
    """

    mg_per_kg_per_day: Fraction | None
    known_mg_per_kg_per_day: Fraction
    highest_through: datetime | None
    """The end of the 24 hours with the highest known sum; none where nothing known was given."""
    agents_unknown: tuple[str, ...]
    passes: bool | None
    table_version: str

    @property
    def rounded_up(self) -> str:
        """What is known of the exposure as a decimal of three places, never less than it is."""
        thousandths = ceil(self.known_mg_per_kg_per_day * 10**DECIMALS)
        return f"{thousandths // 10**DECIMALS}.{thousandths % 10**DECIMALS:0{DECIMALS}d}"


def steroid_exposure(
    doses: Iterable[SteroidDose], *, before: datetime, weight_kg: Fraction, readiness: Readiness
) -> SteroidExposure:
    """The exposure in the protocol's lookback before a moment; `ValueError` for a weight that is not more than 0."""
    if weight_kg <= 0:
        raise ValueError("a weight is more than 0")
    since = before - timedelta(hours=readiness.steroid_lookback_hours)
    counted = [dose for dose in doses if since <= dose.given_at <= before]
    converted = [(dose, _prednisone_mg(dose, readiness)) for dose in counted]
    known = [(dose.given_at, mg) for dose, mg in converted if mg is not None]
    unknown = sorted({dose.agent for dose, mg in converted if mg is None})
    highest_mg, through = _highest(known)
    exposure = highest_mg / weight_kg
    over = exposure > exact(readiness.steroid_prednisone_mg_per_kg_per_day_max)
    return SteroidExposure(
        mg_per_kg_per_day=None if unknown else exposure,
        known_mg_per_kg_per_day=exposure,
        highest_through=through,
        agents_unknown=tuple(unknown),
        passes=None if unknown and not over else not over,
        table_version=readiness.steroid_table_version,
    )


def _prednisone_mg(dose: SteroidDose, readiness: Readiness) -> Fraction | None:
    return None if dose.dose_mg is None else readiness.prednisone_mg(dose.agent, dose.dose_mg)


def _highest(given: list[tuple[datetime, Fraction]]) -> tuple[Fraction, datetime | None]:
    """The largest sum of the 24 hours up to an administration, and the first such end."""
    sums = [
        (sum((mg for at, mg in given if end - DAY < at <= end), start=Fraction(0)), end) for end, _ in sorted(given)
    ]
    return max(sums, key=lambda each: each[0], default=(Fraction(0), None))
