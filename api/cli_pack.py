"""`trial-ledger pack`: the committee's pack from a ledger's file, to read or to print, with no server."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli_output import AsJson, print_json
from api.cli_places import File, TrialName, ledger_file
from api.settings import Settings
from ledger.refusals import NoProtocolInForce, NoSuchDecision
from ledger.store.sqlite import SqliteStore
from ledger.texts import Texts
from projections.base import world_at
from projections.dose_decisions import signed_so_far
from projections.pack import Pack, committee_pack, cut_off
from projections.pack_document import pack_document
from projections.signatures import Manifestation


def pack(
    trial: TrialName = None,
    file: File = None,
    decision: Annotated[
        int | None, typer.Option(min=1, help="The pack of this decision as of its cut-off, instead of one of now.")
    ] = None,
    to: Annotated[Path | None, typer.Option(metavar="PATH", help="Write it to a file that does not exist yet.")] = None,
    as_json: AsJson = False,
) -> None:
    """The committee's pack: dossier, reasons, listings and what is open, as one HTML page or as JSON.

    Without --decision it is that of the end of the log, seen at the instant of the last event.
    """
    with SqliteStore.open(ledger_file(trial, file), read_only=True) as store:
        found, signed = _pack(store, decision)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    page = pack_document(found, signed)
    if to is None:
        sys.stdout.write(page)
        return
    with to.open("x", encoding="utf-8") as written:
        written.write(page)


def _pack(store: SqliteStore, number: int | None) -> tuple[Pack, tuple[Manifestation, ...]]:
    """The pack, and what was signed on it since."""
    text = Texts(store, Settings().keyring(store.path)).shown
    records = tuple(store.records())
    world, proposed = world_at(records), None
    signed: tuple[Manifestation, ...] = ()
    at = world.recorded_at
    if number is not None:
        decision = world.trial.decisions.get(number)
        if decision is None:
            raise NoSuchDecision(f"decision {number}")
        proposed, signed = records[decision.position], signed_so_far(world, decision, text)
        records = records[: cut_off(decision)]
        world, at = world_at(records), proposed.recorded_at
    found = committee_pack(world, records, at, proposed, text) if at is not None else None
    if found is None:
        raise NoProtocolInForce("no approved protocol version holds")
    return found, signed
