"""The log that a bundle holds, read by the program itself: `replay --bundle` folds it to the same state as the ledger.

Whether a bundle is true is the verifier's question, and is answered under a policy. Here its entries have to be those
of its checkpoint, and events that this program knows.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from ledger.errors import Corrupt
from ledger.evidence.merkle import leaf_hash, root_of
from ledger.evidence.verify import TILE, Bad, Bundle, Checkpoint, entries_of, tile_path
from ledger.record import Record
from ledger.store.codec import decode


@dataclass(frozen=True, slots=True)
class BundledLog:
    """The entries of a bundle."""

    leaves: Sequence[bytes]
    root: bytes

    @classmethod
    def of(cls, path: Path) -> Self:
        """`Corrupt` where it is no bundle, or its entries are not those of its checkpoint."""
        try:
            bundle = Bundle.of(path)
            head = Checkpoint.parse(bundle.read("checkpoint") or b"")
            leaves = [leaf for tile in _tiles(bundle, head.size) for leaf in entries_of(tile)]
        except Bad as bad:
            raise Corrupt(f"{path.name}: {bad.finding.detail}") from None
        if len(leaves) != head.size or root_of(map(leaf_hash, leaves)) != head.root:
            raise Corrupt(f"{path.name}: the entries are not those of its checkpoint")
        return cls(leaves, head.root)

    @property
    def size(self) -> int:
        return len(self.leaves)

    def records(self, start: int = 0, stop: int | None = None) -> Iterator[Record]:
        """The records from position `start` up to, not including, `stop`."""
        return map(decode, self.leaves[start:stop])

    def positions_until(self, recorded_at: datetime) -> int:
        """How many events were recorded at or before an instant."""
        return bisect_right(self.leaves, recorded_at, key=lambda leaf: decode(leaf).recorded_at)


def _tiles(bundle: Bundle, size: int) -> Iterator[bytes]:
    for index in range((size + TILE - 1) // TILE):
        yield bundle.read(tile_path("entries", index, min(TILE, size - index * TILE))) or b""
