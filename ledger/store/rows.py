"""What stands beside the events in a trial's file: answers by key, and refusals."""

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
