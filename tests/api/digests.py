"""The digest of a ledger's state at every position, followed record by record: `python -m tests.api.digests FILE`."""

import sys
from pathlib import Path

from ledger.store.sqlite import SqliteStore
from ledger.world import World
from projections.base import digest


def main() -> None:
    world = World()
    print(digest(world))
    with SqliteStore.open(Path(sys.argv[1]), read_only=True) as store:
        for record in store.records():
            world = world.apply(record)
            print(digest(world))


if __name__ == "__main__":
    main()
