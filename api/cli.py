"""The command line, `trial-ledger`. How it speaks, and its exit codes, stand in `cli_output.py`."""

import platform
import sqlite3
import sys
from collections.abc import Sequence
from importlib.metadata import version as version_of
from typing import Final

import typer
from pydantic import ValidationError

from api.cli_access import access_log, delegations
from api.cli_accounts import accounts
from api.cli_chaos import chaos
from api.cli_config import config
from api.cli_design import design
from api.cli_doctor import doctor
from api.cli_events import events
from api.cli_evidence import ANYTHING, attack, export, keys, recover, verify
from api.cli_ledger import backup, rebuild, replay, restore
from api.cli_output import DONE, EXIT_CODES, AsJson, complain, facts, show
from api.cli_pack import pack
from api.cli_protocol import protocol
from api.cli_serve import demo, serve
from api.cli_trials import migrate, trials
from api.cli_vault import upgrade, vault
from api.cli_witness import witness
from ledger.errors import LedgerError
from ledger.store.codec import LEAF_VERSION
from ledger.store.schema import FORMAT_VERSION
from ledger.world import FOLD_VERSION

PROGRAM: Final = "trial-ledger"
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

app.command(rich_help_panel=SERVICE, epilog=EXIT_CODES)(serve)
app.command(rich_help_panel=SERVICE, epilog=EXIT_CODES)(demo)
app.add_typer(accounts, name="account", rich_help_panel=SERVICE)
app.add_typer(trials, name="trial", rich_help_panel=SERVICE)
app.command("access-log", rich_help_panel=SERVICE, epilog=EXIT_CODES)(access_log)
for command in (replay, rebuild, events, delegations, pack, backup, restore, migrate, upgrade):
    app.command(rich_help_panel=FILE, epilog=EXIT_CODES)(command)
app.add_typer(design, name="design", rich_help_panel=FILE)
app.command(rich_help_panel=HERE, epilog=EXIT_CODES)(protocol)
app.command(rich_help_panel=HERE, epilog=EXIT_CODES)(doctor)
app.command(rich_help_panel=HERE, epilog=EXIT_CODES)(chaos)
app.add_typer(config, name="config", rich_help_panel=HERE)
app.add_typer(vault, name="vault", rich_help_panel=HERE)
app.command(rich_help_panel=EVIDENCE, context_settings=ANYTHING)(verify)
app.command(rich_help_panel=EVIDENCE, epilog=EXIT_CODES)(attack)
app.command(rich_help_panel=EVIDENCE, epilog=EXIT_CODES)(recover)
app.add_typer(export, name="export", rich_help_panel=EVIDENCE)
app.add_typer(keys, name="key", rich_help_panel=EVIDENCE)
app.add_typer(witness, name="witness", rich_help_panel=EVIDENCE)


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
