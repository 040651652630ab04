"""A patient as a plain reader of the log sees it."""

from dataclasses import dataclass, field
from datetime import date, datetime

from ledger.patient import agreement as a
from ledger.patient import donors as d
from ledger.patient import events as e
from ledger.patient import infusion_record as o
from ledger.patient import infusions as i
from ledger.patient import reporting
from ledger.patient import review as r
from ledger.patient import safety as s
from ledger.patient import transplant as t
from ledger.patient import ward as w
from ledger.patient.outcomes import Outcome, OutcomeRecorded
from ledger.record import Record


@dataclass
class EventSeen:
    """An adverse event: as reported, the grade that each assessment says, and which assessments are in doubt."""

    report: s.AdverseEventReported
    serious: bool
    toxicities: dict[int, str] = field(default_factory=dict)
    grades: dict[int, int] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)
    possible: dict[int, int] = field(default_factory=dict)
    ctcae_grade: int = 0
    fatal: bool = False
    criteria: tuple[str, ...] = ()
    relations: dict[str, str] = field(default_factory=dict)

    @property
    def severity(self) -> int:
        """The highest grade that it may have, by any scale and by how it was classified and ended."""
        said = [self.ctcae_grade, *self.possible.values()]
        said += [4] if "life-threatening" in self.criteria else []
        said += [5] if self.fatal or "death" in self.criteria else []
        return max(said)

    @property
    def related(self) -> bool:
        """Unless two people, and everybody who said something, call it unlikely or unrelated."""
        against = sum(relation in ("unlikely", "unrelated") for relation in self.relations.values())
        return against < max(2, len(self.relations))

    def take(self, record: Record, assessed: s.ToxicityAssessed) -> None:
        if record.corrects is not None:
            for kept in (self.toxicities, self.grades, self.possible):
                kept.pop(record.corrects, None)
            self.doubtful.discard(record.corrects)
        self.toxicities[record.position] = assessed.toxicity
        self.possible[record.position] = assessed.at_most_grade
        certain = assessed.computed_grade is not None
        self.grades[record.position] = assessed.computed_grade if certain else assessed.at_least_grade  # type: ignore[assignment]
        if not certain:
            self.doubtful.add(record.position)

    def regrade(self, regraded: w.ToxicityRegraded) -> None:
        certain = regraded.computed_grade
        if regraded.assessment in self.grades:
            self.grades[regraded.assessment] = regraded.at_least_grade if certain is None else certain
            self.possible[regraded.assessment] = regraded.at_most_grade
            (self.doubtful.discard if certain is not None else self.doubtful.add)(regraded.assessment)

    def confirm(self, confirmed: s.GradeConfirmed) -> None:
        if confirmed.assessment in self.grades:
            self.grades[confirmed.assessment] = self.possible[confirmed.assessment] = confirmed.grade
            self.doubtful.discard(confirmed.assessment)

    @property
    def grade(self) -> int | None:
        return max(self.grades.values(), default=None)


@dataclass
class PatientSeen:
    """A patient, from the records of the patient's stream."""

    screened: e.PatientScreened
    consents: dict[int, e.ConsentGiven] = field(default_factory=dict)
    withdrawn: bool = False
    forms: list[a.ReconsentRequired] = field(default_factory=list)
    denied_at: datetime | None = None
    agreed_at: datetime | None = None
    selected: str | None = None
    replanned: date | None = None
    screen_failed: bool = False
    eligible_under: int | None = None
    enrolled: e.PatientEnrolled | None = None
    level: int | None = None
    doses: dict[int, i.DosePlanned] = field(default_factory=dict)
    orders: dict[int, tuple[str, o.DoseOrdered]] = field(default_factory=dict)
    """By whom, and what."""
    ready: dict[int, i.ReadinessAssessed] = field(default_factory=dict)
    authorised: dict[int, i.InfusionAuthorised] = field(default_factory=dict)
    begun: dict[int, i.InfusionStarted] = field(default_factory=dict)
    done: dict[int, i.InfusionCompleted] = field(default_factory=dict)
    omitted: dict[int, i.InfusionOmitted] = field(default_factory=dict)
    graft: datetime | None = None
    queries: dict[int, r.QueryRaised] = field(default_factory=dict)
    answered: dict[int, str] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)
    graft_of: str | None = None
    events: dict[int, EventSeen] = field(default_factory=dict)
    rulings: dict[str, s.DltAdjudicated] = field(default_factory=dict)
    opinions: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    candidates: set[str] = field(default_factory=set)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    death: e.DeathRecorded | None = None
    off_study: e.PatientOffStudy | None = None

    @property
    def given_on(self) -> dict[int, date]:
        """The day of each infusion that was given: of its start, or of its end where no start was reported."""
        days = {ordinal: done.ended_at.date() for ordinal, done in self.done.items()}
        return days | {ordinal: begun.started_at.date() for ordinal, begun in self.begun.items()}

    @property
    def has_dlt(self) -> bool:
        return any(ruling.is_dlt for ruling in self.rulings.values())

    def age_on(self, day: date) -> int:
        year, month = map(int, self.screened.birth_year_month.split("-"))
        return max(0, day.year - year - (day.month < month))

    def take(self, record: Record) -> None:
        match record.event:
            case e.ConsentGiven() as given:
                self.consents.pop(-1 if record.corrects is None else record.corrects, None)
                self.consents[record.position] = given
            case a.ConsentWithdrawn():
                self.withdrawn = True
            case e.ScreenFailed():
                self.screen_failed = True
            case e.EligibilityConfirmed(protocol_version=version):
                self.eligible_under = version
            case e.PatientEnrolled() as enrolled:
                self.enrolled = enrolled
            case e.DoseLevelAssigned(level=level) | e.DoseLevelReassigned(level=level):
                self.level = level
            case e.AssignmentCancelled():
                self.level = None
            case e.DeathRecorded() as death:
                self.death = death
            case e.PatientOffStudy() as off_study:
                self.off_study = off_study
            case OutcomeRecorded(outcome=outcome):
                self.outcomes.pop(-1 if record.corrects is None else record.corrects, None)
                self.outcomes[record.position] = outcome
            case _:
                self._take_infusion(record)

    def _take_infusion(self, record: Record) -> None:
        match record.event:
            case i.DosePlanned() as planned:
                self.doses[planned.ordinal] = planned
            case o.DoseOrdered() as ordered:
                self.orders[ordered.ordinal] = record.actor.id, ordered
            case i.ReadinessAssessed() as ready:
                self.ready[ready.ordinal] = ready
            case i.InfusionAuthorised() as authorised:
                self.authorised[authorised.ordinal] = authorised
            case i.InfusionStarted() as begun:
                self.begun[begun.ordinal] = begun
            case i.InfusionCompleted() as done:
                self.done[done.ordinal] = done
            case i.InfusionOmitted() as omitted:
                self.omitted[omitted.ordinal] = omitted
            case _:
                self._take_transplant(record)

    def _take_transplant(self, record: Record) -> None:
        match record.event:
            case t.TransplantPerformed(performed_at=at, donor=donor):
                self.graft, self.graft_of = at, donor
            case t.TransplantRescheduled(to_on=to_on):
                self.replanned = to_on
            case d.DonorSelected(donor=donor):
                self.selected = donor
            case a.ReconsentRequired() as form:
                self.forms = [each for each in self.forms if each.form_version != form.form_version] + [form]
            case a.DissentRecorded(said_at=at):
                self.denied_at = max(self.denied_at or at, at)
            case e.AssentGiven(signed_at=at):
                self.agreed_at = max(self.agreed_at or at, at)
            case _:
                self._take_safety(record)

    def _update(self, event: EventSeen, update: s.AdverseEventUpdated) -> None:
        event.serious = event.serious if update.serious is None else update.serious
        event.ctcae_grade = event.ctcae_grade if update.ctcae_grade is None else update.ctcae_grade
        event.fatal = event.fatal if update.outcome is None else update.outcome == "fatal"

    def _take_safety(self, record: Record) -> None:
        match record.event:
            case s.AdverseEventReported() as report:
                known = self.events.setdefault(report.adverse_event, EventSeen(report, report.serious))
                known.report, known.serious = report, known.serious or report.serious
                known.ctcae_grade = report.ctcae_grade or 0
            case s.AdverseEventUpdated() as update:
                self._update(self.events[update.adverse_event], update)
            case s.AttributionAssessed() as attribution:
                self.events[attribution.adverse_event].relations[attribution.assessor] = attribution.relation
            case reporting.SaeClassified() as classified:
                event = self.events[classified.adverse_event]
                event.criteria, event.serious = classified.criteria, event.serious or classified.serious
            case s.ToxicityAssessed() as assessed:
                self.events[assessed.adverse_event].take(record, assessed)
            case w.ToxicityRegraded() as regraded:
                self.events[regraded.adverse_event].regrade(regraded)
            case s.GradeConfirmed() as confirmed:
                self.events[confirmed.adverse_event].confirm(confirmed)
            case s.CandidateDltRaised(subject=subject):
                self.candidates.add(subject)
            case s.CandidateDltRuled(subject=subject):
                self.candidates.discard(subject)
            case s.DltOpinionSigned(subject=subject, revision=revision, member=member, role=role):
                self.opinions.setdefault((subject, revision), {})[member] = role
            case s.DltAdjudicated() as ruling:
                known_ruling = self.rulings.get(ruling.subject)
                if known_ruling is None or known_ruling.revision < ruling.revision:
                    self.rulings[ruling.subject] = ruling
            case _:
                self._take_review(record)

    def _take_review(self, record: Record) -> None:
        match record.event:
            case r.QueryRaised() as raised:
                self.queries[raised.query] = raised
                self.waiting.add(raised.query)
            case r.QueryAnswered(query=query):
                self.answered[query] = record.actor.id
                self.waiting.discard(query)
            case r.QueryReopened(query=query):
                self.waiting.add(query)
            case _:
                pass
