"""The timeline of a patient by protocol day, beside the day table of the protocol: what was planned, what was given."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from rich.table import Table

from api.demo.screen import signed

GIVEN: Final = (
    "patient.conditioning-given.v1",
    "patient.prophylaxis-given.v1",
    "patient.infusion-completed.v1",
    "patient.transplant-performed.v1",
)
MILLION: Final = 10**6
UNITS: Final = {"mg/m2": "mg/m²", "g/m2": "g/m²"}


def day_table(timeline: Mapping[str, Any]) -> Table:
    """A line for every protocol day on which something was planned or given."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("day", justify="right", no_wrap=True)
    table.add_column("date", justify="right", no_wrap=True, style="dim")
    table.add_column("planned")
    table.add_column("given")
    for row in rows(timeline):
        table.add_row(*row)
    return table


def rows(timeline: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Protocol day, date, planned, given."""
    entries = {each["position"]: each for each in timeline["entries"]}
    for day in timeline["days"]:
        done = [entries[at] for at in day["positions"] if counts(entries[at])]
        if day["scheduled"] or done:
            planned = [_in_signs(each) for each in day["scheduled"]]
            given = [_given(each) for each in done]
            same = "as planned" if given and sorted(given) == sorted(planned) else ", ".join(given) or "–"
            yield signed(day["protocol_day"]), f"{date.fromisoformat(day['on']):%-d %b}", ", ".join(planned), same


def counts(entry: Mapping[str, Any]) -> bool:
    """Whether an entry in force tells of something that was given."""
    return entry["type"] in GIVEN and entry["corrected_by"] is None and entry["conflicts_with"] is None


def _given(entry: Mapping[str, Any]) -> str:
    facts = entry["facts"]
    if entry["type"] == "patient.infusion-completed.v1":
        return f"{facts['cells'] / MILLION:.1f} × 10⁶ NK cells"
    if entry["type"] == "patient.transplant-performed.v1":
        return "graft"
    return _in_signs(f"{facts['agent']} {facts['dose']} {facts['unit']}")


def _in_signs(line: str) -> str:
    name, _, unit = line.rpartition(" ")
    return f"{name} {UNITS.get(unit, unit)}".strip()
