"""Who had access, asked with no server: the installation's own log, and a trial's delegations."""

import sys
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.box import SIMPLE_HEAD
from rich.table import Table

from api.cli_output import AsJson, print_json, show
from api.cli_places import File, TrialName, day_of, instant_of, ledger_file
from api.settings import Settings
from api.views import DelegationView
from api.views import delegations as delegations_of
from ledger.installation_log import FILE, spool_of
from ledger.store.sqlite import SqliteStore
from ledger.types import instant_text
from projections.access_log import STORED, AccessFilter, AccessRow, KindWanted, access_row, found
from projections.base import world_at
from projections.levels import home_day
from projections.tabular import views_csv

AsCsv = Annotated[bool, typer.Option("--csv", help="Print a table for a spreadsheet.")]


def access_log(
    directory: Annotated[Path | None, typer.Option(help="Where the installation's files are.")] = None,
    file: File = None,
    who: Annotated[str | None, typer.Option(help="The account that acted.")] = None,
    kind: Annotated[str | None, typer.Option(help="read, exported, request-refused, account-changed, ...")] = None,
    trial: Annotated[str | None, typer.Option(help="What concerns this trial.")] = None,
    patient: Annotated[str | None, typer.Option(help="What concerns patients of this number.")] = None,
    since: Annotated[str | None, typer.Option(metavar="INSTANT", help="Recorded then or later.")] = None,
    until: Annotated[str | None, typer.Option(metavar="INSTANT", help="Recorded then or earlier.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """What happened at the door: who came in, who was refused, what was read, exported and changed; one line each.

    Changes of accounts that a server has not taken in yet are told on standard error.
    """
    place = directory or Settings().directory
    wanted = AccessFilter(who, _kind(kind), trial, patient, instant_of(since), instant_of(until))
    with SqliteStore.open(file or place / FILE, read_only=True) as store:
        rows = [access_row(each) for each in islice(found(store, wanted), limit)]
    _print(AccessRow, rows, as_csv, as_json, ("recorded_at", "kind", "who", "role", "about", "patient", "problem"))
    if waiting := len(spool_of(place).read()):
        typer.echo(f"{waiting} happenings wait for the server to take them in.", err=True)


def _kind(text: str | None) -> KindWanted | None:
    if text is not None and text not in STORED:
        raise typer.BadParameter(f"a kind is one of {', '.join(STORED)}")
    return text  # type: ignore[return-value]  # one of them


def delegations(
    trial: TrialName = None,
    file: File = None,
    as_of_position: Annotated[int | None, typer.Option(min=0, help="As known when this event was the last.")] = None,
    as_of_recorded: Annotated[str | None, typer.Option(metavar="INSTANT", help="As known at this instant.")] = None,
    on: Annotated[
        str | None, typer.Option(metavar="DAY", help="In force on this day, not on that of the moment.")
    ] = None,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """The delegation log: who was given which role, where, for which time, on which training; and what is in force."""
    instant = instant_of(as_of_recorded)
    if instant is not None and as_of_position is not None:
        raise typer.BadParameter("give one moment: --as-of-position or --as-of-recorded")
    with SqliteStore.open(ledger_file(trial, file), read_only=True) as store:
        stop = store.size if instant is None else store.positions_until(instant)
        stop = stop if as_of_position is None else min(stop, as_of_position + 1)
        world = world_at(store.records(0, stop))
    moment: datetime | None = instant or world.recorded_at
    day = day_of(on) or (home_day(world, moment) if moment is not None else None)
    rows = [] if day is None else list(delegations_of(world, day))
    _print(
        DelegationView, rows, as_csv, as_json, ("person", "role", "site", "from_on", "to_on", "in_force", "training")
    )


def _print(kind: type[BaseModel], rows: list[Any], as_csv: bool, as_json: bool, columns: tuple[str, ...]) -> None:
    if as_csv:
        sys.stdout.writelines(views_csv(kind, rows))
    elif as_json:
        for row in rows:
            print_json(row.model_dump(mode="json"))
    else:
        show({}, False, lambda: _table(rows, columns))


def _table(rows: list[Any], columns: tuple[str, ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in columns:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(_cell(getattr(row, name)) for name in columns))
    return table


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return instant_text(value)[:19].replace("T", " ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
