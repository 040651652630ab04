"""What an option names: a ledger, by its trial where the settings have it or by the path of its file; an instant."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import TypeAdapter, ValidationError

from api.settings import Settings
from api.trials import trials_of
from ledger.refusals import NoSuchTrial
from ledger.store.contract import Store
from ledger.store.sqlite import SUFFIX, Directory, SqliteStore
from ledger.types import Name, parse_day, parse_instant

TrialName = Annotated[
    str | None,
    typer.Option(
        "--trial", metavar="TRIAL", help="A trial in the settings' directory or database; not needed for the only one."
    ),
]
File = Annotated[Path | None, typer.Option("--file", metavar="PATH", help="A ledger's file, wherever it is.")]

_NAME: Final = TypeAdapter(Name)


@contextmanager
def reading(trial: str | None, file: Path | None) -> Iterator[Store]:
    """A ledger that exists, open for reading only."""
    if file is not None:
        with SqliteStore.open(ledger_file(trial, file), read_only=True) as store:
            yield store
        return
    settings = Settings()
    with closing(trials_of(settings)) as trials, trials.open(named(trial, trials.names()), read_only=True) as store:
        yield store


def named(trial: str | None, names: Sequence[str]) -> str:
    """The trial that is named, if it is there; without a name, the only one that there is."""
    if trial is None and len(names) == 1:
        return names[0]
    if trial is None:
        choice = f"here are {', '.join(names)}" if names else "there is no ledger here"
        raise typer.BadParameter(f"name a trial with --trial, or a file with --file: {choice}")
    if valid(trial) not in names:
        raise NoSuchTrial(f"trial {trial}")
    return trial


def ledger_file(trial: str | None, file: Path | None) -> Path:
    """The file of a ledger that exists; without a name, of the only trial that there is."""
    if file is not None:
        _one_of(trial)
        return file
    settings = Settings()
    if settings.database_url is not None:
        raise typer.BadParameter("the trials are in a database; this needs a file, which `trial-ledger migrate` makes")
    directory = settings.directory
    if trial is None:
        found = Directory(directory).names()
        if len(found) == 1:
            return _place(directory, found[0])
        raise typer.BadParameter(f"name a trial with --trial, or a file with --file: {_choice(directory, found)}")
    path = _place(directory, trial)
    if not path.is_file():
        raise NoSuchTrial(f"trial {trial} in {directory}")
    return path


def new_ledger_file(trial: str | None, file: Path | None) -> Path:
    """Where a ledger is to be made."""
    if file is not None:
        _one_of(trial)
        return file
    if trial is None:
        raise typer.BadParameter("name the new ledger with --trial, or its file with --file")
    directory = Settings().directory
    directory.mkdir(parents=True, exist_ok=True)
    return _place(directory, trial)


def _place(directory: Path, trial: str) -> Path:
    return directory / f"{valid(trial)}{SUFFIX}"


def valid(trial: str) -> str:
    """A trial's name; a usage error for another spelling."""
    try:
        return _NAME.validate_python(trial)
    except ValidationError:
        raise typer.BadParameter("a trial's name has letters, digits and . _ @ -") from None


def _one_of(trial: str | None) -> None:
    if trial is not None:
        raise typer.BadParameter("give --trial or --file")


def _choice(directory: Path, found: list[str]) -> str:
    return f"{directory} holds {', '.join(found)}" if found else f"{directory} holds no ledger"


def instant_of(text: str | None) -> datetime | None:
    """The instant that an option names; a usage error for another spelling."""
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None


def day_of(text: str | None) -> date | None:
    """The day that an option names; a usage error for another spelling."""
    if text is None:
        return None
    try:
        return parse_day(text)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None
