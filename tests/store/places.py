"""Where a log may be: what the tests of the contract do alike with a file and with a schema."""

from itertools import count
from pathlib import Path
from typing import Final, Protocol

import psycopg

from ledger.store.contract import Store
from ledger.store.postgres.database import Database, make_trial
from ledger.store.postgres.schema import schema_of, walls_of
from ledger.store.schema import TABLES
from ledger.store.sqlite import SqliteStore
from tests.postgres import SERVICE, Cluster
from tests.store.builders import as_owner_of_the_file

_numbers: Final = count(1)


def a_new_name() -> str:
    """A trial that no other test has."""
    return f"TRIAL{next(_numbers)}"


class Place(Protocol):
    """One log, made once and opened as often as one likes."""

    def create(self) -> Store: ...

    def open(self, *, read_only: bool = False) -> Store: ...

    def alter(self, statement: str, *values: object) -> int:
        """What someone may do to whom the database belongs; how many rows it changed."""


class FilePlace:
    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> Store:
        return SqliteStore.create(self.path)

    def open(self, *, read_only: bool = False) -> Store:
        return SqliteStore.open(self.path, read_only=read_only)

    def alter(self, statement: str, *values: object) -> int:
        with as_owner_of_the_file(self.path) as connection:
            return connection.execute(statement, values).rowcount


class SchemaPlace:
    def __init__(self, cluster: Cluster, database: Database) -> None:
        self.trial = a_new_name()
        self._cluster = cluster
        self._database = database

    def create(self) -> Store:
        make_trial(self._cluster.owner_url, self.trial, SERVICE)
        return self.open()

    def open(self, *, read_only: bool = False) -> Store:
        return self._database.open(self.trial, read_only=read_only)

    def alter(self, statement: str, *values: object) -> int:
        with psycopg.connect(self._cluster.owner_url) as connection:
            connection.execute(f'SET search_path = "{schema_of(self.trial)}"')
            for table in TABLES:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            changed = connection.execute(statement.replace("?", "%s").encode(), values).rowcount
            for wall in walls_of(""):
                connection.execute(f"ALTER TABLE {wall.table} ENABLE ALWAYS TRIGGER {wall.name}")
            return changed
