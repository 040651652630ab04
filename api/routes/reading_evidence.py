"""What others check the log with: signed heads, receipts, proofs, tiles and entries under the paths of C2SP tlog-tiles
(prefix `/v1/trials/{trial}/evidence`), and bundles."""

import tempfile
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from api.access import Caller
from api.audit_package import write_audit_package
from api.problems import Refused
from api.reading import AtLeast, Now, Reading, Trial, beside, read, reader
from api.roles import OWN, TABLE, needs
from api.service import service_of
from ledger.evidence.merkle import EMPTY_ROOT, HASH_BYTES, TILE_WIDTH
from ledger.evidence.proofs import Prover
from ledger.evidence.verify import Checkpoint, tile_path
from ledger.evidence.verify import Receipt as Proof
from ledger.refusals import NoSuchRecord
from ledger.store.bundle import entry, write_bundle
from ledger.store.errors import NothingSigned
from ledger.store.leaf_schema import leaf_schemas
from ledger.store.rows import SignedHead
from ledger.store.tiles import StoredTiles
from ledger.types import Position, Sha256
from projections.base import View, fold

router: Final = APIRouter(tags=["evidence"], prefix="/v1/trials/{trial}/evidence")
Anyone = Annotated[Caller, reader(needs("evidence", "R"))]
EventReader = Annotated[Caller, reader(needs("events", "R", "received", "setup"))]
Verifier = Annotated[Caller, reader(needs("events", "V"))]
NOTE: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
ZIP: Final = "application/zip"
FOR_EVER: Final = {"Cache-Control": "private, max-age=31536000, immutable"}
A_WHILE: Final = {"Cache-Control": "private, max-age=3"}
TEXT_ANSWER: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {NOTE: {"schema": {"type": "string"}}}}}
NOT_YET: Final[dict[int | str, dict[str, Any]]] = {202: {"description": "No signed head holds the event yet."}}
BYTES_ANSWER: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {BYTES: {}}}}
ZIP_ANSWER: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {ZIP: {}}}}


class HeadView(View):
    """A signed head, with who cosigned it."""

    size: int
    root: Sha256
    signatures: tuple[str, ...]
    """The names of the keys that signed: the log's, and witnesses'."""


class ProofView(View):
    """A proof of RFC 9162, with the roots that it is between or leads to."""

    size: int
    root: Sha256
    hashes: tuple[Sha256, ...]


class InclusionQuery(BaseModel):
    """Which entry, in the tree of how many."""

    model_config = ConfigDict(extra="forbid")

    index: Position = Field(description="The position of the event.")
    size: int = Field(ge=1, description="How many events the tree has.")


class ConsistencyQuery(BaseModel):
    """Which two trees."""

    model_config = ConfigDict(extra="forbid")

    old: int = Field(ge=0, description="How many events the older tree has.")
    size: int = Field(ge=0, description="How many events the newer tree has.")


class ReceiptQuery(BaseModel):
    """How long a receipt is waited for."""

    model_config = ConfigDict(extra="forbid")

    wait: int = Field(0, ge=0, le=5, description="Ask for a signed head now, where none holds the event yet.")


@router.get("/checkpoint", response_class=Response, responses=TEXT_ANSWER)
async def show_checkpoint(request: Request, by: Anyone, trial: Trial, asked: Now) -> Response:
    """The newest signed head, with its cosignatures (C2SP tlog-checkpoint)."""
    store = (await read(request, by, trial, asked)).ledger.store
    return Response(await beside(lambda: store.cosigned_note(_newest(store.signed_head()))), 200, A_WHILE, NOTE)


def _newest(head: SignedHead | None) -> SignedHead:
    if head is None:
        raise NothingSigned("no head of this log is signed yet")
    return head


@router.get("/checkpoints")
async def list_checkpoints(request: Request, by: Anyone, trial: Trial, asked: Now) -> tuple[HeadView, ...]:
    """Every signed head, in the order of their sizes."""
    store = (await read(request, by, trial, asked)).ledger.store
    return await beside(lambda: tuple(_head(store.cosigned_note(each)) for each in store.signed_heads()))


def _head(note: bytes) -> HeadView:
    head = Checkpoint.parse(note)
    names = tuple(signature.name for signature in head.note.signatures)
    return HeadView(size=head.size, root=head.root.hex(), signatures=names)


@router.get("/receipts/{position}", response_class=Response, responses={**TEXT_ANSWER, **NOT_YET})
async def show_receipt(
    request: Request, by: EventReader, trial: Trial, position: Position, asked: Annotated[ReceiptQuery, Query()]
) -> Response:
    """A receipt (C2SP tlog-proof) that an event is in the log: keep it. 202 until a signed head holds the event."""
    service = service_of(request)
    ledger = await service.ledger(trial, by)
    store, notary = ledger.store, service.shelf.notary(trial)
    record = await beside(store.record, position)
    if not by.may_read(ledger.world, record):
        raise NoSuchRecord(f"position {position}")
    head = await beside(store.signed_head, position + 1)
    if head is None and notary is not None and asked.wait:
        head = await beside(notary.signed, position + 1)
    if head is None:
        return Response(status_code=202, headers={"Retry-After": "5"})
    return Response(await beside(_receipt, StoredTiles(store), position, store.cosigned_note(head)), 200, {}, NOTE)


def _receipt(tiles: StoredTiles, position: int, note: bytes) -> bytes:
    head = Checkpoint.parse(note)
    return Proof(position, Prover(tiles).inclusion(position, head.size), head).spelled()


@router.get("/inclusion")
async def prove_inclusion(
    request: Request, by: Anyone, trial: Trial, asked: Annotated[InclusionQuery, Query()]
) -> ProofView:
    """That an event is among the first so many (RFC 9162, 2.1.3)."""
    store = (await service_of(request).ledger(trial, by)).store
    if not asked.index < asked.size <= store.size:
        raise NoSuchRecord(f"position {asked.index} of {asked.size}")
    return await beside(_proof, StoredTiles(store), asked.size, asked.index, None)


@router.get("/consistency")
async def prove_consistency(
    request: Request, by: Anyone, trial: Trial, asked: Annotated[ConsistencyQuery, Query()]
) -> ProofView:
    """That the first so many events are the beginning of so many (RFC 9162, 2.1.4)."""
    store = (await service_of(request).ledger(trial, by)).store
    if not asked.old <= asked.size <= store.size:
        raise NoSuchRecord(f"position {asked.size}")
    return await beside(_proof, StoredTiles(store), asked.size, None, asked.old)


def _proof(tiles: StoredTiles, size: int, index: int | None, old: int | None) -> ProofView:
    prover = Prover(tiles)
    hashes = prover.consistency(old or 0, size) if index is None else prover.inclusion(index, size)
    root = (prover.root(0, size) if size else EMPTY_ROOT).hex()
    return ProofView(size=size, root=root, hashes=tuple(each.hex() for each in hashes))


@router.get("/tile/{path:path}", response_class=Response, responses=BYTES_ANSWER)
async def show_tile(request: Request, by: Verifier, trial: Trial, path: str, asked: Now) -> Response:
    """A tile of hashes, `<L>/<N>[.p/<W>]`, or of entries, `entries/<N>[.p/<W>]` (C2SP tlog-tiles)."""
    _whole(by)
    store = (await read(request, by, trial, asked)).ledger.store
    level, index, width = _named(path)
    if level == "entries":
        rows = await beside(lambda: list(store.rows(index * TILE_WIDTH, min(store.size, (index + 1) * TILE_WIDTH))))
        found, there = b"".join(entry(bytes(row["state"])) for row in rows[:width]), len(rows)
    else:
        hashes = await beside(StoredTiles(store).tile, int(level), index)
        found, there = hashes[: width * HASH_BYTES], len(hashes) // HASH_BYTES
    if there < width:
        raise Refused("not-found")
    return Response(found, 200, FOR_EVER, BYTES)


def _whole(by: Caller) -> None:
    """Entries and bundles hold all sites' events."""
    if OWN in by.rights:
        raise Refused("forbidden", "entries of all sites")


def _named(path: str) -> tuple[str, int, int]:
    """Level, index and width of a tile's path in its one spelling."""
    level, _, rest = path.partition("/")
    number, _, partial = rest.partition(".p/")
    digits = number.replace("/x", "").removeprefix("x").replace("/", "")
    width = int(partial) if partial.isascii() and partial.isdecimal() else TILE_WIDTH
    sensible = digits.isascii() and digits.isdecimal() and len(digits) <= 15 and 1 <= width <= TILE_WIDTH
    plain = level == "entries" or (level.isascii() and level.isdecimal() and int(level) < 64)
    if not sensible or not plain or tile_path(level, int(digits), width) != f"tile/{path}":
        raise Refused("not-found")
    return level, int(digits), width


@router.get("/bundle", response_class=Response, responses=ZIP_ANSWER)
async def export_bundle(request: Request, by: Verifier, trial: Trial, asked: Now) -> Response:
    """Everything that somebody needs to check the log offline, up to the newest signed head: a zip. Free texts are in
    it for those who may read them."""
    return await _zipped(request, by, trial, asked, _bundle)


@router.get("/audit-package", response_class=Response, responses=ZIP_ANSWER)
async def export_audit_package(request: Request, by: Verifier, trial: Trial, asked: Now) -> Response:
    """What an inspector takes home: the bundle, and beside it the audit trail, the events as text and the read models
    as they stood at the newest signed head. Free texts are opened for those who may read them."""
    return await _zipped(request, by, trial, asked, _audit_package)


async def _zipped(
    request: Request, by: Caller, trial: str, asked: AtLeast, write: Callable[[Reading, FilePath], None]
) -> Response:
    """A zip that is written beside the event loop, sent, and removed."""
    _whole(by)
    reading = await read(request, by, trial, asked)
    place = tempfile.TemporaryDirectory(prefix="trial-ledger-export-")
    path = FilePath(place.name) / f"{trial}.zip"
    try:
        await beside(write, reading, path)
    except BaseException:
        place.cleanup()
        raise
    return FileResponse(path, media_type=ZIP, filename=path.name, background=BackgroundTask(place.cleanup))


def _bundle(reading: Reading, path: FilePath) -> None:
    store = reading.ledger.store
    head = _newest(store.signed_head())
    opened = {"openings.jsonl": reading.ledger.texts.openings(head.size)} if _opens(reading.caller) else {}
    write_bundle(store, path, {**dict(leaf_schemas()), **opened})


def _audit_package(reading: Reading, path: FilePath) -> None:
    ledger = reading.ledger
    head = _newest(ledger.store.signed_head())
    known = ledger.world_at(head.size)
    world = fold(ledger.store.records(known.size, head.size), known)  # what is signed may be newer than the state
    texts = ledger.texts if _opens(reading.caller) else None
    write_audit_package(ledger.store, head, world, path, texts=texts)


def _opens(caller: Caller) -> bool:
    """Whether the caller may read free texts."""
    return "R" in TABLE["texts"].get(caller.account.role, frozenset())
