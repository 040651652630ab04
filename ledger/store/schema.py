"""The tables of a trial's file. Rows are added and never changed: triggers refuse UPDATE, DELETE and REPLACE.

One kind of row may go: a text of which an event of the log says that it is erased or redacted. What it leaves behind, a
row of `removed_texts`, is only taken where the event stands in the log, after the text, and names it or its subject.

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

FORMAT_VERSION: Final = 2
"""1 kept the texts in clear; `upgrade.py` makes a ledger of this format out of one."""

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
            subject TEXT NOT NULL,
            key_id TEXT NOT NULL,
            nonce BLOB NOT NULL CHECK (length(nonce) = 12),
            sealed BLOB NOT NULL CHECK (length(sealed) >= 48),
            position INTEGER NOT NULL""",
        # That a text is gone, and by which event: its row here lets its row in `texts` be deleted, and no other.
        "removed_texts": """
            commitment TEXT PRIMARY KEY NOT NULL,
            subject TEXT NOT NULL,
            key_id TEXT NOT NULL,
            how TEXT NOT NULL CHECK (how IN ('erased', 'redacted')),
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
    }
)

EVIDENCE_TABLES: Final = ("checkpoints", "cosignatures", "anchors")

_SAME_KEY: Mapping[str, str] = MappingProxyType(
    {
        "events": "notification_id = NEW.notification_id"
        " OR (originator_id = NEW.originator_id AND originator_version = NEW.originator_version)",
        "heads": "size = NEW.size",
        "tiles": "level = NEW.level AND tile_index = NEW.tile_index",
        "texts": "commitment = NEW.commitment",
        "removed_texts": "commitment = NEW.commitment",
        "commands": "command_id = NEW.command_id",
        "refusals": "number = NEW.number",
        "blobs": "sha256 = NEW.sha256",
        "checkpoints": "size = NEW.size",
        "cosignatures": "size = NEW.size AND name = NEW.name",
        "anchors": "size = NEW.size AND authority = NEW.authority",
    }
)


def format_of(header: bytes) -> int | None:
    """The format of a ledger that begins like this, from SQLite's header; none where it is no ledger."""
    application, version = (int.from_bytes(header[at]) for at in (_APPLICATION_AT, _FORMAT_AT))
    return version if header.startswith(_MAGIC) and application == APPLICATION_ID else None


def statements() -> tuple[str, ...]:
    """Everything that makes an empty ledger out of an empty database."""
    tables = [f"CREATE TABLE {table} ({columns}\n        ) STRICT" for table, columns in TABLES.items()]
    guards = [guard for table in TABLES for guard in _guards(table)]
    marks = [f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {FORMAT_VERSION}"]
    indices = ("CREATE INDEX events_by_topic ON events (topic)", "CREATE INDEX texts_by_subject ON texts (subject)")
    return (*tables, *indices, *guards, REMOVED_BY_AN_EVENT, *marks)


REMOVED_BY_AN_EVENT: Final = """CREATE TRIGGER removed_texts_are_removed_by_an_event BEFORE INSERT ON removed_texts
    WHEN NOT EXISTS (
        SELECT 1 FROM texts JOIN events ON notification_id = NEW.position + 1
        WHERE commitment = NEW.commitment AND subject = NEW.subject AND key_id = NEW.key_id
            AND texts.position < NEW.position
            AND CASE topic
                WHEN 'trial.text-erased.v1' THEN NEW.how = 'erased' AND EXISTS (
                    SELECT 1 FROM json_each(CAST(state AS TEXT), '$.data.subjects') WHERE value = NEW.subject)
                WHEN 'trial.text-redacted.v1' THEN NEW.how = 'redacted'
                    AND json_extract(CAST(state AS TEXT), '$.data.commitment') = NEW.commitment
                ELSE 0 END)
    BEGIN SELECT RAISE(ABORT, 'removed_texts: no event says so'); END"""
MAY_GO: Final[Mapping[str, str]] = MappingProxyType(
    {
        "texts": "WHEN NOT EXISTS (SELECT 1 FROM removed_texts WHERE removed_texts.commitment = OLD.commitment"
        " AND removed_texts.position > OLD.position)"
    }
)
"""Of which table rows may be deleted: not when."""


def _guards(table: str) -> tuple[str, str, str]:
    """REPLACE deletes without asking the DELETE trigger, so a row whose key is taken is refused before that."""
    never = f"BEGIN SELECT RAISE(ABORT, '{table}: a row is never changed'); END"
    kept = f"{MAY_GO[table]} {never}" if table in MAY_GO else never
    taken = f"EXISTS (SELECT 1 FROM {table} WHERE {_SAME_KEY[table]})"  # noqa: S608 - our own names
    return (
        f"CREATE TRIGGER {table}_are_not_updated BEFORE UPDATE ON {table} {never}",
        f"CREATE TRIGGER {table}_are_not_deleted BEFORE DELETE ON {table} {kept}",
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
