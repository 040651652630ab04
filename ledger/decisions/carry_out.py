"""A command, carried out on the state at the head of the log: decided, followed by what the rules make of it, and
every event given its envelope. Pure: the clock, the archive and the state are arguments."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from ledger import refusals as no
from ledger.changing import changed, maker
from ledger.decisions import (
    bedside,
    conditioning,
    consent,
    corrections,
    dlt,
    donor,
    dose_decision,
    dose_order,
    enrolment,
    evidence,
    follow_up,
    given,
    holds,
    infusion,
    infusion_record,
    installation,
    notices,
    outcomes,
    privacy,
    products,
    products_release,
    quarantine,
    queries,
    readiness,
    reporting,
    review,
    safety,
    safety_reviews,
    screening,
    setup,
    transplant,
    ward,
)
from ledger.decisions.authority import with_authority
from ledger.decisions.docket import CLOCK_TOLERANCE, AlreadySo, Command, Decisions, Docket, Follows
from ledger.decisions.effects import Touched, effects
from ledger.facts import Archive, same_fact, source_key
from ledger.patient.safety import CandidateDltRaised, CandidateDltRuled
from ledger.record import TRIAL, Entry, Record
from ledger.trial.events import ProtocolVersionApproved
from ledger.world import World

_made_record: Final = maker(Record)

LONGEST_CHAIN: Final = 200
"""More effects than this on one command are a mistake of ours."""

DECISIONS: Final[Decisions] = MappingProxyType(
    {
        **setup.DECISIONS,
        **screening.DECISIONS,
        **consent.DECISIONS,
        **donor.DECISIONS,
        **conditioning.DECISIONS,
        **transplant.DECISIONS,
        **enrolment.DECISIONS,
        **evidence.DECISIONS,
        **infusion.DECISIONS,
        **readiness.DECISIONS,
        **dose_order.DECISIONS,
        **given.DECISIONS,
        **bedside.DECISIONS,
        **infusion_record.DECISIONS,
        **installation.DECISIONS,
        **safety.DECISIONS,
        **quarantine.DECISIONS,
        **reporting.DECISIONS,
        **safety_reviews.DECISIONS,
        **dlt.DECISIONS,
        **holds.DECISIONS,
        **dose_decision.DECISIONS,
        **notices.DECISIONS,
        **privacy.DECISIONS,
        **products.DECISIONS,
        **products_release.DECISIONS,
        **queries.DECISIONS,
        **review.DECISIONS,
        **ward.DECISIONS,
        **outcomes.DECISIONS,
        **follow_up.DECISIONS,
    }
)


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """The trial afterwards and the records to append; none, where the fact is on record `already`. `own` are those of
    the command itself, without what the rules made of it."""

    world: World
    records: tuple[Record, ...]
    already: int | None = None
    own: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ahead:
    """The archive, with records that this append has made already."""

    archive: Archive
    records: Mapping[int, Record]

    def record(self, position: int) -> Record:
        return self.records[position] if position in self.records else self.archive.record(position)

    def text(self, commitment: str) -> str | None:
        return self.archive.text(commitment)

    def is_kept(self, commitment: str) -> bool:
        return self.archive.is_kept(commitment)

    def texts_about(self, subjects: tuple[str, ...]) -> tuple[str, ...]:
        return self.archive.texts_about(subjects)


def decide(docket: Docket, command: Command) -> Follows:
    """What a command gives, or its refusal. A correction is the same report with what it corrects."""
    if isinstance(command, corrections.CorrectRecord):
        return corrections.correct_record(docket, command, decide)
    if docket.world.trial.registered is None and type(command) not in _without_trial(docket.world):
        raise no.NotRegistered("the trial")
    return with_authority(docket, command, lambda: DECISIONS[type(command)](*at_the_site(docket, command)))


def _without_trial(world: World) -> frozenset[type[Command]]:
    """What is taken where no trial stands: its registration; in an installation's log, what such a log keeps."""
    if world.installation.opened is None:
        return frozenset({setup.RegisterTrial, installation.OpenInstallation})
    return frozenset({*installation.DECISIONS, *evidence.BY_THE_LEDGER, evidence.RecordRecovery})


def at_the_site(docket: Docket, command: Command) -> tuple[Docket, Command]:
    """The instants of a patient's facts with the offset of the patient's site, since windows count its days (A.3-6).

    The instant stays what the reporter said; only its spelling moves.
    """
    patient = docket.world.patients.get(getattr(command, "patient", ""))
    if patient is None or patient.screened is None:
        return docket, command
    zone = docket.world.zone_of(patient.number)
    instants = {name: value for name, value in vars(command).items() if isinstance(value, datetime)}
    moved = {name: at.astimezone(zone) for name, at in instants.items() if at.utcoffset() != zone.utcoffset(at)}
    if docket.asked.occurred_at is not None:
        asked = changed(docket.asked, occurred_at=docket.asked.occurred_at.astimezone(zone))
        docket = changed(docket, asked=asked)
    return docket, command.model_copy(update=moved) if moved else command


def carry_out(docket: Docket, command: Command) -> CarriedOut:
    """The command's events, then its effects until none is missing; all in one append, or a refusal and nothing."""
    if docket.asked.occurred_at is not None and docket.asked.occurred_at > docket.now + CLOCK_TOLERANCE:
        raise no.OccurrenceInTheFuture("occurred_at")
    if docket.asked.on_paper and docket.asked.reason is None:
        raise no.ReasonMissing("on_paper")
    world, records = _amended_since(docket)
    archive = _Ahead(docket.archive, {record.position: record for record in records})
    docket = changed(docket, archive=archive)
    try:
        follows = _known_to_its_source(docket, decide(changed(docket, world=world), command))
    except ValidationError as fault:
        raise no.UnreadableCommand(f"{type(command).__name__}: {fault.title}") from None
    if isinstance(follows, AlreadySo):
        return CarriedOut(docket.world, (), follows.position)
    world, given = append(docket, world, follows)
    return CarriedOut(*_with_effects(docket, world, (*records, *given)), own=given)


def _amended_since(docket: Docket) -> tuple[World, tuple[Record, ...]]:
    """What a version asks for that came into force since the last record: an append shows it before anything else."""
    world, last = docket.world, docket.world.recorded_at
    if len(world.trial.versions) < 2:
        return world, ()
    before = world.trial.protocol_on(last.date()) if last is not None else None
    version = world.trial.protocol_on(docket.today)
    if version is None or before is None or version.number == before.number:
        return world, ()
    return _with_effects(docket, world, (), everything=True)


def _with_effects(
    docket: Docket, world: World, records: tuple[Record, ...], *, everything: bool = False
) -> tuple[World, tuple[Record, ...]]:
    """The trial and the records with every effect that the rules make of what they touched, or of everything."""
    for _ in range(LONGEST_CHAIN):
        version = world.trial.protocol_on(docket.today)
        concerned = Touched.everything(world) if everything else touched(world, records)
        missing = effects(world, version.document, concerned) if version else ()
        if not missing:
            return world, records
        world, more = append(docket, world, missing)
        records += more
    raise AssertionError(f"no end of effects: {records[-1:]!r}")


def _known_to_its_source(docket: Docket, follows: Follows) -> Follows:
    """A machine is heard for its registered site only; the same entry of its audit trail is the same report."""
    source = docket.asked.source
    if source is None:
        return follows
    if docket.world.trial.sources.get(source.system) != docket.asked.by.site:
        raise no.SourceUnknown(source.system)
    on_record = docket.world.sources.get(source_key(source)) if source.audit_id is not None else None
    if on_record is None or isinstance(follows, AlreadySo):
        return follows
    if same_fact(docket.archive.record(on_record).event, follows[0].event, docket.archive):
        return AlreadySo(on_record)
    raise no.AuditIdReused(source.system, on_record)


def touched(world: World, records: Iterable[Record]) -> Touched:
    """What the records concern. An approved version concerns every patient with a level; of what is on a patient alone,
    only a candidate DLT concerns the levels at which the patient counts."""
    patients: set[str] = set()
    levels: set[int] = set()
    trial = False
    for record in records:
        event = record.event
        named = record.patient or getattr(event, "patient", None)
        if isinstance(named, str) and named in world.patients:
            patients.add(named)
        if record.level is not None:
            levels.add(record.level)
        elif isinstance(event, CandidateDltRaised | CandidateDltRuled) and named is not None:
            levels.update(level for level, cohort in world.cohorts.items() if named in cohort.counted)
        if isinstance(event, ProtocolVersionApproved):
            patients.update(number for number, patient in world.participants.items() if patient.level is not None)
        trial = trial or record.stream == TRIAL
    return Touched(frozenset(patients), frozenset(levels), trial or bool(levels))


def append(docket: Docket, world: World, entries: Iterable[Entry]) -> tuple[World, tuple[Record, ...]]:
    """Give each entry its envelope, and take it into the state, in order."""
    records: list[Record] = []
    for entry in entries:
        record = envelope(docket, world, entry)
        world = world.apply(record)
        records.append(record)
    return world, tuple(records)


def envelope(docket: Docket, world: World, entry: Entry) -> Record:
    """The record of an entry at the head of the log. `recorded_at` = max(now, the record before + 1 us), in UTC."""
    origin = str(world.origin or getattr(entry.event, "origin", ""))
    recorded_at = docket.now.astimezone(UTC)
    if world.recorded_at is not None:
        recorded_at = max(recorded_at, world.recorded_at + timedelta(microseconds=1))
    version = world.trial.protocol_on(docket.today)
    return _made_record(
        origin=origin,
        position=world.size,
        stream=entry.stream,
        stream_version=world.stream_version(entry.stream) + 1,
        event=entry.event,
        occurred_at=_occurred_at(docket, entry, recorded_at),
        recorded_at=recorded_at,
        actor=docket.asked.by,
        command_id=docket.asked.command_id,
        protocol_version=version.number if version else 0,
        source=docket.asked.source,
        reason=docket.asked.reason,
        corrects=entry.corrects,
        conflicts_with=entry.conflicts_with,
        after=docket.after,
    )


def _occurred_at(docket: Docket, entry: Entry, recorded_at: datetime) -> datetime:
    if not entry.reported:
        return recorded_at
    if entry.at is not None:
        return entry.at
    if entry.event.WHEN is not None:
        stated: datetime = getattr(entry.event, entry.event.WHEN)
        return stated
    return docket.asked.occurred_at or recorded_at
