"""A cohort as a plain reader of the log sees it."""

from dataclasses import dataclass, field
from datetime import date

from ledger.cohort import events as c
from ledger.record import Record


@dataclass
class WindowSeen:
    from_on: date
    to_on: date
    days: int
    closed: c.DltWindowClosed | None = None

    @property
    def last_on(self) -> date:
        """The last day on which an onset counts."""
        return self.to_on if self.closed is None else min(self.to_on, self.closed.closed_on)


@dataclass
class MemberSeen:
    sentinel: bool
    phase: str
    window: WindowSeen | None = None
    determined: c.EvaluabilityDetermined | None = None
    opinions: dict[str, c.EvaluabilityOpinionSigned] = field(default_factory=dict)
    counted: bool = False

    @property
    def evaluable(self) -> bool | None:
        """A DLT makes evaluable. Otherwise it is what was determined, and never while a window runs."""
        if self.counted:
            return True
        if self.determined is None or (self.window is not None and self.window.closed is None):
            return None
        return self.determined.evaluable and self.determined.at_level is None


@dataclass
class CohortSeen:
    """A cohort, from the records of its stream. What is counted is phase I."""

    opened: bool = False
    decision: int | None = None
    slots: int = 0
    reserved: dict[str, date] = field(default_factory=dict)
    members: dict[str, MemberSeen] = field(default_factory=dict)
    guests: dict[str, bool] = field(default_factory=dict)
    """Patients of higher levels who count here by the dose received, and whether with a DLT."""
    exceeded: bool = False
    cleared: tuple[int, int] | None = None
    expanded_at: int | None = None
    expansion: int = 0

    def of_phase(self, phase: str) -> dict[str, MemberSeen]:
        return {number: member for number, member in self.members.items() if member.phase == phase}

    def count(self, evaluable: bool | None) -> int:
        guests = len(self.guests) if evaluable else 0
        return guests + sum(member.evaluable is evaluable for member in self.of_phase("I").values())

    @property
    def dlts(self) -> int:
        return sum(self.guests.values()) + sum(member.counted for member in self.of_phase("I").values())

    def known(self, patient: str) -> tuple[bool | None, bool] | None:
        """Whether a patient is evaluable here, and counts with a DLT; None for one who does not count here."""
        if patient in self.guests:
            return True, self.guests[patient]
        member = self.members.get(patient)
        return None if member is None else (member.evaluable, member.counted)

    def taken(self, phase: str) -> int:
        """The slots that patients hold: in phase I who is not evaluable gives his back, in phase II nobody does."""
        return len(self.of_phase("II")) if phase == "II" else self.count(True) + self.count(None)

    def room(self, phase: str) -> int:
        """The slots in all."""
        return self.expansion if phase == "II" else self.slots

    def take(self, record: Record) -> None:
        match record.event:
            case c.CohortOpened(slots_count=slots, decision=decision):
                self.opened, self.slots, self.decision = True, slots, decision
            case c.CohortExpanded(slots_count=slots):
                self.slots = slots
            case c.CohortReopened(slots_count=slots):
                self.slots, self.exceeded = slots, False
            case c.CohortExceeded():
                self.exceeded, self.cleared = True, None
            case c.CohortCleared(evaluable_count=n, dlt_count=t):
                self.cleared = n, t
            case c.SlotReserved(patient=patient, expires_on=expires_on):
                self.reserved[patient] = expires_on
            case c.ReservationKept(patient=patient):
                self.reserved[patient] = date.max
            case c.ReservationReleased(patient=patient):
                self.reserved.pop(patient, None)
            case c.SlotAssigned(patient=patient, sentinel=sentinel, phase=phase):
                self.reserved.pop(patient, None)
                self.members[patient] = MemberSeen(sentinel, phase)
            case c.ExpansionOpened(slots_count=slots, decision=decision):
                self.expansion, self.decision = slots, decision
                self.expanded_at = record.position if self.expanded_at is None else self.expanded_at
            case c.SlotVacated(patient=patient):
                self.members.pop(patient, None)
            case _:
                self._take_member(record)

    def _take_member(self, record: Record) -> None:
        match record.event:
            case c.DltWindowOpened() as w:
                window = WindowSeen(w.from_on, w.planned_to_on, w.days_after_last_infusion_count)
                self.members[w.patient].window = window
            case c.DltWindowReplanned() as w:
                window = WindowSeen(w.from_on, w.planned_to_on, w.days_after_last_infusion_count)
                self.members[w.patient].window = window
            case c.DltWindowClosed() as closed:
                known = self.members[closed.patient].window
                assert known is not None, "a window was closed that was never opened"
                known.closed = closed
            case c.EvaluabilityOpinionSigned() as opinion:
                self.members[opinion.patient].opinions[opinion.member] = opinion
            case c.EvaluabilityDetermined() as determined:
                self.members[determined.patient].determined = determined
            case c.ReceivedDoseCounted(patient=patient, adjudication=adjudication):
                self.guests[patient] = adjudication is not None
            case c.ReceivedDoseUncounted(patient=patient):
                del self.guests[patient]
            case c.DltCounted(patient=patient):
                self.members[patient].counted = True
            case c.DltUncounted(patient=patient):
                self.members[patient].counted = False
            case _:
                pass
