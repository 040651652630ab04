"""The committee's pack: everything that a dose decision is taken on, frozen at its data cut-off.

It is a function of the log up to the cut-off and of one instant, that of the proposal: asked for later it is the same,
byte for byte. Free texts are left out, but for the printed names of those who signed; they may be erased, and not
everybody may read them.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from ledger.decisions.standing import basis, canonical_hash
from ledger.record import Record
from ledger.trial.dosing import DoseDecisionProposed, Outcome
from ledger.trial.state import Decision, Version
from ledger.types import Instant, Sha256
from ledger.world import World
from projections.base import TextOf, View, is_late, no_text, patient_of
from projections.deviations import Deviation, deviations
from projections.dossier import AdverseEventListing, Dossier, adverse_event_listing, decision_dossier
from projections.escalation import HoldView
from projections.explain import Explanation, explain
from projections.levels import LevelView, home_day, level_view
from projections.notices import NoticeView
from projections.patients import InfusionView
from projections.patients import patient as patient_view
from projections.review import QueryView, VerificationView
from projections.signatures import Manifestation, manifestation
from projections.titles import title
from projections.worklists import (
    DueAdjudication,
    EvaluabilityDue,
    OpenWindow,
    QuarantinedReport,
    worklists,
)


class TrialLine(View):
    """Which trial, under which protocol version."""

    trial_id: str | None
    title: str | None
    sponsor: str | None
    training: bool
    protocol_version: int
    protocol_sha256: Sha256


class Proposal(View):
    """What was put to the committee."""

    decision: int
    outcome: Outcome
    from_level: int | None
    to_level: int | None
    design_advice: str
    inputs_hash: Sha256
    """What every signature names."""
    override: str | None
    """The commitment to why the outcome is another than the advice."""
    proposed_by: str
    proposed_at: Instant


class InfusionListing(InfusionView):
    """One infusion of a patient with a dose level."""

    patient: str
    level: int | None
    """The assigned one."""


class EventListing(AdverseEventListing):
    """An adverse event of any grade, of a patient with a dose level."""

    ended_at: Instant | None
    attributions: dict[str, str]
    """Who said of it how it is related to the cells."""


class LateEntry(View):
    """What was recorded more than a day after it happened."""

    position: int
    patient: str | None
    title: str
    occurred_at: Instant
    recorded_at: Instant


class OpenItems(View):
    """What was not settled at the cut-off."""

    candidates: tuple[DueAdjudication, ...]
    windows: tuple[OpenWindow, ...]
    evaluability: tuple[EvaluabilityDue, ...]
    holds: tuple[HoldView, ...]
    queries: tuple[QueryView, ...]
    source_verification: tuple[VerificationView, ...]
    quarantined: tuple[QuarantinedReport, ...]
    unacknowledged: tuple[NoticeView, ...]
    late_entries: tuple[LateEntry, ...]


class Pack(View):
    """What a dose decision is taken on."""

    trial: TrialLine
    seen_at: Instant
    """The instant for which days left and ages are counted: that of the proposal."""
    events: int
    """The data cut-off: how many events of the log it rests on."""
    proposal: Proposal | None
    dossier: Dossier
    levels: tuple[LevelView, ...]
    explanations: tuple[Explanation, ...]
    infusions: tuple[InfusionListing, ...]
    adverse_events: tuple[EventListing, ...]
    deviations: tuple[Deviation, ...]
    open_items: OpenItems
    signatures: tuple[Manifestation, ...]
    """Every signature given until the cut-off on the trial or on these patients, and whether it still stood then."""
    pack_hash: Sha256
    """Of all the rest, in canonical form: two copies of a pack with this hash are one pack."""


def cut_off(decision: Decision) -> int:
    """How many events a decision's pack rests on; of one from paper, those on record before it."""
    return decision.data_cut_off or decision.position


def committee_pack(
    world: World, records: Sequence[Record], at: datetime, proposed: Record | None = None, text: TextOf = no_text
) -> Pack | None:
    """The pack on a world and the records that it is folded from, seen at an instant, and what was proposed on it; none
    where no protocol version is in force."""
    version = world.trial.protocol_on(home_day(world, at))
    if version is None:
        return None
    protocol = version.document
    lists = worklists(world, at)
    placed = sorted({known.patient for known in basis(world)})
    content: dict[str, Any] = {
        "trial": _trial(world, version),
        "seen_at": at,
        "events": world.size,
        "proposal": _proposal(proposed) if proposed is not None else None,
        "dossier": decision_dossier(world, version, text),
        "levels": tuple(level_view(world, protocol, level, at) for level in protocol.levels()),
        "explanations": tuple(explain(world, records, level, at) for level in protocol.levels()),
        "infusions": tuple(_infusions(world, placed)),
        "adverse_events": tuple(_adverse_events(world, placed)),
        "deviations": deviations(records),
        "open_items": OpenItems(
            candidates=lists.adjudications,
            windows=lists.open_windows,
            evaluability=lists.evaluability,
            holds=lists.holds_to_review,
            queries=lists.queries,
            source_verification=lists.source_verification,
            quarantined=lists.quarantined,
            unacknowledged=lists.notices,
            late_entries=tuple(_late(records)),
        ),
        "signatures": tuple(_signatures(world, placed, text)),
    }
    pack = Pack(**content, pack_hash="0" * 64)
    said = pack.model_dump(mode="json", exclude={"pack_hash"})
    return pack.model_copy(update={"pack_hash": canonical_hash(said)})


def _trial(world: World, version: Version) -> TrialLine:
    registered = world.trial.registered
    return TrialLine(
        trial_id=registered.trial_id if registered else None,
        title=registered.title if registered else None,
        sponsor=registered.sponsor if registered else None,
        training=registered.training if registered else False,
        protocol_version=version.number,
        protocol_sha256=version.sha256,
    )


def _proposal(record: Record) -> Proposal | None:
    event = record.event
    if not isinstance(event, DoseDecisionProposed):
        return None
    return Proposal(
        **event.model_dump(include=set(Proposal.model_fields)),
        proposed_by=record.actor.id,
        proposed_at=record.recorded_at,
    )


def _infusions(world: World, placed: Iterable[str]) -> Iterator[InfusionListing]:
    for number in placed:
        shown = patient_view(world, number)
        assert shown is not None, number
        for infusion in shown.infusions:
            yield InfusionListing(**dict(infusion), patient=number, level=shown.level)


def _adverse_events(world: World, placed: Iterable[str]) -> Iterator[EventListing]:
    for number in placed:
        known = world.patients[number]
        for _, event in sorted(known.adverse_events.items()):
            listed = adverse_event_listing(known, event)
            attributions = dict(sorted(event.attributions.items()))
            yield EventListing(**dict(listed), ended_at=event.ended_at, attributions=attributions)


def _signatures(world: World, placed: Collection[str], text: TextOf) -> Iterator[Manifestation]:
    for _, signature in sorted(world.signatures.made.items(), key=lambda made: made[0]):
        if signature.event.patient is None or signature.event.patient in placed:
            yield manifestation(signature, text)


def _late(records: Iterable[Record]) -> Iterator[LateEntry]:
    for record in filter(is_late, records):
        yield LateEntry(
            position=record.position,
            patient=patient_of(record),
            title=title(record.event),
            occurred_at=record.occurred_at,
            recorded_at=record.recorded_at,
        )
