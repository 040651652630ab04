"""The review of patients' records: queries with their age, what was compared with the source, what was endorsed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from ledger.decisions.review import manifest
from ledger.decisions.standing import canonical_hash
from ledger.facts import Log
from ledger.patient.review_state import Query, QueryState
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.types import Instant, Sha256
from ledger.world import World
from projections.base import View
from projections.titles import title

Verified = Literal["verified", "again", "open"]
"""*Again*: what it corrects was verified, it is not yet."""


class QueryView(View):
    """A query on a patient's record."""

    patient: str
    site: str | None
    query: int
    state: QueryState
    about: int
    """The position that it asks about."""
    kind: str
    by_rule: bool
    """Raised by a contradiction, not by a person."""
    position: int
    """Where it was raised."""
    raised_by: str
    raised_at: Instant
    age_days: int
    """Calendar days at the site since it was raised."""
    answered_by: str | None
    resolution: str | None


class VerificationLine(View):
    """A record in force of a patient."""

    position: int
    type: str
    critical: bool
    """Among the data that the protocol names critical."""
    state: Verified
    verified_at: int | None
    """The position of the verification."""


class VerificationView(View):
    """How far a patient's critical data were compared with the source documents."""

    patient: str
    site: str | None
    critical: int
    verified: int
    again: int
    """Of those not verified: corrected after they were."""


class VerificationList(VerificationView):
    """The same, with every record of the patient in force."""

    records: tuple[VerificationLine, ...]


class SignedBy(View):
    """An investigator's endorsement."""

    position: int
    member: str
    role: str
    signed_at: Instant
    manifest_hash: Sha256
    up_to_position: int
    stale: bool
    moved_by: tuple[int, ...]
    """What makes it stale: corrections of what was signed, and what came to light of the time before."""
    recorded_since: int
    """Records in force after the last that was signed."""


class ManifestLine(View):
    """A record as it is put before the investigator."""

    position: int
    type: str
    title: str
    occurred_at: Instant
    conflicts_with: int | None
    """The record that it contradicts, without replacing it."""
    said: dict[str, JsonValue]
    """What the event says, free texts as commitments."""


class EndorsementView(View):
    """What an investigator would sign now, with its hash, and what was signed."""

    patient: str
    manifest_hash: Sha256
    records: tuple[ManifestLine, ...]
    open_queries: int
    endorsements: tuple[SignedBy, ...]


class EndorsementDue(View):
    """A patient whose data wait for the investigator: the signature is stale, or he left the study without one."""

    patient: str
    site: str | None
    stale: bool
    moved_by: tuple[int, ...]


def queries(world: World, now: datetime, patient: str | None = None, *, closed: bool = True) -> tuple[QueryView, ...]:
    """The queries of a patient or of all, the oldest first; without the closed ones where that is asked for."""
    numbers = sorted(world.patients) if patient is None else [patient] if patient in world.patients else []
    found = [
        _query(world, known, query, now)
        for known in map(world.patients.__getitem__, numbers)
        for query in known.review.queries.values()
        if closed or query.state != "closed"
    ]
    return tuple(sorted(found, key=lambda query: query.position))


def _query(world: World, known: Patient, query: Query, now: datetime) -> QueryView:
    number = known.number
    return QueryView(
        patient=number,
        site=_site(known),
        query=query.number,
        state=query.state,
        about=query.about,
        kind=query.kind,
        by_rule=query.by_rule,
        position=query.position,
        raised_by=query.raised_by,
        raised_at=query.raised_at,
        age_days=(world.patient_day(number, now) - world.patient_day(number, query.raised_at)).days,
        answered_by=query.answered_by,
        resolution=query.resolution,
    )


def _site(known: Patient) -> str | None:
    return known.screened.site if known.screened else None


def verification(world: World, protocol: ProtocolDocument, known: Patient) -> VerificationList:
    """Every record of a patient in force: verified, to be verified again, or not yet."""
    corrects = {later: earlier for earlier, later in world.corrected.items()}
    lines = tuple(_lines(known, protocol, corrects))
    critical = [line for line in lines if line.critical]
    return VerificationList(
        patient=known.number,
        site=_site(known),
        critical=len(critical),
        verified=sum(line.state == "verified" for line in critical),
        again=sum(line.state == "again" for line in critical),
        records=lines,
    )


def _lines(known: Patient, protocol: ProtocolDocument, corrects: dict[int, int]) -> Iterator[VerificationLine]:
    verified, critical = known.review.verified, set(protocol.monitoring.critical_data)
    for position, name in sorted(known.review.said.items()):
        state: Verified = "verified" if position in verified else "open"
        earlier = corrects.get(position)
        while state == "open" and earlier is not None:
            state = "again" if earlier in verified else "open"
            earlier = corrects.get(earlier)
        yield VerificationLine(
            position=position,
            type=name,
            critical=name.rpartition(".")[0] in critical,
            state=state,
            verified_at=verified.get(position),
        )


def verifications(world: World, protocol: ProtocolDocument) -> tuple[VerificationView, ...]:
    """The counts of every patient with critical data that were not verified, by number."""
    every = (verification(world, protocol, known) for _, known in world.patients.in_order())
    members = set(VerificationView.model_fields)
    return tuple(
        VerificationView(**each.model_dump(include=members)) for each in every if each.verified < each.critical
    )


def endorsement(known: Patient, archive: Log) -> EndorsementView:
    """What an investigator would sign now, and what was signed."""
    shown = manifest(known, archive)
    lines = (archive.record(position) for position in sorted(known.review.said))
    return EndorsementView(
        patient=known.number,
        manifest_hash=canonical_hash(shown),
        records=tuple(
            ManifestLine(
                position=record.position,
                type=record.event.NAME,
                title=title(record.event),
                occurred_at=record.occurred_at,
                conflicts_with=record.conflicts_with,
                said=record.event.model_dump(mode="json"),
            )
            for record in lines
        ),
        open_queries=len(known.review.open_queries),
        endorsements=signatures(known),
    )


def signatures(known: Patient) -> tuple[SignedBy, ...]:
    """The endorsements of a patient's data, the newest first."""
    return tuple(
        SignedBy(
            position=position,
            member=signed.event.member,
            role=signed.event.role,
            signed_at=signed.at,
            manifest_hash=signed.event.manifest_hash,
            up_to_position=signed.event.up_to_position,
            stale=bool(signed.moved_by),
            moved_by=signed.moved_by,
            recorded_since=sum(later > signed.event.up_to_position for later in known.review.said),
        )
        for position, signed in sorted(known.review.endorsements.items(), reverse=True)
    )


def endorsements_due(world: World) -> Iterator[EndorsementDue]:
    """Patients whose newest endorsement is stale, and those who died or left the study without one."""
    for number, known in world.patients.in_order():
        newest = next(iter(signatures(known)), None)
        left = known.enrolled is not None and (known.off_study is not None or known.death is not None)
        if newest.stale if newest else left:
            moved_by = newest.moved_by if newest else ()
            yield EndorsementDue(patient=number, site=_site(known), stale=newest is not None, moved_by=moved_by)
