"""The digest of a ledger's state at many sizes, followed record by record: `python -m tests.api.digests FILE`."""

import sys
from pathlib import Path

from ledger.store.sqlite import SqliteStore
from ledger.world import World
from projections.base import digest

EACH_UP_TO = 100
THEN_EVERY = 11


def sizes(last: int) -> list[int]:
    """Each size while the log is short, then every eleventh, and the last."""
    return sorted({*range(min(EACH_UP_TO, last) + 1), *range(EACH_UP_TO, last, THEN_EVERY), last})


def main() -> None:
    world = World()
    with SqliteStore.open(Path(sys.argv[1]), read_only=True) as store:
        looked_at = set(sizes(store.size))
        print(0, digest(world))
        for record in store.records():
            world = world.apply(record)
            if world.size in looked_at:
                print(world.size, digest(world))


if __name__ == "__main__":
    main()
