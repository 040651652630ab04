"""What somebody with every right to a ledger's file may do to it, done to copies: each is exported and verified, and
a visitor sees what the verifier says. The signer's key and the witnesses are out of such a person's reach."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.evidence.merkle import Tree, leaf_hash
from ledger.evidence.verify import Report, Trust, verify_bundle
from ledger.store.backup import backup
from ledger.store.bundle import write_bundle
from ledger.store.sqlite import SqliteStore

Database = sqlite3.Connection


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attack on a copy: what was done, to which event first, and what the verifier said."""

    what: str
    position: int
    report: Report

    @property
    def found(self) -> str:
        first = self.report.first_bad
        if first is None:
            return "nothing"
        through = "" if first.through is None else f" to {first.through}"
        return f"{first.rule} at {first.position}{through}: {first.detail}"


def flip_a_bit(database: Database, size: int) -> int:
    """One bit of one byte of an event in the middle."""
    position = size // 2
    (leaf,) = database.execute("SELECT state FROM events WHERE notification_id = ?", (position + 1,)).fetchone()
    changed = bytearray(leaf)
    changed[len(leaf) // 2] ^= 1
    _write(database, position, bytes(changed))
    return position


def swap_two(database: Database, size: int) -> int:
    """Two neighbours exchange their places, each with its hash."""
    position = size // 2
    query = "SELECT state FROM events WHERE notification_id IN (?, ?) ORDER BY notification_id"
    (one,), (other,) = database.execute(query, (position + 1, position + 2))
    _write(database, position, other, hashed=True)
    _write(database, position + 1, one, hashed=True)
    return position


def cut_the_tail(database: Database, size: int) -> int:
    """The newest events go, with every head and signature that holds them, back to an older signed head."""
    (older,) = database.execute("SELECT max(size) FROM checkpoints WHERE size < ?", (size,)).fetchone()
    database.execute("DELETE FROM events WHERE notification_id > ?", (older,))
    for table in ("heads", "checkpoints", "cosignatures", "anchors"):
        database.execute(f"DELETE FROM {table} WHERE size > ?", (older,))  # noqa: S608 - our own names
    return int(older)


def hash_anew(database: Database, size: int) -> int:
    """An event says that somebody else did it; its hash, every head and every tile after it are computed anew."""
    position = size // 2
    (leaf,) = database.execute("SELECT state FROM events WHERE notification_id = ?", (position + 1,)).fetchone()
    forged = bytes(leaf).replace(b'"actor":{"authenticated":"', b'"actor":{"authenticated":"x', 1)
    _write(database, position, forged, hashed=True)
    sizes = [row[0] for row in database.execute("SELECT size FROM heads ORDER BY size")]
    leaves = [row[0] for row in database.execute("SELECT state FROM events ORDER BY notification_id")]
    tree = Tree()
    for head in sizes:
        tree, tiles = tree.append(leaf_hash(leaf) for leaf in leaves[tree.size : head])
        values = (tree.root, b"".join(tree.peaks), head)
        database.execute("UPDATE heads SET root = ?, peaks = ? WHERE size = ?", values)
        for tile in tiles:
            where = (tile.hashes, tile.level, tile.index)
            database.execute("UPDATE tiles SET hashes = ? WHERE level = ? AND tile_index = ?", where)
    return position


ATTACKS: Final[tuple[tuple[str, Callable[[Database, int], int]], ...]] = (
    ("one bit of one event changed", flip_a_bit),
    ("two events swapped", swap_two),
    ("the tail cut off, with its heads", cut_the_tail),
    ("an event changed, everything hashed anew", hash_anew),
)


def attempts(path: Path, trust: Trust) -> Iterator[Attempt]:
    """Every attack on a copy of a ledger, each verified by somebody who holds its newest head. Where only one head was
    signed, none can be cut back to."""
    with tempfile.TemporaryDirectory(prefix="trial-ledger-attack-") as place:
        for number, (what, attack) in enumerate(ATTACKS):
            copy, bundle = Path(place) / f"{number}.ledger", Path(place) / f"{number}.zip"
            backup(path, copy)
            with SqliteStore.open(copy, read_only=True) as store:
                heads = store.signed_heads()
            if attack is cut_the_tail and len(heads) < 2:
                continue
            position = _altered(copy, attack, heads[-1].size)
            with SqliteStore.open(copy, read_only=True) as store:
                write_bundle(store, bundle)
            yield Attempt(what, position, verify_bundle(bundle, trust))


def _altered(copy: Path, attack: Callable[[Database, int], int], size: int) -> int:
    """Past the triggers, which are put back."""
    with closing(sqlite3.connect(copy)) as database, database:
        guards = list(database.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"))
        for name, _ in guards:
            database.execute(f"DROP TRIGGER {name}")
        position = attack(database, size)
        for _, sql in guards:
            database.execute(sql)
        return position


def _write(database: Database, position: int, leaf: bytes, *, hashed: bool = False) -> None:
    values = (leaf, position + 1)
    database.execute("UPDATE events SET state = ? WHERE notification_id = ?", values)
    if hashed:
        values = (leaf_hash(leaf), position + 1)
        database.execute("UPDATE events SET leaf_hash = ? WHERE notification_id = ?", values)
