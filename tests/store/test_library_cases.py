"""The eventsourcing library's own test cases for an application recorder, run against ours."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from eventsourcing.tests.persistence import ApplicationRecorderTestCase

from ledger.store.connection import DurableDatastore
from ledger.store.recorder import LeafRecorder


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


del ApplicationRecorderTestCase  # the case itself is not a test of ours
