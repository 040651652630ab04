"""A trial's schema: made by its owner, served by a role that may read and add rows, and walled against everyone."""

import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from ledger.errors import Corrupt
from ledger.store.errors import AlreadyThere, NoSuchStore, NotDurable, NotPrepared, StorageFailed, TooManyRights
from ledger.store.postgres.database import Database, make_trial
from ledger.store.postgres.schema import LONGEST_NAME, schema_of
from ledger.store.schema import TABLES
from tests.postgres import OWNER, SERVICE, Cluster
from tests.store.builders import append, records
from tests.store.places import a_new_name

Asking = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def trial(cluster: Cluster) -> str:
    name = a_new_name()
    make_trial(cluster.owner_url, name, SERVICE)
    return name


def asking(url: str, trial: str) -> Asking:
    connection = psycopg.connect(url, autocommit=True)
    connection.execute(f'SET search_path = "{schema_of(trial)}"')
    return connection


@pytest.fixture
def as_service(cluster: Cluster, trial: str) -> Iterator[Asking]:
    with asking(cluster.service_url, trial) as connection:
        yield connection


@pytest.fixture
def as_owner(cluster: Cluster, trial: str) -> Iterator[Asking]:
    with asking(cluster.owner_url, trial) as connection:
        yield connection


def changes_of(table: str) -> list[str]:
    """Rows of `texts` may be deleted, each by an event: `test_removal.py`."""
    column = TABLES[table].split()[0]
    changes = [f"UPDATE {table} SET {column} = {column}", f"TRUNCATE {table}"]
    return changes if table == "texts" else [*changes, f"DELETE FROM {table}"]


@pytest.mark.parametrize("table", list(TABLES))
def test_the_role_that_serves_may_not_change_a_row(as_service: Asking, table: str) -> None:
    for change in changes_of(table):
        with pytest.raises(errors.InsufficientPrivilege):
            as_service.execute(change)


@pytest.mark.parametrize("table", list(TABLES))
def test_a_trigger_refuses_the_owner_too(as_owner: Asking, table: str) -> None:
    for change in changes_of(table):
        with pytest.raises(errors.RaiseException, match=f"{table}: a row is never changed"):
            as_owner.execute(change)


def test_a_text_is_not_deleted_by_hand_whoever_tries(as_service: Asking, as_owner: Asking) -> None:
    as_service.execute("INSERT INTO texts VALUES ('c', 'trial', 'k', %s, %s, 0)", (bytes(12), bytes(48)))
    for connection in (as_service, as_owner):
        with pytest.raises(errors.RaiseException, match="texts: a row is never changed"):
            connection.execute("DELETE FROM texts")
        with pytest.raises(errors.RaiseException, match="no event says so"):
            connection.execute("INSERT INTO removed_texts VALUES ('c', 'trial', 'k', 'erased', 1)")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO heads VALUES (1, ''::bytea, ''::bytea) ON CONFLICT (size) DO UPDATE SET root = excluded.root",
        "SELECT * FROM events FOR UPDATE",
        "DO $$BEGIN LOCK TABLE events IN EXCLUSIVE MODE; END$$",
        "DROP TABLE events",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "CREATE TABLE mine (a integer)",
        "SET session_replication_role = replica",
    ],
)
def test_the_role_that_serves_has_no_way_around(as_service: Asking, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        as_service.execute(statement)


def test_one_trial_is_made_once(cluster: Cluster, trial: str) -> None:
    with pytest.raises(AlreadyThere):
        make_trial(cluster.owner_url, trial, SERVICE)


def test_the_role_that_serves_makes_no_trial(database: Database, trial: str) -> None:
    with pytest.raises(NotPrepared):
        database.create(a_new_name())
    with pytest.raises(AlreadyThere):
        database.create(trial)


def test_trials_are_found_by_their_names(database: Database, trial: str) -> None:
    assert trial in database.names()
    assert database.names() == sorted(database.names())
    with pytest.raises(NoSuchStore):
        database.open(a_new_name())


def test_a_role_that_may_change_rows_does_not_append(cluster: Cluster, trial: str) -> None:
    owners = Database(cluster.owner_url)
    with pytest.raises(TooManyRights, match="events"):
        owners.open(trial)
    owners.open(trial, read_only=True).close()
    owners.close()


def test_one_column_that_may_be_updated_is_too_much(as_owner: Asking, database: Database, trial: str) -> None:
    as_owner.execute(f"GRANT UPDATE (topic) ON events TO {SERVICE}")
    with pytest.raises(TooManyRights, match="events"):
        database.open(trial)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("DROP TRIGGER events_are_not_changed ON events", "triggers"),
        ("ALTER TABLE events DISABLE TRIGGER events_are_not_changed", "triggers"),
        ("ALTER TABLE events ENABLE TRIGGER events_are_not_changed", "triggers"),
        (
            "CREATE OR REPLACE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$",
            "triggers",
        ),
        ("ALTER TABLE events DROP CONSTRAINT events_originator_id_originator_version_key", "keys"),
        ("ALTER TABLE heads DROP CONSTRAINT heads_pkey", "keys"),
        ("ALTER TABLE events ADD COLUMN more text", "columns"),
        ("CREATE TABLE more (a bigint)", "columns"),
    ],
)
@pytest.mark.parametrize("read_only", [True, False])
def test_another_schema_is_not_opened(
    as_owner: Asking, database: Database, trial: str, change: str, what: str, read_only: bool
) -> None:
    as_owner.execute(change)
    with pytest.raises(Corrupt, match=what):
        database.open(trial, read_only=read_only)


def test_names_of_every_length_have_schemas_of_their_own(cluster: Cluster, database: Database) -> None:
    long = [f"{'N' * 60}{end}" for end in ("a1", "a2")]
    assert len({schema_of(name) for name in (*long, "n" * 57)}) == 3
    assert all(len(schema_of(name)) <= LONGEST_NAME for name in (*long, "n" * 57))
    for name in (*long, "a.trial@site-1_x"):
        make_trial(cluster.owner_url, name, SERVICE)
        with database.open(name) as store:
            append(store, *records(0, 3))
            assert store.size == 3
        assert name in database.names()


def test_trials_know_nothing_of_each_other(cluster: Cluster, database: Database, trial: str) -> None:
    other = a_new_name()
    make_trial(cluster.owner_url, other, SERVICE)
    with database.open(trial) as one, database.open(other) as two:
        append(one, *records(0, 5))
        with one.appending() as batch:
            batch.save(records(5, 6))
            append(two, *records(0, 2))
        assert (one.size, two.size) == (6, 2)


def test_a_reader_cannot_write_whatever_its_role(cluster: Cluster, trial: str) -> None:
    owners = Database(cluster.owner_url)
    with owners.open(trial, read_only=True) as reader:
        with pytest.raises(AssertionError):
            reader.appending()
        with pytest.raises(StorageFailed, match="ReadOnlySqlTransaction"):
            reader.select("INSERT INTO blobs VALUES ('a', ''::bytea) RETURNING 1")
    owners.close()


@pytest.mark.parametrize("weak", ["off", "local", "remote_write"])
def test_a_commit_waits_for_the_disk_whatever_the_role_is_set_to(cluster: Cluster, trial: str, weak: str) -> None:
    role = f"{SERVICE}_{weak}"
    with psycopg.connect(cluster.url("postgres", "ledger"), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN IN ROLE {SERVICE}")
        admin.execute(f"ALTER ROLE {role} SET synchronous_commit = {weak}")
    careless = Database(cluster.url(role, "ledger"))
    with careless.open(trial) as store, store.appending() as batch:
        settings = batch.transaction.select("SELECT current_setting('synchronous_commit')")
        assert settings[0][0] == "on"
    careless.close()


def test_a_server_that_does_not_keep_what_it_acknowledges_is_not_used(
    cluster: Cluster, trial: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.store.postgres.server.WEAKER_THAN_ON", {"on"})
    fresh = Database(cluster.service_url)
    with fresh.open(trial) as store, pytest.raises(NotDurable):
        append(store, *records(0, 1))
    fresh.close()


@pytest.mark.slow
def test_nothing_of_postgresql_is_imported_where_none_is_configured() -> None:
    program = """
import sys, tempfile
import api.cli
from api.app import create_app
from api.settings import Settings
create_app(Settings(directory=tempfile.mkdtemp()))
print([name for name in sys.modules if name.startswith(("psycopg", "ledger.store.postgres"))])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_owner_is_not_the_role_that_serves(cluster: Cluster, trial: str) -> None:
    with psycopg.connect(cluster.service_url) as connection:
        query = "SELECT tableowner FROM pg_tables WHERE schemaname = %s"
        owners = {row[0] for row in connection.execute(query, (schema_of(trial),))}
    assert owners == {OWNER}
