"""What can happen around a patient's infusions: planned, checked, authorised, given or omitted."""

from typing import ClassVar, Literal

from ledger.types import Amount, Count, Day, Event, Exact, Frozen, Instant, Level, Line, Name, Ordinal, Several

ReadinessCheck = Literal["steroids", "infection", "nonhaematologic-reaction", "ventilator", "oxygen"]
OmissionReason = Literal[
    "reaction-or-its-treatment", "readiness-not-met", "manufacturing-failure", "hold", "patient-decision", "other"
]


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
    """One infusion may be given until `valid_until`, of at most `max_cells`."""

    NAME: ClassVar[str] = "patient.infusion-authorised.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal", "level", "product", "valid_until")

    ordinal: Ordinal
    level: Level
    product: Name
    max_cells: Exact
    valid_until: Instant


class InfusionStarted(Event):
    """An infusion began."""

    NAME: ClassVar[str] = "patient.infusion-started.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal",)
    WHEN: ClassVar[str | None] = "started_at"

    ordinal: Ordinal
    product: Name
    level: Level
    started_at: Instant


class InfusionCompleted(Event):
    """What was given. `percent_of_plan` is of the infusion's planned cells, exact."""

    NAME: ClassVar[str] = "patient.infusion-completed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal",)
    WHEN: ClassVar[str | None] = "ended_at"

    ordinal: Ordinal
    product: Name
    ended_at: Instant
    weight_kg: Amount
    cells: Count
    cells_per_kg: Exact
    percent_of_plan: Exact
    cd3_cells_per_kg: Amount | None
    viability_percent: Amount | None
    volume_ml: Amount | None
    interruptions_count: Count


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
