"""What the events of a patient amount to. Facts are kept with the position that holds them, so that a correction
replaces exactly what it corrects."""

from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from immutables import Map

from ledger.patient import events as e
from ledger.patient import infusions as i
from ledger.patient import safety as s
from ledger.patient import ward as w
from ledger.patient.agreement import Scope
from ledger.patient.agreement_state import NOTHING_SAID, Agreement
from ledger.patient.donors_state import NO_DONORS, Donors
from ledger.patient.follow_up_state import FollowUp
from ledger.patient.infusion_record_state import Around
from ledger.patient.reporting_state import Reporting
from ledger.patient.review_state import Review
from ledger.patient.told import Told
from ledger.patient.transplant import TransplantPerformed
from ledger.patient.transplant_state import UNTREATED, Treatment
from ledger.patient.ward_state import Ward
from ledger.record import patient_stream
from ledger.types import Event, exact, whole_years

RULED: Final = -1
"""In `Patient.candidates`, in the place of the position that raised a candidate: it has been ruled."""


@dataclass(frozen=True, slots=True)
class Noted:
    """An event with the position that holds it and the instant it happened."""

    position: int
    at: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Infusion:
    """One infusion as reported; `given_on` is the calendar day of its start at the site."""

    ordinal: int
    started: i.InfusionStarted | None = None
    completed: i.InfusionCompleted | None = None
    omitted: i.InfusionOmitted | None = None

    @property
    def given_at(self) -> datetime | None:
        """When it began, or, where no start was reported, ended."""
        if self.started:
            return self.started.started_at
        return self.completed.ended_at if self.completed else None

    @property
    def given_on(self) -> date | None:
        return self.given_at.date() if self.given_at else None

    @property
    def settled(self) -> bool:
        return self.completed is not None or self.omitted is not None


@dataclass(frozen=True, slots=True)
class Ruling:
    """A ruling in force, the position that holds it, and the grades of the adverse event that stood on record then."""

    position: int
    event: s.DltAdjudicated
    grades: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """An adverse event with everything said about it; `grade` is the highest grade of its assessments."""

    number: int
    position: int
    report: s.AdverseEventReported
    ctcae_grade: int | None = None
    serious: bool = False
    criteria: frozenset[str] = frozenset()
    ended_at: datetime | None = None
    outcome: str | None = None
    assessments: Map[int, s.ToxicityAssessed] = Map()
    confirmed: Map[int, int] = Map()
    attributions: Map[str, str] = Map()
    regraded: Map[int, w.ToxicityRegraded] = Map()

    @property
    def subject(self) -> str:
        return f"adverse-event/{self.number}"

    @property
    def grade(self) -> int | None:
        """The event's ASTCT grade: the highest that was confirmed, or else computed, in any assessment."""
        grades = [
            self.confirmed.get(position, a.computed_grade if a.computed_grade is not None else a.at_least_grade)
            for position, a in self.assessments.items()
        ]
        return max(grades, default=None)

    @property
    def began_at(self) -> datetime:
        """Its onset as reported, or the first assessment with a sign, where this is earlier."""
        signs = (a.assessed_at for a in self.assessments.values() if a.at_most_grade > 0)
        return min([self.report.onset_at, *signs])

    @property
    def onset_days(self) -> frozenset[date]:
        """The day of its onset as reported, and that on which it began by its assessments."""
        return frozenset({self.report.onset_at.date(), self.began_at.date()})

    @property
    def grades(self) -> tuple[int, int]:
        """The highest grade that is certain, and the highest that is possible; 0 where nothing was assessed."""
        possible = (self.confirmed.get(position, a.at_most_grade) for position, a in self.assessments.items())
        return self.grade or 0, max(possible, default=0)

    def of_toxicity(self, toxicity: s.Toxicity) -> bool:
        """Whether it was reported, or assessed, as this."""
        return self.report.toxicity == toxicity or any(a.toxicity == toxicity for a in self.assessments.values())

    @property
    def severity(self) -> int:
        """The highest grade that it may have on any scale, from 0: as graded, and at least 5 where it was fatal, at
        least 4 where it was classified as life-threatening."""
        fatal = self.outcome == "fatal" or "death" in self.criteria
        named = 5 if fatal else 4 if "life-threatening" in self.criteria else 0
        return max(self.ctcae_grade or 0, *self.grades, named)

    @property
    def needs_adjudication(self) -> bool:
        """Whether an assessment has no certain grade and nobody has confirmed one."""
        return any(
            a.computed_grade is None and position not in self.confirmed for position, a in self.assessments.items()
        )

    @property
    def related(self) -> bool:
        """Associated with the intervention unless two people say *unlikely* or *unrelated* (domain A.3-26)."""
        against = [who for who, relation in self.attributions.items() if relation in ("unlikely", "unrelated")]
        return len(against) < 2 or len(against) < len(self.attributions)


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as the log stands."""

    number: str
    version: int = 0
    screened: e.PatientScreened | None = None
    entered: Noted | None = None
    consents: Map[int, e.ConsentGiven] = Map()
    assents: Map[int, e.AssentGiven] = Map()
    agreement: Agreement = NOTHING_SAID
    findings: Map[int, e.ScreeningFindingRecorded] = Map()
    attested: Map[str, tuple[int, bool]] = Map()
    determinations: Map[str, tuple[int, bool]] = Map()
    eligible_under: int | None = None
    checklist_hash: str | None = None
    screen_failed: bool = False
    failed_by: tuple[str, ...] = ()
    enrolled: e.PatientEnrolled | None = None
    enrolled_at: datetime | None = None
    level: int | None = None
    sentinel: bool = False
    doses: Map[int, i.DosePlanned] = Map()
    readiness: Map[int, Noted] = Map()
    authorised: Map[int, i.InfusionAuthorised] = Map()
    infusions: Map[int, Infusion] = Map()
    donors: Donors = NO_DONORS
    treatment: Treatment = UNTREATED
    adverse_events: Map[int, AdverseEvent] = Map()
    candidates: Map[str, int] = Map()
    opinions: Map[str, tuple[s.DltOpinionSigned, ...]] = Map()
    rulings: Map[str, Ruling] = Map()
    reporting: Reporting = field(default_factory=Reporting)
    follow_up: FollowUp = field(default_factory=FollowUp)
    death: Noted | None = None
    off_study: Noted | None = None
    ward: Ward = field(default_factory=Ward)
    deviations: int = 0
    around: Around = field(default_factory=Around)
    """What is on record around the infusions: orders, identity, interruptions, vital signs."""
    review: Review = field(default_factory=Review)

    @property
    def stream(self) -> str:
        return patient_stream(self.number)

    @property
    def withdrawn(self) -> Scope | None:
        """How far consent was withdrawn."""
        return self.agreement.withdrawn

    @property
    def transplant(self) -> Told[TransplantPerformed] | None:
        """The graft, once it was infused."""
        return self.treatment.graft

    @property
    def born_on(self) -> date | None:
        """The first of the birth month: birthdays are taken early (domain G.4-10)."""
        if self.screened is None:
            return None
        year, month = self.screened.birth_year_month.split("-")
        return date(int(year), int(month), 1)

    def age_on(self, day: date) -> int:
        """Completed years on a day; 0 on a day before the birth, and where the screening is not on record."""
        return max(0, whole_years(self.born_on, day)) if self.born_on else 0

    @property
    def has_dlt(self) -> bool:
        return any(ruling.event.is_dlt for ruling in self.rulings.values())

    @property
    def open_candidates(self) -> tuple[str, ...]:
        """The candidate DLTs that nobody has ruled on yet."""
        return tuple(sorted(subject for subject, raised_at in self.candidates.items() if raised_at >= 0))

    @property
    def may_have_dlt(self) -> bool:
        """A counted DLT or an open candidate: no further NK cells for this patient."""
        return self.has_dlt or bool(self.open_candidates)

    @property
    def dosed(self) -> bool:
        """Whether any infusion has begun: the safety set."""
        return any(infusion.given_on is not None for infusion in self.infusions.values())

    @property
    def first_infusion_at(self) -> datetime | None:
        """When the first infusion that was given began."""
        given = (infusion.given_at for infusion in self.infusions.values())
        return min((at for at in given if at is not None), default=None)

    def given_share(self, planned_total_per_kg: Fraction) -> Fraction:
        """The share of the level's planned total that was received, from the cells/kg of all infusions."""
        received = sum((exact(i.completed.cells_per_kg) for i in self.infusions.values() if i.completed), Fraction(0))
        return received / planned_total_per_kg
