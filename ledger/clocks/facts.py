"""What a report says to the safety clocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, Self

from ledger.clocks.expedited import Fact, Received, Said, SiteAware

DEATH: Final = 5
"""The grade that is a death, in CTCAE as in ASTCT."""


class FirstReport(Protocol):
    """A first report of an adverse event, of a patient or in quarantine."""

    @property
    def serious(self) -> bool: ...
    @property
    def ctcae_grade(self) -> int | None: ...
    @property
    def site_aware_at(self) -> datetime | None: ...
    @property
    def received_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Told:
    """A report of the site: what it says of seriousness, and when site and sponsor knew."""

    serious: bool | None
    fatal: bool
    site_aware_at: datetime | None
    received_at: datetime | None

    @classmethod
    def of(cls, report: FirstReport) -> Self:
        return cls(report.serious, report.ctcae_grade == DEATH, report.site_aware_at, report.received_at)


def facts_of_report(told: Told, receipt: int, recorded_at: datetime) -> Iterator[Fact]:
    """The site's awareness, where it is stated, and the sponsor's receipt: as stated, and at the latest when it was
    recorded here, where the sponsor reads."""
    if (told.serious or told.fatal) and told.site_aware_at is not None:
        yield SiteAware(told.site_aware_at)
    says = Said(serious=told.serious, fatal_or_life_threatening=True if told.fatal else None)
    yield Received(receipt, received_by(told.received_at, recorded_at), says)


def received_by(stated_at: datetime | None, recorded_at: datetime) -> datetime:
    """When something was received: as stated, but not later than it was recorded."""
    return recorded_at if stated_at is None else min(stated_at, recorded_at)
