"""Trials as whole things: made in a database, moved from one store to another."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from api.cli_output import AsJson, facts, show
from api.cli_places import named, valid
from api.settings import Settings
from api.trials import trials_of
from ledger.store.contract import Store
from ledger.store.migration import move_to_file
from ledger.store.sqlite import SUFFIX, SqliteStore

trials: Final = typer.Typer(no_args_is_help=True, help="Trials in a database, a schema each.")

OWNER: Final = "TRIAL_LEDGER_MIGRATION_URL"
ServiceRole = Annotated[
    str | None,
    typer.Option(metavar="ROLE", help="Who serves the trial; the role of LEDGER_DATABASE_URL, unless it is said."),
]


@trials.command()
def create(
    trial: Annotated[str, typer.Argument(help="The trial's identifier, under which it will be registered.")],
    migration_url: Annotated[
        str, typer.Option(envvar=OWNER, help="The database, for the role that shall own the trial's schema.")
    ],
    service_role: ServiceRole = None,
    as_json: AsJson = False,
) -> None:
    """Make the schema of a trial: its tables, the triggers that keep their rows, and the grants to the role that
    serves, which may read and add rows and nothing else."""
    from ledger.store.postgres.database import make_trial
    from ledger.store.postgres.schema import schema_of

    role = service_role or _role_of_the_settings()
    make_trial(migration_url, valid(trial), role)
    said = {"trial": trial, "schema": schema_of(trial), "service_role": role}
    show(said, as_json, lambda: facts(said))


@trials.command("list")
def list_trials(as_json: AsJson = False) -> None:
    """The trials that a server would serve here."""
    with closing(trials_of(Settings())) as found:
        said = {"trials": list(found.names())}
    show(said, as_json, lambda: facts({"trials": ", ".join(said["trials"])}))


def migrate(
    source: Annotated[str, typer.Option("--from", metavar="FILE|URL", help="A ledger's file, or a database.")],
    to: Annotated[str, typer.Option(metavar="URL|FILE", help="The other one; for a database the role that owns.")],
    trial: Annotated[
        str | None, typer.Option(help="Which trial of the database; the name of the file, unless it is said.")
    ] = None,
    service_role: ServiceRole = None,
    as_json: AsJson = False,
) -> None:
    """Move a trial between SQLite and PostgreSQL: every row as it is, the same leaves, the same root. Verified before
    the target appears; nothing is overwritten, and the source stays. Nobody appends to it meanwhile."""
    if _is_url(source) == _is_url(to):
        raise typer.BadParameter("one of --from and --to is a file, the other a database's URL")
    name = trial if trial is None else valid(trial)
    with _source(source, name) as (found, store):
        size, root = store.size, store.root.hex()
        if _is_url(to):
            from ledger.store.postgres.migration import move_to_schema

            move_to_schema(store, to, found, service_role or _role_of_the_settings())
        else:
            move_to_file(store, Path(to))
    said = {"trial": found, "events": size, "root": root, "to": _shown(to)}
    show(said, as_json, lambda: facts(said))


@contextmanager
def _source(given: str, trial: str | None) -> Iterator[tuple[str, Store]]:
    """The trial that moves, under its name, with nobody else appending."""
    if not _is_url(given):
        path = Path(given)
        with SqliteStore.open(path) as store:
            yield trial or valid(path.name.removesuffix(SUFFIX)), store
        return
    from ledger.store.postgres.database import Database
    from ledger.store.postgres.server import Patience

    with closing(Database(given, Patience(still_transaction=0))) as database:
        name = named(trial, database.names())
        with database.open(name) as store:
            yield name, store


def _role_of_the_settings() -> str:
    """The role that the service's URL names."""
    url = Settings().database_url
    role = urlsplit(url.get_secret_value()).username if url is not None else None
    if role is None:
        raise typer.BadParameter("name the role that serves with --service-role")
    return role


def _is_url(given: str) -> bool:
    return given.startswith(("postgresql://", "postgres://"))


def _shown(given: str) -> str:
    """Where to, without a password."""
    if not _is_url(given):
        return os.fspath(given)
    parts = urlsplit(given)
    return f"postgresql://{parts.hostname or ''}{parts.path}"
