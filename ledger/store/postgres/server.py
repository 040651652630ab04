"""A database server as this process uses it: some connections that write, some that read, and one that listens.

    synchronous_commit   on at least, read back on every connection that writes; fsync off is refused
    the lock             of a trial is waited for no longer than a limit
    a transaction        that stands still longer than a limit is ended by the server, with everything it holds
    the answer to COMMIT is waited for no longer than a limit: a standby that is gone makes it wait for ever

Trials share the connections. A writer keeps one for a batch and needs another to read while it decides, so that those
that write and those that read are apart.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import psycopg
from psycopg_pool import ConnectionPool

from ledger.store.errors import NotDurable
from ledger.store.postgres.deadlines import Deadlines
from ledger.store.postgres.faults import faults_named
from ledger.store.postgres.listening import Listening
from ledger.store.postgres.statements import NamedRow, named_rows, qualified
from ledger.store.rows import Row

WRITERS: Final = 8
READERS: Final = 8
WEAKER_THAN_ON: Final = {"off", "local", "remote_write"}
_ALIVE: Final[dict[str, Any]] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "trial-ledger",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what, in seconds."""

    connection: float = 5
    lock: float = 5
    still_transaction: float = 10
    commit: float = 10

    @classmethod
    def of(cls, seconds: float) -> Self:
        """So long for a connection and for the lock, and twice as long for what is under way."""
        return cls(seconds, seconds, 2 * seconds, 2 * seconds)


class Connection(psycopg.Connection[NamedRow]):
    """A connection that knows whether it was made ready to write, and what the server has warned of."""

    is_ready = False
    warnings = 0


class Server:
    """The connections of this process to one database."""

    def __init__(self, url: str, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._url = url
        self._line = {**_ALIVE, "autocommit": True, "connect_timeout": max(2, int(self.patience.connection / 2))}
        """The hosts of a URL are tried one after the other, within the patience for one connection."""
        self.writers = self._pool(WRITERS)
        self._readers = self._pool(READERS, configure=_read_only)
        self.deadlines = Deadlines()
        self.listening = Listening(lambda: psycopg.connect(url, **self._line))

    def _pool(self, most: int, **given: Any) -> ConnectionPool[Connection]:
        """A database that was away for long is found as soon as one that was away for a moment: attempts, which come
        more and more rarely, end with the patience, and the next who wants a connection begins anew."""
        return ConnectionPool(
            self._url,
            connection_class=Connection,
            kwargs={**self._line, "row_factory": named_rows},
            min_size=0,
            max_size=most,
            timeout=self.patience.connection,
            reconnect_timeout=self.patience.connection,
            check=ConnectionPool.check_connection,
            open=True,
            **given,
        )

    def close(self) -> None:
        self.listening.close()
        self.deadlines.close()
        self.writers.close()
        self._readers.close()

    def select(self, schema: str, statement: str, values: Sequence[Any]) -> Sequence[Row]:
        """The rows of one statement, from one state of the database."""
        with faults_named(), self._readers.connection() as connection:
            return connection.execute(qualified(schema, statement), values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection whose commits are durable; what is not committed in the block is rolled back."""
        with self.writers.connection() as connection:
            if not connection.is_ready:
                self._make_ready(connection)
            yield connection

    def _make_ready(self, connection: Connection) -> None:
        connection.execute(f"SET lock_timeout = {int(self.patience.lock * 1000)}")
        still = int(self.patience.still_transaction * 1000)
        connection.execute(f"SET idle_in_transaction_session_timeout = {still}")
        if _setting(connection, "synchronous_commit") in WEAKER_THAN_ON:
            connection.execute("SET synchronous_commit = 'on'")
        settings = [_setting(connection, name) for name in ("synchronous_commit", "fsync", "full_page_writes")]
        if settings[0] in WEAKER_THAN_ON or settings[1:] != ["on", "on"]:
            raise NotDurable(f"synchronous_commit, fsync and full_page_writes are {', '.join(settings)}")
        connection.add_notice_handler(lambda notice: _count_warning(connection, notice))
        connection.is_ready = True


def _read_only(connection: Connection) -> None:
    connection.execute("SET default_transaction_read_only = on")


def _setting(connection: Connection, name: str) -> str:
    found = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    assert found is not None, name
    return str(found[0])


def _count_warning(connection: Connection, notice: psycopg.errors.Diagnostic) -> None:
    """A server that stops waiting for its standby commits all the same, and only warns."""
    if notice.severity_nonlocalized == "WARNING":
        connection.warnings += 1
