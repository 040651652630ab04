"""The whole trial as its log stands: every aggregate, folded from the records in order, and
from nothing else (domain G.4-7)."""

import gc
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import cache
from hashlib import sha256
from typing import Any, Final, Protocol

from immutables import Map

from ledger.changing import maker
from ledger.cohort.state import Cohort
from ledger.cohort.state import evolve as evolve_cohort
from ledger.installation.state import Installation
from ledger.installation.state import evolve as evolve_installation
from ledger.notices import NOTICES, is_notice
from ledger.patient.evolution import evolve as evolve_patient
from ledger.patient.state import Patient
from ledger.product.state import Product
from ledger.product.state import evolve as evolve_product
from ledger.protocol.document import ProtocolDocument
from ledger.record import INSTALLATION, TRIAL, Record, Source
from ledger.signatures import Signatures
from ledger.trial.evolution import evolve as evolve_trial
from ledger.trial.signatures import RecordSigned
from ledger.trial.state import Trial, Version
from ledger.types import Event, FreeText, instant_text, utc

FOLD_VERSION: Final = 6
NO_INSTALLATION: Final = Installation()
NONE_SIGNED: Final = Signatures()


class Log(Protocol):
    """Where a record is found by its position."""

    def record(self, position: int) -> Record: ...


class Archive(Log, Protocol):
    """What a decision may look up beyond the state: a record by its position, the text behind a commitment, and which
    texts there are."""

    def text(self, commitment: str) -> str | None: ...

    def is_kept(self, commitment: str) -> bool:
        """Whether the text is there, readable or not."""
        ...

    def texts_about(self, subjects: tuple[str, ...]) -> tuple[str, ...]:
        """The commitments to every text that is kept about some subjects."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """All aggregates of a trial, which fact stands where (`facts`), what was corrected by what (`corrected`), what
    those who dose have to hear of (`notices`), by position, and what is signed by whom (`signatures`)."""

    trial: Trial = field(default_factory=Trial)
    cohorts: Map[int, Cohort] = Map()
    patients: Map[str, Patient] = Map()
    products: Map[str, Product] = Map()
    facts: Map[tuple[str, str], int] = Map()
    corrected: Map[int, int] = Map()
    notices: Map[int, Record] = Map()
    signatures: Signatures = NONE_SIGNED
    installation: Installation = NO_INSTALLATION
    """Of the log in which no trial stands: what it knows of accounts."""
    size: int = 0
    recorded_at: datetime | None = None

    def apply(self, record: Record) -> "World":
        """The trial after one more record."""
        draft = _Draft(self)
        draft.take(record)
        return draft.world()

    def after(self, records: Iterable[Record]) -> "World":
        """The trial after some more records, in their order.

        No value here refers to itself, so there is nothing for the collector of cycles to find, and it rests meanwhile:
        on a long log it would look at every value again and again.
        """
        draft = _Draft(self)
        with _no_search_for_cycles():
            for record in records:
                draft.take(record)
        return draft.world()

    @property
    def origin(self) -> str | None:
        """The name of the log, once it has begun."""
        begun = self.trial.registered or self.installation.opened
        return begun.origin if begun is not None else None

    def cohort(self, level: int) -> Cohort:
        return self.cohorts.get(level) or Cohort(level)

    def stream_version(self, stream: str) -> int:
        """How many events a stream has."""
        if stream in (TRIAL, INSTALLATION):
            return self.trial.version if stream == TRIAL else self.installation.version
        kind, _, name = stream.partition("/")
        if kind == "patient":
            return self.patients[name].version if name in self.patients else 0
        if kind == "product":
            return self.products[name].version if name in self.products else 0
        return self.cohort(int(name)).version

    def on_record(self, stream: str, event: Event, occurred_at: datetime) -> int | None:
        """The position that holds the same fact, by its key."""
        return self.facts.get((stream, fact_key(event, occurred_at)))

    def contradiction_on_record(self, stream: str, event: Event) -> int | None:
        """The position of the same report, stored before as one that contradicts the record."""
        return self.facts.get((stream, contradiction_key(event)))

    def site_day(self, site: str | None, at: datetime) -> date:
        """The calendar day of an instant at a site (UTC where the site is unknown)."""
        return at.astimezone(site_zone(self.trial.sites.get(site or "", "+00:00"))).date()

    def zone_of(self, patient: str) -> timezone:
        """The offset of a patient's site (UTC where the site is unknown)."""
        known = self.patients.get(patient)
        site = known.screened.site if known and known.screened else ""
        return site_zone(self.trial.sites.get(site, "+00:00"))

    def patient_day(self, patient: str, at: datetime) -> date:
        """The calendar day of an instant at the patient's site."""
        known = self.patients.get(patient)
        return self.site_day(known.screened.site if known and known.screened else None, at)

    def version_on(self, day: date) -> Version | None:
        return self.trial.protocol_on(day)

    def protocol(self) -> ProtocolDocument | None:
        """The protocol in force at the head of the log."""
        if self.recorded_at is None:
            return None
        version = self.trial.protocol_on(self.recorded_at.date())
        return version.document if version else None


class _Draft:
    """A world that takes records one after another; its maps are open until it is done."""

    __slots__ = (
        "cohorts",
        "corrected",
        "facts",
        "installation",
        "notices",
        "patients",
        "products",
        "recorded_at",
        "signatures",
        "size",
        "trial",
    )

    def __init__(self, world: World) -> None:
        self.trial = world.trial
        self.installation = world.installation
        self.cohorts = world.cohorts.mutate()
        self.patients = world.patients.mutate()
        self.products = world.products.mutate()
        self.facts = world.facts.mutate()
        self.corrected = world.corrected.mutate()
        self.notices = world.notices.mutate()
        self.signatures = world.signatures
        self.size = world.size
        self.recorded_at = world.recorded_at

    def world(self) -> World:
        return _made_world(
            trial=self.trial,
            installation=self.installation,
            cohorts=self.cohorts.finish(),
            patients=self.patients.finish(),
            products=self.products.finish(),
            facts=self.facts.finish(),
            corrected=self.corrected.finish(),
            notices=self.notices.finish(),
            signatures=self.signatures,
            size=self.size,
            recorded_at=self.recorded_at,
        )

    def take(self, record: Record) -> None:
        """One more record: what its aggregate amounts to, and where its fact stands."""
        stream, event, position = record.stream, record.event, record.position
        self.size, self.recorded_at = position + 1, record.recorded_at
        if stream == INSTALLATION:
            self.installation = evolve_installation(self.installation, record)
            return
        if type(event) is RecordSigned:
            self.trial = evolve_trial(self.trial, record)
            self.signatures = self.signatures.with_signature(record)
            return
        kind, _, name = stream.partition("/")
        if type(event) in NOTICES and is_notice(record, self.patients.get(name) if kind == "patient" else None):
            self.notices[position] = record
        self._evolve(kind, name, record)
        if record.conflicts_with is None:
            self.facts[stream, fact_key(event, record.occurred_at)] = position
            self._note_source(record)
        else:
            self.facts[stream, contradiction_key(event)] = position
        if record.corrects is not None:
            self.corrected[record.corrects] = position
        self.signatures = self.signatures.after(record, self.patients.get(name) if kind == "patient" else None)

    def _evolve(self, kind: str, name: str, record: Record) -> None:
        if kind == "patient":
            self.patients[name] = evolve_patient(self.patients.get(name) or Patient(name), record)
        elif kind == "product":
            self.products[name] = evolve_product(self.products.get(name) or Product(name), record)
        elif kind == "cohort":
            level = int(name)
            self.cohorts[level] = evolve_cohort(self.cohorts.get(level) or Cohort(level), record)
        else:
            assert kind == TRIAL, record.stream
            self.trial = evolve_trial(self.trial, record)

    def _note_source(self, record: Record) -> None:
        """The first event of a machine's report stands for the report."""
        source = record.source
        if source is not None and source.audit_id is not None:
            key = source_key(source)
            if key not in self.facts:
                self.facts[key] = record.position


_made_world: Final = maker(World)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


def source_key(source: Source) -> tuple[str, str]:
    """In `facts`: under which entry of a machine's own audit trail something was reported."""
    return ("source", f"{source.system}|{source.audit_id}")


@cache
def site_zone(utc_offset: str) -> timezone:
    sign = -1 if utc_offset.startswith("-") else 1
    hours, minutes = utc_offset[1:].split(":")
    return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))


@cache
def free_texts(kind: type[Event]) -> frozenset[str]:
    """The fields of an event or command that hold a commitment to a free text."""
    return frozenset(
        name
        for name, info in kind.model_fields.items()
        if any(isinstance(m, FreeText) for m in info.metadata) or "FreeText" in repr(info.annotation)
    )


def structured(event: Event) -> Mapping[str, Any]:
    """An event's content without its free texts."""
    return event.model_dump(mode="json", exclude=set(free_texts(type(event))))


def fact_key(event: Event, occurred_at: datetime) -> str:
    """What identifies a fact in its stream: its name and key fields, or its whole content with its time."""
    named = event.KEY if event.KEY is not None else event.NEWEST
    if named is not None:
        return "|".join([event.NAME, *[_key_text(getattr(event, field)) for field in named]])
    return f"{event.NAME}|{_content_key(event, instant_text(utc(occurred_at)))}"


def _key_text(part: object) -> str:
    """An instant is the same one under every offset."""
    if type(part) is str:
        return part
    return str(utc(part)) if isinstance(part, datetime) else str(part)


def contradiction_key(event: Event) -> str:
    """What identifies, in its stream, a report that contradicts the record: its whole content."""
    return f"contradiction|{event.NAME}|{_content_key(event, '')}"


def _content_key(event: Event, at: str) -> str:
    """A short hash of an event's content and time, the same for the event as made and as read back from its leaf."""
    content = json.dumps((structured(event), at), sort_keys=True)
    return sha256(content.encode()).hexdigest()[:24]


def same_fact(one: Event, other: Event, archive: Archive) -> bool:
    """Whether an event says the same as one on record; free texts are compared opened, since two salts make equal texts
    differ. A text that was erased or redacted contradicts none; one that cannot be read here may say something else."""
    texts = set(free_texts(type(one)))
    if type(one) is not type(other) or one.model_dump(exclude=texts) != other.model_dump(exclude=texts):
        return False
    return all(_same_text(getattr(one, field), getattr(other, field), archive) for field in texts)


def _same_text(on_record: str | None, said: str | None, archive: Archive) -> bool:
    if on_record is None or said is None:
        return on_record is said
    before = archive.text(on_record)
    return not archive.is_kept(on_record) if before is None else before == archive.text(said)
