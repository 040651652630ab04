"""A log moves into a schema: made, filled, compared and granted in one transaction of the role that owns it."""

from collections.abc import Sequence
from typing import Any

import psycopg

from ledger.store.contract import Store
from ledger.store.migration import compare, copy_rows
from ledger.store.postgres import schema as schemas
from ledger.store.postgres.database import refuse_taken
from ledger.store.postgres.faults import faults_named
from ledger.store.postgres.statements import POSTGRESQL, NamedRow, named_rows
from ledger.store.postgres.store import SchemaTransaction
from ledger.store.reading import Reading
from ledger.store.rows import Row


class _Within(Reading):
    """A schema as a transaction sees it that has not committed it yet."""

    dialect = POSTGRESQL

    def __init__(self, transaction: SchemaTransaction) -> None:
        self._transaction = transaction

    def select(self, query: str, *values: Any) -> Sequence[Row]:
        return self._transaction.select(query, *values)


def move_to_schema(source: Store, url: str, trial: str, service_role: str | None) -> None:
    """Make the schema of a trial out of a log; `AlreadyThere` where there is one."""
    with (
        faults_named(),
        psycopg.Connection[NamedRow].connect(url, row_factory=named_rows) as connection,
        connection.cursor() as cursor,
        source.appending(),
    ):
        refuse_taken(connection, trial)
        for statement in schemas.tables(trial):
            connection.execute(statement.encode())
        transaction = SchemaTransaction(cursor, schemas.schema_of(trial))
        copy_rows(source, transaction.insert)
        for statement in schemas.walls(trial, service_role):
            connection.execute(statement.encode())
        made = _Within(transaction)
        schemas.compare(trial, made.select)
        compare(source, made)
