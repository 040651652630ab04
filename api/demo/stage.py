"""Where the story plays: the callers, the story's clock, and the line in which each step is told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Final

from rich.console import Console

from api.demo.client import Answer, Caller
from api.demo.people import MONITOR_OF_SAFETY, STATISTICIAN, Player
from api.demo.screen import Screen

SITE_OFFSET: Final = "+03:00"
MOSCOW: Final = timezone(timedelta(hours=3))
FIRST_DAY: Final = date(2025, 5, 12)
FIRST_INSTANT: Final = datetime.combine(FIRST_DAY, time(9), MOSCOW)
FIRST_INFUSION_DAY: Final = -12
"""The protocol day of the first infusion; day 0 is the graft."""


@dataclass(frozen=True, slots=True)
class Child:
    """A patient of the story. Nobody here exists."""

    number: str
    born: str
    sex: str
    weight_kg: str
    level: int
    first_infusion_on: date

    def day(self, protocol_day: int) -> date:
        """The calendar day of a protocol day."""
        return self.first_infusion_on + timedelta(days=protocol_day - FIRST_INFUSION_DAY)

    def protocol_day(self, day: date) -> int:
        return (day - self.first_infusion_on).days + FIRST_INFUSION_DAY


@dataclass(slots=True)
class Stage:
    """The trial as the story goes on. `now` moves only forward."""

    callers: Mapping[str, Caller]
    screen: Screen
    now: datetime = FIRST_INSTANT
    kept: dict[str, Any] = field(default_factory=dict)
    """What a later chapter comes back to, by name."""

    def by(self, player: Player) -> Caller:
        return self.callers[player.name]

    @property
    def today(self) -> date:
        return self.now.astimezone(MOSCOW).date()

    def at(self, hours_ago: float = 0, days_ago: int = 0) -> str:
        """An instant at or before now, as a report spells it."""
        return (self.now - timedelta(days=days_ago, hours=hours_ago)).isoformat()

    def on(self, day: date, hour: int = 9) -> None:
        """Set the story's clock forward to an hour of a day at the site; an hour that has passed changes nothing."""
        to = datetime.combine(day, time(hour), MOSCOW)
        if to > self.now:
            self.by(MONITOR_OF_SAFETY).post("clock", {"to": to.astimezone(UTC).isoformat()})
            self.now = to

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """What is told until the block ends is not shown."""
        shown, self.screen = self.screen, Screen(Console(quiet=True))
        try:
            yield
        finally:
            self.screen = shown

    def tell(self, what: str, child: Child | None = None) -> None:
        """One line of the story, with the date and the patient's protocol day."""
        day = child.protocol_day(self.today) if child else None
        self.screen.step(self.today, child.number if child else None, day, what)

    def board(self, **as_of: str | int) -> Answer:
        """Where the escalation stands, as a reader of the trial sees it."""
        return self.by(STATISTICIAN).get("escalation", **as_of)

    def show_board(self) -> dict[str, Any]:
        board = self.board().body
        self.screen.board(board, self.today)
        return board
