"""The trials of a database, a schema each; and how one is made, by the role that owns them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from ledger.evidence.merkle import Tree
from ledger.store.contract import Store
from ledger.store.errors import AlreadyThere, NotPrepared
from ledger.store.postgres import schema as schemas
from ledger.store.postgres.faults import faults_named
from ledger.store.postgres.server import Patience, Server
from ledger.store.postgres.statements import qualified
from ledger.store.postgres.store import PostgresStore
from ledger.store.reading import Reading
from ledger.store.verification import VERIFIED_WHOLE_UP_TO, verified_at_start, verified_tree


class Database:
    """The trials of a database, as the role that serves them sees them. `memory`: a directory of this server, where it
    is remembered how far each log was verified; `verified_whole_up_to`: as of `verified_at_start`."""

    def __init__(
        self,
        url: str,
        patience: Patience | None = None,
        memory: Path | None = None,
        verified_whole_up_to: int = VERIFIED_WHOLE_UP_TO,
    ) -> None:
        self.server = Server(url, patience)
        self._memory, self._whole_up_to = memory, verified_whole_up_to

    def names(self) -> Sequence[str]:
        """The trials whose schemas this role may use."""
        prefix = schemas.comment_of("")
        found = self.server.select("", schemas.TRIALS, (prefix + "%",))
        return sorted(row[0].removeprefix(prefix) for row in found)

    def create(self, trial: str) -> Store:
        """Only the role that owns the schemas makes one: `NotPrepared`, or `AlreadyThere`."""
        if trial in self.names():
            raise AlreadyThere(f"trial {trial}")
        raise NotPrepared(f"trial {trial}")

    def open(self, trial: str, *, read_only: bool = False) -> PostgresStore:
        return PostgresStore.open(self.server, trial, None if read_only else self._verified)

    def _verified(self, store: Reading, schema: str) -> Tree:
        if self._memory is None:
            return verified_tree(store)
        return verified_at_start(store, self._memory / schema, self._whole_up_to, store.size)

    def close(self) -> None:
        self.server.close()


def make_trial(url: str, trial: str, service_role: str | None) -> None:
    """Make the schema of a trial with its tables, triggers and grants, all or nothing; `AlreadyThere`. The URL is that
    of the role that shall own it."""
    with faults_named(), psycopg.connect(url) as connection:
        refuse_taken(connection, trial)
        for statement in (*schemas.tables(trial), *schemas.walls(trial, service_role)):
            connection.execute(statement.encode())


def refuse_taken(connection: psycopg.Connection[Any], trial: str) -> None:
    """`AlreadyThere` where a schema of this name stands."""
    taken = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ?"
    if connection.execute(qualified("", taken), (schemas.schema_of(trial),)).fetchone():
        raise AlreadyThere(f"trial {trial}")
