"""How a command speaks: tables for people, JSON for programs, progress for whoever watches, and the exit code.

0   done
1   refused, or what was compared differs
2   the command line cannot be read
3   it could not be run: no such ledger, no right to it, another process writes it, no server
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Final

import orjson
import typer
from pydantic import ValidationError
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ledger.errors import Corrupt, LedgerError, Unavailable, Unknown
from projections.broken import title_of

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
COULD_NOT_RUN: Final = 3

EXIT_CODES: Final = "Exit codes: 0 done; 1 refused, or it differs; 2 usage; 3 could not run."

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program instead of a table.")]

out: Final = Console(highlight=False)
err: Final = Console(stderr=True, highlight=False)


def show(document: Mapping[str, Any], as_json: bool, readable: Callable[[], RenderableType]) -> None:
    """The document as one line of JSON, or what a person reads of it."""
    if as_json:
        print_json(document)
    else:
        tidy(out, readable())


def tidy(console: Console, what: RenderableType) -> None:
    """Print; where no terminal reads, without the blanks that fill a table's lines to their end."""
    if console.is_terminal:
        console.print(what)
        return
    with console.capture() as captured:
        console.print(what)
    console.file.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())
    console.file.flush()


def facts(document: Mapping[str, Any]) -> Table:
    """Names on the left, what they are on the right; what is null is left out."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in document.items():
        if value is not None:
            shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
            table.add_row(name.replace("_", " "), Text(shown))
    return table


def print_json(document: Any) -> None:
    """One line; member names sorted, so that equal documents are equal lines."""
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode() + "\n")
    sys.stdout.flush()


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, at a terminal only. It is told how far the work is, and of how much."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,} / {task.total:,}"))
    with Progress(*columns, TimeElapsedColumn(), console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=0)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield tell


def complain(error: BaseException, as_json: bool) -> int:
    """Say on standard error why a command ends without success; the exit code."""
    code = exit_code(error)
    title, rule = _title(error), getattr(error, "rule", "")
    if as_json:
        detail = str(error) if isinstance(error, LedgerError) else ""
        said = {"error": type(error).__name__, "rule": rule, "title": title, "detail": detail, "exit_code": code}
        sys.stderr.write(orjson.dumps(said).decode() + "\n")
    else:
        about = f" ({error})" if isinstance(error, LedgerError) and str(error) else ""
        err.print(f"{'Refused' if code == REFUSED else 'Could not run'}: {title}{about}", markup=False, soft_wrap=True)
    return code


def exit_code(error: BaseException) -> int:
    """What is stored differently from what was written is a difference; what cannot be reached could not be run."""
    if isinstance(error, Corrupt):
        return REFUSED
    if isinstance(error, LedgerError) and not isinstance(error, Unavailable | Unknown):
        return REFUSED
    return COULD_NOT_RUN


def _title(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(map(_fault, error.errors(include_url=False, include_input=False)))
    if isinstance(error, LedgerError) and type(error).__doc__:
        return title_of(type(error))
    return str(error) or type(error).__name__


def _fault(fault: Mapping[str, Any]) -> str:
    """Which setting, and what is wrong with it; a fault of all of them says so itself."""
    said = str(fault["msg"]).removeprefix("Value error, ")
    return ": ".join([*(str(part) for part in fault["loc"]), said])
