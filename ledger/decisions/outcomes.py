"""What became of a patient, as reported. Never refused for a business reason."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.docket import Decisions, Docket, Entries, Follows, PatientCommand, Reports, query, report
from ledger.decisions.screening import several
from ledger.grading.magic import SCALE, TABLE_VERSION, MagicFindings, MagicGrade, grade_magic
from ledger.patient import outcomes as o
from ledger.patient.gvhd import AcuteGvhd
from ledger.patient.review import QueryRaised
from ledger.patient.state import Patient
from ledger.record import Entry
from ledger.types import Commitment, Day, Several


class RecordOutcomes(PatientCommand):
    """Report outcomes: response, MRD, engraftment, chimerism, lymphocyte subsets, GVHD, relapse and others."""

    outcomes: Several[o.AttestedOutcome]


class StageAcuteGvhd(PatientCommand):
    """Report the findings of acute GVHD on a day; its stages and its grade are computed.

    A grade that the findings rule out needs the reason why.
    """

    assessed_on: Day
    findings: MagicFindings
    investigator_grade: MagicGrade | None = None
    differs_because: Commitment | None = None


def record_outcomes(docket: Docket, command: RecordOutcomes) -> Follows:
    """Each is a fact of its own; one that cannot be true beside another raises a query on that one."""
    patient = docket.patient(command.patient)
    for outcome in command.outcomes:
        _readable(docket, outcome)
    events = tuple(o.OutcomeRecorded(outcome=outcome, differs_because=None) for outcome in command.outcomes)
    follows = several(docket, patient, events)
    if not isinstance(follows, tuple):
        return follows
    asked = tuple(entry for each in follows for entry in _beside(docket, patient, each))
    return _numbered(patient, (*follows, *asked))


def _readable(docket: Docket, outcome: o.Attested) -> None:
    """`NotInProtocol` for a response that no version of the protocol has for the disease."""
    if isinstance(outcome, o.DiseaseResponse):
        named = (outcome.disease, outcome.criteria, outcome.response)
        versions = docket.world.trial.versions.values()
        if not any(version.document.follow_up.has_response(*named) for version in versions):
            raise no.NotInProtocol(f"response {outcome.response} by {outcome.criteria}")


def _beside(docket: Docket, patient: Patient, entry: Entry) -> Iterator[Entry]:
    """A primary graft failure and engrafted neutrophils exclude each other: both stay, and somebody is asked."""
    event = entry.event
    if not isinstance(event, o.OutcomeRecorded) or entry.conflicts_with is not None:
        return
    for position, other in sorted(patient.follow_up.outcomes.items(), key=lambda known: known[0]):
        if {event.word, other.word} == {"graft-failure primary", "engraftment neutrophils"}:
            yield from query(docket, patient.stream, position, event)


def _numbered(patient: Patient, entries: Entries) -> Entries:
    """The queries of one command under one number each."""
    numbered: list[Entry] = []
    last = len(patient.review.queries)
    for entry in entries:
        event = entry.event
        if isinstance(event, QueryRaised):
            last += 1
            event = event.model_copy(update={"query": last})
        numbered.append(Entry(entry.stream, event, entry.reported, entry.corrects, entry.conflicts_with, entry.at))
    return tuple(numbered)


def stage_acute_gvhd(docket: Docket, command: StageAcuteGvhd) -> Follows:
    """The MAGIC stages and grade of the findings, with the findings, the scale and its version (domain D)."""
    patient = docket.patient(command.patient)
    result, given = grade_magic(command.findings), command.investigator_grade
    ruled_out = given is not None and not result.at_least <= given <= result.at_most
    if ruled_out and command.differs_because is None:
        raise no.ReasonMissing("differs_because")
    outcome = AcuteGvhd(
        assessed_on=command.assessed_on,
        findings=command.findings,
        stages=result.stages,
        scale=SCALE,
        table_version=TABLE_VERSION,
        computed_grade=result.grade,
        at_least_grade=result.at_least,
        at_most_grade=result.at_most,
        undetermined=result.undetermined,
        investigator_grade=given,
    )
    event = o.OutcomeRecorded(outcome=outcome, differs_because=command.differs_because)
    return report(docket, patient.stream, event)


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RecordOutcomes: record_outcomes,
        StageAcuteGvhd: stage_acute_gvhd,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "outcomes": RecordOutcomes,
        "acute-gvhd": StageAcuteGvhd,
    }
)
