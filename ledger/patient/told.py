"""Facts that a member of a patient keeps, each with the position that holds it: a correction replaces, at its place,
exactly what it corrects."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from ledger.record import Record
from ledger.types import Event, changed

E = TypeVar("E", bound=Event)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told(Generic[E]):
    """A fact that stands, the position that holds it, and when it happened."""

    position: int
    at: datetime
    event: E


def kept(facts: tuple[Told[E], ...], event: E, record: Record) -> tuple[Told[E], ...]:
    """The facts with one more, or with one in the place of what it corrects."""
    told = Told(record.position, record.occurred_at, event)
    if any(each.position == record.corrects for each in facts):
        return tuple(told if each.position == record.corrects else each for each in facts)
    return (*facts, told)


def keeping(member: str) -> Callable[[T, Any, Record], T]:
    """The step that keeps an event among the facts of this name."""

    def step(part: T, event: Any, record: Record) -> T:
        return changed(part, **{member: kept(getattr(part, member), event, record)})

    return step


def latest(facts: tuple[Told[E], ...]) -> Told[E] | None:
    """The fact that happened last; of several at one instant, the one told last."""
    return sorted(facts, key=lambda each: each.at)[-1] if facts else None
