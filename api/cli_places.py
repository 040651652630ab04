"""What an option names: a ledger's file, by its trial in the directory of the settings or by its path; an instant."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import TypeAdapter, ValidationError

from api.settings import Settings
from ledger.refusals import NoSuchTrial
from ledger.shelf import SUFFIX, trials_in
from ledger.types import Name, parse_day, parse_instant

TrialName = Annotated[
    str | None,
    typer.Option(
        "--trial", metavar="TRIAL", help="A trial in the directory of the settings; not needed for the only one."
    ),
]
File = Annotated[Path | None, typer.Option("--file", metavar="PATH", help="A ledger's file, wherever it is.")]

_NAME: Final = TypeAdapter(Name)


def ledger_file(trial: str | None, file: Path | None) -> Path:
    """The file of a ledger that exists; without a name, of the only trial that there is."""
    if file is not None:
        _one_of(trial)
        return file
    directory = Settings().directory
    if trial is None:
        found = trials_in(directory)
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
    try:
        return directory / f"{_NAME.validate_python(trial)}{SUFFIX}"
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
