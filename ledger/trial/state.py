"""What the events of a trial amount to."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from immutables import Map

from ledger.protocol.document import ProtocolDocument
from ledger.trial import dosing as d
from ledger.trial import events as e
from ledger.trial import reviews as r
from ledger.trial.evidence_state import Evidence
from ledger.trial.privacy_state import Privacy
from ledger.types import Phase


@dataclass(frozen=True, slots=True)
class Version:
    """A protocol version: its document, the day from which it holds, and how far its approval has come."""

    number: int
    document: ProtocolDocument
    sha256: str
    effective_on: date
    proposed_by: str
    ethics: bool = False
    approved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delegation:
    """A role for a time, both days included: who gave it, at which position, on which training; who ended it, and
    where, if somebody did."""

    from_on: date
    to_on: date | None
    given_by: str
    position: int
    training: e.TrainingRecord | None = None
    ended_by: str | None = None
    ended_at: int | None = None

    def covers(self, on: date) -> bool:
        return self.from_on <= on and (self.to_on is None or on <= self.to_on)

    def reaches_beyond(self, day: date) -> bool:
        return self.to_on is None or self.to_on > day


@dataclass(frozen=True, slots=True)
class Hold:
    scope: d.HoldScope
    level: int | None
    cause: d.HoldCause
    automatic: bool
    position: int
    patient: str | None = None
    adverse_event: int | None = None
    grade: int | None = None
    lifted: bool = False
    safety_review: int | None = None

    @property
    def needs_review(self) -> bool:
        """Whether only a safety review lets it be lifted (A.3-19)."""
        return self.automatic and self.cause in d.REVIEW_CAUSES


@dataclass(frozen=True, slots=True)
class Decision:
    """A dose decision: as proposed, who signed, whether its basis still stands. `taken`: the position, once it was."""

    number: int
    position: int
    outcome: d.Outcome
    from_level: int | None
    to_level: int | None
    inputs_hash: str | None
    basis: tuple[d.PatientBasis, ...] = ()
    proposed_by: str | None = None
    override: str | None = None
    advice: str | None = None
    data_cut_off: int = 0
    votes: Map[str, tuple[str, str]] = Map()
    taken: int | None = None
    taken_at: datetime | None = None
    superseded: bool = False

    @property
    def open(self) -> bool:
        return self.taken_at is None and not self.superseded


@dataclass(frozen=True, slots=True)
class Quarantined:
    report: e.ReportQuarantined
    recorded_at: datetime
    resolved: bool = False
    patient: str | None = None
    """Whose it was found to be."""


NO_EVIDENCE: Final = Evidence()
NOTHING_ERASED: Final = Privacy()


@dataclass(frozen=True, slots=True)
class Trial:
    """The trial as its log stands."""

    version: int = 0
    registered: e.TrialRegistered | None = None
    registered_by: str | None = None
    versions: Map[int, Version] = Map()
    interpretations: Map[str, str] = Map()
    interpretations_proposed: Map[str, tuple[str, str]] = Map()
    sites: Map[str, str] = Map()
    sources: Map[str, str] = Map()
    delegations: Map[tuple[str, str, str | None], tuple[Delegation, ...]] = Map()
    """By person, role and site: every time for which the role was given."""
    holds: Map[int, Hold] = Map()
    decisions: Map[int, Decision] = Map()
    mtd: int | None = None
    mtd_decision: int | None = None
    mtd_not_reached: bool = False
    rp2d: int | None = None
    phase_two_since: datetime | None = None
    """When the decision to enter phase II was taken, as long as its recommended dose stands."""
    stopped: str | None = None
    enrolment_closed: str | None = None
    quarantine: Map[int, Quarantined] = Map()
    acknowledged: Map[tuple[int, str], d.NoticeAcknowledged] = Map()
    safety_reviews: Map[int, r.SafetyReviewHeld] = Map()
    reference_safety: Map[str, date] = Map()
    deviations: int = 0
    evidence: Evidence = NO_EVIDENCE
    privacy: Privacy = NOTHING_ERASED

    def protocol_on(self, day: date) -> Version | None:
        """The approved version in force on a day: the one with the latest day, then the highest number."""
        holding = [v for v in self.versions.values() if v.approved_at is not None and v.effective_on <= day]
        if len(holding) <= 1:
            return holding[0] if holding else None
        return max(holding, key=lambda v: (v.effective_on, v.number))

    def delegated(self, person: str, role: str, site: str | None, on: date) -> bool:
        """Whether a person holds a role on a day, at the site or for the whole trial."""
        return any(
            given.covers(on) for place in {site, None} for given in self.delegations.get((person, role, place), ())
        )

    def held(self, level: int | None) -> int | None:
        """The number of a hold in force that reaches a level (or the trial, for `None`); a level's hold reaches all
        levels above it."""
        for number, hold in sorted(self.holds.items()):
            if not hold.lifted and (
                hold.scope == "trial" or (level is not None and hold.level is not None and hold.level <= level)
            ):
                return number
        return None

    @property
    def phase(self) -> Phase:
        """The phase that the trial is in."""
        return "I" if self.phase_two_since is None else "II"

    def phase_at(self, at: datetime) -> Phase:
        """The phase of whoever was placed at an instant."""
        return "II" if self.phase_two_since is not None and self.phase_two_since <= at else "I"

    @property
    def phase_one_over(self) -> bool:
        """Whether phase I has a result that stands."""
        return self.mtd is not None or self.mtd_not_reached
