"""`trial-ledger doctor`: whether this machine, this directory and its ledgers are fit for use."""

from collections.abc import Iterator
from itertools import chain
from typing import Final

import typer
from rich.table import Table
from rich.text import Text

from api import doctor as asked
from api.cli_output import REFUSED, AsJson, show
from api.doctor import Finding, State
from api.doctor_trials import trials
from api.settings import Settings
from ledger.application import system_clock

MARKS: Final[dict[State, tuple[str, str]]] = {
    "good": ("good", "green"),
    "attention": ("look", "yellow"),
    "wrong": ("WRONG", "bold red"),
}


def doctor(as_json: AsJson = False) -> None:
    """Look this installation over: the database, the disk, the clock, the keys, every ledger and what was signed of it.

    Exit code 1: something is wrong. What only wants a look ends with 0.
    """
    found = list(findings(Settings()))
    state: State = max((each.state for each in found), key=("good", "attention", "wrong").index)
    said = {"state": state, "findings": [each._asdict() for each in found]}
    show(said, as_json, lambda: _table(found))
    if state == "wrong":
        raise typer.Exit(REFUSED)


def findings(settings: Settings) -> Iterator[Finding]:
    """Everything that is asked, in order."""
    now, directory = system_clock(), settings.directory
    yield asked.sqlite_version()
    if not directory.is_dir():
        yield Finding("directory", "wrong", f"{directory} is not there, or is no directory")
        return
    yield asked.private("directory", directory)
    yield asked.durability(directory)
    yield from asked.syncing(directory)
    yield asked.time_service()
    yield asked.free_disk(directory)
    yield asked.open_files(settings.open_trials)
    yield asked.certificate(settings, now)
    yield from chain(asked.accounts(settings), asked.keys(settings), trials(settings, now))
    if settings.database_url is not None:
        from api.doctor_database import database

        yield from database(settings.database_url.get_secret_value())


def _table(found: list[Finding]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for each in found:
        word, style = MARKS[each.state]
        table.add_row(Text(word, style=style), each.about, Text(each.says))
    return table
