"""The command line, `trial-ledger`. How it speaks, and its exit codes, stand in `cli_output.py`."""

import os
import platform
import sqlite3
import sys
from collections.abc import Sequence
from importlib.metadata import version as version_of
from typing import Any, Final

import typer
from pydantic import SecretStr, ValidationError
from rich.box import SIMPLE_HEAD
from rich.table import Table

from api.cli_access import access_log, delegations
from api.cli_accounts import accounts
from api.cli_chaos import chaos
from api.cli_design import design
from api.cli_events import events
from api.cli_evidence import ANYTHING, attack, export, keys, recover, verify
from api.cli_ledger import backup, rebuild, replay, restore
from api.cli_output import DONE, EXIT_CODES, AsJson, complain, facts, show
from api.cli_pack import pack
from api.cli_protocol import protocol
from api.cli_serve import demo, serve
from api.cli_vault import upgrade, vault
from api.cli_witness import witness
from api.settings import ENV_PREFIX, Settings
from ledger.errors import LedgerError
from ledger.store.codec import LEAF_VERSION
from ledger.store.schema import FORMAT_VERSION
from ledger.world import FOLD_VERSION

PROGRAM: Final = "trial-ledger"
MASK: Final = "********"
SERVICE: Final = "The service"
FILE: Final = "A ledger's file, with or without a server"
HERE: Final = "This installation"
EVIDENCE: Final = "Evidence"

app = typer.Typer(
    name=PROGRAM,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="An event-sourced, audit-grade ledger for early-phase clinical trials.",
    epilog=EXIT_CODES,
)
config = typer.Typer(no_args_is_help=True, help="How a server would run here.")

app.command(rich_help_panel=SERVICE, epilog=EXIT_CODES)(serve)
app.command(rich_help_panel=SERVICE, epilog=EXIT_CODES)(demo)
app.add_typer(accounts, name="account", rich_help_panel=SERVICE)
app.command("access-log", rich_help_panel=SERVICE, epilog=EXIT_CODES)(access_log)
for command in (replay, rebuild, events, delegations, pack, backup, restore, upgrade):
    app.command(rich_help_panel=FILE, epilog=EXIT_CODES)(command)
app.add_typer(design, name="design", rich_help_panel=FILE)
app.command(rich_help_panel=HERE, epilog=EXIT_CODES)(protocol)
app.command(rich_help_panel=HERE, epilog=EXIT_CODES)(chaos)
app.add_typer(config, name="config", rich_help_panel=HERE)
app.add_typer(vault, name="vault", rich_help_panel=HERE)
app.command(rich_help_panel=EVIDENCE, context_settings=ANYTHING)(verify)
app.command(rich_help_panel=EVIDENCE, epilog=EXIT_CODES)(attack)
app.command(rich_help_panel=EVIDENCE, epilog=EXIT_CODES)(recover)
app.add_typer(export, name="export", rich_help_panel=EVIDENCE)
app.add_typer(keys, name="key", rich_help_panel=EVIDENCE)
app.add_typer(witness, name="witness", rich_help_panel=EVIDENCE)


@config.command("show")
def config_show(as_json: AsJson = False) -> None:
    """Every setting with its value and where that comes from. Secrets are masked."""
    settings = Settings()
    rows = [
        {"setting": name, "value": shown(getattr(settings, name)), "origin": _origin(name)}
        for name in type(settings).model_fields
    ]
    show({"settings": rows}, as_json, lambda: _table(rows))


def shown(value: Any) -> Any:
    """A setting as it may be shown."""
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _origin(name: str) -> str:
    variable = f"{ENV_PREFIX}{name.upper()}"
    given = next((key for key in os.environ if key.upper() == variable), None)
    return "default" if given is None else f"environment, {given}"


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("setting", "value", "origin"):
        table.add_column(name)
    for row in rows:
        table.add_row(row["setting"], "" if row["value"] is None else str(row["value"]), row["origin"])
    return table


@app.command(rich_help_panel=HERE)
def version(as_json: AsJson = False) -> None:
    """The version of this program, and of everything that decides what bytes and digests it gives."""
    said = {
        "trial_ledger": version_of(PROGRAM),
        "leaf_version": LEAF_VERSION,
        "file_format": FORMAT_VERSION,
        "fold_version": FOLD_VERSION,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    show(said, as_json, lambda: facts(said))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code. What the ledger refuses is told in one line, without a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app(given, prog_name=PROGRAM)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE
    except (LedgerError, OSError, ValidationError) as error:
        return complain(error, as_json="--json" in given)
    return DONE


def main() -> None:
    """The entry point."""
    sys.exit(run())


if __name__ == "__main__":
    main()
