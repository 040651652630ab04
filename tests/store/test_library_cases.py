"""The eventsourcing library's own test cases for an application recorder, run against ours."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from eventsourcing.tests.persistence import ApplicationRecorderTestCase

from ledger.store.connection import DurableDatastore
from ledger.store.postgres.database import Database, make_trial
from ledger.store.postgres.recorder import LeafRecorder as SchemaRecorder
from ledger.store.postgres.recorder import SchemaDatastore
from ledger.store.postgres.schema import schema_of
from ledger.store.recorder import LeafRecorder
from tests.postgres import SERVICE, Cluster
from tests.store.places import a_new_name


class TestLeafRecorder(ApplicationRecorderTestCase[LeafRecorder], unittest.TestCase):
    def new_originator_id(self) -> str:
        return str(uuid4())

    def create_recorder(self) -> LeafRecorder:
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = Path(directory.name) / "events"
        path.touch()
        datastore = DurableDatastore(path, "rw")
        self.addCleanup(datastore.close)
        recorder = LeafRecorder(datastore)
        recorder.create_table()
        return recorder


@pytest.mark.slow
class TestSchemaRecorder(ApplicationRecorderTestCase[SchemaRecorder], unittest.TestCase):
    """As the role that serves, which may add rows and nothing else."""

    @pytest.fixture(autouse=True)
    def _database(self, cluster: Cluster, database: Database) -> None:
        self.cluster, self.database = cluster, database

    def new_originator_id(self) -> str:
        return str(uuid4())

    def create_recorder(self) -> SchemaRecorder:
        trial = a_new_name()
        make_trial(self.cluster.owner_url, trial, SERVICE)
        return SchemaRecorder(SchemaDatastore(self.database.server, schema_of(trial)))

    def test_whoever_subscribes_is_given_every_event(self) -> None:
        self.optional_test_insert_subscribe()


del ApplicationRecorderTestCase  # the case itself is not a test of ours
