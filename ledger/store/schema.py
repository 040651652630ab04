"""The tables of a trial's file. Rows are added and never changed: triggers refuse UPDATE, DELETE and REPLACE.

The triggers are one defence of several: whoever owns the file can drop them. Opening the file compares its schema with
this one, and the tree tells what was changed behind it.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from types import MappingProxyType
from typing import Final

APPLICATION_ID: Final = 0x4C454447
"""`LEDG`: how `file` and SQLite tell a ledger from another database."""

FORMAT_VERSION: Final = 1

HEADER_BYTES: Final = 100
_MAGIC: Final = b"SQLite format 3\x00"
_FORMAT_AT, _APPLICATION_AT = slice(60, 64), slice(68, 72)

TABLES: Mapping[str, str] = MappingProxyType(
    {
        # The columns of the eventsourcing library, with the row number named and the leaf hash beside the leaf.
        "events": """
            notification_id INTEGER PRIMARY KEY,
            originator_id TEXT NOT NULL,
            originator_version INTEGER NOT NULL,
            topic TEXT NOT NULL,
            state BLOB NOT NULL,
            leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
            UNIQUE (originator_id, originator_version)""",
        "heads": """
            size INTEGER PRIMARY KEY,
            root BLOB NOT NULL CHECK (length(root) = 32),
            peaks BLOB NOT NULL CHECK (length(peaks) % 32 = 0)""",
        "tiles": """
            level INTEGER NOT NULL,
            tile_index INTEGER NOT NULL,
            hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
            PRIMARY KEY (level, tile_index)""",
        "texts": """
            commitment TEXT PRIMARY KEY NOT NULL,
            salt BLOB NOT NULL CHECK (length(salt) = 32),
            text TEXT NOT NULL,
            position INTEGER NOT NULL""",
        "commands": """
            command_id TEXT PRIMARY KEY NOT NULL,
            request_hash TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('appended', 'already')),
            first_position INTEGER NOT NULL,
            last_position INTEGER NOT NULL""",
        "refusals": """
            number INTEGER PRIMARY KEY,
            recorded_at TEXT NOT NULL,
            actor_id TEXT NOT NULL,
            role TEXT NOT NULL,
            command_type TEXT NOT NULL,
            rule TEXT NOT NULL,
            request_hash TEXT NOT NULL""",
        "blobs": """
            sha256 TEXT PRIMARY KEY NOT NULL,
            bytes BLOB NOT NULL""",
        "checkpoints": """
            size INTEGER PRIMARY KEY,
            note TEXT NOT NULL""",
        "cosignatures": """
            size INTEGER NOT NULL,
            name TEXT NOT NULL,
            line TEXT NOT NULL,
            PRIMARY KEY (size, name)""",
        "anchors": """
            size INTEGER NOT NULL,
            authority TEXT NOT NULL,
            token BLOB NOT NULL,
            PRIMARY KEY (size, authority)""",
        "restorations": """
            size INTEGER PRIMARY KEY,
            root BLOB NOT NULL CHECK (length(root) = 32),
            of_size INTEGER NOT NULL CHECK (of_size > size),
            of_root BLOB NOT NULL CHECK (length(of_root) = 32)""",
    }
)

_SAME_KEY: Mapping[str, str] = MappingProxyType(
    {
        "events": "notification_id = NEW.notification_id"
        " OR (originator_id = NEW.originator_id AND originator_version = NEW.originator_version)",
        "heads": "size = NEW.size",
        "tiles": "level = NEW.level AND tile_index = NEW.tile_index",
        "texts": "commitment = NEW.commitment",
        "commands": "command_id = NEW.command_id",
        "refusals": "number = NEW.number",
        "blobs": "sha256 = NEW.sha256",
        "checkpoints": "size = NEW.size",
        "cosignatures": "size = NEW.size AND name = NEW.name",
        "anchors": "size = NEW.size AND authority = NEW.authority",
        "restorations": "size = NEW.size",
    }
)


def is_ours(header: bytes) -> bool:
    """Whether a file that begins like this is a ledger of this format: SQLite's header holds both numbers."""
    numbers = [int.from_bytes(header[at]) for at in (_APPLICATION_AT, _FORMAT_AT)]
    return header.startswith(_MAGIC) and numbers == [APPLICATION_ID, FORMAT_VERSION]


def statements() -> tuple[str, ...]:
    """Everything that makes an empty ledger out of an empty database."""
    tables = [f"CREATE TABLE {table} ({columns}\n        ) STRICT" for table, columns in TABLES.items()]
    guards = [guard for table in TABLES for guard in _guards(table)]
    marks = [f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {FORMAT_VERSION}"]
    return (*tables, "CREATE INDEX events_by_topic ON events (topic)", *guards, *marks)


def _guards(table: str) -> tuple[str, str, str]:
    """REPLACE deletes without asking the DELETE trigger, so a row whose key is taken is refused before that."""
    never = f"BEGIN SELECT RAISE(ABORT, '{table}: a row is never changed'); END"
    taken = f"EXISTS (SELECT 1 FROM {table} WHERE {_SAME_KEY[table]})"  # noqa: S608 - our own names
    return (
        f"CREATE TRIGGER {table}_are_not_updated BEFORE UPDATE ON {table} {never}",
        f"CREATE TRIGGER {table}_are_not_deleted BEFORE DELETE ON {table} {never}",
        f"CREATE TRIGGER {table}_are_not_replaced BEFORE INSERT ON {table} WHEN {taken} {never}",
    )


SCHEMA_QUERY: Final = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name"


@cache
def expected_schema() -> tuple[tuple[str | None, ...], ...]:
    """What `SCHEMA_QUERY` gives for a file that has this schema and nothing else."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements():
            connection.execute(statement)
        return tuple(connection.execute(SCHEMA_QUERY))
