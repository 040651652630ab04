"""The dose-decision dossier as the committee sees it: the frozen inputs with their hash, and line listings to read.

The hash is that of the inputs alone, exactly as proposer and signers name it. The listings say the same in more words;
nothing in them moves with a clock.
"""

from datetime import date

from pydantic import JsonValue

from ledger.decisions import standing
from ledger.designs.listed import design_of
from ledger.patient.state import AdverseEvent, Patient
from ledger.protocol.document import ProtocolDocument
from ledger.trial.state import Version
from ledger.types import Exact, Instant, Sha256, exact_text
from ledger.world import World
from projections.base import TextOf, View, no_text
from projections.cohorts import WindowView
from projections.dlt_register import RegisterEntry, dlt_register
from projections.levels import Letter, letter_of

LISTED_FROM_GRADE = 3
"""Adverse events of this grade or more are listed."""


class DoseLine(View):
    """One infusion of a patient, against its plan."""

    ordinal: int
    planned_cells_per_kg: Exact
    received_cells_per_kg: Exact | None
    """Null where it was not given, or not yet."""
    percent_of_plan: Exact | None
    omitted: str | None


class PatientListing(View):
    """A patient with a dose level."""

    patient: str
    level: int
    letter: Letter
    evaluable: bool | None
    reason: str | None
    """Why evaluable or not, as determined."""
    window: WindowView | None
    doses: tuple[DoseLine, ...]
    percent_of_plan: Exact
    """Of the level's total."""


class AdverseEventListing(View):
    """An adverse event of grade 3 or more, on either scale."""

    patient: str
    level: int
    adverse_event: int
    term: str
    onset_at: Instant
    grade: int | None
    ctcae_grade: int | None
    serious: bool
    related: bool
    outcome: str | None


class Dossier(View):
    """What a dose decision rests on."""

    inputs: dict[str, JsonValue]
    """The frozen inputs; their hash is `inputs_hash`."""
    inputs_hash: Sha256
    size: int
    """The data cut-off: how many events it rests on."""
    recorded_at: Instant | None
    """When the last of them was recorded."""
    advice_because: tuple[str, ...]
    patients: tuple[PatientListing, ...]
    toxicities: tuple[RegisterEntry, ...]
    """Everything that is, was or may be ruled a DLT, of these patients."""
    adverse_events: tuple[AdverseEventListing, ...]


def decision_dossier(world: World, version: Version, text: TextOf = no_text) -> Dossier:
    """The dossier of a decision that would be proposed now, under a protocol version."""
    protocol = version.document
    told = standing.outcomes(world, protocol)
    listed = {each.patient for each in standing.basis(world)}
    return Dossier(
        inputs=standing.dossier(world, version),
        inputs_hash=standing.inputs_hash(world, version),
        size=world.size,
        recorded_at=world.recorded_at,
        advice_because=design_of(protocol.design).explain(told),
        patients=tuple(_patient(world, protocol, each.patient, each.level) for each in standing.basis(world)),
        toxicities=tuple(entry for entry in dlt_register(world, text).entries if entry.patient in listed),
        adverse_events=tuple(
            adverse_event_listing(patient, event)
            for number in sorted(listed)
            if (patient := world.patients.get(number)) is not None
            for _, event in sorted(patient.adverse_events.items())
            if max(event.grade or 0, event.ctcae_grade or 0) >= LISTED_FROM_GRADE
        ),
    )


def dossier_on(world: World, day: date, text: TextOf = no_text) -> Dossier | None:
    """The dossier under the protocol version in force on a day; none where none is."""
    version = world.trial.protocol_on(day)
    return decision_dossier(world, version, text) if version else None


def _patient(world: World, protocol: ProtocolDocument, number: str, level: int) -> PatientListing:
    member, patient = world.cohort(level).counted[number], world.patients.get(number) or Patient(number)
    share = patient.given_share(protocol.level_total(level))
    return PatientListing(
        patient=number,
        level=level,
        letter=letter_of(member, bool(patient.open_candidates)),
        evaluable=member.evaluable,
        reason=member.determination.reason if member.determination else None,
        window=WindowView.of(member.window) if member.window else None,
        doses=tuple(_dose(patient, protocol, level, ordinal) for ordinal in protocol.ordinals()),
        percent_of_plan=exact_text(share * 100),
    )


def _dose(patient: Patient, protocol: ProtocolDocument, level: int, ordinal: int) -> DoseLine:
    infusion = patient.infusions.get(ordinal)
    done = infusion.completed if infusion else None
    return DoseLine(
        ordinal=ordinal,
        planned_cells_per_kg=exact_text(protocol.planned_cells_per_kg(level, ordinal)),
        received_cells_per_kg=done.cells_per_kg if done else None,
        percent_of_plan=done.percent_of_plan if done else None,
        omitted=infusion.omitted.cause if infusion and infusion.omitted else None,
    )


def adverse_event_listing(patient: Patient, event: AdverseEvent) -> AdverseEventListing:
    """One line of a listing; the patient has a dose level."""
    assert patient.level is not None
    return AdverseEventListing(
        patient=patient.number,
        level=patient.level,
        adverse_event=event.number,
        term=event.report.term,
        onset_at=event.report.onset_at,
        grade=event.grade,
        ctcae_grade=event.ctcae_grade,
        serious=event.serious,
        related=event.related,
        outcome=event.outcome,
    )
