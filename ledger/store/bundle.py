"""A bundle: everything that somebody needs to check a log offline, in a zip that is the same bytes every time.

    checkpoint                      the newest signed head, with its cosignatures
    checkpoints/<size>              every other one
    tile/entries/<N>[.p/<W>]        the leaves, each with its length before it (C2SP tlog-tiles)
    tile/<L>/<N>[.p/<W>]            the hashes of the tree
    anchors/<size>/<authority>.tsr  the time-stamp tokens
    openings.jsonl                  free texts with their salts, where the reader may have them
    schema/  views/                 what the events look like; the log in readable forms
    README.txt                      how to verify, without us

A bundle ends with its newest checkpoint: events that no head holds yet are not in it. Nothing in it is a key that
anyone believes. Files stand in the order of their names, uncompressed, with one date; so two bundles of one head with
the same parts are equal.
"""

import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import orjson

from ledger.evidence.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH
from ledger.evidence.verify import tile_path
from ledger.store.errors import AlreadyThere, NothingSigned
from ledger.store.reading import Reading
from ledger.store.rows import SignedHead
from ledger.store.texts import SealedText
from ledger.store.tiles import StoredTiles

ONE_DATE: Final = (1980, 1, 1, 0, 0, 0)
README: Final = """\
This is a copy of the log of a clinical trial, made so that you can check it without us and without a network.

    python verify.py bundle THIS.zip --policy POLICY [--tsa-roots PEM] [--held CHECKPOINT]

verify.py is one file; it needs Python 3.11 and the packages cryptography and, for time-stamps, rfc3161-client. Take it,
the policy and the time-stamp authorities' certificates from where you trust them, not from whoever gave you this file.

It exits with 0 if nothing was altered, 1 if something was (it names the first event and the rule), 2 if the bundle is
incomplete or your policy is not met, 3 if it could not run.

Each event is an entry: JSON with who, what, when it happened, when it was recorded and why. Free texts are not in the
entries, only commitments to them; openings.jsonl has the texts that you may see.
"""


Content = Callable[[], Iterable[bytes]]
"""A file's bytes, piece by piece, which are made when they are written: a log may be longer than the memory."""


def bundle_files(
    reading: Reading, head: SignedHead, extra: Mapping[str, Content] | None = None
) -> Iterator[tuple[str, Content]]:
    """The files of a bundle up to a signed head, by name, in no order. `extra` may have a README of its own."""
    for each in reading.signed_heads():
        if each.size <= head.size:
            name = "checkpoint" if each.size == head.size else f"checkpoints/{each.size}"
            yield name, whole(reading.cosigned_note(each))
    for index in range((head.size + TILE_WIDTH - 1) // TILE_WIDTH):
        first, last = index * TILE_WIDTH, min((index + 1) * TILE_WIDTH, head.size)
        yield tile_path("entries", index, last - first), partial(_entries, reading, first, last)
    yield from _tiles(reading, head.size)
    for anchor in reading.anchors():
        if anchor.size <= head.size:
            yield f"anchors/{anchor.size}/{anchor.authority}.tsr", whole(anchor.token)
    yield from {"README.txt": whole(README.encode()), **(extra or {})}.items()


def whole(content: bytes) -> Content:
    """A file that is there already."""
    return lambda: (content,)


def _entries(reading: Reading, first: int, last: int) -> Iterator[bytes]:
    yield b"".join(entry(bytes(row["state"])) for row in reading.rows(first, last))


def entry(leaf: bytes) -> bytes:
    """A leaf with its length before it, as two bytes, the higher first."""
    return struct.pack(">H", len(leaf)) + leaf


def _tiles(reading: Reading, size: int) -> Iterator[tuple[str, Content]]:
    tiles, level, nodes = StoredTiles(reading), 0, size
    while nodes:
        for index in range((nodes + TILE_WIDTH - 1) // TILE_WIDTH):
            width = min(TILE_WIDTH, nodes - index * TILE_WIDTH)
            yield tile_path(level, index, width), partial(_hashes, tiles, level, index, width)
        level, nodes = level + 1, nodes >> TILE_HEIGHT


def _hashes(tiles: StoredTiles, level: int, index: int, width: int) -> Iterator[bytes]:
    yield tiles.tile(level, index)[: width * HASH_BYTES]


def openings(texts: Iterable[SealedText]) -> bytes:
    """Free texts with the salts that open their commitments, a line each."""
    lines = ({"commitment": each.commitment, "salt": each.salt.hex(), "text": each.text} for each in texts)
    return b"".join(orjson.dumps(line, option=orjson.OPT_SORT_KEYS) + b"\n" for line in lines)


def write_zip(path: Path, files: Iterable[tuple[str, Content]]) -> None:
    """A zip of files in the order of their names, every byte the same for the same files; `AlreadyThere` where one
    stands."""
    if path.exists():
        raise AlreadyThere(path.name)
    every = sorted(files, key=lambda named: named[0])
    with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED) as made:
        for name, content in every:
            info = zipfile.ZipInfo(name, ONE_DATE)
            info.external_attr = 0o644 << 16
            info.create_system = 3
            with made.open(info, "w") as file:
                for piece in content():
                    file.write(piece)


def write_bundle(reading: Reading, path: Path, extra: Mapping[str, bytes] | None = None) -> SignedHead:
    """Write the bundle of the newest signed head; `NothingSigned` where there is none."""
    head = reading.signed_head()
    if head is None:
        raise NothingSigned("no head of this log was signed yet")
    write_zip(path, bundle_files(reading, head, {name: whole(content) for name, content in (extra or {}).items()}))
    return head
