"""What would happen next, on the command line: the tree of the coming cohort, the design on average, the boundary.

Of a ledger's file as its log stands, or of a protocol alone, without any ledger.
"""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from api.cli_output import EXIT_CODES, AsJson, facts, show
from api.cli_places import File, TrialName, reading
from api.cli_protocol import PROTOCOL_HELP, protocol_of
from ledger.protocol.document import ProtocolDocument
from ledger.refusals import NoProtocolInForce
from ledger.world import World
from projections import what_next as ahead
from projections.base import world_at
from projections.levels import home_day

design: Final = typer.Typer(no_args_is_help=True, help="What the design would do: next, on average, and in phase II.")

Alone = Annotated[
    str | None,
    typer.Option("--protocol", metavar="PROTOCOL", help=PROTOCOL_HELP),
]
RATES_HELP: Final = "True DLT rates from 0 to 1, at most four decimals each, with commas between."


def source(trial: str | None, file: Path | None, protocol: str | None) -> tuple[World, ProtocolDocument]:
    """The state of a ledger with its protocol in force, or an empty state under a protocol."""
    if protocol is not None:
        if trial is not None or file is not None:
            raise typer.BadParameter("give --protocol, or a ledger with --trial or --file")
        return World(), protocol_of(protocol)
    with reading(trial, file) as store:
        world = world_at(store.records(0, store.size))
    version = world.trial.protocol_on(home_day(world, world.recorded_at)) if world.recorded_at else None
    if version is None:
        raise NoProtocolInForce("no approved protocol version holds")
    return world, version.document


def rates_given(text: str) -> tuple[Fraction, ...]:
    """The rates that an option names; a usage error for another spelling."""
    if not re.fullmatch(ahead.RATES_PATTERN, text):
        raise typer.BadParameter("rates are written 0.05,0.10,0.20,0.45, with at most four decimals")
    return ahead.rates_of(text)


@design.command(epilog=EXIT_CODES)
def tree(
    trial: TrialName = None,
    file: File = None,
    protocol: Alone = None,
    depth: Annotated[int, typer.Option(min=1, max=2, help="How many cohorts to look ahead.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Every outcome of the coming cohort, and what the design would say then. It foresees, and permits nothing."""
    found = ahead.what_next(*source(trial, file, protocol), depth)
    show(found.model_dump(mode="json"), as_json, lambda: _tree_text(found))


def _tree_text(found: ahead.WhatNext) -> Group:
    now, *below = found.text.splitlines()
    stopped = [Text(f"The trial has stopped: {found.stopped}", style="bold red")] if found.stopped else []
    because = [Text(line, style="dim") for line in found.tree.explanation]
    counts = "DLTs of the undecided patients, and what the design would say then:"
    ahead_lines = [Text(counts, style="dim"), *map(Text, below)] if below else []
    return Group(*stopped, Text(now, style="bold"), *because, *ahead_lines)


@design.command(epilog=EXIT_CODES)
def characteristics(
    rates: Annotated[str, typer.Option(metavar="RATES", help=f"One a level, the reserve included. {RATES_HELP}")],
    trial: TrialName = None,
    file: File = None,
    protocol: Alone = None,
    cap: Annotated[int | None, typer.Option(min=1, max=1000, help="Instead of the protocol's enrolment cap.")] = None,
    patient_by_patient: Annotated[
        bool, typer.Option("--patient-by-patient", help="Ask the design after each patient, not after three.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulation, above five levels.")] = 1,
    as_json: AsJson = False,
) -> None:
    """What the design does on average under true DLT rates: exact up to five levels, else simulated, with its error."""
    given = rates_given(rates)
    found = ahead.characteristics(
        source(trial, file, protocol)[1],
        given,
        cap=cap,
        enrolment="patient_by_patient" if patient_by_patient else "whole_cohorts",
        seed=seed,
    ).model_dump(mode="json")
    show(found, as_json, lambda: _characteristics_tables(found))


def _characteristics_tables(found: Mapping[str, Any]) -> Group:
    how = {"exact": f"exact, over {found['paths']} courses"}.get(
        found["method"], f"simulated: {found['trials']} trials from seed {found['seed']}"
    )
    cap = found["cap"]
    lines = {
        "method": how,
        "enrolment": found["enrolment"].replace("_", " "),
        "true rates": ", ".join(f"level {level} {decimal(rate)}" for level, rate in found["rates"].items()),
        "expected patients": number(found["expected_patients"]),
        "expected DLTs": number(found["expected_dlts"]),
        f"fewer than {cap['patients']} patients": number(cap["below"]),
        f"exactly {cap['patients']}": number(cap["exactly"]),
        f"more than {cap['patients']}": number(cap["above"]),
    }
    endings = ((each["ending"]["line"], number(each["probability"])) for each in found["endings"])
    patients = ((count, number(chance)) for count, chance in found["patients"].items())
    return Group(
        facts(lines),
        _table(("the trial ends with", "probability"), endings),
        _table(("patients", "probability"), patients),
    )


@design.command(epilog=EXIT_CODES)
def boundary(
    trial: TrialName = None,
    file: File = None,
    protocol: Alone = None,
    rates: Annotated[str, typer.Option(metavar="RATES", help=RATES_HELP)] = ahead.BOUNDARY_RATES,
    as_json: AsJson = False,
) -> None:
    """The toxicity boundary of phase II that the protocol states, and how likely it is crossed under true rates."""
    given = rates_given(rates)
    found = ahead.boundary(*source(trial, file, protocol), given).model_dump(mode="json")
    show(found, as_json, lambda: _boundary_tables(found))


def _boundary_tables(found: Mapping[str, Any]) -> Group:
    start = found["start"]
    lines = {
        "stop at": ", ".join(found["steps"]),
        "counted": "all treated at the recommended dose"
        if found["counts_phase_1_at_rp2d"]
        else "patients of phase II only",
        "recommended dose": "none yet" if found["rp2d"] is None else f"level {found['rp2d']}",
        "from": f"{start['dlts']} DLTs of {start['treated']}{', assumed' if start['assumed'] else ''}",
        "within": f"{found['within']} more patients",
        "hold at every DLT": found["hold_at_every_dlt"],
    }
    stops = ((decimal(rate), number(chance)) for rate, chance in found["stops"].items())
    return Group(facts(lines), _table(("true rate", "probability of stopping"), stops))


def number(shown: Mapping[str, Any]) -> str:
    """A rounded number, with its standard error where it is simulated."""
    error = shown["standard_error"]
    return shown["rounded"] if error is None else f"{shown['rounded']} (SE {error})"


def decimal(rate: str) -> str:
    """A rate with at most four decimals, as it was given: two of them at least."""
    text = f"{Fraction(rate) * 10_000 // 1:05d}"
    return re.sub(r"(\.\d\d\d*?)0*$", r"\1", f"{text[:-4]}.{text[-4:]}")


def _table(heads: tuple[str, str], rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column(heads[0])
    table.add_column(heads[1], justify="right")
    for row in rows:
        table.add_row(*row)
    return table
