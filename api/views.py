"""What is shown of the trial itself and of a patient's adverse events: the state in plain members."""

from datetime import date
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from ledger.patient.state import AdverseEvent, Patient
from ledger.protocol.consistency import doubts
from ledger.trial.state import Hold, Version
from ledger.types import Day, Instant, Role, Sha256
from ledger.world import World
from projections.base import View

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """Some of a list, with the cursor of the rest."""

    model_config = ConfigDict(frozen=True)

    items: tuple[T, ...]
    next: str | None = None


class TrialView(View):
    """A trial, and how far its log has come."""

    trial_id: str
    title: str
    sponsor: str
    origin: str
    training: bool
    protocol_version: int | None
    size: int
    version: int
    recorded_at: Instant | None


class VersionLine(View):
    """A protocol version: how far its approval has come, and whether it is in force today."""

    version: int
    document_sha256: Sha256
    effective_on: Day
    proposed_by: str
    ethics_approved: bool
    approved_at: Instant | None
    in_force: bool


class VersionView(VersionLine):
    """A protocol version with its whole document, and what the document says and cannot keep (A.3-21)."""

    document: dict[str, Any]
    doubts: tuple[str, ...]


class InterpretationView(View):
    """A reading of an ambiguous line: proposed by one person, in force with the second signature."""

    item: str
    reading: str
    in_force: bool
    proposed_by: str | None


class SiteView(View):
    """A site, and the machines that may report for it."""

    site: str
    utc_offset: str
    sources: tuple[str, ...]


class DelegationView(View):
    """A role that was given to somebody for a time: where, by whom, on which training, and who ended it."""

    person: str
    role: Role
    site: str | None
    from_on: Day
    to_on: Day | None
    in_force: bool
    """On the day that is asked for."""
    given_by: str
    position: int
    training: str | None
    """Where the training is on file; null where it was not asked."""
    trained_on: Day | None
    ended_by: str | None
    ended_at: int | None
    """The position of the end, where somebody ended it."""


class HoldLine(View):
    """A hold, lifted or not."""

    hold: int
    position: int
    scope: str
    level: int | None
    cause: str
    automatic: bool
    lifted: bool
    needs_review: bool
    """It is lifted only after a safety review that recommends it (A.3-19)."""
    safety_review: int | None
    """The review that its lifting rests on."""


class AdverseEventView(View):
    """An adverse event, with everything that was said about it."""

    number: int
    position: int
    term: str
    toxicity: str | None
    onset_at: Instant
    ended_at: Instant | None
    grade: int | None
    ctcae_grade: int | None
    serious: bool
    haematologic: bool
    related: bool
    needs_adjudication: bool
    outcome: str | None
    assessments: tuple[int, ...]
    attributions: dict[str, str]


def trial_view(world: World, on: date) -> TrialView:
    """A registered trial."""
    registered = world.trial.registered
    assert registered is not None
    version = world.trial.protocol_on(on)
    return TrialView(
        trial_id=registered.trial_id,
        title=registered.title,
        sponsor=registered.sponsor,
        origin=registered.origin,
        training=registered.training,
        protocol_version=version.number if version else None,
        size=world.size,
        version=world.trial.version,
        recorded_at=world.recorded_at,
    )


def _version(version: Version, on: date, world: World) -> dict[str, Any]:
    return {
        "version": version.number,
        "document_sha256": version.sha256,
        "effective_on": version.effective_on,
        "proposed_by": version.proposed_by,
        "ethics_approved": version.ethics,
        "approved_at": version.approved_at,
        "in_force": world.trial.protocol_on(on) == version,
    }


def versions(world: World, on: date) -> tuple[VersionLine, ...]:
    return tuple(VersionLine(**_version(each, on, world)) for _, each in sorted(world.trial.versions.items()))


def version_view(world: World, version: Version, on: date) -> VersionView:
    document = version.document
    told: dict[str, Any] = {"document": document.model_dump(mode="json"), "doubts": tuple(doubts(document))}
    return VersionView(**_version(version, on, world), **told)


def interpretations(world: World) -> tuple[InterpretationView, ...]:
    """What is in force; where another reading was proposed since, that too."""
    trial = world.trial
    found = [
        InterpretationView(item=item, reading=reading, in_force=True, proposed_by=None)
        for item, reading in sorted(trial.interpretations.items())
    ]
    for item, (reading, by) in sorted(trial.interpretations_proposed.items()):
        if trial.interpretations.get(item) != reading:
            found.append(InterpretationView(item=item, reading=reading, in_force=False, proposed_by=by))
    return tuple(found)


def sites(world: World) -> tuple[SiteView, ...]:
    return tuple(
        SiteView(
            site=site,
            utc_offset=offset,
            sources=tuple(sorted(system for system, at in world.trial.sources.items() if at == site)),
        )
        for site, offset in sorted(world.trial.sites.items())
    )


def delegations(world: World, on: date) -> tuple[DelegationView, ...]:
    return tuple(
        DelegationView(
            person=person,
            role=role,  # type: ignore[arg-type]  # as RoleDelegated has it
            site=site,
            from_on=held.from_on,
            to_on=held.to_on,
            in_force=held.covers(on),
            given_by=held.given_by,
            position=held.position,
            training=held.training.reference if held.training else None,
            trained_on=held.training.completed_on if held.training else None,
            ended_by=held.ended_by,
            ended_at=held.ended_at,
        )
        for (person, role, site), times in sorted(
            world.trial.delegations.items(), key=lambda entry: tuple(part or "" for part in entry[0])
        )
        for held in times
    )


def holds(world: World) -> tuple[HoldLine, ...]:
    return tuple(_hold(number, hold) for number, hold in sorted(world.trial.holds.items()))


def _hold(number: int, hold: Hold) -> HoldLine:
    return HoldLine(
        hold=number,
        position=hold.position,
        scope=hold.scope,
        level=hold.level,
        cause=hold.cause,
        automatic=hold.automatic,
        lifted=hold.lifted,
        needs_review=hold.needs_review,
        safety_review=hold.safety_review,
    )


def adverse_events(patient: Patient) -> tuple[AdverseEventView, ...]:
    return tuple(_adverse_event(event) for _, event in sorted(patient.adverse_events.items()))


def _adverse_event(event: AdverseEvent) -> AdverseEventView:
    return AdverseEventView(
        number=event.number,
        position=event.position,
        term=event.report.term,
        toxicity=event.report.toxicity,
        onset_at=event.report.onset_at,
        ended_at=event.ended_at,
        grade=event.grade,
        ctcae_grade=event.ctcae_grade,
        serious=event.serious,
        haematologic=event.report.haematologic,
        related=event.related,
        needs_adjudication=event.needs_adjudication,
        outcome=event.outcome,
        assessments=tuple(sorted(event.assessments)),
        attributions=dict(event.attributions),
    )
