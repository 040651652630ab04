"""A witness of others' logs, for whoever runs one: the service, what it remembers, and how it forgets."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from api.cli_output import REFUSED, AsJson, facts, show
from ledger.evidence.cosigning import Forgotten, Heads, Witness
from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import Bad, Policy
from ledger.types import instant_text

witness: Final = typer.Typer(no_args_is_help=True, help="A witness of others' logs.")
HeadsFile = Annotated[Path, typer.Option(help="Where the last head of each log is remembered.")]


@witness.command("serve")
def serve_witness(
    key: Annotated[Path, typer.Option(help="The witness's key (`key new`).")],
    logs: Annotated[Path, typer.Option(help="A tlog-policy file: the logs that are watched.")],
    heads: HeadsFile,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8090,
) -> None:
    """Cosign heads of others' logs over HTTP, `POST /add-checkpoint` (C2SP tlog-witness): only those that continue the
    last one. Run it where the log's owner has no access."""
    import uvicorn

    from api.witness import create_witness

    try:
        watching = Witness(Heads(heads), SigningKey.read(key), Policy.parse(logs.read_bytes()))
    except Bad as bad:
        raise typer.BadParameter(str(bad)) from None
    uvicorn.run(create_witness(watching), host=host, port=port, log_level="warning")


@witness.command("heads")
def show_heads(heads: HeadsFile, as_json: AsJson = False) -> None:
    """What the witness remembers: the last head of each log, and what it was told to forget, by whom and why."""
    known = _existing(heads)
    last = [{"origin": origin, "size": size, "root": root.hex()} for origin, size, root in known.every()]
    forgotten = [_told(each) for each in known.forgotten()]
    show({"heads": last, "forgotten": forgotten}, as_json, lambda: _table([*last, *forgotten]))


@witness.command("forget")
def forget_head(
    origin: Annotated[str, typer.Argument(help="The log's origin, the first line of its checkpoints.")],
    heads: HeadsFile,
    size: Annotated[int, typer.Option(min=1, help="The size of the head that is forgotten; another is not.")],
    reason: Annotated[str, typer.Option(help="Why: where the recovery is on record, and who confirmed it.")],
    by: Annotated[str, typer.Option(help="Who decides it for the witness.")],
    as_json: AsJson = False,
) -> None:
    """Let a log go on that does not continue its last head, after a recovery that you have seen on record and
    believe. The head, the reason and who gave it are kept. A witness that forgets on request alone is none."""
    if not reason.strip() or not by.strip():
        raise typer.BadParameter("say why, and who decides it")
    done = _existing(heads).forget(origin, size, int(time.time()), by.strip(), reason.strip())
    said = {"origin": origin, "size": size, "forgotten": done}
    show(said, as_json, lambda: facts(said))
    if not done:
        raise typer.Exit(REFUSED)


def _existing(path: Path) -> Heads:
    """A memory that is there: a mistyped name must not make a new one."""
    if not path.is_file():
        raise typer.BadParameter(f"{path} is not there")
    return Heads(path)


def _told(each: Forgotten) -> dict[str, Any]:
    at = instant_text(datetime.fromtimestamp(each.at_seconds, UTC))
    what = {"origin": each.origin, "size": each.size, "root": each.root.hex()}
    return {**what, "forgotten_at": at, "by": each.by, "reason": each.reason}


def _table(rows: list[dict[str, Any]]) -> Table:
    columns = ("origin", "size", "root", "forgotten_at", "by", "reason")
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in columns:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    return table
