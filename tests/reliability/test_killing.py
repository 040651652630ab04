"""No acknowledged event is lost and none is doubled when the server is killed under load, and no head is signed that is
not of its one history (short form)."""

import random
from pathlib import Path

import pytest

from tests.reliability.killing import (
    TRIAL,
    Server,
    Writers,
    a_free_port,
    a_trial,
    retry_unanswered,
    round_of_killing,
    verify,
)
from tests.reliability.signed import bundle_verifies, one_history

ROUNDS = 5


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_was_acknowledged_and_signed_survives_kill_9_once_and_where_it_was_said_to_be(tmp_path: Path) -> None:
    token, port, chance = a_trial(tmp_path), a_free_port(), random.Random(7)
    server, writers, file = Server(tmp_path, port), Writers(port, token), tmp_path / f"{TRIAL}.ledger"
    for number in range(ROUNDS):
        round_of_killing(server, writers, number, chance)
        found = verify(tmp_path, writers)
        assert found.stored - found.acknowledged <= found.in_flight
        one_history(file, tmp_path / "keys", writers.receipts)
    retry_unanswered(server, writers)
    assert verify(tmp_path, writers).acknowledged == len(writers.sent) > 0
    assert writers.unexpected == []
    assert one_history(file, tmp_path / "keys", writers.receipts).receipts > 0
    assert bundle_verifies(file, tmp_path / "bundle.zip")
