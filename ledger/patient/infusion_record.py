"""What is recorded around an infusion, its start and its end aside: the order in mL, interruptions, vital signs.

The fields are those of domain E.1 (infusion record).
"""

from typing import ClassVar, Literal

from ledger.types import Amount, Count, Event, Exact, Frozen, Instant, Level, Name, Ordinal, Several

InterruptionCause = Literal[
    "reaction", "vital-signs", "line-or-pump", "bag-change", "product-problem", "patient-request", "other"
]


class DoseOrdered(Event):
    """One infusion's dose in mL of a product: the most whole steps of volume whose viable cells are within the plan.

    `planned_cells` is the plan that it rests on, `cells` what the volume holds; `calculated_by` is the first of the two
    who calculated it. `available_volume_ml` is all there is of the product, where that is less than the plan asks for.
    """

    NAME: ClassVar[str] = "patient.dose-ordered.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal", "product", "planned_cells", "viable_cells_per_ml", "volume_ml")

    ordinal: Ordinal
    level: Level
    product: Name
    bags: Several[Name]
    planned_cells: Exact
    viable_cells_per_ml: Amount
    volume_step_ml: Amount
    available_volume_ml: Amount | None
    volume_ml: Amount
    cells: Exact
    calculated_by: Name


class BedsideCheckSigned(Event):
    """A checker compared patient, product and chain of identity at the bedside: they match. Each signs for herself."""

    NAME: ClassVar[str] = "patient.bedside-check-signed.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("ordinal", "checker")

    ordinal: Ordinal
    product: Name
    chain_of_identity: Name
    checker: Name


class InfusionInterrupted(Event):
    """An infusion was stopped for a while, or for good."""

    NAME: ClassVar[str] = "patient.infusion-interrupted.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal", "interrupted_at")
    WHEN: ClassVar[str | None] = "interrupted_at"

    ordinal: Ordinal
    interrupted_at: Instant
    cause: InterruptionCause


class InfusionResumed(Event):
    """An interrupted infusion went on."""

    NAME: ClassVar[str] = "patient.infusion-resumed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal", "resumed_at")
    WHEN: ClassVar[str | None] = "resumed_at"

    ordinal: Ordinal
    resumed_at: Instant


class VitalSigns(Frozen):
    """Vital signs at one moment; null is not measured."""

    taken_at: Instant
    temperature_celsius: Amount | None = None
    systolic_mmhg: Count | None = None
    diastolic_mmhg: Count | None = None
    heart_rate_per_min: Count | None = None
    spo2_percent: Amount | None = None


class InfusionVitalsRecorded(Event):
    """Vital signs before, during or after an infusion."""

    NAME: ClassVar[str] = "patient.infusion-vitals-recorded.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("ordinal", "taken_at")
    WHEN: ClassVar[str | None] = "taken_at"

    ordinal: Ordinal
    taken_at: Instant
    temperature_celsius: Amount | None
    systolic_mmhg: Count | None
    diastolic_mmhg: Count | None
    heart_rate_per_min: Count | None
    spo2_percent: Amount | None


INFUSION_RECORD_EVENTS: tuple[type[Event], ...] = (
    DoseOrdered,
    BedsideCheckSigned,
    InfusionInterrupted,
    InfusionResumed,
    InfusionVitalsRecorded,
)
