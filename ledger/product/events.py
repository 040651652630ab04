"""What can happen to a cell product, from the donor's collection to the last bag. One stream a lot.

Cells are the cells that the dose counts (CD3-CD56+). A party is a site, or a place within one after a point:
`NDGOI`, `NDGOI.cell-lab`. A null bag means the lot as a whole.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from ledger.protocol.terms import Word
from ledger.types import (
    Amount,
    Commitment,
    Count,
    Day,
    Event,
    Frozen,
    Instant,
    Name,
    PatientNumber,
    Quantity,
    Several,
)

DonationNumber = Annotated[str, StringConstraints(pattern=r"^[!-~](?:[ -~]{0,38}[!-~])?$")]
"""A donation identification number as printed on the label (ISBT 128 DIN or another). It is stored, never parsed."""

Disposition = Literal["released", "conditional", "quarantined", "rejected"]
"""Conditional: every release test passed, while the final sterility culture still runs."""

Comparison = Literal["below", "at_most", "at_least", "above", "is"]
DestructionCause = Literal[
    "residue", "rejected", "sterility-positive", "excursion", "expired", "damaged", "not-needed", "other"
]


class CollectionReceived(Event):
    """A donor's collection arrived for this lot; several donations may make one lot.

    The chain of identity ties the donor to the recipient, `patient`, beside the donation's own number.
    """

    NAME: ClassVar[str] = "product.collection-received.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("donation_number",)

    chain_of_identity: Name
    donor: Name
    donation_number: DonationNumber
    collected_at: Instant
    patient: PatientNumber | None


class Bag(Frozen):
    """A container with so many cells at the end of manufacture."""

    bag: Name
    cells: Count


class ManufactureCompleted(Event):
    """Manufacture ended: with so many cells, in these bags where they were frozen, or in failure."""

    NAME: ClassVar[str] = "product.manufacture-completed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()
    WHEN: ClassVar[str | None] = "finished_at"

    outcome: Literal["manufactured", "failed"]
    lot: Name
    cells: Count | None
    bags: Several[Bag]
    finished_at: Instant


class ReleaseTestRecorded(Event):
    """The result of one release test, with the protocol's limit as it stood; `passed` is null where none judges it.

    `unit` is null for a finding. `weight_kg` is the recipient's weight by which a limit per kg was judged.
    """

    NAME: ClassVar[str] = "product.release-test-recorded.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("test", "tested_on")

    test: Word
    result: Amount | Word
    unit: Word | None
    weight_kg: Amount | None
    comparison: Comparison | None
    limit: Amount | Word | None
    passed: bool | None
    tested_on: Day


class ProductDispositionSet(Event):
    """Quality assurance signed what may be done with the lot. The newest one is in force."""

    NAME: ClassVar[str] = "product.disposition-set.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ()

    disposition: Disposition
    reason: Commitment


class LateSterilityReported(Event):
    """The final sterility culture was read. A positive one stands until it is corrected."""

    NAME: ClassVar[str] = "product.late-sterility-reported.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("reported_on",)

    result: Literal["negative", "positive"]
    reported_on: Day


class CustodyTransferred(Event):
    """A bag, or the lot, changed hands at a measured temperature."""

    NAME: ClassVar[str] = "product.custody-transferred.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("bag", "transferred_at")
    WHEN: ClassVar[str | None] = "transferred_at"

    bag: Name | None
    from_party: Name
    to_party: Name
    temperature_c: Quantity
    transferred_at: Instant


class ProductThawed(Event):
    """A bag was thawed; `cells` are what was counted in it afterwards."""

    NAME: ClassVar[str] = "product.thawed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("bag",)
    WHEN: ClassVar[str | None] = "thawed_at"

    bag: Name
    thawed_at: Instant
    viability_percent: Amount
    cells: Count


class TemperatureExcursion(Event):
    """The lot was warmer than it may be, at most `highest_c`, for so long."""

    NAME: ClassVar[str] = "product.temperature-excursion.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("started_at",)
    WHEN: ClassVar[str | None] = "started_at"

    highest_c: Quantity
    lasted_minutes: Count
    started_at: Instant


class ProductDestroyed(Event):
    """Cells were destroyed before a witness; `cells` is null for all that was left of the bag or the lot."""

    NAME: ClassVar[str] = "product.destroyed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("bag", "destroyed_at")
    WHEN: ClassVar[str | None] = "destroyed_at"

    bag: Name | None
    cells: Count | None
    cause: DestructionCause
    witnessed_by: Name
    destroyed_at: Instant


PRODUCT_EVENTS: tuple[type[Event], ...] = (
    CollectionReceived,
    ManufactureCompleted,
    ReleaseTestRecorded,
    ProductDispositionSet,
    LateSterilityReported,
    CustodyTransferred,
    ProductThawed,
    TemperatureExcursion,
    ProductDestroyed,
)
