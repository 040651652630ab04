"""Proofs out of tiles: that a leaf is in a tree (RFC 9162, 2.1.3.1), that a tree is a prefix of another (2.1.4.1).

A source answers with the hashes of a tile, whole or unfinished; a proof reads a few. What checks a proof stands in
`verify.py`.
"""

from collections.abc import Iterator
from functools import cache
from typing import Protocol

from ledger.evidence.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, node_hash


class TileSource(Protocol):
    """Where the hashes of a tree are kept."""

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of a tile, one after another: 256 of them, or as many as there are yet."""
        ...


class Prover:
    """Proofs about the trees of one log, out of its tiles. Keeps the tiles that it has read: one for each question."""

    def __init__(self, tiles: TileSource) -> None:
        self._tile = cache(tiles.tile)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The siblings from leaf `index` up to the root of the first `size` leaves; 0 <= index < size."""
        assert 0 <= index < size, (index, size)
        return tuple(self._path(index, 0, size))

    def consistency(self, old: int, size: int) -> tuple[bytes, ...]:
        """What shows that the first `old` leaves are a prefix of the first `size`; empty of none, and of all."""
        assert 0 <= old <= size, (old, size)
        return tuple(self._subproof(old, 0, size, whole=True)) if 0 < old < size else ()

    def root(self, low: int, high: int) -> bytes:
        """The root over the leaves from `low` to before `high`, where `low` begins a complete subtree."""
        count = high - low
        if count & (count - 1) == 0:
            return self._node(count.bit_length() - 1, low)
        middle = low + _split(count)
        return node_hash(self.root(low, middle), self.root(middle, high))

    def _path(self, index: int, low: int, high: int) -> Iterator[bytes]:
        if high - low == 1:
            return
        middle = low + _split(high - low)
        if index < middle:
            yield from self._path(index, low, middle)
            yield self.root(middle, high)
        else:
            yield from self._path(index, middle, high)
            yield self.root(low, middle)

    def _subproof(self, old: int, low: int, high: int, *, whole: bool) -> Iterator[bytes]:
        """`old` ends the older tree, between `low` and `high`; `whole`: it began where this subtree begins."""
        if old == high:
            if not whole:
                yield self.root(low, high)
            return
        middle = low + _split(high - low)
        if old <= middle:
            yield from self._subproof(old, low, middle, whole=whole)
            yield self.root(middle, high)
        else:
            yield from self._subproof(old, middle, high, whole=False)
            yield self.root(low, middle)

    def _node(self, height: int, first_leaf: int) -> bytes:
        """The root of the complete subtree of 2 ** height leaves that begins at a leaf."""
        level, above = divmod(height, TILE_HEIGHT)
        at = first_leaf >> TILE_HEIGHT * level
        hashes = self._tile(level, at // TILE_WIDTH)
        begin = at % TILE_WIDTH * HASH_BYTES
        nodes = [hashes[begin + n * HASH_BYTES : begin + (n + 1) * HASH_BYTES] for n in range(1 << above)]
        while len(nodes) > 1:
            nodes = [node_hash(nodes[n], nodes[n + 1]) for n in range(0, len(nodes), 2)]
        return nodes[0]


def _split(count: int) -> int:
    """The largest power of two below a count of at least two."""
    return 1 << (count - 1).bit_length() - 1
