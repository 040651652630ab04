"""A record: one event with its envelope - who, when it happened, when it was recorded, why, and where it stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.types import Event

TRIAL: Final = "trial"
INSTALLATION: Final = "installation"
"""The one stream of an installation's own log, and the name of its file; no trial is called so."""


def cohort_stream(level: int) -> str:
    return f"cohort/{level}"


def patient_stream(number: str) -> str:
    return f"patient/{number}"


def product_stream(lot: str) -> str:
    return f"product/{lot}"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: a person or a system, in the role held then, at a site, and how it was authenticated."""

    id: str
    role: str
    site: str | None
    authenticated: str


@dataclass(frozen=True, slots=True)
class Source:
    """The machine that reported, with its own audit id and the person who entered the fact there."""

    system: str
    audit_id: str | None = None
    originator: str | None = None
    originator_role: str | None = None
    entered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint that was seen when an event was appended."""

    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Record:
    """An event of the log of one trial.

    `position` is dense from 0 in the trial and is the event's identity; `stream_version` counts from 1 in its
    stream. `recorded_at` is UTC and never earlier than the record before; `occurred_at` is what the reporter says,
    with the offset of the place. `corrects` is the position whose content this one replaces; `conflicts_with` the
    position that it contradicts without replacing it.
    """

    origin: str
    position: int
    stream: str
    stream_version: int
    event: Event
    occurred_at: datetime
    recorded_at: datetime
    actor: Actor
    command_id: str
    protocol_version: int = 0
    source: Source | None = None
    reason: str | None = None
    corrects: int | None = None
    conflicts_with: int | None = None
    after: Head | None = None

    @property
    def patient(self) -> str | None:
        """The patient of a patient's stream."""
        return self.stream[8:] if self.stream.startswith("patient/") else None

    @property
    def lot(self) -> str | None:
        """The lot of a product's stream."""
        return self.stream[8:] if self.stream.startswith("product/") else None

    @property
    def level(self) -> int | None:
        """The dose level of a cohort's stream."""
        return int(self.stream[7:]) if self.stream.startswith("cohort/") else None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a decision gives: an event for a stream, before it has its envelope.

    `reported` says that the event happened when the reporter says: `at`, or when the event or the command says; a
    rule's effect or a decision happens when it is recorded.
    """

    stream: str
    event: Event
    reported: bool = False
    corrects: int | None = None
    conflicts_with: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What surrounds a command: who asks, under which id, what happened when, why, and by which machine.

    `on_paper`: decided outside the ledger before it is entered here; then no permission is refused any more, and
    each broken rule is a deviation. `corrects`: the position that the report replaces.
    """

    by: Actor
    command_id: str
    occurred_at: datetime | None = None
    reason: str | None = None
    source: Source | None = None
    on_paper: bool = False
    corrects: int | None = None
