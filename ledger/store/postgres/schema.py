"""The schema of a trial: the tables of `ledger/store/schema.py` in PostgreSQL's words, with two walls around the rows.

The role that serves may SELECT and INSERT, and a trigger refuses UPDATE, DELETE and TRUNCATE to everyone, also to the
owner until he drops it. One kind of row may go, for both: a text of which an event of the log says that it is erased or
redacted (`ledger/store/schema.py`). Opening a trial compares what stands in the catalogue with what is made here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

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
_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32
"""How the catalogue says when a trigger fires."""

TEXTS: Final = "texts"
"""The one table from which rows may go."""


class Wall(NamedTuple):
    """A trigger on a table, with its function's name and body."""

    table: str
    name: str
    when: str
    type: int
    function: str
    body: str


def walls_of(schema: str) -> Iterator[Wall]:
    """Every trigger of a trial's schema."""
    never = " BEGIN RAISE EXCEPTION '%: a row is never changed', TG_TABLE_NAME; END "
    for table in TABLES:
        deleted = "" if table == TEXTS else "DELETE OR "
        kind = _BEFORE + _UPDATE + _TRUNCATE + (0 if table == TEXTS else _DELETE)
        when = f"BEFORE {deleted}UPDATE OR TRUNCATE ON {schema}.{table} FOR EACH STATEMENT"
        yield Wall(table, f"{table}_are_not_changed", when, kind, "never_changed", never)
    may_go = f""" BEGIN
        IF EXISTS (SELECT 1 FROM {schema}.removed_texts r
            WHERE r.commitment = OLD.commitment AND r.position > OLD.position) THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'texts: a row is never changed'; END """  # noqa: S608 - our own names
    when = f"BEFORE DELETE ON {schema}.texts FOR EACH ROW"
    yield Wall(TEXTS, "texts_are_not_deleted", when, _ROW + _BEFORE + _DELETE, "deleted_when_removed", may_go)
    by_an_event = f""" BEGIN
        IF EXISTS (SELECT 1 FROM {schema}.texts t JOIN {schema}.events e ON e.notification_id = NEW.position + 1
            WHERE t.commitment = NEW.commitment AND t.subject = NEW.subject AND t.key_id = NEW.key_id
                AND t.position < NEW.position AND CASE e.topic
                WHEN 'trial.text-erased.v1' THEN NEW.how = 'erased' AND NEW.subject IN (
                    SELECT json_array_elements_text(convert_from(e.state, 'UTF8')::json #> '{{data,subjects}}'))
                WHEN 'trial.text-redacted.v1' THEN NEW.how = 'redacted'
                    AND convert_from(e.state, 'UTF8')::json #>> '{{data,commitment}}' = NEW.commitment
                ELSE FALSE END) THEN RETURN NEW; END IF;
        RAISE EXCEPTION 'removed_texts: no event says so'; END """  # noqa: S608 - our own names
    when = f"BEFORE INSERT ON {schema}.removed_texts FOR EACH ROW"
    kind = _ROW + _BEFORE + _INSERT
    yield Wall("removed_texts", "removed_texts_are_removed_by_an_event", when, kind, "removed_by_an_event", by_an_event)


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
    """What makes a ledger of the tables: the indices, the triggers, and the grants to the role that serves."""
    schema = quoted(schema_of(trial))
    for function, body in dict.fromkeys((wall.function, wall.body) for wall in walls_of(schema)):
        yield f"CREATE FUNCTION {schema}.{function}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
    for wall in walls_of(schema):
        yield f"CREATE TRIGGER {wall.name} {wall.when} EXECUTE FUNCTION {schema}.{wall.function}()"
        yield f"ALTER TABLE {schema}.{wall.table} ENABLE ALWAYS TRIGGER {wall.name}"
    yield f"CREATE INDEX events_by_topic ON {schema}.events (topic)"
    yield f"CREATE INDEX texts_by_subject ON {schema}.texts (subject)"
    if service_role is not None:
        yield f"GRANT USAGE ON SCHEMA {schema} TO {quoted(service_role)}"
        yield f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO {quoted(service_role)}"
        yield f"GRANT DELETE ON {schema}.{TEXTS} TO {quoted(service_role)}"


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
    AND (has_table_privilege(c.oid, 'UPDATE, TRUNCATE') OR has_any_column_privilege(c.oid, 'UPDATE')
        OR (c.relname <> 'texts' AND has_table_privilege(c.oid, 'DELETE')))"""
"""The tables whose rows the present role may change."""


def compare(trial: str, select: Any) -> None:
    """`Corrupt` where the schema of a trial is not the one that is made here."""
    schema = schema_of(trial)
    expected = {
        "columns": {(table, *column) for table in TABLES for column in columns_of(table)},
        "keys": {(table, key) for table in TABLES for key in _keys_of(table)},
        "triggers": {(each.table, each.name, "A", each.type, each.body) for each in walls_of(quoted(schema))},
    }
    for what, query in (("columns", _COLUMNS), ("keys", _KEYS), ("triggers", _TRIGGERS)):
        rows: Sequence[Row] = select(query, schema)
        if {tuple(row) for row in rows} != expected[what]:
            raise Corrupt(f"schema {schema}: the {what} are not those of a ledger")


def _keys_of(table: str) -> Iterable[str]:
    for line in TABLES[table].splitlines():
        if found := _KEY.match(line):
            yield found["kind"] + (found["columns"] or f" ({found['column']})")
