"""What can happen around a patient's infusions: planned, checked, authorised, given or omitted."""

from typing import ClassVar, Literal

from ledger.types import Amount, Count, Day, Event, Exact, Frozen, Instant, Level, Line, Name, Ordinal, Several

ReadinessCheck = Literal["steroids", "infection", "nonhaematologic-reaction", "ventilator", "oxygen"]
OmissionReason = Literal[
    "reaction-or-its-treatment",
    "readiness-not-met",
    "earlier-infusion-not-given",
    "manufacturing-failure",
    "product-not-available",
    "hold",
    "patient-decision",
    "death",
    "other",
]
"""`readiness-not-met`: until its days had passed (A.3-25). `product-not-available`: made, and then not fit for it."""


class DosePlanned(Event):
    """The cells of one infusion from the actual weight, as exact fractions; never rounded up."""

    NAME: ClassVar[str] = "patient.dose-planned.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal", "level", "weight_kg", "weighed_on")

    ordinal: Ordinal
    level: Level
    weight_kg: Amount
    weighed_on: Day
    cells_per_kg: Exact
    cells: Exact


class ReadinessItem(Frozen):
    """One check of readiness: what was found, whether it passes, and when it was seen.

    Steroids and reactions are computed from the record besides; the higher of the two numbers decides. What is computed
    of steroids is rounded up; none where no steroid is on record in the protocol's hours.
    """

    check: ReadinessCheck
    met: bool
    assessed_at: Instant
    prednisone_equivalent_mg_per_kg_per_day: Amount | None = None
    prednisone_equivalent_on_record_mg_per_kg_per_day: Amount | None = None
    steroids_not_converted: Several[Line] = ()
    """On record, and not computable: not in the protocol's table, or without a dose in mg or a weight."""
    steroids_not_converted_counted: bool | None = None
    """Whether the reported number counts them."""
    steroid_table_version: Name | None = None
    uncontrolled_infection: bool | None = None
    reactions_count: Count | None = None
    reactions_on_record_count: Count | None = None
    unrelated_reactions_count: Count | None = None
    """On record, and found unrelated: they do not count (A.3-12)."""
    ventilator: bool | None = None
    oxygen_l_per_min: Amount | None = None


class ReadinessAssessed(Event):
    """The protocol's checks before one infusion (P6)."""

    NAME: ClassVar[str] = "patient.readiness-assessed.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("ordinal",)

    ordinal: Ordinal
    items: Several[ReadinessItem]


class IdentityVerified(Event):
    """Two distinct people matched patient, product and chain of identity at the bedside."""

    NAME: ClassVar[str] = "patient.identity-verified.v1"

    ordinal: Ordinal
    product: Name
    chain_of_identity: Name
    checkers: Several[Name]


class InfusionAuthorised(Event):
    """One infusion may be given until `valid_until`: `volume_ml` as ordered, which holds at most `max_cells`, the plan.

    `second_calculation_by` calculated both a second time, and agrees with the order.
    """

    NAME: ClassVar[str] = "patient.infusion-authorised.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal", "level", "product", "valid_until")

    ordinal: Ordinal
    level: Level
    product: Name
    max_cells: Exact
    volume_ml: Amount | None
    second_calculation_by: Name
    valid_until: Instant


class InfusionStarted(Event):
    """An infusion began: of these bags, after this premedication, the chain of identity compared by these checkers."""

    NAME: ClassVar[str] = "patient.infusion-started.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal",)
    WHEN: ClassVar[str | None] = "started_at"

    ordinal: Ordinal
    product: Name
    level: Level
    started_at: Instant
    bags: Several[Name]
    chain_of_identity: Name | None
    checkers: Several[Name]
    premedication: Several[Name]


class InfusionCompleted(Event):
    """What was given. `percent_of_plan` is of the infusion's planned cells, exact.

    `cells_by_volume` = cells/mL x viability x volume, where all three were reported; `cells` is what counts.
    """

    NAME: ClassVar[str] = "patient.infusion-completed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal",)
    WHEN: ClassVar[str | None] = "ended_at"

    ordinal: Ordinal
    product: Name
    ended_at: Instant
    weight_kg: Amount
    weighed_on: Day | None
    cells: Count
    cells_by_volume: Exact | None
    cells_per_kg: Exact
    percent_of_plan: Exact
    cd3_cells_per_kg: Amount | None
    cells_per_ml: Amount | None
    viability_percent: Amount | None
    volume_ml: Amount | None
    residual_volume_ml: Amount | None
    reaction: bool | None


class InfusionOmitted(Event):
    """A planned infusion is not given (A.3-25)."""

    NAME: ClassVar[str] = "patient.infusion-omitted.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal",)

    ordinal: Ordinal
    cause: OmissionReason


INFUSION_EVENTS: tuple[type[Event], ...] = (
    DosePlanned,
    ReadinessAssessed,
    IdentityVerified,
    InfusionAuthorised,
    InfusionStarted,
    InfusionCompleted,
    InfusionOmitted,
)
