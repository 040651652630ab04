"""What can happen to a cohort: the patients of one dose level."""

from typing import ClassVar, Literal

from pydantic import Field

from ledger.types import Count, Day, Event, Level, Line, Name, PatientNumber, Phase, Role

ReleaseCause = Literal["lapsed", "by-person", "screen-failed", "withdrawn", "placed"]
EarlyEnd = Literal["death", "withdrawal", "lost-to-follow-up"]


class CohortOpened(Event):
    """A level takes patients. `decision` is null for the start level, which the protocol itself opens."""

    NAME: ClassVar[str] = "cohort.opened.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()

    level: Level
    slots_count: int = Field(ge=1)
    decision: int | None


class SlotReserved(Event):
    """A place in the cohort is kept for a screened patient. It lapses after `expires_on`."""

    NAME: ClassVar[str] = "cohort.slot-reserved.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("patient", "expires_on")

    patient: PatientNumber
    expires_on: Day


class ReservationKept(Event):
    """Conditioning or manufacture began for the patient: the place no longer lapses; only a person gives it back."""

    NAME: ClassVar[str] = "cohort.reservation-kept.v1"

    patient: PatientNumber
    begun_on: Day


class ReservationReleased(Event):
    """The place is free again."""

    NAME: ClassVar[str] = "cohort.reservation-released.v1"

    patient: PatientNumber
    cause: ReleaseCause


class SlotAssigned(Event):
    """A patient takes a place in the cohort. `sentinel`: observed before the next one is dosed.

    `phase`: what the patient counts in. The design is told of phase I alone.
    """

    NAME: ClassVar[str] = "cohort.slot-assigned.v1"

    patient: PatientNumber
    sentinel: bool
    phase: Phase


class SlotVacated(Event):
    """An assignment was cancelled, or moved to another level, before the first infusion."""

    NAME: ClassVar[str] = "cohort.slot-vacated.v1"

    patient: PatientNumber


class DltWindowOpened(Event):
    """The first infusion started: from here a DLT counts, until `planned_to_on`, that day included."""

    NAME: ClassVar[str] = "cohort.dlt-window-opened.v1"

    patient: PatientNumber
    from_on: Day
    planned_to_on: Day
    days_after_last_infusion_count: Count
    protocol_version: int


class DltWindowReplanned(Event):
    """The window's end moved, with an infusion or by an amendment that lengthens it."""

    NAME: ClassVar[str] = "cohort.dlt-window-replanned.v1"

    patient: PatientNumber
    from_on: Day
    planned_to_on: Day
    days_after_last_infusion_count: Count


class DltWindowClosed(Event):
    """Observation ended: the time passed, or it ended early for a stated cause.

    Completeness: the scheduled CRS and ICE/CAPD assessments that were due, those that were done as stated by whoever
    closed it, and those that the facts on record show.
    """

    NAME: ClassVar[str] = "cohort.dlt-window-closed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("patient", "closed_on")

    patient: PatientNumber
    closed_on: Day
    assessments_due_count: Count
    assessments_done_count: Count
    assessments_on_record_count: Count
    early_end: EarlyEnd | None


class EvaluabilityOpinionSigned(Event):
    """One of the two signatures that a determination needs; one that names a level needs the committee's too."""

    NAME: ClassVar[str] = "cohort.evaluability-opinion-signed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("patient", "revision", "member")

    patient: PatientNumber
    evaluable: bool
    reason: Line
    revision: int = Field(ge=1)
    at_level: Level | None = None
    member: Name
    role: Role


class EvaluabilityDetermined(Event):
    """Whether a patient counts in the 3+3. The highest revision counts; a patient with a DLT counts in any case.

    `at_level`: the lower level whose dose was received, where the committee says that the patient counts there and,
    without a DLT, not here.
    """

    NAME: ClassVar[str] = "cohort.evaluability-determined.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("patient", "revision")

    patient: PatientNumber
    evaluable: bool
    reason: Line
    revision: int = Field(ge=1)
    at_level: Level | None = None

    @property
    def here(self) -> bool:
        """Whether it makes the patient evaluable at the assigned level."""
        return self.evaluable and self.at_level is None


class ReceivedDoseCounted(Event):
    """A patient of a higher level counts here too, evaluable at the dose received, by the committee's determination.

    `adjudication` is the ruling of a DLT, which counts here as it does at the assigned level.
    """

    NAME: ClassVar[str] = "cohort.received-dose-counted.v1"

    patient: PatientNumber
    assigned_level: Level
    revision: int = Field(ge=1)
    adjudication: Count | None


class ReceivedDoseUncounted(Event):
    """A patient of a higher level does not count here any more: determined otherwise, or not evaluable here."""

    NAME: ClassVar[str] = "cohort.received-dose-uncounted.v1"

    patient: PatientNumber


class DltCounted(Event):
    """A patient's DLT counts at this level; two DLTs in one patient count once."""

    NAME: ClassVar[str] = "cohort.dlt-counted.v1"

    patient: PatientNumber
    adjudication: Count


class DltUncounted(Event):
    """A later ruling took the patient's DLT back."""

    NAME: ClassVar[str] = "cohort.dlt-uncounted.v1"

    patient: PatientNumber
    adjudication: Count


class CohortExpanded(Event):
    """The level is filled to a higher total."""

    NAME: ClassVar[str] = "cohort.expanded.v1"

    slots_count: int = Field(ge=1)
    decision: int


class CohortCleared(Event):
    """The level was tolerated: 0 of 3, or at most 1 of 6."""

    NAME: ClassVar[str] = "cohort.cleared.v1"

    evaluable_count: Count
    dlt_count: Count


class CohortExceeded(Event):
    """Two or more patients of the level had a DLT."""

    NAME: ClassVar[str] = "cohort.exceeded.v1"

    evaluable_count: Count
    dlt_count: Count


class CohortReopened(Event):
    """A signed review lifted the mark *exceeded* after a DLT was taken back."""

    NAME: ClassVar[str] = "cohort.reopened.v1"

    slots_count: int = Field(ge=1)
    decision: int


class ExpansionOpened(Event):
    """The level takes patients of phase II, so many in all. `sentinel_due`: the first of them is a sentinel."""

    NAME: ClassVar[str] = "cohort.expansion-opened.v1"

    slots_count: Count
    sentinel_due: bool
    decision: int


COHORT_EVENTS: tuple[type[Event], ...] = (
    CohortOpened,
    SlotReserved,
    ReservationKept,
    ReservationReleased,
    SlotAssigned,
    SlotVacated,
    DltWindowOpened,
    DltWindowReplanned,
    DltWindowClosed,
    EvaluabilityOpinionSigned,
    EvaluabilityDetermined,
    ReceivedDoseCounted,
    ReceivedDoseUncounted,
    DltCounted,
    DltUncounted,
    CohortExpanded,
    CohortCleared,
    CohortExceeded,
    CohortReopened,
    ExpansionOpened,
)
