"""The tree over the log: RFC 9162, section 2.1, grown a batch at a time.

    leaf   SHA-256(0x00 || leaf bytes)
    node   SHA-256(0x01 || left || right)
    root   of no leaves SHA-256(""); of one its leaf hash; of n > 1 node(root of the first k, root of the rest), where
           k is the largest power of two below n

What has to be kept to grow the tree is its *peaks*: the roots of the complete subtrees that n leaves fall into, one for
every 1 in the binary form of n, from the largest. The root is the peaks folded from the right.

A *tile* holds 256 neighbouring hashes of one height (C2SP tlog-tiles): the tile `index` of `level` L holds the nodes
256 * index ... 256 * index + 255 of height 8 * L, a node of height h being the root of 2 ** h leaves. A tile comes out
once, when its last hash is known, and never changes.

Needs the standard library alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf). The prefix keeps a leaf from posing as a node."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def root_from_peaks(peaks: Sequence[bytes]) -> bytes:
    """The peaks folded from the right: node(p1, node(p2, ... node(p[k-1], p[k]))); SHA-256("") of none."""
    if not peaks:
        return EMPTY_ROOT
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks))


@dataclass(frozen=True, slots=True)
class Tile:
    """A complete tile: 256 hashes of 32 bytes, one after another."""

    level: int
    index: int
    hashes: bytes


@dataclass(frozen=True, slots=True)
class Tree:
    """What is kept of a tree of `size` leaves: its peaks, and for each tile level the hashes since its last tile."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()
    unfinished: tuple[tuple[bytes, ...], ...] = ()

    @property
    def root(self) -> bytes:
        return root_from_peaks(self.peaks)

    def append(self, leaf_hashes: Iterable[bytes]) -> tuple["Tree", tuple[Tile, ...]]:
        """The tree with more leaves, and the tiles that they completed, the lower levels first."""
        growth = _Growth(self)
        for each in leaf_hashes:
            growth.add(each)
        return growth.tree(), tuple(growth.tiles)


def tree_of(size: int, unfinished: Sequence[Sequence[bytes]]) -> Tree:
    """The tree of `size` leaves by the hashes since the last tile on each level, the lowest first: on level L the last
    (size >> 8 L) mod 256 of its nodes. Every peak is the root over some of these."""
    peaks: list[bytes] = []
    for level in reversed(range(len(unfinished))):
        hashes, begin = unfinished[level], 0
        assert len(hashes) == (size >> TILE_HEIGHT * level) % TILE_WIDTH, (size, level, len(hashes))
        for width in (1 << bit for bit in reversed(range(TILE_HEIGHT)) if len(hashes) >> bit & 1):
            peaks.append(root_of(hashes[begin : begin + width]))
            begin += width
    return Tree(size, tuple(peaks), tuple(map(tuple, unfinished)))


class _Growth:
    """A tree while leaves are added: a new peak swallows its equals, as a binary counter carries."""

    def __init__(self, tree: Tree) -> None:
        self.size = tree.size
        self.peaks = list(tree.peaks)
        self.unfinished = [list(hashes) for hashes in tree.unfinished]
        self.tiles: list[Tile] = []

    def add(self, leaf: bytes) -> None:
        node, height = leaf, 0
        self._note(0, node)
        while self.size >> height & 1:
            node = node_hash(self.peaks.pop(), node)
            height += 1
            if height % TILE_HEIGHT == 0:
                self._note(height // TILE_HEIGHT, node)
        self.peaks.append(node)
        self.size += 1

    def _note(self, level: int, node: bytes) -> None:
        """Put a node into the unfinished tile of its level, and let a full tile go."""
        if level == len(self.unfinished):
            self.unfinished.append([])
        hashes = self.unfinished[level]
        hashes.append(node)
        if len(hashes) == TILE_WIDTH:
            self.tiles.append(Tile(level, self.size >> TILE_HEIGHT * (level + 1), b"".join(hashes)))
            hashes.clear()

    def tree(self) -> Tree:
        return Tree(self.size, tuple(self.peaks), tuple(tuple(hashes) for hashes in self.unfinished))


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of the tree over these leaf hashes."""
    return Tree().append(leaf_hashes)[0].root


def tile_count(size: int) -> int:
    """How many complete tiles a tree has on all its levels: floor(size / 256) + floor(size / 256^2) + ..."""
    below = size >> TILE_HEIGHT
    return below + tile_count(below) if below else 0
