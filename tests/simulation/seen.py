"""What a reader of the log sees who knows `domain.md` and none of the rules' code: plain bookkeeping by the record.

It is kept beside the state that the rules evolve, so that the two can be held against each other.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from ledger.patient import events as e
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record
from ledger.trial import dosing as d
from ledger.trial import events as t
from ledger.trial.reviews import SafetyReviewHeld
from tests.simulation.seen_cohorts import CohortSeen
from tests.simulation.seen_lots import LotSeen
from tests.simulation.seen_patients import PatientSeen

_DOCUMENTS: Final[dict[str, ProtocolDocument]] = {}


def _document(proposed: t.ProtocolVersionProposed) -> ProtocolDocument:
    """The document of a version; each is read once."""
    if proposed.document_sha256 not in _DOCUMENTS:
        _DOCUMENTS[proposed.document_sha256] = ProtocolDocument.model_validate(proposed.document)
    return _DOCUMENTS[proposed.document_sha256]


@dataclass
class Seen:
    """The trial as the log tells it."""

    patients: dict[str, PatientSeen] = field(default_factory=dict)
    cohorts: dict[int, CohortSeen] = field(default_factory=dict)
    lots: dict[str, LotSeen] = field(default_factory=dict)
    versions: dict[int, tuple[date, ProtocolDocument]] = field(default_factory=dict)
    approved: set[int] = field(default_factory=set)
    ethical: set[int] = field(default_factory=set)
    authors: dict[int, str] = field(default_factory=dict)
    roles: dict[tuple[str, str, str | None], list[tuple[date, date | None]]] = field(default_factory=dict)
    holds: dict[int, d.HoldApplied] = field(default_factory=dict)
    lifted: set[int] = field(default_factory=set)
    reviews: list[SafetyReviewHeld] = field(default_factory=list)
    proposed: dict[int, d.DoseDecisionProposed] = field(default_factory=dict)
    proposers: dict[int, str] = field(default_factory=dict)
    votes: dict[int, dict[str, d.DoseDecisionSigned]] = field(default_factory=dict)
    taken: dict[int, d.DoseDecisionTaken] = field(default_factory=dict)
    taken_at: dict[int, int] = field(default_factory=dict)
    acknowledged: dict[int, set[str]] = field(default_factory=dict)
    superseded: set[int] = field(default_factory=set)
    mtd: int | None = None
    phase_two: int | None = None
    stopped: bool = False
    enrolment_closed: bool = False

    @property
    def phase(self) -> str:
        return "I" if self.phase_two is None else "II"

    def cohort(self, level: int) -> CohortSeen:
        return self.cohorts.setdefault(level, CohortSeen())

    def version_on(self, day: date) -> int:
        holding = [(self.versions[number][0], number) for number in self.approved if self.versions[number][0] <= day]
        return max(holding)[1] if holding else 0

    def delegated(self, person: str, role: str, site: str | None, on: date) -> bool:
        """Whether a person held a role on a day, at the site or for the whole trial."""
        for place in {site, None}:
            for since, until in self.roles.get((person, role, place), ()):
                if since <= on and (until is None or on <= until):
                    return True
        return False

    def holds_in_force(self, level: int | None) -> list[int]:
        """The holds on the trial and, for a level, those at it and below."""
        return [
            number
            for number, hold in self.holds.items()
            if number not in self.lifted
            and (hold.scope == "trial" or (level is not None and hold.level is not None and hold.level <= level))
        ]

    def take(self, record: Record) -> None:
        if record.conflicts_with is not None:
            return
        if record.patient is not None:
            if isinstance(record.event, e.PatientScreened):
                self.patients[record.patient] = PatientSeen(record.event)
            else:
                self.patients[record.patient].take(record)
        elif record.level is not None:
            self.cohort(record.level).take(record)
        elif record.stream.startswith("product/"):
            self.lots.setdefault(record.stream.removeprefix("product/"), LotSeen()).take(record)
        else:
            self._take_trial(record)

    def _take_trial(self, record: Record) -> None:
        event: Any = record.event
        match event:
            case t.ProtocolVersionProposed():
                self.versions[event.version] = event.effective_on, _document(event)
                self.authors[event.version] = record.actor.id
            case t.EthicsApprovalRecorded():
                self.ethical.add(event.version)
            case t.ProtocolVersionApproved():
                self.approved.add(event.version)
            case t.RoleDelegated():
                key = (event.person, event.role, event.site)
                self.roles.setdefault(key, []).append((event.from_on, event.to_on))
            case t.RoleRevoked():
                held = self.roles[event.person, event.role, event.site]
                ends = event.ends_on
                held[:] = [(since, ends if until is None else min(until, ends)) for since, until in held]
            case d.HoldApplied():
                self.holds[event.hold] = event
            case d.HoldLifted():
                self.lifted.add(event.hold)
            case SafetyReviewHeld():
                self.reviews.append(event)
            case d.DoseDecisionProposed():
                self.proposed[event.decision] = event
                self.proposers[event.decision] = record.actor.id
            case d.DoseDecisionSigned():
                self.votes.setdefault(event.decision, {})[event.member] = event
            case d.DoseDecisionTaken():
                self.taken[event.decision] = event
                self.taken_at[event.decision] = record.position
            case d.DecisionBasisSuperseded():
                self.superseded.add(event.decision)
            case d.NoticeAcknowledged():
                self.acknowledged.setdefault(event.about, set()).add(event.party)
            case d.MtdDeclared() | d.Rp2dSelected():
                self.mtd = event.level
            case d.MtdSuperseded():
                self.mtd = None
            case d.PhaseEntered():
                self.phase_two = event.level
            case d.Rp2dWithdrawn():
                self.phase_two = None
            case d.TrialStoppedPrematurely():
                self.stopped = True
            case t.EnrolmentClosed():
                self.enrolment_closed = True
            case _:
                pass
