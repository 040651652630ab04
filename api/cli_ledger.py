"""What is asked of a ledger's file, with no server: replay, rebuild, backup, restore. `cli_events.py` lists events."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from api.cli_board import board_table, explanation_table
from api.cli_output import REFUSED, AsJson, facts, out, progress, show
from api.cli_places import File, TrialName, instant_of, ledger_file, new_ledger_file, reading
from ledger.history import folded
from ledger.record import Record
from ledger.store import backup as copies
from ledger.store.bundled import BundledLog
from ledger.store.contract import Store
from ledger.store.sqlite import SqliteStore
from ledger.types import instant_text
from ledger.world import FOLD_VERSION, World
from projections.base import Following, digest, fold
from projections.escalation import board
from projections.explain import explain
from projections.levels import home_day

Told = Callable[[int, int], None]
TELL_EVERY: Final = 128


def replay(
    trial: TrialName = None,
    file: File = None,
    as_of_position: Annotated[
        int | None, typer.Option(min=0, help="As known when this event was the last one.")
    ] = None,
    as_of_recorded: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="As known at this instant, such as 2026-03-02T09:00:00+03:00.")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="The log of a bundle, instead of a ledger's file; `verify` says if it is true.")
    ] = None,
    level: Annotated[
        int | None, typer.Option("--explain", metavar="LEVEL", help="Also why this level takes patients, or not.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fold the log to a moment: the board as it was known then, and the digest of the whole state.

    Equal logs give equal digests on every machine, so that whoever holds a copy of the file can compare.
    """
    instant = instant_of(as_of_recorded)
    if instant is not None and as_of_position is not None:
        raise typer.BadParameter("give one moment: --as-of-position or --as-of-recorded")
    with _log(trial, file, bundle) as store, progress("replaying") as told:
        stop = store.size if instant is None else store.positions_until(instant)
        stop = stop if as_of_position is None else min(stop, as_of_position + 1)
        records = counted(store.records(0, stop), stop, told)
        world = fold(records) if isinstance(store, BundledLog) else folded(store, records, stop)
        said = state_of(world, instant)
        if level is not None and (now := instant or world.recorded_at) is not None:
            said["explanation"] = explain(world, store.records(0, stop), level, now).model_dump(mode="json")
    show(said, as_json, lambda: _readable(said, world, instant))


@contextmanager
def _log(trial: str | None, file: Path | None, bundle: Path | None) -> Iterator[Store | BundledLog]:
    """The log of a ledger, or of a bundle."""
    if bundle is None:
        with reading(trial, file) as store:
            yield store
        return
    if trial is not None or file is not None:
        raise typer.BadParameter("give --bundle, or --trial or --file")
    yield BundledLog.of(bundle)


def state_of(world: World, instant: datetime | None) -> dict[str, Any]:
    """The state at a moment in a document: how much of the log, its digest, the board. Days left are those of the
    instant asked for, or else of the last event."""
    now = instant or world.recorded_at
    return {
        "trial": world.trial.registered.trial_id if world.trial.registered else None,
        "position": world.size - 1 if world.size else None,
        "recorded_at": instant_text(world.recorded_at) if world.recorded_at else None,
        "fold_version": FOLD_VERSION,
        "digest": digest(world),
        "board": board(world, now).model_dump(mode="json") if now else None,
    }


def _readable(said: dict[str, Any], world: World, instant: datetime | None) -> Group:
    asked = f", as known on {instant_text(instant)}" if instant else ""
    head = Text(f"{said['trial']}{asked}", style="bold")
    known = {name: said[name] for name in ("position", "recorded_at", "digest")}
    parts: list[RenderableType] = [head, facts(known)]
    if said["board"] and world.recorded_at:
        parts.append(board_table(said["board"], home_day(world, instant or world.recorded_at), out.width))
    if "explanation" in said:
        parts += [Text(), explanation_table(said["explanation"])]
    return Group(*parts)


def rebuild(
    trial: TrialName = None,
    file: File = None,
    expected: Annotated[
        str | None,
        typer.Option("--digest", metavar="HEX", help="A digest that someone holds, such as the running server's."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute everything anew from the stored bytes, and compare.

    The tree from the bytes of every leaf with the stored heads and tiles; the state folded at once with the state that
    followed the log event by event; both with a digest given. Exit code 1 names the first difference.
    """
    with reading(trial, file) as store:
        with progress("hashing every leaf") as told:
            store.verify(told)
        size, root = store.size, store.root.hex()
        with progress("rebuilding") as told:
            world = folded(store, counted(store.records(0, size), size, told), size)
            rebuilt = digest(world)
        with progress("following") as told:
            followed = digest(follow(counted(store.records(0, size), size, told)))
    equal = rebuilt == followed and expected in (None, rebuilt)
    said = {
        "trial": world.trial.registered.trial_id if world.trial.registered else None,
        "events": size,
        "root": root,
        "rebuilt": rebuilt,
        "followed": followed,
        "expected": expected,
        "equal": equal,
    }
    show(said, as_json, lambda: facts(said))
    if not equal:
        raise typer.Exit(REFUSED)


def follow(records: Iterable[Record]) -> World:
    """The state as a follower has it: every record taken as it comes, and none left out."""
    following = Following(world=World())
    for record in records:
        following.take(record)
    world: World = following["world"]
    return world


def counted(records: Iterable[Record], total: int, told: Told) -> Iterator[Record]:
    """The same records, and someone is told how many have passed."""
    for number, record in enumerate(records, start=1):
        yield record
        if number % TELL_EVERY == 0 or number == total:
            told(number, total)


def backup(
    to: Annotated[Path, typer.Argument(help="A file that does not exist yet.")],
    trial: TrialName = None,
    file: File = None,
    as_json: AsJson = False,
) -> None:
    """Copy a ledger, also while it is written, and verify the copy before it gets its name."""
    copies.backup(ledger_file(trial, file), to)
    _tell_of(to, as_json)


def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="A file that `backup` made.")],
    trial: TrialName = None,
    file: File = None,
    until_position: Annotated[
        int | None, typer.Option(min=0, help="Leave out what came after this event; whole commands are kept.")
    ] = None,
    until_recorded: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="Leave out what was recorded after this instant.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify a backup and make a ledger of it. Nothing is overwritten: the ledger must not exist.

    Restored to an earlier point it is marked as such, and takes nothing until its recovery is on record.
    """
    instant = instant_of(until_recorded)
    if instant is not None and until_position is not None:
        raise typer.BadParameter("give one point: --until-position or --until-recorded")
    to = new_ledger_file(trial, file)
    if instant is None and until_position is None:
        copies.restore(source, to)
    else:
        copies.restore_until(source, to, _size_at(source, instant, until_position))
    _tell_of(to, as_json)


def _size_at(source: Path, instant: datetime | None, position: int | None) -> int:
    if instant is None:
        return (position or 0) + 1
    with SqliteStore.open(source, read_only=True) as store:
        return store.positions_until(instant)


def _tell_of(path: Path, as_json: bool) -> None:
    with SqliteStore.open(path, read_only=True) as store:
        said: dict[str, Any] = {"file": str(path), "events": store.size, "root": store.root.hex()}
        restored = store.restoration()
        if restored is not None and restored.size == store.size:
            said |= {"of_a_log_of": restored.of_size, "its_root": restored.of_root.hex(), "waits_for_recovery": True}
    show(said, as_json, lambda: facts(said))
