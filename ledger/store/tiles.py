"""The hashes of a trial's tree, tile by tile: whole ones from their table, unfinished ones from what makes them."""

from functools import lru_cache

from ledger.evidence.merkle import HASH_BYTES, TILE_WIDTH, root_of
from ledger.store.reading import Reading

REMEMBERED_ROOTS = 2_048


class StoredTiles:
    """The tiles of a ledger. Whole tiles never change, so what their hashes come to is remembered."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._root_of = lru_cache(maxsize=REMEMBERED_ROOTS)(self._root_of_whole)

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of a tile, one after another: 256, or as many as there are by now."""
        return self._whole(level, index) or self._unfinished(level, index)

    def _whole(self, level: int, index: int) -> bytes | None:
        found = self._reading.select("SELECT hashes FROM tiles WHERE level = ? AND tile_index = ?", level, index)
        return bytes(found[0]["hashes"]) if found else None

    def _unfinished(self, level: int, index: int) -> bytes:
        first = index * TILE_WIDTH
        if level == 0:
            query = "SELECT leaf_hash FROM events WHERE notification_id > ? ORDER BY notification_id LIMIT ?"
            rows = self._reading.select(query, first, TILE_WIDTH)
            return b"".join(row["leaf_hash"] for row in rows)
        query = "SELECT count(*) FROM tiles WHERE level = ? AND tile_index >= ? AND tile_index < ?"
        whole_below: int = self._reading.select(query, level - 1, first, first + TILE_WIDTH)[0][0]
        return b"".join(self._root_of(level - 1, first + at) for at in range(whole_below))

    def _root_of_whole(self, level: int, index: int) -> bytes:
        hashes = self._whole(level, index)
        assert hashes is not None, (level, index)
        return root_of(hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES))
