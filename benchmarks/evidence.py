"""Evidence: verifying a bundle against hashing its bytes, and an inclusion proof out of a long log's tiles.

The events are real ones, told by the rules and numbered on. `EVENTS=1000000` makes the bundle as long as the promise;
the default is shorter, since the ratio does not depend on it. The proof is always one of a million events. `--jobs N`:
how many processes read entries where that is divided, as `verify.py --jobs N` divides it; as many as there are cores,
unless it is said.
"""

import argparse
import os
import random
import statistics
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256

from benchmarks._common import Row, at_most, keep, paired, ready_trial, records_of, seconds
from ledger.evidence.merkle import Tree, leaf_hash
from ledger.evidence.proofs import Prover
from ledger.evidence.verify import (
    CHUNK,
    Read,
    Report,
    check_leaves,
    entries_of,
    prefix_roots,
    read_entries,
    root_by_inclusion,
)
from ledger.store.bundle import entry
from ledger.store.codec import encode

EVENTS = int(os.environ.get("EVENTS", "50000"))
A_MILLION = 1_000_000
PREFIXES = 100
PROOFS = 200
PROOF_MILLISECONDS = 2.0
DIVIDED = 0.8
"""What two cores have to leave of the time of one: leaves come back to one process, which compares them."""


def bundles() -> list[tuple[int, bytes]]:
    """The entry bundles of a log, with the position of the first entry of each."""
    bench = ready_trial(50)
    leaves = [encode(record) for record in records_of(bench, EVENTS - bench.world.size).records]
    return [(first, b"".join(map(entry, leaves[first : first + 256]))) for first in range(0, len(leaves), 256)]


def hashing(found: Sequence[tuple[int, bytes]]) -> float:
    """Each entry hashed once, as a leaf."""

    def work() -> None:
        for _, raw in found:
            for leaf in entries_of(raw):
                sha256(b"\x00" + leaf).digest()

    return seconds(work)


def tree_and_prefixes(found: Sequence[tuple[int, bytes]]) -> float:
    """The root of the log and those of a hundred prefixes, from the bytes of the entries."""
    sizes = set(range(EVENTS // PREFIXES, EVENTS + 1, EVENTS // PREFIXES))
    return seconds(lambda: prefix_roots([leaf_hash(leaf) for _, raw in found for leaf in entries_of(raw)], sizes))


def all_leaf_rules(found: Sequence[tuple[int, bytes]], jobs: int = 1) -> float:
    """Each entry read strictly, by so many processes, and the rules across entries."""
    origin = read_entries(found[0]).leaves[0].origin  # type: ignore[union-attr]

    def work() -> None:
        if jobs == 1:
            ruled(map(read_entries, found), origin)
            return
        with ProcessPoolExecutor(jobs) as pool:
            ruled(pool.map(read_entries, found, chunksize=CHUNK), origin)

    return seconds(work)


def ruled(read: Iterable[Read], origin: str) -> None:
    report = Report()
    check_leaves((leaf for each in read for leaf in each.leaves), origin, report)
    assert not report.findings, report.findings[:3]


class Tiles:
    """The tiles of a log of a million events, in memory."""

    def __init__(self) -> None:
        self.hashes = [leaf_hash(number.to_bytes(4)) for number in range(A_MILLION)]
        self.tree, tiles = Tree().append(self.hashes)
        self._tiles = {(tile.level, tile.index): tile.hashes for tile in tiles}
        for level, hashes in enumerate(self.tree.unfinished):
            self._tiles[level, self.tree.size >> 8 * (level + 1)] = b"".join(hashes)

    def tile(self, level: int, index: int) -> bytes:
        return self._tiles[level, index]


def proofs() -> float:
    """Milliseconds of a proof, the median of some at random positions, nothing remembered between them."""
    tiles, chance = Tiles(), random.Random(1)
    took = []
    for _ in range(PROOFS):
        index = chance.randrange(A_MILLION)
        path: list[tuple[bytes, ...]] = []
        took.append(seconds(lambda at=index, to=path: to.append(Prover(tiles).inclusion(at, A_MILLION))))  # type: ignore[misc]
        assert root_by_inclusion(tiles.hashes[index], index, A_MILLION, path[0]) == tiles.tree.root
    return statistics.median(took) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    jobs = parser.parse_args().jobs
    found = bundles()
    tree, floor = paired(lambda: tree_and_prefixes(found), lambda: hashing(found))
    rules, again = paired(lambda: all_leaf_rules(found), lambda: hashing(found), rounds=3)
    divided, alone = paired(lambda: all_leaf_rules(found, jobs), lambda: all_leaf_rules(found), rounds=3)
    rows: list[Row] = [
        at_most("tree and prefixes, against hashing the same bytes", tree * 1000, floor * 1000, 4, "ms"),
        at_most("all leaf rules, against hashing the same bytes", rules * 1000, again * 1000, 25, "ms"),
        at_most(f"all leaf rules with --jobs {jobs}, against one core", divided * 1000, alone * 1000, DIVIDED, "ms"),
        at_most("an inclusion proof at a million events, against 2 ms", proofs(), PROOF_MILLISECONDS, 1, "ms"),
    ]
    keep("evidence", rows)


if __name__ == "__main__":
    main()
