"""`trial-ledger chaos`: faults injected on this machine, and what came of them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from api.chaos.outcome import Outcome, Row
from api.cli_output import REFUSED, AsJson, err, show


def chaos(
    row: Annotated[list[str] | None, typer.Option(metavar="F1", help="Only this row; may be repeated.")] = None,
    long: Annotated[
        bool, typer.Option("--long", help="As often as the table in docs/faults.md, not a few times.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Whence the chances come.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Kill, cut the power, fill the disk, set the clock, and count what was acknowledged and is lost.

    Everything happens to trials of its own, in directories that go afterwards; the real server and the real writer are
    run. Some rows compile a small piece of C, and need `cc`; some start PostgreSQL servers. A row that cannot be run
    here says so. Exit code 1: something that was promised is not so.
    """
    from api.chaos.matrix import ROWS, played  # the rows import what no other command needs

    wanted = {each.upper() for each in row or ()}
    if unknown := wanted - {each.name for each in ROWS}:
        raise typer.BadParameter(f"no such row: {', '.join(sorted(unknown))}")
    rows = tuple(each for each in ROWS if not wanted or each.name in wanted)
    found = []
    for each, outcome in played(rows, seed=seed, long=long):
        found.append((each, outcome))
        if err.is_terminal:
            err.print(f"{each.name:>4}  {each.fault}: {_said(outcome, 'as promised', 'NOT as promised')}")
    show({"rows": [_told(*each) for each in found], "seed": seed}, as_json, lambda: _table(found))
    if not all(outcome.passed or outcome.not_run for _, outcome in found):
        raise typer.Exit(REFUSED)


def _said(outcome: Outcome, kept: str, broken: str) -> str:
    return "not run" if outcome.not_run else kept if outcome.passed else broken


def _told(row: Row, outcome: Outcome) -> dict[str, Any]:
    return {"row": row.name, "fault": row.fault, **asdict(outcome), "passed": outcome.passed}


def _table(found: Sequence[tuple[Row, Outcome]]) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="dim", pad_edge=False)
    table.add_column("row")
    table.add_column("fault", min_width=30)
    for name in ("injected", "acknowledged", "lost"):
        table.add_column(name, justify="right")
    table.add_column("kept")
    for row, outcome in found:
        counts = (f"{count:,}" for count in (outcome.injected, outcome.acknowledged, outcome.lost))
        table.add_row(row.name, row.fault, *counts, _said(outcome, "yes", "NO"))
        for line in (outcome.not_run, outcome.control, *outcome.wrong[:5]):
            if line:
                table.add_row("", f"  {line}", style="dim")
    return table
