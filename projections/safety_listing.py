"""The line listing of adverse events: what was reported, graded, attributed and classified, and what was sent."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from ledger.decisions.products_standing import given_to
from ledger.patient.reporting_state import Case
from ledger.patient.state import AdverseEvent, Patient
from ledger.protocol.safety import Relation
from ledger.types import Day, Instant
from ledger.world import World
from projections.base import View
from projections.safety_clocks import OPEN, clocks_of_event
from projections.tabular import csv_lines


class SafetyRow(View):
    """One adverse event."""

    patient: str
    adverse_event: int
    position: int
    term: str
    category: str | None
    toxicity: str | None
    ctcae_term: str | None
    ctcae_grade: int | None
    astct_grade: int | None
    severity: int
    """The highest grade that it may have on any scale; 0 where nothing was graded."""
    haematologic: bool
    onset_at: Instant
    relative_to_infusion: int | None
    suspect_product: str | None
    outcome: str | None
    ended_at: Instant | None
    serious: bool
    criteria: tuple[str, ...]
    expected: bool | None
    """Null, *not said*, counts as unexpected."""
    reference_safety_information: str | None
    causality_investigator: Relation
    causality_sponsor: Relation
    causality_in_force: Relation
    """The stronger of both: the sponsor upgrades, and never downgrades. *Missing* counts as suspected."""
    related: bool
    """Associated with the intervention, until two people say otherwise."""
    classified_revision: int | None
    next_due_on: Day | None
    """The first clock that nothing has met."""
    next_due: str | None
    reports: tuple[str, ...]
    """What was sent, when, and to whom."""
    holds: tuple[int, ...]
    """The holds that it set, lifted or not."""
    flags: tuple[str, ...]
    """What is odd about where the patient stands; it keeps no report back."""


COLUMNS: Final[tuple[str, ...]] = tuple(SafetyRow.model_fields)


def safety_listing(world: World, now: datetime, *, serious_only: bool = False) -> tuple[SafetyRow, ...]:
    """Every adverse event on record, by patient and number."""
    return tuple(
        _row(world, patient, event, now)
        for _, patient in world.patients.in_order()
        for _, event in sorted(patient.adverse_events.items())
        if event.serious or not serious_only
    )


def listing_csv(rows: Iterable[SafetyRow]) -> Iterator[str]:
    """The listing as CSV; what is several is joined by semicolons."""
    return csv_lines(COLUMNS, map(_cells, rows))


def _cells(row: SafetyRow) -> list[object]:
    values = row.model_dump(mode="json").values()
    return ["; ".join(map(str, value)) if isinstance(value, list) else value for value in values]


def _row(world: World, patient: Patient, event: AdverseEvent, now: datetime) -> SafetyRow:
    case, report = patient.reporting.case(event.number), event.report
    classified = case.classification.event if case.classification else None
    due = next((c for c in clocks_of_event(world, patient, event.number, now) if c.standing in OPEN), None)
    return SafetyRow(
        patient=patient.number,
        adverse_event=event.number,
        position=event.position,
        term=report.term,
        category=report.category,
        toxicity=report.toxicity,
        ctcae_term=report.ctcae_term,
        ctcae_grade=event.ctcae_grade,
        astct_grade=event.grade,
        severity=event.severity,
        haematologic=report.haematologic,
        onset_at=report.onset_at,
        relative_to_infusion=report.relative_to_infusion,
        suspect_product=report.suspect_product,
        outcome=event.outcome,
        ended_at=event.ended_at,
        serious=event.serious,
        criteria=classified.criteria if classified else (),
        expected=classified.expected if classified else None,
        reference_safety_information=classified.reference_safety_information if classified else None,
        causality_investigator=case.causality("investigator"),
        causality_sponsor=case.causality("sponsor"),
        causality_in_force=case.causality_in_force,
        related=event.related,
        classified_revision=classified.revision if classified else None,
        next_due_on=due.due_on if due else None,
        next_due=f"{due.kind}: {due.left}" if due else None,
        reports=tuple(_sent(case)),
        holds=_holds(world, patient, event),
        flags=tuple(_flags(world, patient, report.suspect_product)),
    )


def _sent(case: Case) -> Iterator[str]:
    for _, report in sorted(case.reports.items()):
        reference = f" ({report.reference})" if report.reference else ""
        yield f"{report.submitted_at.date()} {report.kind} to {report.recipient}{reference}"


def _holds(world: World, patient: Patient, event: AdverseEvent) -> tuple[int, ...]:
    mine = (patient.number, event.number)
    found = (number for number, hold in world.trial.holds.items() if (hold.patient, hold.adverse_event) == mine)
    return tuple(sorted(found))


def _flags(world: World, patient: Patient, suspect: str | None) -> Iterator[str]:
    if patient.withdrawn is not None:
        yield "consent withdrawn"
    if patient.off_study is not None:
        yield "off study"
    if patient.level is not None and world.trial.held(patient.level) is not None:
        yield "level held"
    lots = {given.lot for given in given_to((patient,))} | ({suspect} if suspect is not None else set())
    if any(lot not in world.products or not world.products[lot].collections for lot in lots):
        yield "product unknown"
