"""How the database of the trials stands, where there is one: what makes an acknowledgement true, and a standby."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import psycopg

from api.doctor import Finding, State

PATIENCE_SECONDS: Final = 5
ASKED: Final = ("fsync", "full_page_writes", "synchronous_commit", "synchronous_standby_names", "data_checksums")
WAITS_FOR_THE_STANDBY: Final = ("remote_apply", "on")
STANDBYS: Final = "SELECT application_name, state, sync_state FROM pg_stat_replication"
SECURED: Final = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
MAY_CREATE: Final = "SELECT has_database_privilege(current_database(), 'CREATE')"


def database(url: str) -> Iterator[Finding]:
    """What a database says of itself to the role that serves."""
    try:
        with psycopg.connect(url, connect_timeout=PATIENCE_SECONDS, autocommit=True) as connection:
            version = connection.info.server_version
            told = {name: str(_first(connection, f"SHOW {name}".encode())) for name in ASKED}
            standbys = [tuple(map(str, row)) for row in connection.execute(STANDBYS).fetchall()]
            secured = bool(_first(connection, SECURED.encode()))
            local = connection.info.host in ("", "localhost", "127.0.0.1", "::1") or connection.info.host.startswith(
                "/"
            )
            may_create = bool(_first(connection, MAY_CREATE.encode()))
    except psycopg.Error as fault:
        yield Finding("database", "wrong", f"cannot be asked: {type(fault).__name__}")
        return
    yield Finding("database", "good", f"PostgreSQL {version // 10_000}.{version % 10_000}")
    yield from durable(told)
    yield standby(told, standbys)
    yield _of(secured or local, "database TLS", "spoken, or not needed here", "the connection is not encrypted")
    yield _of(not may_create, "database role", "may not make schemas", "the role that serves may make schemas")


def _first(connection: "psycopg.Connection[tuple[object, ...]]", query: bytes) -> object:
    row = connection.execute(query).fetchone()
    return None if row is None else row[0]


def _of(good: bool, about: str, fine: str, odd: str) -> Finding:
    return Finding(about, "good" if good else "attention", fine if good else odd)


def durable(told: Mapping[str, str]) -> Iterator[Finding]:
    """Whether what is confirmed is on the disk. The store sets `synchronous_commit` itself, and reads it back."""
    off = [name for name in ("fsync", "full_page_writes") if told[name] != "on"]
    state: State = "wrong" if off else "good"
    yield Finding("database durability", state, f"{' and '.join(off)} off" if off else "fsync and full_page_writes on")
    if told["data_checksums"] != "on":
        says = "data_checksums are off: what rots on the disk is found by the tree, and later"
        yield Finding("database checksums", "attention", says)


def standby(told: Mapping[str, str], standbys: Sequence[Sequence[str]]) -> Finding:
    """Whether a commit waits for a second machine."""
    if not told["synchronous_standby_names"]:
        return Finding(
            "standby", "attention", "none is waited for: with the primary's disk, the newest commits are lost"
        )
    if told["synchronous_commit"] not in WAITS_FOR_THE_STANDBY:
        return Finding("standby", "wrong", f"synchronous_commit is {told['synchronous_commit']}: none is waited for")
    waiting = [name for name, _, sync in standbys if sync in ("sync", "quorum")]
    if not waiting:
        return Finding("standby", "wrong", "none is there: every commit waits until it is told to wait no longer")
    return Finding("standby", "good", f"{', '.join(waiting)}; synchronous_commit = {told['synchronous_commit']}")
