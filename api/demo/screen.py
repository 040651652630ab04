"""What the demo prints: chapters, one line a step, and the board as a table. Plain text where there is no terminal."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from api.cli_board import board_table
from api.cli_output import tidy

INDENT: Final = 2


class Screen:
    """The terminal, or whatever reads instead of one."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._shown: date | None = None

    def title(self, text: str, *lines: str) -> None:
        self.console.print()
        self.console.print(Text(text, style="bold"))
        for line in lines:
            self.console.print(Text(line, style="dim"))

    def chapter(self, number: int, text: str) -> None:
        self._shown = None
        self.console.print()
        self.console.print(Text(f"{number}  {text}", style="bold"))

    def step(self, today: date, patient: str | None, protocol_day: int | None, what: str) -> None:
        """Date, patient, protocol day, and what happened; the date is not repeated."""
        when = "" if today == self._shown else day_text(today)
        self._shown = today
        line = Table.grid(padding=(0, 1))
        line.add_column(width=11, no_wrap=True)
        line.add_column(width=3, no_wrap=True)
        line.add_column(min_width=7, no_wrap=True, justify="right")
        line.add_column()
        day = "" if protocol_day is None else f"day {signed(protocol_day)}"
        line.add_row(Text(when, style="dim"), Text(patient or "", style="bold"), Text(day, style="dim"), what)
        self._indented(line, INDENT)

    def say(self, text: str = "", style: str = "") -> None:
        """A paragraph; without a text, an empty line."""
        if not text:
            self.console.print()
            return
        self._indented(Text(text, style=style), INDENT)

    def lines(self, pairs: Iterable[tuple[str, str]], style: str = "") -> None:
        """Names on the left, what they stand for on the right."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(style=style, overflow="fold")
        for name, value in pairs:
            table.add_row(name, value)
        self._indented(table, INDENT)

    def table(self, table: RenderableType) -> None:
        """A table, below the chapter's heading."""
        self._indented(table, INDENT)

    def verbatim(self, text: str) -> None:
        """A line to be copied: never wrapped by us."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def board(self, board: Mapping[str, Any], today: date) -> None:
        """The levels as they stand, and what the design advises."""
        self._indented(board_table(board, today, self.console.width - INDENT), INDENT)

    def _indented(self, what: RenderableType, by: int) -> None:
        tidy(self.console, Padding(what, (0, 0, 0, by), expand=False))


def day_text(day: date) -> str:
    return f"{day.day:>2} {day:%b} {day:%Y}"


def signed(number: int) -> str:
    """A protocol day with its sign; day 0 has none."""
    return f"−{-number}" if number < 0 else f"+{number}" if number else "0"
