"""What stands beside the events in a trial's file: answers by key, refusals, texts as they are kept, which of them are
gone, and the evidence about the heads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["appended", "already"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command was answered with, kept for ever: its events were appended, or stood on record already."""

    command_id: str
    request_hash: str
    status: Status
    first_position: int
    last_position: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that was refused: who asked for what, when, and by which rule. The request itself is not kept.

    `number` counts the refusals of the trial from 1; the store gives it.
    """

    recorded_at: datetime
    actor_id: str
    role: str
    command_type: str
    rule: str
    request_hash: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class KeptText:
    """A free text as it is kept: encrypted under a key that is not here (`vault.py`). `position`: the first event that
    commits to it."""

    commitment: str
    subject: str
    key_id: str
    nonce: bytes
    sealed: bytes
    position: int


Removal = Literal["erased", "redacted"]


@dataclass(frozen=True, slots=True)
class RemovedText:
    """That a text is gone, how, and by the event at which position. `key_id`: the key that it was kept under; of an
    erased text it is destroyed, of a redacted one it stays, for the subject's other texts."""

    commitment: str
    subject: str
    key_id: str
    how: Removal
    position: int


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head that the log signed: its note with the log's signatures."""

    size: int
    note: bytes


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's signature line on a head, under the witness's name in the policy."""

    size: int
    name: str
    line: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """A time-stamp token (RFC 3161, DER) over the note of a signed head."""

    size: int
    authority: str
    token: bytes


EvidenceRow = SignedHead | Cosignature | Anchor
