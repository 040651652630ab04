"""The DLT register: everything that is, was or may be ruled a dose-limiting toxicity, and the tallies of the levels."""

from collections.abc import Iterator
from typing import Literal

from ledger.cohort.state import Member
from ledger.decisions.standing import may_be_dlt, tally
from ledger.patient.safety import DltOpinionSigned, ToxicityAssessed
from ledger.patient.state import RULED, AdverseEvent, Patient
from ledger.protocol.document import ProtocolDocument
from ledger.types import Day, Instant
from ledger.world import World
from projections.base import TextOf, View, no_text
from projections.signatures import Manifestation, SignatureOf, manifestation, signatures_of

CandidateState = Literal["none", "open", "ruled"]


class AssessmentView(View):
    """One assessment, and the grade that the scale's table gives."""

    position: int
    toxicity: str
    assessed_at: Instant
    computed_grade: int | None
    """Null needs adjudication, between the two bounds."""
    at_least_grade: int
    at_most_grade: int
    needs_adjudication: tuple[str, ...]
    """Why the grade is not certain."""
    confirmed_grade: int | None
    """As the investigator confirmed it, or differed."""


class SignatureView(View):
    """A signature on a ruling that still lacks others."""

    member: str
    role: str
    revision: int
    signature: Manifestation | None


class RulingView(View):
    """The ruling in force: the one of the highest revision."""

    position: int
    revision: int
    is_dlt: bool
    toxicity: str | None
    grade: int | None
    signature: Manifestation | None
    """The signature on the ruling, with name, time, meaning and whether it still stands."""


class RegisterEntry(View):
    """One subject of a ruling: an adverse event, an infusion omitted for a reaction, or a death in the window."""

    patient: str
    level: int | None
    subject: str
    adverse_event: int | None
    term: str | None
    toxicity: str | None
    onset_at: Instant | None
    site_aware_at: Instant | None
    window_from_on: Day | None
    window_to_on: Day | None
    in_window: bool | None
    """Whether the onset lies in the patient's DLT window; null without an onset or a window."""
    grade: int | None
    """The event's grade on the scale: the highest of its assessments, confirmed or computed."""
    ctcae_grade: int | None
    serious: bool
    related: bool | None
    """Associated with the intervention, until two people say otherwise."""
    assessments: tuple[AssessmentView, ...]
    may_be_dlt: bool
    """It is a candidate by what is on record, whatever was ruled."""
    candidate: CandidateState
    candidate_position: int | None
    ruling: RulingView | None
    signatures: tuple[SignatureView, ...]
    counted: bool
    """The patient's DLT counts at the level by exactly this ruling; two DLTs of one patient count once."""


class LevelTally(View):
    """The counts of a level: phase I patients, each once."""

    level: int
    treated: int
    """Placed at the level, those who turned out not evaluable included."""
    evaluable: int
    dlt: int
    pending: int
    candidates: int
    exceeded: bool


class DltRegister(View):
    """The register, by patient and subject, with the tallies by level."""

    entries: tuple[RegisterEntry, ...]
    tallies: tuple[LevelTally, ...]


def dlt_register(world: World, text: TextOf = no_text) -> DltRegister:
    """The register of a world: now, as known at a moment, or as it was (from `world_as_it_was`)."""
    protocol = world.protocol()
    entries = tuple(
        _entry(world, patient, subject, protocol, text)
        for _, patient in world.patients.in_order()
        for subject in _subjects(patient, protocol)
    )
    return DltRegister(entries=entries, tallies=tallies(world))


def tallies(world: World) -> tuple[LevelTally, ...]:
    """What the design is told of every level where anyone was placed or that has opened."""
    return tuple(
        LevelTally(
            level=level,
            treated=len(cohort.members_of("I")),
            evaluable=told.evaluable,
            dlt=told.dlt,
            pending=told.pending,
            candidates=told.candidates,
            exceeded=told.exceeded,
        )
        for level, cohort in sorted(world.cohorts.items())
        for told in (tally(world, cohort),)
    )


def _subjects(patient: Patient, protocol: ProtocolDocument | None) -> Iterator[str]:
    """Adverse events of a kind that can be a DLT, and whatever was raised or ruled on; events in their order first."""
    limiting = set(protocol.dlt.toxicities) if protocol else set()
    known = set(patient.candidates) | set(patient.rulings) | set(patient.opinions)
    for _, event in sorted(patient.adverse_events.items()):
        if limiting & _toxicities(event) or event.subject in known:
            yield event.subject
    yield from sorted(subject for subject in known if not subject.startswith("adverse-event/"))


def _toxicities(event: AdverseEvent) -> set[str]:
    named = {event.report.toxicity} if event.report.toxicity else set()
    return {*named, *(assessment.toxicity for assessment in event.assessments.values())}


def _entry(
    world: World, patient: Patient, subject: str, protocol: ProtocolDocument | None, text: TextOf
) -> RegisterEntry:
    number = int(subject.rpartition("/")[2]) if subject.startswith("adverse-event/") else None
    event = patient.adverse_events.get(number) if number else None
    member = world.cohort(patient.level).members.get(patient.number) if patient.level is not None else None
    window = member.window if member else None
    ruling = patient.rulings.get(subject)
    return RegisterEntry(
        patient=patient.number,
        level=patient.level,
        subject=subject,
        adverse_event=number,
        term=event.report.term if event else None,
        toxicity=_kind_of(event, ruling.event.toxicity if ruling else None),
        onset_at=event.report.onset_at if event else None,
        site_aware_at=event.report.site_aware_at if event else None,
        window_from_on=window.from_on if window else None,
        window_to_on=window.planned_to_on if window else None,
        in_window=window.includes(event.report.onset_at.date()) if window and event else None,
        grade=event.grade if event else None,
        ctcae_grade=event.ctcae_grade if event else None,
        serious=event.serious if event else False,
        related=event.related if event else None,
        assessments=_assessments(event) if event else (),
        may_be_dlt=event is not None and protocol is not None and may_be_dlt(event, protocol, window),
        candidate=_candidate(patient, subject),
        candidate_position=_raised_at(patient, subject),
        ruling=_ruling(patient, subject, signatures_of(world, text)),
        signatures=_signatures(world, patient, subject, text),
        counted=_is_counted(patient, member, subject),
    )


def _kind_of(event: AdverseEvent | None, ruled: str | None) -> str | None:
    named = sorted(_toxicities(event)) if event else []
    return " and ".join(named) if named else ruled


def _assessments(event: AdverseEvent) -> tuple[AssessmentView, ...]:
    return tuple(_assessment(event, position, made) for position, made in sorted(event.assessments.items()))


def _assessment(event: AdverseEvent, position: int, made: ToxicityAssessed) -> AssessmentView:
    return AssessmentView(
        position=position,
        toxicity=made.toxicity,
        assessed_at=made.assessed_at,
        computed_grade=made.computed_grade,
        at_least_grade=made.at_least_grade,
        at_most_grade=made.at_most_grade,
        needs_adjudication=made.needs_adjudication,
        confirmed_grade=event.confirmed.get(position),
    )


def _candidate(patient: Patient, subject: str) -> CandidateState:
    raised_at = patient.candidates.get(subject)
    if raised_at is None:
        return "none"
    return "ruled" if raised_at == RULED else "open"


def _raised_at(patient: Patient, subject: str) -> int | None:
    raised_at = patient.candidates.get(subject, RULED)
    return None if raised_at == RULED else raised_at


def _ruling(patient: Patient, subject: str, signature: SignatureOf) -> RulingView | None:
    found = patient.rulings.get(subject)
    if found is None:
        return None
    said = found.event
    return RulingView(
        position=found.position,
        revision=said.revision,
        is_dlt=said.is_dlt,
        toxicity=said.toxicity,
        grade=said.grade,
        signature=signature(found.position),
    )


def _signatures(world: World, patient: Patient, subject: str, text: TextOf) -> tuple[SignatureView, ...]:
    return tuple(
        SignatureView(
            member=opinion.member,
            role=opinion.role,
            revision=opinion.revision,
            signature=manifestation(signed, text) if signed else None,
        )
        for opinion in patient.opinions.get(subject, ())
        for signed in (world.signatures.at(patient.stream, DltOpinionSigned, subject, opinion.member),)
    )


def _is_counted(patient: Patient, member: Member | None, subject: str) -> bool:
    ruling = patient.rulings.get(subject)
    return ruling is not None and member is not None and member.dlt == ruling.position
