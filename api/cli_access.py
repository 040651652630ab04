"""Who had access, asked with no server: the installation's own log, and a trial's delegations."""

import sys
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from api.cli_output import AsJson, out, print_json, tidy
from api.cli_places import File, TrialName, day_of, instant_of, ledger_file
from api.settings import Settings
from api.views import DelegationView
from api.views import delegations as delegations_of
from ledger.installation_log import FILE, spool_of
from ledger.store.sqlite import SqliteStore
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
    if not _as_asked(AccessRow, rows, as_csv, as_json):
        for row in rows:
            out.print(_line(row), soft_wrap=True)
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
    if not _as_asked(DelegationView, rows, as_csv, as_json):
        tidy(out, _table(rows))


def _as_asked(kind: type[BaseModel], rows: Sequence[BaseModel], as_csv: bool, as_json: bool) -> bool:
    """Print the rows for a spreadsheet or for a program, a line each; whether that was asked for."""
    if as_csv:
        sys.stdout.writelines(views_csv(kind, rows))
    elif as_json:
        for row in rows:
            print_json(row.model_dump(mode="json"))
    return as_csv or as_json


def _line(row: AccessRow) -> Text:
    """When, what, who, and on what."""
    line = Text(f"{row.position:>6}  {row.recorded_at:%Y-%m-%d %H:%M:%S}Z  ", style="dim")
    line.append(f"{row.kind:<16} ", style="bold not dim")
    line.append(f"{row.who} ({row.role.replace('_', ' ')})", style="not dim")
    for said in (row.about, row.trial, row.patient, row.resource, row.change):
        if said is not None:
            line.append(f"  {said}", style="not dim")
    if row.problem or row.rule:
        line.append(f"  {row.problem or row.rule}", style="yellow not dim")
    if row.times_count > 1:
        line.append(f"  {row.times_count} times", style="yellow not dim")
    return line


def _table(rows: Sequence[DelegationView]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("person", "role", "site", "from", "to", "in force", "given by", "training"):
        table.add_column(name)
    for row in rows:
        until = "" if row.to_on is None else row.to_on.isoformat()
        in_force = "yes" if row.in_force else "no"
        table.add_row(
            row.person, row.role, row.site or "", str(row.from_on), until, in_force, row.given_by, row.training or ""
        )
    return table
