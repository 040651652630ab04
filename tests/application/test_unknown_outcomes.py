"""A commit fails, and nobody knows whether it is on disk: the ledger finds out, then answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from ledger.application import TrialLedger
from ledger.decisions import safety, screening
from ledger.keyring import Keyring
from ledger.record import Asked
from ledger.store.appending import Batch
from ledger.store.errors import OutcomeUnknown
from ledger.store.sqlite import SqliteStore
from ledger.submission import Submission, command_id
from tests.bench import INVESTIGATOR, SITE, START, opened_trial

Fate = Literal["written", "lost"]


class Unsure(SqliteStore):
    """A file of which the next commits fail: each is on disk all the same, or is not."""

    fates: list[Fate]

    @contextmanager
    def appending(self) -> Iterator[Batch]:
        assert self._appender is not None
        fate = self.fates.pop() if self.fates else None
        if fate is None:
            with super().appending() as batch:
                yield batch
            return
        tree = self._appender.tree
        try:
            with super().appending() as batch:
                yield batch
                if fate == "lost":
                    raise InterruptedError
        except InterruptedError:
            pass
        self._appender.tree, self._appender.outcome_unknown = tree, True
        raise OutcomeUnknown("the commit failed")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[TrialLedger]:
    bench = opened_trial()
    bench.ask(screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="female"))
    path = tmp_path / "trial.ledger"
    with SqliteStore.create(path) as store, store.appending() as batch:
        batch.save(bench.records)
    store = Unsure.open(path)
    store.fates = []
    opened = TrialLedger(store, clock=lambda: START, keyring=Keyring(tmp_path / "keys"))
    yield opened
    opened.close()


def reported(term: str) -> Submission:
    command = safety.ReportAdverseEvent(patient="001", term=term, serious=False, onset_at=START)
    return Submission(command, Asked(INVESTIGATOR, command_id("ivan", f"key-{term}")), term)


def fates(ledger: TrialLedger, *to_come: Fate) -> None:
    assert isinstance(ledger.store, Unsure)
    ledger.store.fates = [*reversed(to_come)]


def terms(ledger: TrialLedger) -> list[str]:
    return [str(getattr(record.event, "term", "")) for record in ledger.store.stream("patient/001")[1:]]


@pytest.mark.parametrize("to_come", [("written",), ("lost",), ("lost", "written"), ("lost", "lost", "lost")])
def test_the_callers_are_answered_once_it_is_known(ledger: TrialLedger, to_come: tuple[Fate, ...]) -> None:
    fates(ledger, *to_come)
    receipt = ledger.submit(reported("Fever"))
    assert ledger.store.record(receipt.records[0].position) == receipt.records[0]
    assert ledger.store.leaf_hash(receipt.records[0].position) == receipt.leaf_hashes[0]
    ledger.submit(reported("Chills"))
    assert terms(ledger) == ["Fever", "Chills"]
    assert ledger.world.size == ledger.store.size
    assert not ledger.store.outcome_unknown
    ledger.store.verify()


def test_what_nobody_finds_out_is_refused_and_settled_under_its_key(ledger: TrialLedger) -> None:
    size = ledger.world.size
    fates(ledger, "lost", "lost", "lost", "lost", "written")
    with pytest.raises(OutcomeUnknown):
        ledger.submit(reported("Fever"))
    assert ledger.store.outcome_unknown
    assert ledger.world.size == size
    receipt = ledger.submit(reported("Fever"))
    assert receipt.records[0].position == size
    assert terms(ledger) == ["Fever"]
    assert ledger.world.size == ledger.store.size == size + 1
