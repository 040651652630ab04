"""What is known, and since when, of each of a patient's adverse events for its reporting.

The safety clocks rest on what was received when, in the order in which it became known: nothing of that is ever
replaced, and what contradicts the record was received as well. A record that corrects another speaks of the same
receipt as what it corrects.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from immutables import Map

from ledger.clocks.causality import strongest
from ledger.clocks.expedited import Fact, Received, Said, Sent, TrulyReceived, latest
from ledger.clocks.facts import DEATH, Told, facts_of_report, received_by
from ledger.patient import reporting as r
from ledger.patient import safety as s
from ledger.patient.kept import without
from ledger.protocol.safety import Relation
from ledger.record import Record
from ledger.types import Event, changed

Party = Literal["investigator", "sponsor"]
INVESTIGATORS: Final = frozenset({"principal_investigator", "investigator"})
URGENT: Final = frozenset({"death", "life-threatening"})


@dataclass(frozen=True, slots=True)
class Classification:
    """The classification in force, and the position that holds it."""

    position: int
    event: r.SaeClassified


@dataclass(frozen=True, slots=True)
class Case:
    """One adverse event, as its reporting needs it."""

    known: tuple[Fact, ...] = ()
    opinions: Map[str, tuple[Party, Relation]] = Map()
    classification: Classification | None = None
    reports: Map[int, r.ExpeditedReportSubmitted] = Map()
    reported: Map[int, tuple[bool | None, bool]] = Map()
    """By receipt: what the site said of *serious* and of *fatal*."""

    @property
    def reported_fatal(self) -> bool:
        return any(fatal for _, fatal in self.reported.values())

    @property
    def reported_serious(self) -> bool:
        """The site's last word on it; what is fatal is serious."""
        said = [serious for _, (serious, _) in sorted(self.reported.items()) if serious is not None]
        return self.reported_fatal or said[-1:] == [True]

    def causality(self, party: Party) -> Relation:
        """The strongest opinion in force among the investigators, or at the sponsor's."""
        return strongest(relation for of, relation in self.opinions.values() if of == party)

    @property
    def causality_in_force(self) -> Relation:
        """The stronger of both parties': the sponsor upgrades, and never downgrades (domain E.1)."""
        return strongest((self.causality("investigator"), self.causality("sponsor")))

    @property
    def receipts(self) -> frozenset[int]:
        return frozenset(fact.receipt for fact in self.known if isinstance(fact, Received))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What the clocks rest on; only what an authority got is sent."""
        sent = (Sent(report.kind, report.submitted_at) for report in self.reports.values() if report.to == "authority")
        return (*self.known, *sent)

    @property
    def said(self) -> Said:
        """All that is known now."""
        return latest(self.known)


NOTHING_KNOWN: Final = Case()


@dataclass(frozen=True, slots=True)
class Reporting:
    """The cases of a patient by adverse event, pregnancies, and which record speaks of which receipt."""

    cases: Map[int, Case] = Map()
    pregnancies: Map[int, r.PregnancyReported] = Map()
    same_receipt: Map[int, int] = Map()

    def case(self, number: int) -> Case:
        return self.cases.get(number, NOTHING_KNOWN)

    def receipt(self, position: int) -> int:
        """The receipt that a record speaks of: its own position, or that of what it corrects."""
        return self.same_receipt.get(position, position)


Step = Callable[[Case, Any, Record, int], Case]


def _reported(case: Case, event: s.AdverseEventReported, record: Record, receipt: int) -> Case:
    return _told(case, Told.of(event), record, receipt)


def _updated(case: Case, event: s.AdverseEventUpdated, record: Record, receipt: int) -> Case:
    fatal = event.outcome == "fatal" or event.ctcae_grade == DEATH
    return _told(case, Told(event.serious, fatal, event.site_aware_at, event.received_at), record, receipt)


def _assessed(case: Case, event: s.ToxicityAssessed, record: Record, receipt: int) -> Case:
    return _graded(case, event.computed_grade, record, receipt)


def _confirmed(case: Case, event: s.GradeConfirmed, record: Record, receipt: int) -> Case:
    return _graded(case, event.grade, record, receipt)


def _graded(case: Case, grade: int | None, record: Record, receipt: int) -> Case:
    """A grade tells the sponsor something only where it says that the patient died of it, or no longer does."""
    fatal = grade == DEATH
    return _told(case, Told(None, fatal, None, None), record, receipt) if fatal or receipt in case.receipts else case


def _told(case: Case, told: Told, record: Record, receipt: int) -> Case:
    learnt = facts_of_report(told, receipt, _recorded_at(record))
    reported = case.reported.set(receipt, (told.serious, told.fatal))
    return changed(case, reported=reported, known=(*case.known, *learnt))


def _attributed(case: Case, event: s.AttributionAssessed, record: Record, receipt: int) -> Case:
    party: Party = "investigator" if record.actor.role in INVESTIGATORS else "sponsor"
    case = changed(case, opinions=case.opinions.set(event.assessor, (party, event.relation)))
    if party == "investigator":
        says = Said(investigator_causality=case.causality("investigator"))
        return _learns(case, Received(receipt, _recorded_at(record), says))
    at = received_by(record.occurred_at, _recorded_at(record))
    return _learns(case, Received(receipt, at, Said(sponsor_causality=case.causality("sponsor"))))


def _classified(case: Case, event: r.SaeClassified, record: Record, receipt: int) -> Case:
    """What was received at the same instant as something on record is that, read more closely; what was received before
    all else was the first report, truly received then."""
    if event.sponsor_causality is not None:
        case = changed(case, opinions=case.opinions.set(record.actor.id, ("sponsor", event.sponsor_causality)))
    says = Said(
        serious=event.serious,
        fatal_or_life_threatening=bool(URGENT.intersection(event.criteria)),
        expected=event.expected,
        sponsor_causality=case.causality("sponsor"),
    )
    received = [fact for fact in case.known if isinstance(fact, Received)]
    first = min(received, key=lambda fact: fact.at, default=None)
    same = [fact for fact in received if fact.at == event.received_at]
    if first is not None and event.received_at < first.at:
        same = [fact for fact in received if fact.receipt == first.receipt]
    if same:
        receipt, says = same[-1].receipt, same[-1].says.then(says)
    case = changed(case, classification=Classification(record.position, event))
    return _learns(case, Received(receipt, event.received_at, says))


def _informed(case: Case, event: r.SponsorInformed, record: Record, receipt: int) -> Case:
    if event.about is None:
        return _learns(case, Received(receipt, event.received_at, Said()))
    return _learns(case, TrulyReceived(receipt, event.received_at))


def _submitted(case: Case, event: r.ExpeditedReportSubmitted, record: Record, receipt: int) -> Case:
    return changed(case, reports=without(case.reports, record.corrects).set(record.position, event))


def _recorded_at(record: Record) -> datetime:
    """When it was recorded, on the calendar of the place where it happened."""
    return record.recorded_at.astimezone(record.occurred_at.tzinfo)


def _learns(case: Case, *facts: Fact) -> Case:
    return changed(case, known=(*case.known, *facts))


STEPS: Final[Mapping[type[Event], Step]] = MappingProxyType(
    {
        s.AdverseEventReported: _reported,
        s.AdverseEventUpdated: _updated,
        s.ToxicityAssessed: _assessed,
        s.GradeConfirmed: _confirmed,
        s.AttributionAssessed: _attributed,
        r.SaeClassified: _classified,
        r.SponsorInformed: _informed,
        r.ExpeditedReportSubmitted: _submitted,
    }
)


def observed(reporting: Reporting, record: Record) -> Reporting:
    """The reporting after one more record of the patient, whether it stands or contradicts the record."""
    event = record.event
    if isinstance(event, r.PregnancyReported):
        kept = without(reporting.pregnancies, record.corrects)
        return changed(reporting, pregnancies=kept.set(record.position, event))
    step = STEPS.get(type(event))
    if step is None:
        return reporting
    speaks_of = record.position if record.corrects is None else record.corrects
    if isinstance(event, r.SponsorInformed) and event.about is not None:
        speaks_of = event.about
    receipt, number = reporting.receipt(speaks_of), _about(event)
    cases = reporting.cases.set(number, step(reporting.case(number), event, record, receipt))
    same = (
        reporting.same_receipt if receipt == record.position else reporting.same_receipt.set(record.position, receipt)
    )
    return changed(reporting, cases=cases, same_receipt=same)


def _about(event: Any) -> int:
    number: int = event.adverse_event
    return number
