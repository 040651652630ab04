"""A tree in memory with its tiles, for tests: what a store keeps, without a store."""

from collections.abc import Iterable

from ledger.evidence.merkle import Tree, leaf_hash


class Grown:
    """A tree and all its tiles, the unfinished ones included."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.tree = Tree()
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.grow(leaves)

    def grow(self, leaves: Iterable[bytes]) -> None:
        self.tree, done = self.tree.append(map(leaf_hash, leaves))
        self.tiles.update({(tile.level, tile.index): tile.hashes for tile in done})
        for level, hashes in enumerate(self.tree.unfinished):
            self.tiles[level, self.tree.size >> 8 * (level + 1)] = b"".join(hashes)

    def tile(self, level: int, index: int) -> bytes:
        return self.tiles[level, index]
