"""The escalation board, and why a level takes patients, as tables. They read the JSON that every reader gets."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

WIDE: Final = 84
"""From this width on the board has room for the dose, which the protocol says already."""

NARROW: Final = 74
"""Below this width the windows stand under the board."""

STATE_STYLES: Final = {
    "not_opened": "dim",
    "enrolling": "cyan",
    "observing": "yellow",
    "cleared": "green",
    "expanding": "cyan",
    "exceeded": "bold red",
    "reopened": "cyan",
}
COLUMNS: Final = ("level", "10⁶/kg", "state", "patients", "n", "t", "slots", "windows", "hold")
WORDS: Final = frozenset({"state", "patients", "windows", "hold"})
LETTER_STYLES: Final = {"N": "green", "T": "bold red", "C": "bold yellow", "P": "yellow", "x": "dim"}
LEGEND: Final = "N: no DLT, T: DLT, C: candidate, not ruled yet, P: observed, x: replaced"


def board_table(board: Mapping[str, Any], today: date, width: int) -> RenderableType:
    """The levels as a ladder, what the design advises, the holds, and what phase I ended with."""
    advice = board["advice"]["line"] if board["advice"] else "nothing: no protocol version is in force"
    lines = [Text("The design advises: ", style="dim").append(advice, style="bold not dim")]
    if width < NARROW:
        lines += [Text(f"Window of {line}", style="dim") for level in board["levels"] for line in windows(level, today)]
    lines += [Text(line, style="red") for line in holds(board)]
    if board["phase_two"]:
        lines.append(Text(board["phase_two"]["line"], style="bold"))
    if board["end_state"]:
        lines.append(Text(board["end_state"]["title"], style="bold green"))
    return Group(levels_table(board["levels"], today, width), *lines)


def levels_table(levels: Iterable[Mapping[str, Any]], today: date, width: int) -> Table:
    """One row a level, the highest on top. n: evaluable; t: of them with a DLT; slots: taken of all."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    left_out = {"10⁶/kg": width < WIDE, "windows": width < NARROW}
    shown = [name for name in COLUMNS if not left_out.get(name)]
    for name in shown:
        table.add_column(name, justify="left" if name in WORDS else "right", no_wrap=True)
    for level in sorted(levels, key=lambda each: -each["level"]):
        cells = _cells(level, today)
        table.add_row(*(cells[name] for name in shown), style="dim" if level["state"] == "not_opened" else "")
    return table


def _cells(level: Mapping[str, Any], today: date) -> dict[str, RenderableType]:
    opened = level["slots"] > 0
    return {
        "level": str(level["level"]),
        "10⁶/kg": millions(level["total_cells_per_kg"]),
        "state": Text(level["state"].replace("_", " "), style=STATE_STYLES.get(level["state"], "")),
        "patients": notation(level["notation"]) if level["patients"] else "",
        "n": str(level["evaluable"]) if opened else "",
        "t": str(level["dlt"]) if opened else "",
        "slots": f"{level['slots'] - level['free_slots']}/{level['slots']}" if opened else "",
        "windows": "\n".join(windows(level, today)),
        "hold": "" if level["hold"] is None else Text(str(level["hold"]), style="bold red"),
    }


def notation(text: str) -> Text:
    """`1NNT`, with a colour for each letter."""
    shown = Text()
    for letter in text:
        shown.append(letter, style=LETTER_STYLES.get(letter, ""))
    return shown


def windows(level: Mapping[str, Any], today: date) -> Iterator[str]:
    """The last day of every window of a level that is not closed, and the days left."""
    for each in level["patients"]:
        if each["window"] and each["window"]["state"] != "closed":
            last = date.fromisoformat(each["window"]["planned_to_on"])
            left = f"{(last - today).days} d" if last >= today else "over"
            yield f"{each['patient']} to {last.day} {last:%b}, {left}"


def holds(board: Mapping[str, Any]) -> Iterator[str]:
    """Every hold in force, in words."""
    for hold in board["holds"]:
        reach = "the trial" if hold["level"] is None else f"level {hold['level']} and above"
        by = "by rule" if hold["automatic"] else "by a person"
        yield f"Hold {hold['hold']} on {reach}, {by}: {hold['cause'].replace('-', ' ')}"


def explanation_table(explanation: Mapping[str, Any]) -> RenderableType:
    """Rule by rule: kept, broken and how, or not asked; and the positions of what it looked at."""
    takes = "takes patients" if explanation["takes_patients"] else "takes no patients"
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("", "rule", "if broken", "positions"):
        table.add_column(name)
    marks = {True: Text("kept", style="green"), False: Text("broken", style="bold red"), None: Text("-", style="dim")}
    for rule in explanation["rules"]:
        said = f"{rule['title']} ({rule['detail']})" if rule["detail"] else rule["title"]
        table.add_row(marks[rule["kept"]], rule["rule"], said, listed(rule["positions"]))
    head = Text(f"Level {explanation['level']} {takes}.", style="bold")
    return Group(head, *(Text(line) for line in explanation["because"]), table)


def listed(positions: Iterable[int], most: int = 6) -> str:
    """Positions in the log, the last ones where there are many."""
    found = list(positions)
    shown = ", ".join(map(str, found[-most:]))
    return f"… {shown}" if len(found) > most else shown


def millions(cells: str) -> str:
    """Cells in millions, as the protocol prints them."""
    return str(Fraction(cells) / 1_000_000)
