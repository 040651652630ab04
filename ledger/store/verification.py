"""Whether a file holds what was written: the tree computed anew from the bytes of every leaf.

    each leaf    its row stands at the next position, and its hash is the leaf's
    each batch   the head's root and peaks are those of the tree over the leaves so far
    each tile    the hashes are those of the tree, and no tile is missing or too many

An integrity check of SQLite says "ok" after a flipped byte; this names it. It does not know who changed what together
with every hash: for that a head is compared that someone else holds.

A long log that was verified before is not read from its first event at every start. `verified_since` looks at

    all of it    how many events, heads and tiles there are; the root of the first `size` events, which has to be the
                 one that was verified, as the tiles give it: the tiles below each unfinished one, on every level
    since then   every leaf, batch and tile, as above; and the leaves of the tile that was unfinished then

and not at the leaves and heads before, nor at tiles that lie whole below another whole one. A row that was changed
there since is found where it is read, if its leaf hash was left as it was; and in any case by the full verification,
`trial-ledger rebuild`, which belongs into every night, and by whoever verifies a bundle.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from ledger.errors import Corrupt
from ledger.evidence.merkle import (
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    Tree,
    leaf_hash,
    root_of,
    tile_count,
    tree_of,
)
from ledger.store.reading import CHUNK, HeadRow, Reading
from ledger.store.remembered import Verified

Progress = Callable[[int, int], None]
"""Called with the number of events checked so far and the number of all."""


def verify_removals(reading: Reading) -> None:
    """That every text that is gone went by an event of the log; `Corrupt` names the first that did not, or came back.

    A text whose row was deleted past the triggers leaves nothing here; its commitment stands in its leaf.
    """
    query = """
        SELECT removed_texts.position AS position FROM removed_texts
        LEFT JOIN events ON notification_id = removed_texts.position + 1
        WHERE removed_texts.commitment IN (SELECT commitment FROM texts) OR NOT coalesce(CASE topic
            WHEN 'trial.text-erased.v1' THEN how = 'erased' AND EXISTS (
                SELECT 1 FROM json_each(CAST(state AS TEXT), '$.data.subjects') WHERE value = removed_texts.subject)
            WHEN 'trial.text-redacted.v1' THEN how = 'redacted'
                AND json_extract(CAST(state AS TEXT), '$.data.commitment') = removed_texts.commitment
            ELSE 0 END, 0)
        ORDER BY 1 LIMIT 1"""
    for row in reading.select(query):
        raise Corrupt(f"position {row['position']}: no event there removes a text that is said to be gone")


def verified_tree(reading: Reading, progress: Progress | None = None) -> Tree:
    """The tree over all leaves; `Corrupt` with the first position, batch or tile that is not as written."""
    return _grown(reading, Tree(), _agreed_size(reading), progress)


def verified_since(reading: Reading, verified: Verified) -> Tree | None:
    """The tree over all leaves, of which the first were verified before; none where the file does not hold them so, and
    everything has to be looked at. `Corrupt` for what is not as written since."""
    size = _agreed_size(reading)
    known = reading.select("SELECT root FROM heads WHERE size = ?", verified.size)
    if verified.size > size or not known or known[0]["root"] != verified.root:
        return None
    before = _tree_by_tiles(reading, verified.size)
    if before is None or before.root != verified.root:
        return None
    return _grown(reading, before, size, None)


def _grown(reading: Reading, tree: Tree, size: int, progress: Progress | None) -> Tree:
    """The tree with the leaves from its size on, compared batch by batch with what is stored."""
    leaves, told = _leaf_hashes(reading, tree.size, size), tree.size
    for head in _heads(reading, tree.size, size):
        first = tree.size
        tree, tiles = tree.append(islice(leaves, head.size - first))
        if (head.root, head.peaks) != (tree.root, b"".join(tree.peaks)):
            raise Corrupt(f"positions {first} to {head.size - 1}: the head of the batch is not that of its leaves")
        _compare_tiles(reading, tiles)
        if progress and (tree.size - told >= CHUNK or tree.size == size):
            progress(tree.size, size)
            told = tree.size
    return tree


def _tree_by_tiles(reading: Reading, size: int) -> Tree | None:
    """The tree of the first leaves: the last of these by their bytes, what is above by the whole tiles below it; none
    where a tile is missing."""
    unfinished = [tuple(_leaf_hashes(reading, size - size % TILE_WIDTH, size))]
    level = 1
    while nodes := size >> TILE_HEIGHT * level:
        first = nodes - nodes % TILE_WIDTH
        query = "SELECT hashes FROM tiles WHERE level = ? AND tile_index >= ? AND tile_index < ? ORDER BY tile_index"
        rows = reading.select(query, level - 1, first, nodes)
        if len(rows) != nodes - first:
            return None
        unfinished.append(tuple(root_of(_parted(row["hashes"])) for row in rows))
        level += 1
    return tree_of(size, unfinished)


def _parted(hashes: bytes) -> Iterator[bytes]:
    return (hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES))


def _agreed_size(reading: Reading) -> int:
    """The size that heads, events and the number of tiles agree on, all seen in one state of the file."""
    query = """
        SELECT coalesce(max(size), 0), (SELECT coalesce(max(notification_id), 0) FROM events),
            (SELECT count(*) FROM tiles) FROM heads"""
    heads, events, tiles = reading.select(query)[0]
    if heads != events:
        raise Corrupt(f"position {min(heads, events)}: the heads end at {heads}, the events at {events}")
    if tiles != tile_count(heads):
        raise Corrupt(f"{tiles} tiles where {heads} events make {tile_count(heads)}")
    return int(heads)


def _leaf_hashes(reading: Reading, start: int, size: int) -> Iterator[bytes]:
    for row in reading.rows(start, size):
        hashed = leaf_hash(row["state"])
        if hashed != row["leaf_hash"]:
            raise Corrupt(f"position {row['notification_id'] - 1}: the leaf is not the one that was hashed")
        yield hashed


def _heads(reading: Reading, start: int, size: int) -> Iterator[HeadRow]:
    last = start
    while last < size:
        query = "SELECT size, root, peaks FROM heads WHERE size > ? AND size <= ? ORDER BY size LIMIT ?"
        for row in reading.select(query, last, size, CHUNK):
            last = row["size"]
            yield HeadRow(*row)


def _compare_tiles(reading: Reading, tiles: Sequence[Tile]) -> None:
    for tile in tiles:
        found = reading.select("SELECT hashes FROM tiles WHERE level = ? AND tile_index = ?", tile.level, tile.index)
        if not found or found[0]["hashes"] != tile.hashes:
            raise Corrupt(f"tile {tile.index} of level {tile.level} is not that of its leaves")
