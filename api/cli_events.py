"""The log of a ledger's file, event by event, with no server."""

import time
from collections.abc import Iterator
from typing import Annotated, Final

import orjson
import typer
from rich.text import Text

from api.cli_output import AsJson, out, print_json
from api.cli_places import File, TrialName, ledger_file
from api.settings import Settings
from ledger.record import Record, patient_stream
from ledger.store.sqlite import SqliteStore
from ledger.texts import Texts
from ledger.trial.signatures import RecordSigned
from ledger.world import World
from projections.base import fold, is_late
from projections.signatures import Manifestation, signatures_of

PAGE: Final = 500
FOLLOW_EVERY_SECONDS: Final = 0.25


def events(
    trial: TrialName = None,
    file: File = None,
    after: Annotated[int, typer.Option(min=-1, help="Only events at greater positions.")] = -1,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    kind: Annotated[
        str | None, typer.Option("--type", metavar="NAME", help="A stored name, such as trial.hold-applied.v1.")
    ] = None,
    stream: Annotated[str | None, typer.Option(help="trial, cohort/1, patient/001.")] = None,
    patient: Annotated[str | None, typer.Option(help="The same as --stream patient/...")] = None,
    actor: Annotated[str | None, typer.Option(help="Who acted.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more until interrupted.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the log, one line an event. With --json the very bytes that the tree is computed over, one leaf a line."""
    if patient is not None and stream is not None:
        raise typer.BadParameter("give --stream or --patient")
    where = patient_stream(patient) if patient is not None else stream
    wanted = {"type": kind, "stream": where, "actor": actor}
    with SqliteStore.open(ledger_file(trial, file), read_only=True) as store:
        signed = Signed(store)
        try:
            for number, record in enumerate(_listed(store, after, wanted, follow), start=1):
                _print(store, record, signed, as_json)
                if number == limit:
                    break
        except KeyboardInterrupt:
            return


class Signed:
    """The signatures of a log as it stands; where nothing is signed, nothing is read for it."""

    def __init__(self, store: SqliteStore) -> None:
        self._store, self._world = store, World()
        self._texts = Texts(store, Settings().keyring(store.path))

    def on(self, position: int) -> Manifestation | None:
        """The signature on an event, or that the event is, and whether it still stands."""
        size = self._store.size
        if self._world.size < size and (self._world.size or self._store.page(-1, 1, type=RecordSigned.NAME)):
            self._world = fold(self._store.records(self._world.size, size), self._world)
        return signatures_of(self._world, self._texts.shown)(position)


def _listed(store: SqliteStore, after: int, wanted: dict[str, str | None], follow: bool) -> Iterator[Record]:
    """Page by page; while following, what comes after the last page, as it comes."""
    while True:
        page = store.page(after, PAGE, **wanted)
        yield from page
        if page:
            after = page[-1].position
        elif not follow:
            return
        else:
            time.sleep(FOLLOW_EVERY_SECONDS)


def _print(store: SqliteStore, record: Record, signed: Signed, as_json: bool) -> None:
    if as_json:
        print_json(orjson.loads(store.leaf(record.position)))
        return
    line = Text(f"{record.position:>6}  ", style="dim")
    line.append(f"{record.recorded_at:%Y-%m-%d %H:%M:%S}Z  ", style="dim")
    line.append(f"{record.stream:<13} ", style="not dim")
    line.append(record.event.NAME.partition(".")[2], style="bold not dim")
    line.append(f"  {record.actor.id}", style="not dim")
    for remark in (*_remarks(record), *_signature(signed.on(record.position), record.position)):
        line.append(f"  {remark}", style="yellow not dim")
    out.print(line, soft_wrap=True)


def _signature(signature: Manifestation | None, position: int) -> Iterator[str]:
    """Of what is signed only where that is; of the signature itself all that a page has to print."""
    if signature is not None:
        signed = f"signed at {signature.position}" + (", stale" if signature.status == "stale" else "")
        yield signature.line if signature.position == position else signed


def _remarks(record: Record) -> Iterator[str]:
    """What a reader of the log should not pass over."""
    if is_late(record):
        yield f"entered late: happened {record.occurred_at:%Y-%m-%d %H:%M}"
    if record.corrects is not None:
        yield f"corrects {record.corrects}"
    if record.conflicts_with is not None:
        yield f"contradicts {record.conflicts_with}"
