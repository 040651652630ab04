"""Commands that start a server: the service itself, and the demo."""

import gc
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.cli_logging import configure_log
from api.cli_output import COULD_NOT_RUN
from api.cli_places import instant_of
from api.settings import Settings

GRACE_SECONDS: Final = 5
"""How long an open event stream may hold up the shutdown."""


class Story(StrEnum):
    """What the demo plays."""

    escalation = "escalation"
    patient = "patient"


def look_for_cycles_seldom() -> None:
    """A trial in memory is millions of values, none of which refers to itself: Python's search for cycles finds nothing
    there, and would take a tenth of the time that commands take. What has cycles, such as a traceback, can wait."""
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def serve(
    directory: Annotated[Path | None, typer.Option(help="Where the trials' files are.")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = None,
    story_from: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT", help="Training ledgers run on a clock that begins here; POST .../clock sets it."
        ),
    ] = None,
) -> None:
    """Run the HTTP service. Options stand before LEDGER_... variables; `config show` says which hold."""
    import uvicorn

    from api.app import create_app

    given: dict[str, Any] = {"directory": directory, "host": host, "port": port}
    if story_from is not None:
        given["story_from"] = instant_of(story_from)
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    configure_log()
    look_for_cycles_seldom()
    try:
        uvicorn.run(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    except SystemExit as end:
        raise typer.Exit(COULD_NOT_RUN if end.code else 0) from None


def demo(
    leave: Annotated[
        bool, typer.Option("--exit", help="End with the story, instead of leaving the server to you.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    directory: Annotated[
        Path | None, typer.Option(help="Keep the ledger here; by default it goes when the demo ends.")
    ] = None,
    story: Annotated[Story, typer.Option(help="What is played.")] = Story.escalation,
) -> None:
    """Play a whole phase I trial over HTTP: nine children, a DLT, an escalation, a hold, and the MTD.

    Then an earlier day is replayed twice with the same digest, and a falsified copy is found out. With
    `--story patient`: one child from screening to two years after the graft, beside the protocol's day table.
    """
    from api.demo.run import play

    if not play(story, directory=directory, port=port, leave=leave):
        raise typer.Exit(COULD_NOT_RUN)
