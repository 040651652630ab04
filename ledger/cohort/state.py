"""What the events of a cohort amount to: a function of its own events alone, whatever the order of its patients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from immutables import Map

from ledger.cohort import events as e
from ledger.record import Record, cohort_stream
from ledger.types import Event, Phase, changed


@dataclass(frozen=True, slots=True)
class Window:
    """The days in which a DLT counts, both ends included, and the protocol's days after the last infusion."""

    from_on: date
    planned_to_on: date
    days_after_last_infusion: int
    closed_on: date | None = None
    early_end: str | None = None
    complete: bool = False

    @property
    def running(self) -> bool:
        return self.closed_on is None

    def includes(self, day: date) -> bool:
        last = self.planned_to_on if self.closed_on is None else min(self.planned_to_on, self.closed_on)
        return self.from_on <= day <= last


@dataclass(frozen=True, slots=True)
class Member:
    """A patient of the cohort. `evaluable` is null until it is decided; `assigned_level` is null but for a patient of a
    higher level who counts here by the dose received."""

    sentinel: bool
    phase: Phase = "I"
    window: Window | None = None
    determination: e.EvaluabilityDetermined | None = None
    opinions: tuple[e.EvaluabilityOpinionSigned, ...] = ()
    dlt: int | None = None
    assigned_level: int | None = None

    @property
    def evaluable(self) -> bool | None:
        """A DLT makes a patient evaluable; otherwise the determination in force says, but never while a window runs."""
        if self.dlt is not None:
            return True
        if self.determination is None or (self.window is not None and self.window.running):
            return None
        return self.determination.here

    @property
    def revision(self) -> int:
        return self.determination.revision if self.determination else 0


@dataclass(frozen=True, slots=True)
class Expansion:
    """Phase II at the level: how many patients it takes in all, and the position that opened it first."""

    slots: int
    position: int


@dataclass(frozen=True, slots=True)
class Cohort:
    """The patients of one dose level, as the log stands. The counts are of phase I: what the design is told."""

    level: int
    version: int = 0
    opened: bool = False
    slots: int = 0
    decision: int | None = None
    """The last one that lets further children be dosed here; none for the start level until it is expanded."""
    reservations: Map[str, date] = Map()
    kept: frozenset[str] = frozenset()
    members: Map[str, Member] = Map()
    received_here: Map[str, Member] = Map()
    """Patients of higher levels who count here too, by the dose that they received."""
    sentinel_due: bool = True
    exceeded: bool = False
    reopened: bool = False
    cleared: tuple[int, int] | None = None
    not_evaluable_in_a_row: int = 0
    expansion: Expansion | None = None

    @property
    def stream(self) -> str:
        return cohort_stream(self.level)

    def members_of(self, phase: Phase) -> dict[str, Member]:
        """Everyone of one phase who counts here."""
        return {number: member for number, member in self.counted.items() if member.phase == phase}

    @property
    def counted(self) -> Mapping[str, Member]:
        """Everyone who counts here: the patients of the level, and those of higher ones by the dose received."""
        return self.members if not self.received_here else {**self.members, **self.received_here}

    @property
    def evaluable(self) -> int:
        return sum(member.evaluable is True for member in self.members_of("I").values())

    @property
    def dlts(self) -> int:
        return sum(member.dlt is not None for member in self.members_of("I").values())

    @property
    def pending(self) -> int:
        return sum(member.evaluable is None for member in self.members_of("I").values())

    def keeps_slot(self, patient: str, today: date) -> bool:
        """Whether a patient's reservation is live: it has not lapsed, or lapses no more (`kept`)."""
        expires_on = self.reservations.get(patient)
        return expires_on is not None and (patient in self.kept or expires_on >= today)

    def free_slots(self, today: date, phase: Phase) -> int:
        """Slots that neither a patient nor a live reservation holds. In phase I a patient who is not evaluable is
        replaced; in phase II nobody is."""
        live = sum(self.keeps_slot(patient, today) for patient in self.reservations)
        if phase == "II":
            return (self.expansion.slots if self.expansion else 0) - len(self.members_of("II")) - live
        return self.slots - self.evaluable - self.pending - live


def _opened(cohort: Cohort, event: e.CohortOpened, record: Record) -> Cohort:
    return changed(cohort, opened=True, slots=event.slots_count, decision=event.decision)


def _reserved(cohort: Cohort, event: e.SlotReserved, record: Record) -> Cohort:
    return changed(cohort, reservations=cohort.reservations.set(event.patient, event.expires_on))


def _kept(cohort: Cohort, event: e.ReservationKept, record: Record) -> Cohort:
    return changed(cohort, kept=cohort.kept | {event.patient})


def _released(cohort: Cohort, event: e.ReservationReleased | e.SlotAssigned, record: Record) -> Cohort:
    if event.patient not in cohort.reservations:
        return cohort
    left = cohort.reservations.delete(event.patient)
    return changed(cohort, reservations=left, kept=cohort.kept - {event.patient})


def _assigned(cohort: Cohort, event: e.SlotAssigned, record: Record) -> Cohort:
    cohort = _released(cohort, event, record)
    members = cohort.members.set(event.patient, Member(event.sentinel, event.phase))
    return changed(cohort, members=members, sentinel_due=cohort.sentinel_due and not event.sentinel)


def _vacated(cohort: Cohort, event: e.SlotVacated, record: Record) -> Cohort:
    member = cohort.members.get(event.patient)
    if member is None:
        return cohort
    due = cohort.sentinel_due or member.sentinel
    return changed(cohort, members=cohort.members.delete(event.patient), sentinel_due=due)


def _with_member(cohort: Cohort, patient: str, **changes: Any) -> Cohort:
    member = cohort.members.get(patient)
    if member is None:
        return cohort
    return changed(cohort, members=cohort.members.set(patient, changed(member, **changes)))


def _window_opened(cohort: Cohort, event: e.DltWindowOpened, record: Record) -> Cohort:
    window = Window(event.from_on, event.planned_to_on, event.days_after_last_infusion_count)
    return _with_member(cohort, event.patient, window=window)


def _window_replanned(cohort: Cohort, event: e.DltWindowReplanned, record: Record) -> Cohort:
    member = cohort.members.get(event.patient)
    if member is None or member.window is None:
        return cohort
    window = changed(
        member.window,
        from_on=event.from_on,
        planned_to_on=event.planned_to_on,
        days_after_last_infusion=event.days_after_last_infusion_count,
        closed_on=None,
        early_end=None,
        complete=False,
    )
    return _with_member(cohort, event.patient, window=window, opinions=())


def _window_closed(cohort: Cohort, event: e.DltWindowClosed, record: Record) -> Cohort:
    member = cohort.members.get(event.patient)
    if member is None or member.window is None:
        return cohort
    complete = event.early_end is None and event.assessments_done_count >= event.assessments_due_count
    window = changed(member.window, closed_on=event.closed_on, early_end=event.early_end, complete=complete)
    return _with_member(cohort, event.patient, window=window)


def _opinion(cohort: Cohort, event: e.EvaluabilityOpinionSigned, record: Record) -> Cohort:
    member = cohort.members.get(event.patient)
    opinions = (*member.opinions, event) if member else ()
    return _with_member(cohort, event.patient, opinions=opinions)


def _determined(cohort: Cohort, event: e.EvaluabilityDetermined, record: Record) -> Cohort:
    member = cohort.members.get(event.patient)
    if member is None or member.revision >= event.revision:
        return cohort
    counts, row = event.here or member.dlt is not None, cohort.not_evaluable_in_a_row
    if counts:
        row = 0
    elif member.determination is None or member.determination.here:
        row += 1
    due = cohort.sentinel_due or (member.sentinel and not counts)
    cohort = changed(cohort, not_evaluable_in_a_row=row, sentinel_due=due)
    return _with_member(cohort, event.patient, determination=event, opinions=())


def _received_counted(cohort: Cohort, event: e.ReceivedDoseCounted, record: Record) -> Cohort:
    said = e.EvaluabilityDetermined(
        patient=event.patient, evaluable=True, reason="dose received", revision=event.revision
    )
    member = Member(False, determination=said, dlt=event.adjudication, assigned_level=event.assigned_level)
    return changed(cohort, received_here=cohort.received_here.set(event.patient, member))


def _received_uncounted(cohort: Cohort, event: e.ReceivedDoseUncounted, record: Record) -> Cohort:
    return changed(cohort, received_here=cohort.received_here.delete(event.patient))


def _counted(cohort: Cohort, event: e.DltCounted, record: Record) -> Cohort:
    return _with_member(changed(cohort, not_evaluable_in_a_row=0), event.patient, dlt=event.adjudication)


def _uncounted(cohort: Cohort, event: e.DltUncounted, record: Record) -> Cohort:
    return _with_member(cohort, event.patient, dlt=None)


def _expanded(cohort: Cohort, event: e.CohortExpanded, record: Record) -> Cohort:
    return changed(cohort, slots=event.slots_count, decision=event.decision)


def _cleared(cohort: Cohort, event: e.CohortCleared, record: Record) -> Cohort:
    return changed(cohort, cleared=(event.evaluable_count, event.dlt_count))


def _exceeded(cohort: Cohort, event: e.CohortExceeded, record: Record) -> Cohort:
    return changed(cohort, exceeded=True, reopened=False, cleared=None)


def _reopened(cohort: Cohort, event: e.CohortReopened, record: Record) -> Cohort:
    return changed(
        cohort,
        exceeded=False,
        reopened=True,
        slots=event.slots_count,
        decision=event.decision,
        sentinel_due=True,
    )


def _expansion_opened(cohort: Cohort, event: e.ExpansionOpened, record: Record) -> Cohort:
    since = cohort.expansion.position if cohort.expansion else record.position
    expansion, due = Expansion(event.slots_count, since), cohort.sentinel_due or event.sentinel_due
    return changed(cohort, expansion=expansion, decision=event.decision, sentinel_due=due)


COHORT_EVOLUTION: Mapping[type[Event], Callable[[Cohort, Any, Record], Cohort]] = MappingProxyType(
    {
        e.CohortOpened: _opened,
        e.SlotReserved: _reserved,
        e.ReservationKept: _kept,
        e.ReservationReleased: _released,
        e.SlotAssigned: _assigned,
        e.SlotVacated: _vacated,
        e.DltWindowOpened: _window_opened,
        e.DltWindowReplanned: _window_replanned,
        e.DltWindowClosed: _window_closed,
        e.EvaluabilityOpinionSigned: _opinion,
        e.EvaluabilityDetermined: _determined,
        e.ReceivedDoseCounted: _received_counted,
        e.ReceivedDoseUncounted: _received_uncounted,
        e.DltCounted: _counted,
        e.DltUncounted: _uncounted,
        e.CohortExpanded: _expanded,
        e.CohortCleared: _cleared,
        e.CohortExceeded: _exceeded,
        e.CohortReopened: _reopened,
        e.ExpansionOpened: _expansion_opened,
    }
)


def evolve(cohort: Cohort, record: Record) -> Cohort:
    """The cohort after one more record of its stream."""
    cohort = COHORT_EVOLUTION[type(record.event)](cohort, record.event, record)
    return changed(cohort, version=record.stream_version)
