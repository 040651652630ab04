"""The whole trial as its log stands: every aggregate, folded from the records in order, and
from nothing else (domain G.4-7)."""

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Final

from immutables import Map

from ledger.changing import maker
from ledger.cohort.state import Cohort
from ledger.cohort.state import evolve as evolve_cohort
from ledger.facts import contradiction_key, fact_key, key_on_record, source_key
from ledger.installation.state import Installation
from ledger.installation.state import evolve as evolve_installation
from ledger.notices import NOTICES, is_notice
from ledger.patient import infusions as i
from ledger.patient.evolution import FURTHER
from ledger.patient.evolution import evolve as evolve_patient
from ledger.patient.state import Patient
from ledger.product.state import Product
from ledger.product.state import evolve as evolve_product
from ledger.protocol.document import ProtocolDocument
from ledger.record import INSTALLATION, TRIAL, Record
from ledger.signatures import Signatures
from ledger.strands import Folding, Kind, Strands, StreamLog
from ledger.trial.evolution import evolve as evolve_trial
from ledger.trial.signatures import RecordSigned
from ledger.trial.state import Trial, Version
from ledger.types import Event

FOLD_VERSION: Final = 7
NO_INSTALLATION: Final = Installation()
NONE_SIGNED: Final = Signatures()
PATIENTS: Final = Kind("patient", Patient, evolve_patient)
PRODUCTS: Final = Kind("product", Product, evolve_product)
NO_PATIENTS: Final = Strands(PATIENTS)
NO_PRODUCTS: Final = Strands(PRODUCTS)


@dataclass(frozen=True, slots=True)
class World:
    """All aggregates of a trial; which fact of the trial and its cohorts stands where (`facts`; a patient's and a lot's
    stand in their strands), and which report of a machine (`sources`); what was corrected by what (`corrected`), what
    those who dose have to hear of (`notices`), which doses were planned first (`planned`), by position; who came
    further than screening (`beyond_screening`), and what is signed by whom (`signatures`)."""

    trial: Trial = field(default_factory=Trial)
    cohorts: Map[int, Cohort] = Map()
    patients: Strands[Patient] = NO_PATIENTS
    products: Strands[Product] = NO_PRODUCTS
    facts: Map[tuple[str, str], int] = Map()
    sources: Map[str, int] = Map()
    corrected: Map[int, int] = Map()
    notices: Map[int, Record] = Map()
    planned: Map[tuple[str, int], int] = Map()
    beyond_screening: Map[str, int] = Map()
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

    def after(self, records: Iterable[Record], *, stored: bool = False) -> "World":
        """The trial after some more records, in their order. `stored`: they are in the log, so that lots, and patients
        in screening, can stay at rest (see `ledger/strands.py`).

        No value here refers to itself, so there is nothing for the collector of cycles to find, and it rests meanwhile:
        on a long log it would look at every value again and again.
        """
        draft = _Draft(self, stored=stored)
        with _no_search_for_cycles():
            for record in records:
                draft.take(record)
        return draft.world()

    def resting_on(self, log: StreamLog) -> "World":
        """The same, with the log of which it is made: what is at rest is folded from it."""
        patients = self.patients.resting(Folding(PATIENTS, log))
        return replace(self, patients=patients, products=self.products.resting(Folding(PRODUCTS, log)))

    def with_awake(self, most: int) -> "World":
        """The same with at most so many patients, and lots, in memory, and whoever came further than screening: the
        escalation rests on those."""
        patients = self.patients.with_awake(most, besides=self.beyond_screening)
        return replace(self, patients=patients, products=self.products.with_awake(most))

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
            return self.patients.version(name)
        if kind == "product":
            return self.products.version(name)
        return self.cohort(int(name)).version

    def fact(self, stream: str, key: str) -> int | None:
        """The position of the fact of a stream that has this key (see `ledger/facts.py`)."""
        kind, _, name = stream.partition("/")
        if kind not in ("patient", "product"):
            return self.facts.get((stream, key))
        strand = (self.patients if kind == "patient" else self.products).strand(name)
        return None if strand is None else strand.facts.get(key)

    def on_record(self, stream: str, event: Event, occurred_at: datetime) -> int | None:
        """The position that holds the same fact, by its key."""
        return self.fact(stream, fact_key(event, occurred_at))

    def contradiction_on_record(self, stream: str, event: Event) -> int | None:
        """The position of the same report, stored before as one that contradicts the record."""
        return self.fact(stream, contradiction_key(event))

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

    @property
    def participants(self) -> Mapping[str, Patient]:
        """Whoever came further than screening: enrolled, placed, or given an infusion however it came to that."""
        return {number: self.patients[number] for number in self.beyond_screening}

    def version_on(self, day: date) -> Version | None:
        return self.trial.protocol_on(day)

    def protocol(self) -> ProtocolDocument | None:
        """The protocol in force at the head of the log."""
        if self.recorded_at is None:
            return None
        version = self.trial.protocol_on(self.recorded_at.date())
        return version.document if version else None


class _Draft:
    """A world that takes records one after another. Patients and lots, which change most, are open until it is done."""

    __slots__ = (
        "beyond_screening",
        "cohorts",
        "corrected",
        "facts",
        "installation",
        "notices",
        "patients",
        "planned",
        "products",
        "recorded_at",
        "signatures",
        "size",
        "sources",
        "stored",
        "trial",
    )

    def __init__(self, world: World, *, stored: bool = False) -> None:
        self.stored = stored
        self.trial = world.trial
        self.installation = world.installation
        self.cohorts = world.cohorts
        self.patients = world.patients.open()
        self.products = world.products.open()
        self.facts = world.facts
        self.sources = world.sources
        self.corrected = world.corrected
        self.notices = world.notices
        self.planned = world.planned
        self.beyond_screening = world.beyond_screening
        self.signatures = world.signatures
        self.size = world.size
        self.recorded_at = world.recorded_at

    def world(self) -> World:
        return _made_world(
            trial=self.trial,
            installation=self.installation,
            cohorts=self.cohorts,
            patients=self.patients.finish(),
            products=self.products.finish(),
            facts=self.facts,
            sources=self.sources,
            corrected=self.corrected,
            notices=self.notices,
            planned=self.planned,
            beyond_screening=self.beyond_screening,
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
        if type(event) in NOTICES:
            self._note_notice(record)
        self._evolve(kind, name, record)
        if record.conflicts_with is None:
            self._note_source(record)
        if record.corrects is not None:
            self.corrected = self.corrected.set(record.corrects, position)
        patient = self.patients.get(name) if self.signatures.look_at_patient(record) else None
        self.signatures = self.signatures.after(record, patient)

    def _evolve(self, kind: str, name: str, record: Record) -> None:
        if kind == "patient":
            if type(record.event) in FURTHER and name not in self.beyond_screening:
                self.beyond_screening = self.beyond_screening.set(name, record.position)
            awake = not self.stored or name in self.beyond_screening
            (self.patients.take if awake else self.patients.take_from_log)(name, record)
            return
        if kind == "product":
            (self.products.take_from_log if self.stored else self.products.take)(name, record)
            return
        if kind == "cohort":
            level = int(name)
            cohort = self.cohorts.get(level) or Cohort(level)
            self.cohorts = self.cohorts.set(level, evolve_cohort(cohort, record))
        else:
            assert kind == TRIAL, record.stream
            self.trial = evolve_trial(self.trial, record)
        self.facts = self.facts.set((record.stream, key_on_record(record)), record.position)

    def _note_notice(self, record: Record) -> None:
        if is_notice(record, self.planned):
            self.notices = self.notices.set(record.position, record)
        if isinstance(record.event, i.DosePlanned) and record.conflicts_with is None:
            planned = record.stream, record.event.ordinal
            if planned not in self.planned:
                self.planned = self.planned.set(planned, record.position)

    def _note_source(self, record: Record) -> None:
        """The first event of a machine's report stands for the report."""
        source = record.source
        if source is not None and source.audit_id is not None:
            key = source_key(source)
            if key not in self.sources:
                self.sources = self.sources.set(key, record.position)


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


@cache
def site_zone(utc_offset: str) -> timezone:
    sign = -1 if utc_offset.startswith("-") else 1
    hours, minutes = utc_offset[1:].split(":")
    return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
