"""A ledger's file of format 1, as it was made before texts were encrypted. The tables are those of that format, for
ever."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from ledger.store.sqlite import SqliteStore
from ledger.store.texts import SealedText

TABLES: Final = """
CREATE TABLE events (notification_id INTEGER PRIMARY KEY, originator_id TEXT NOT NULL,
    originator_version INTEGER NOT NULL, topic TEXT NOT NULL, state BLOB NOT NULL,
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32), UNIQUE (originator_id, originator_version)) STRICT;
CREATE TABLE heads (size INTEGER PRIMARY KEY, root BLOB NOT NULL CHECK (length(root) = 32),
    peaks BLOB NOT NULL CHECK (length(peaks) % 32 = 0)) STRICT;
CREATE TABLE tiles (level INTEGER NOT NULL, tile_index INTEGER NOT NULL,
    hashes BLOB NOT NULL CHECK (length(hashes) = 8192), PRIMARY KEY (level, tile_index)) STRICT;
CREATE TABLE texts (commitment TEXT PRIMARY KEY NOT NULL, salt BLOB NOT NULL CHECK (length(salt) = 32),
    text TEXT NOT NULL, position INTEGER NOT NULL) STRICT;
CREATE TABLE commands (command_id TEXT PRIMARY KEY NOT NULL, request_hash TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('appended', 'already')), first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL) STRICT;
CREATE TABLE refusals (number INTEGER PRIMARY KEY, recorded_at TEXT NOT NULL, actor_id TEXT NOT NULL,
    role TEXT NOT NULL, command_type TEXT NOT NULL, rule TEXT NOT NULL, request_hash TEXT NOT NULL) STRICT;
CREATE TABLE blobs (sha256 TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TABLE cosignatures (size INTEGER NOT NULL, name TEXT NOT NULL, line TEXT NOT NULL,
    PRIMARY KEY (size, name)) STRICT;
CREATE TABLE anchors (size INTEGER NOT NULL, authority TEXT NOT NULL, token BLOB NOT NULL,
    PRIMARY KEY (size, authority)) STRICT;
CREATE INDEX events_by_topic ON events (topic);
PRAGMA application_id = 0x4C454447;
PRAGMA user_version = 1;
"""


def as_format_1(ledger: Path, texts: Sequence[tuple[SealedText, int]], to: Path) -> None:
    """The same ledger as it would stand in a file of format 1, with its texts in clear."""
    SqliteStore.open(ledger, read_only=True).close()
    with closing(sqlite3.connect(to)) as old:
        old.execute("PRAGMA journal_mode = WAL")
        old.executescript(TABLES)
        old.execute("ATTACH ? AS new", (str(ledger),))
        tables = [row[0] for row in old.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")]
        with old:
            for table in tables:
                if table != "texts":
                    old.execute(f"INSERT INTO main.{table} SELECT * FROM new.{table}")  # noqa: S608 - our own names
            rows = [(each.commitment, each.salt, each.text, position) for each, position in texts]
            old.executemany("INSERT INTO main.texts VALUES (?, ?, ?, ?)", rows)
