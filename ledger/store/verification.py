"""Whether a file holds what was written: the tree computed anew from the bytes of every leaf.

    each leaf    its row stands at the next position, and its hash is the leaf's
    each batch   the head's root and peaks are those of the tree over the leaves so far
    each tile    the hashes are those of the tree, and no tile is missing or too many

An integrity check of SQLite says "ok" after a flipped byte; this names it. It does not know who changed what together
with every hash: for that a head is compared that someone else holds.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from ledger.errors import Corrupt
from ledger.evidence.merkle import Tile, Tree, leaf_hash, tile_count
from ledger.store.reading import CHUNK, HeadRow, Reading

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
    size = _agreed_size(reading)
    leaves = _leaf_hashes(reading, size)
    tree, told = Tree(), 0
    for head in _heads(reading, size):
        first = tree.size
        tree, tiles = tree.append(islice(leaves, head.size - first))
        if (head.root, head.peaks) != (tree.root, b"".join(tree.peaks)):
            raise Corrupt(f"positions {first} to {head.size - 1}: the head of the batch is not that of its leaves")
        _compare_tiles(reading, tiles)
        if progress and (tree.size - told >= CHUNK or tree.size == size):
            progress(tree.size, size)
            told = tree.size
    return tree


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


def _leaf_hashes(reading: Reading, size: int) -> Iterator[bytes]:
    for row in reading.rows(0, size):
        hashed = leaf_hash(row["state"])
        if hashed != row["leaf_hash"]:
            raise Corrupt(f"position {row['notification_id'] - 1}: the leaf is not the one that was hashed")
        yield hashed


def _heads(reading: Reading, size: int) -> Iterator[HeadRow]:
    last = 0
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
