"""What is seen and given on the ward: the ward sheet, medication beside the protocol's product, and what the two make
of a grade."""

from typing import ClassVar, Literal

from ledger.grading.ward_sheet import WardSheet
from ledger.patient.safety import AdverseEventNumber
from ledger.types import Amount, Count, Event, Frozen, Grade, Instant, Line, Position, Several

ActsAs = Literal["corticosteroid", "anticytokine", "vasopressor", "sedative", "antipyretic", "other"]
Purpose = Literal["premedication", "treatment-of-crs", "treatment-of-icans", "prophylaxis", "infection", "other"]
DoseUnit = Literal[
    "mg", "g", "ug", "mg/kg", "mg/m2", "ug/kg/min", "ug/kg/h", "mg/kg/h", "mg/h", "units", "units/kg/min", "ml/h"
]
MedicationRoute = Literal["IV", "PO", "IM", "SC", "rectal", "inhaled", "topical", "intrathecal", "other"]


class WardSheetRecorded(Event):
    """A patient was seen on the ward: the raw values, as measured."""

    NAME: ClassVar[str] = "patient.ward-sheet-recorded.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("assessed_at",)
    WHEN: ClassVar[str | None] = "assessed_at"

    assessed_at: Instant
    sheet: WardSheet


class ConcomitantMedicationGiven(Event):
    """A medicine was given beside the protocol's product: once, or running from `given_at` on (`continuous`).

    `agent` in small letters, one underscore between words. Without `to_at` what is continuous runs until it is stopped.
    """

    NAME: ClassVar[str] = "patient.concomitant-medication-given.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("agent", "given_at")
    WHEN: ClassVar[str | None] = "given_at"

    agent: Line
    acts_as: ActsAs
    dose: Amount | None
    dose_unit: DoseUnit | None
    route: MedicationRoute
    purpose: Purpose
    given_at: Instant
    continuous: bool
    to_at: Instant | None


class ConcomitantMedicationStopped(Event):
    """What was running since `given_at` was stopped."""

    NAME: ClassVar[str] = "patient.concomitant-medication-stopped.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("agent", "given_at")
    WHEN: ClassVar[str | None] = "stopped_at"

    agent: Line
    given_at: Instant
    stopped_at: Instant


class TakenFromRecord(Frozen):
    """A finding that the medication on record says otherwise than was entered, and where that stands."""

    finding: Line
    graded_as: bool | Count
    positions: Several[Position]


class ToxicityRegraded(Event):
    """By rule: the grade of an assessment with what the medication on record says of its findings.

    It stands in the place of the computed one. Without anything `taken`, the record no longer says otherwise.
    """

    NAME: ClassVar[str] = "patient.toxicity-regraded.v1"

    adverse_event: AdverseEventNumber
    assessment: Position
    taken: Several[TakenFromRecord]
    computed_grade: Grade | None
    at_least_grade: Grade
    at_most_grade: Grade
    needs_adjudication: Several[Line]


WARD_EVENTS: tuple[type[Event], ...] = (
    WardSheetRecorded,
    ConcomitantMedicationGiven,
    ConcomitantMedicationStopped,
    ToxicityRegraded,
)
