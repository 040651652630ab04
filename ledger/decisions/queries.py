"""Queries: somebody asks about a record of a patient, the site answers, another person closes.

    raised     by a rule, where a report contradicts the record; by whoever reviews
    answered   by the site, as often as it takes
    closed     corrected: the record that was asked about was corrected since
               stands: the record is right as it is, says the answer; of a contradiction: the other report was wrong
               withdrawn: the question was none; a contradiction does not go away so
    reopened   an answered or closed query waits for the site again

Who answered does not close. Source: ICH E6(R3) 4.2.4 (data corrections), domain G.4-12.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.docket import (
    AlreadySo,
    Decisions,
    Docket,
    Follows,
    PatientCommand,
    decided_here,
)
from ledger.decisions.products_standing import patients_of_lot
from ledger.errors import Refused
from ledger.facts import same_fact
from ledger.patient import review as e
from ledger.patient.review_state import Query
from ledger.patient.state import Patient
from ledger.record import Entry, Record
from ledger.types import Commitment, Position
from ledger.world import World

QUESTION: Final = "question"
"""The kind of a query that a person raised."""


class RaiseQuery(PatientCommand):
    """Ask about a record of a patient."""

    about: Position
    text: Commitment


class AnswerQuery(PatientCommand):
    """Answer a query."""

    query: e.QueryNumber
    answer: Commitment


class CloseQuery(PatientCommand):
    """Close a query: the record was corrected, stands, or there was nothing to ask."""

    query: e.QueryNumber
    resolution: e.Resolution
    comment: Commitment | None = None


class ReopenQuery(PatientCommand):
    """Ask once more: the answer does not suffice, or the query was closed too soon."""

    query: e.QueryNumber
    why: Commitment


def raise_query(docket: Docket, command: RaiseQuery) -> Follows:
    """About a record that concerns the patient. The same question is not raised twice while it is open."""
    patient = docket.patient(command.patient)
    if not concerns(docket, patient, command.about):
        raise no.NoSuchRecord(f"position {command.about} of patient {patient.number}")
    event = e.QueryRaised(query=len(patient.review.queries) + 1, about=command.about, kind=QUESTION, text=command.text)
    for known in patient.review.open_queries:
        asked = docket.archive.record(known.position).event
        if same_fact(asked, event.model_copy(update={"query": known.number}), docket.archive):
            return AlreadySo(known.position)
    return (Entry(patient.stream, event),)


def concerns(docket: Docket, patient: Patient, position: int) -> bool:
    """Whether a record is the patient's own, names the patient, or is of a lot for the patient."""
    if position >= docket.world.size:
        return False
    record: Record = docket.archive.record(position)
    if record.lot is not None:
        return patient.number in patients_of_lot(docket.world, record.lot)
    return patient.number in (record.patient, getattr(record.event, "patient", None))


def _query(docket: Docket, command: AnswerQuery | CloseQuery | ReopenQuery) -> tuple[Patient, Query]:
    patient = docket.patient(command.patient)
    known = patient.review.queries.get(command.query)
    if known is None:
        raise no.NoSuchQuery(f"patient {patient.number}: query {command.query}")
    return patient, known


def answer_query(docket: Docket, command: AnswerQuery) -> Follows:
    """While it is not closed; a further answer stands beside the first."""
    patient, known = _query(docket, command)
    event = e.QueryAnswered(query=command.query, answer=command.answer)
    broken = (no.QueryIsClosed(f"query {known.number}"),) if known.state == "closed" else ()
    return decided_here(docket, patient.stream, event, broken, stands=known.state == "answered")


def close_query(docket: Docket, command: CloseQuery) -> Follows:
    """By another person than the one who answered."""
    patient, known = _query(docket, command)
    event = e.QueryClosed(query=command.query, resolution=command.resolution, comment=command.comment)
    broken = against_closing(docket, known, command.resolution)
    return decided_here(docket, patient.stream, event, broken, stands=known.state == "closed")


def against_closing(docket: Docket, query: Query, resolution: e.Resolution) -> Iterator[Refused]:
    """Why a query is not closed so."""
    if query.state == "closed":
        yield no.QueryIsClosed(f"query {query.number}")
    if query.answered_by == docket.asked.by.id:
        yield no.NeedsSecondPerson(f"query {query.number}")
    settled = {
        "corrected": newest(docket.world, query.about) > query.position,
        "stands": query.state == "answered",
        "withdrawn": not query.by_rule,
    }
    if not settled[resolution]:
        yield no.QueryNotSettled(f"query {query.number}: {resolution}")


def newest(world: World, position: int) -> int:
    """The position of the record that stands in the place of another: its latest correction, or itself."""
    while (later := world.corrected.get(position)) is not None:
        position = later
    return position


def reopen_query(docket: Docket, command: ReopenQuery) -> Follows:
    """A query that waits for its answer already needs no reopening."""
    patient, known = _query(docket, command)
    event = e.QueryReopened(query=command.query, why=command.why)
    broken = (no.QueryIsOpen(f"query {known.number}"),) if known.state == "open" else ()
    return decided_here(docket, patient.stream, event, broken, stands=known.state == "open")


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RaiseQuery: raise_query,
        AnswerQuery: answer_query,
        CloseQuery: close_query,
        ReopenQuery: reopen_query,
    }
)
