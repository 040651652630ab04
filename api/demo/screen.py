"""What the demo prints: chapters, one line a step, and the board as a table. Plain text where there is no terminal."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

NARROW: Final = 88
"""Below this width the board leaves out what its notation says already."""

STATE_STYLES: Final = {
    "not_opened": "dim",
    "enrolling": "cyan",
    "observing": "yellow",
    "cleared": "green",
    "expanding": "cyan",
    "exceeded": "bold red",
    "reopened": "cyan",
}
LETTER_STYLES: Final = {"N": "green", "T": "bold red", "C": "bold yellow", "P": "yellow", "x": "dim"}
LEGEND: Final = "N no DLT   T DLT   C candidate, not ruled yet   P still observed"


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
        self.console.print(Rule(Text(f"{number}  {text}", style="bold"), align="left", style="dim", characters="─"))

    def step(self, today: date, patient: str | None, protocol_day: int | None, what: str) -> None:
        """Date, patient, protocol day, and what happened; the date is not repeated."""
        when = "" if today == self._shown else day_text(today)
        self._shown = today
        line = Table.grid(padding=(0, 1))
        line.add_column(width=11, no_wrap=True)
        line.add_column(width=3, no_wrap=True)
        line.add_column(width=7, no_wrap=True, justify="right")
        line.add_column()
        day = "" if protocol_day is None else f"day {signed(protocol_day)}"
        line.add_row(Text(when, style="dim"), Text(patient or "", style="bold"), Text(day, style="dim"), what)
        self.console.print(Padding(line, (0, 0, 0, 2)))

    def say(self, text: str, style: str = "") -> None:
        self.console.print(Padding(Text(text, style=style), (0, 0, 0, 2)))

    def lines(self, pairs: Iterable[tuple[str, str]], style: str = "") -> None:
        """Names on the left, what they stand for on the right."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(style=style, overflow="fold")
        for name, value in pairs:
            table.add_row(name, value)
        self.console.print(Padding(table, (0, 0, 0, 2)))

    def verbatim(self, text: str) -> None:
        """A line to be copied: never wrapped by us."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def board(self, board: Mapping[str, Any], today: date, note: str = "") -> None:
        """The levels as they stand, and what the design advises."""
        self.console.print(Padding(levels_table(board["levels"], today, self.console.width), (1, 0, 0, 2)))
        advice = Text("The design advises: ", style="dim").append(advice_text(board), style="bold")
        self.console.print(Padding(advice, (0, 0, 0, 3)))
        for line in under_board(board):
            self.console.print(Padding(Text(line, style="red"), (0, 0, 0, 3)))
        if note:
            self.console.print(Padding(Text(note, style="dim"), (0, 0, 0, 3)))


def levels_table(levels: Iterable[Mapping[str, Any]], today: date, width: int) -> Table:
    """One row a level, the highest on top, as a ladder stands."""
    wide = width >= NARROW
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), header_style="dim", pad_edge=False)
    table.add_column("level", justify="right")
    if wide:
        table.add_column("10⁶/kg", justify="right")
    table.add_column("state")
    table.add_column("patients", no_wrap=True)
    table.add_column("n", justify="right")
    table.add_column("t", justify="right")
    table.add_column("slots", justify="right")
    table.add_column("windows running")
    table.add_column("hold", justify="right")
    for level in sorted(levels, key=lambda each: -each["level"]):
        state = level["state"]
        row = [
            str(level["level"]) + (" (reserve)" if level["reserve"] and wide else ""),
            *([millions(level["total_cells_per_kg"])] if wide else []),
            Text(state.replace("_", " "), style=STATE_STYLES.get(state, "")),
            notation(level["notation"]),
            str(level["evaluable"]),
            str(level["dlt"]),
            f"{level['slots'] - level['free_slots']}/{level['slots']}" if level["slots"] else "",
            windows(level["patients"], today),
            "" if level["hold"] is None else Text(f"hold {level['hold']}", style="bold red"),
        ]
        table.add_row(*row, style="dim" if state == "not_opened" else "")
    return table


def notation(text: str) -> Text:
    """`1NNT`, with a colour for each letter."""
    shown = Text()
    for letter in text:
        shown.append(letter, style=LETTER_STYLES.get(letter, ""))
    return shown


def windows(patients: Iterable[Mapping[str, Any]], today: date) -> str:
    """The windows in which a DLT would count today."""
    open_ones = [each for each in patients if each["window"] and each["window"]["state"] != "closed"]
    lines = []
    for each in open_ones:
        last = date.fromisoformat(each["window"]["planned_to_on"])
        lines.append(f"{each['patient']} to {last.day} {last:%b}" + ("" if last >= today else ", over"))
    return "\n".join(lines)


def advice_text(board: Mapping[str, Any]) -> str:
    return board["advice"]["line"] if board["advice"] else "nothing: no protocol version is in force"


def under_board(board: Mapping[str, Any]) -> list[str]:
    """Holds in force, and what phase I ended with."""
    lines = []
    for hold in board["holds"]:
        reach = "the trial" if hold["level"] is None else f"level {hold['level']} and above"
        by = "by rule" if hold["automatic"] else "by a person"
        lines.append(f"Hold {hold['hold']} on {reach}, {by}: {hold['cause'].replace('-', ' ')}")
    if board["end_state"]:
        lines.append(board["end_state"]["title"])
    return lines


def millions(cells: str) -> str:
    """Cells in millions, as the protocol prints them."""
    return str(Fraction(cells) / 1_000_000)


def day_text(day: date) -> str:
    return f"{day.day:>2} {day:%b} {day:%Y}"


def signed(number: int) -> str:
    """A protocol day with its sign; day 0 has none."""
    return f"−{-number}" if number < 0 else f"+{number}" if number else "0"
