"""A trial in memory, for tests: commands are carried out on it by the rules alone, without a store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import pytest

from ledger.decisions import enrolment, setup
from ledger.decisions.carry_out import carry_out
from ledger.decisions.docket import Command, Docket
from ledger.decisions.privacy import subject_of_event
from ledger.errors import LedgerError
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.load import bundled, load_protocol
from ledger.record import Actor, Asked, Record
from ledger.trial.events import TrainingRecord
from ledger.types import Event, Role
from ledger.world import World, free_texts

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
SITE = "NDGOI"


def person(name: str, role: str, site: str | None = SITE) -> Actor:
    return Actor(name, role, site, "test")


SPONSOR = person("vera", "medical_monitor", None)
PI = person("maria", "principal_investigator")
INVESTIGATOR = person("ivan", "investigator")
COMMITTEE = person("olga", "safety_committee", None)
COMMITTEE_2 = person("pavel", "safety_committee", None)
DRUG_SAFETY = person("dora", "drug_safety", None)
NURSE = person("nina", "coordinator")
CHECKER = person("boris", "bedside_checker")
QA = person("galina", "cell_processing_qa")


TRAINED = TrainingRecord(reference="GCP-2025-114", completed_on=date(2019, 11, 4))
ONCE = (
    enrolment.CancelAssignment,
    enrolment.ReassignDoseLevel,
    enrolment.ReleaseReservation,
    setup.SignInterpretation,
)
"""What is refused when it is asked again at once: it was taken away, or the second signature is another person's."""


@dataclass
class Bench:
    """The log in memory and the state at its head. `now` moves only when a test moves it."""

    world: World = field(default_factory=World)
    records: list[Record] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    now: datetime = START
    asked: int = 0
    twice: bool = False
    """Whether every command that is carried out is asked once more, and has to change nothing (domain G.4-12)."""

    def record(self, position: int) -> Record:
        return self.records[position]

    def text(self, commitment: str) -> str | None:
        return self.texts.get(commitment)

    def is_kept(self, commitment: str) -> bool:
        return commitment in self.texts

    def texts_about(self, subjects: tuple[str, ...]) -> tuple[str, ...]:
        """The texts that the records of some streams commit to, as far as they are there."""
        named = (_commitments(record) for record in self.records if _subject(record) in subjects)
        return tuple(sorted({each for found in named for each in found if each in self.texts}))

    def seal(self, text: str) -> str:
        """A commitment as the application would make it, with the number of the asking for a salt."""
        self.asked += 1
        commitment = sha256(f"{self.asked}:{text}".encode()).hexdigest()
        self.texts[commitment] = text
        return commitment

    def docket(self, by: Actor = PI, **asked: Any) -> Docket:
        self.asked += 1
        if asked.get("on_paper"):
            asked.setdefault("reason", self.seal("entered from paper"))
        return Docket(self.world, Asked(by, f"{self.asked:032x}", **asked), self.now, self)

    def ask(self, command: Command, by: Actor = PI, **asked: Any) -> tuple[Event, ...]:
        """Carry a command out; the events of its append, none where it was so already."""
        done = carry_out(self.docket(by, **asked), command)
        self.world = done.world
        self.records.extend(done.records)
        if self.twice:
            self.ask_again(command, by, **asked)
        return tuple(record.event for record in done.records)

    def ask_again(self, command: Command, by: Actor = PI, **asked: Any) -> None:
        """The same under another id is on record already. What is taken away cannot be taken away again: refused."""
        try:
            again = carry_out(self.docket(by, **asked), command)
        except LedgerError:
            assert isinstance(command, ONCE), f"refused when asked again: {command!r}"
        else:
            assert again.already is not None, f"recorded when asked again: {command!r}"
            assert again.already < self.world.size
            assert again.world is self.world

    def copy(self) -> "Bench":
        """The same trial once more, to go on from here in another way."""
        return replace(self, records=[*self.records], texts={**self.texts})

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)

    @contextmanager
    def refuses(self, refusal: type[LedgerError]) -> Iterator[None]:
        """The commands inside are refused by this rule, and nothing is appended."""
        size = self.world.size
        with pytest.raises(refusal):
            yield
        assert self.world.size == size


@cache
def nct07256210() -> ProtocolDocument:
    """The bundled protocol, read once."""
    return load_protocol(bundled("nct07256210"))


def opened_trial(
    protocol: ProtocolDocument | None = None, bench: Bench | None = None, *, training: bool = True
) -> Bench:
    """A trial whose protocol is approved, whose people hold their roles and whose start level is open."""
    document = protocol or nct07256210()
    bench = bench or Bench()
    day = bench.now.date()
    bench.ask(
        setup.RegisterTrial(
            trial_id=document.registry_id,
            title=document.title,
            sponsor=document.sponsor,
            origin="test.example/trial",
            training=training,
        ),
        SPONSOR,
    )
    bench.ask(setup.OpenSite(site=SITE, utc_offset="+03:00"), SPONSOR)
    appoint(bench, PI, COMMITTEE, COMMITTEE_2, QA)
    appoint(bench, INVESTIGATOR, NURSE, CHECKER, by=PI)
    version = setup.ProposeProtocolVersion(version=1, effective_on=day, document=document.model_dump(mode="json"))
    bench.ask(version, SPONSOR)
    bench.ask(setup.RecordEthicsApproval(version=1, body="Local ethics committee", approved_on=day), SPONSOR)
    digest = bench.world.trial.versions[1].sha256
    bench.ask(setup.ApproveProtocolVersion(version=1, document_sha256=digest), PI)
    bench.ask(enrolment.OpenCohort(level=document.start), PI)
    return bench


def appoint(bench: Bench, *people: Actor, by: Actor = SPONSOR) -> None:
    """Delegate to each the role in which he acts, from today on."""
    today = bench.now.date()
    for who in people:
        role: Role = who.role  # type: ignore[assignment]
        bench.ask(
            setup.DelegateRole(person=who.id, role=role, site=who.site, from_on=today, to_on=None, training=TRAINED),
            by,
        )


def _subject(record: Record) -> str:
    return subject_of_event(record.event) or record.stream


def _commitments(record: Record) -> Iterator[str]:
    for each in (record.reason, *(getattr(record.event, name) for name in free_texts(type(record.event)))):
        if each is not None:
            yield each
