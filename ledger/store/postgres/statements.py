"""Our statements as PostgreSQL takes them, and its rows as ours are read."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any, Final

import psycopg

from ledger.store.schema import TABLES


class PostgresDialect:
    """How PostgreSQL says it."""

    listed = "IN (SELECT json_array_elements_text(?::json))"

    def member(self, *path: str) -> str:
        return f"(convert_from(state, 'UTF8')::json #>> '{{{','.join(path)}}}')"

    def elements(self, *path: str) -> str:
        return f"SELECT json_array_elements_text(convert_from(state, 'UTF8')::json #> '{{{','.join(path)}}}')"


POSTGRESQL: Final = PostgresDialect()

_TABLE: Final = re.compile(rf"\b(FROM|INTO|JOIN) ({'|'.join(TABLES)})\b")


@lru_cache(maxsize=8192)
def qualified(schema: str, statement: str) -> bytes:
    """A statement with its tables in their schema, so that it needs no setting of its connection, and with its marks in
    the driver's form."""
    return _TABLE.sub(rf'\1 "{schema}".\2', statement.replace("%", "%%").replace("?", "%s")).encode()


class NamedRow(tuple[Any, ...]):
    """A row whose values are found by number and by name."""

    names: dict[str, int]
    __slots__ = ()

    def __getitem__(self, key: Any, /) -> Any:
        return tuple.__getitem__(self, self.names[key] if isinstance(key, str) else key)


@lru_cache(maxsize=1024)
def _row_of(names: tuple[str, ...]) -> type[NamedRow]:
    numbers = {name: number for number, name in enumerate(names)}
    return type("NamedRow", (NamedRow,), {"names": numbers, "__slots__": ()})


def named_rows(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], NamedRow]:
    """How the driver makes rows."""
    return _row_of(tuple(column.name for column in cursor.description or ()))


@lru_cache(maxsize=8192)
def _inserting(schema: str, table: str) -> bytes:
    marks = ", ".join(f"%b::{kind}[]" for _, kind in columns_of(table))
    return f'INSERT INTO "{schema}".{table} SELECT * FROM unnest({marks})'.encode()  # noqa: S608 - our own names


def insert(cursor: psycopg.Cursor[Any], schema: str, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Add rows to a table in one statement, each with all its columns in their order."""
    if rows:
        cursor.execute(_inserting(schema, table), [list(column) for column in zip(*rows, strict=True)])


@cache
def _lock_key(schema: str) -> int:
    return int.from_bytes(sha256(b"trial-ledger/" + schema.encode()).digest()[:8], signed=True)


def lock(cursor: psycopg.Cursor[Any], schema: str) -> None:
    """Be the only one who appends to a trial, to the end of the transaction. What a statement sees is fixed when it
    begins, so that the log is looked at by the next one."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_lock_key(schema),))


def columns_of(table: str) -> Iterator[tuple[str, str]]:
    """The columns of a table in their order, each with its type here."""
    for line in TABLES[table].splitlines():
        if found := _COLUMN.match(line):
            yield found["name"], TYPES[found["type"]]


TYPES: Final = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"}
_COLUMN: Final = re.compile(r"\s*(?P<name>[a-z][a-z0-9_]*) (?P<type>INTEGER|TEXT|BLOB)\b")
