"""The schema of a trial: the tables of `ledger/store/schema.py` in PostgreSQL's words, with two walls around the rows.

The role that serves may SELECT and INSERT, and a trigger refuses UPDATE, DELETE and TRUNCATE to everyone, also to the
owner until he drops it. Opening a trial compares what stands in the catalogue with what is made here.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final

from ledger.errors import Corrupt
from ledger.store.postgres.statements import TYPES, columns_of
from ledger.store.rows import Row
from ledger.store.schema import FORMAT_VERSION, TABLES

PREFIX: Final = "trial_"
LONGEST_NAME: Final = 63
"""PostgreSQL cuts longer names off."""

_WORD: Final = re.compile(r"\b(INTEGER|TEXT|BLOB)\b")
_KEY: Final = re.compile(
    r"\s*(?:(?P<column>[a-z0-9_]+) .*)?(?P<kind>PRIMARY KEY|UNIQUE)(?P<columns> \([a-z0-9_, ]+\))?"
)
_BODY: Final = " BEGIN RAISE EXCEPTION '%: a row is never changed', TG_TABLE_NAME; END "
_TRIGGER_TYPE: Final = 2 + 8 + 16 + 32
"""BEFORE, DELETE, UPDATE, TRUNCATE; for each statement."""


def schema_of(trial: str) -> str:
    """The schema of a trial: its name after a prefix; of a very long one the beginning, and a hash of it all."""
    name = PREFIX + trial
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:46]}_{sha256(trial.encode()).hexdigest()[:16]}"


def comment_of(trial: str) -> str:
    """What the schema says of itself."""
    return f"trial-ledger {FORMAT_VERSION} {trial}"


def tables(trial: str) -> Iterable[str]:
    """What makes the tables, for their owner."""
    schema = quoted(schema_of(trial))
    yield f"CREATE SCHEMA {schema}"
    yield f"COMMENT ON SCHEMA {schema} IS '{comment_of(trial)}'"
    for table, columns in TABLES.items():
        yield f"CREATE TABLE {schema}.{table} ({_WORD.sub(lambda word: _TYPED[word[1]], columns)})"


def walls(trial: str, service_role: str | None) -> Iterable[str]:
    """What makes a ledger of the tables: the index, the triggers, and the grants to the role that serves."""
    schema = quoted(schema_of(trial))
    yield f"CREATE FUNCTION {schema}.never_changed() RETURNS trigger LANGUAGE plpgsql AS $${_BODY}$$"
    for table in TABLES:
        named = f"{schema}.{table}"
        yield (
            f"CREATE TRIGGER {table}_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {named}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {schema}.never_changed()"
        )
        yield f"ALTER TABLE {named} ENABLE ALWAYS TRIGGER {table}_are_not_changed"
    yield f"CREATE INDEX events_by_topic ON {schema}.events (topic)"
    if service_role is not None:
        yield f"GRANT USAGE ON SCHEMA {schema} TO {quoted(service_role)}"
        yield f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO {quoted(service_role)}"


_TYPED: Final = {name: f'{kind} COLLATE "C"' if kind == "text" else kind for name, kind in TYPES.items()}
"""Texts are ordered by their bytes, as SQLite orders them."""


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


TRIALS: Final = """
    SELECT obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace
    WHERE obj_description(oid, 'pg_namespace') LIKE ? AND has_schema_privilege(oid, 'USAGE')"""

COMMENT: Final = "SELECT obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace WHERE nspname = ?"

_COLUMNS: Final = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ? AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum"""

_KEYS: Final = """
    SELECT c.relname, pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ? AND k.contype IN ('p', 'u')"""

_TRIGGERS: Final = """
    SELECT c.relname, t.tgname, t.tgenabled::text, t.tgtype, p.prosrc FROM pg_catalog.pg_trigger t
    JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid WHERE n.nspname = ? AND NOT t.tgisinternal"""

RIGHTS: Final = """
    SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ? AND c.relkind = 'r'
    AND (has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') OR has_any_column_privilege(c.oid, 'UPDATE'))"""
"""The tables whose rows the present role may change."""


def compare(trial: str, select: Any) -> None:
    """`Corrupt` where the schema of a trial is not the one that is made here."""
    schema = schema_of(trial)
    expected = {
        "columns": {(table, *column) for table in TABLES for column in columns_of(table)},
        "keys": {(table, key) for table in TABLES for key in _keys_of(table)},
        "triggers": {(table, f"{table}_are_not_changed", "A", _TRIGGER_TYPE, _BODY) for table in TABLES},
    }
    for what, query in (("columns", _COLUMNS), ("keys", _KEYS), ("triggers", _TRIGGERS)):
        rows: Sequence[Row] = select(query, schema)
        if {tuple(row) for row in rows} != expected[what]:
            raise Corrupt(f"schema {schema}: the {what} are not those of a ledger")


def _keys_of(table: str) -> Iterable[str]:
    for line in TABLES[table].splitlines():
        if found := _KEY.match(line):
            yield found["kind"] + (found["columns"] or f" ({found['column']})")
