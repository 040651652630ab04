"""The line goes down during a COMMIT: the log is asked what became of the batch before anyone is answered."""

import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from api.chaos.line import Fault, Line
from ledger.application import TrialLedger
from ledger.decisions import enrolment
from ledger.errors import LedgerError
from ledger.record import Asked
from ledger.store.errors import OutcomeUnknown
from ledger.store.postgres.schema import schema_of
from ledger.store.postgres.server import Patience
from ledger.store.postgres.statements import lock
from ledger.submission import Receipt, Submission, command_id
from tests.bench import PI
from tests.postgres import SERVICE, Cluster
from tests.sharing.conftest import Join, write
from tests.sharing.reports import a_trial, report

FIRST = len(a_trial().records)


@pytest.fixture
def line(cluster: Cluster) -> Iterator[Line]:
    with TemporaryDirectory(prefix="ledger-line-") as directory:
        opened = Line(cluster.directory, Path(directory))
        yield opened
        opened.close()


@pytest.fixture
def ledger(cluster: Cluster, join: Join, line: Line) -> TrialLedger:
    """A process whose only line to the database is the one that fails."""
    write(join(), a_trial())
    return join(cluster.url(SERVICE, "ledger", line.directory))


def each_once(ledger: TrialLedger) -> list[str]:
    """The terms of all reports on record, after everything was verified."""
    ledger.store.verify()
    return [getattr(record.event, "term", "") for record in ledger.store.records(FIRST)]


@pytest.mark.parametrize("fault", [Fault.answer_lost, Fault.never_sent])
def test_the_caller_is_answered_when_it_is_certain_and_the_event_stands_once(
    ledger: TrialLedger, line: Line, fault: Fault
) -> None:
    line.fail(fault)
    receipt = ledger.submit(report("Fever"))
    assert line.failed.is_set()
    assert [record.position for record in receipt.records] == [FIRST]
    assert not receipt.already
    assert ledger.submit(report("Fever")) == receipt
    assert each_once(ledger) == ["Fever"]
    assert ledger.world.size == FIRST + 1


def test_a_commit_that_is_still_on_its_way_is_waited_for(ledger: TrialLedger, line: Line) -> None:
    """Whoever only looked, without the lock, would find nothing, append once more, and have two."""
    line.fail(Fault.late)
    answers: list[Receipt] = []
    asking = threading.Thread(target=lambda: answers.append(ledger.submit(report("Fever"))))
    asking.start()
    assert line.failed.wait(20)
    asking.join(0.5)
    assert asking.is_alive(), "nobody can know yet"
    line.let_go.set()
    asking.join(20)
    assert [record.position for record in answers[0].records] == [FIRST]
    assert each_once(ledger) == ["Fever"]


def test_every_caller_of_the_batch_gets_the_answer_that_was_decided(ledger: TrialLedger, line: Line) -> None:
    """Reports, a refusal, and a dry run that wait together."""
    refused = Submission(
        enrolment.ReserveSlot(patient="001", level=1), Asked(PI, command_id("maria", "reserve")), "reserve"
    )
    taken, hold, clock = threading.Event(), threading.Event(), ledger.clock
    answers: dict[str, object] = {}

    def held() -> object:
        taken.set()
        hold.wait(20)
        return clock()

    ledger.clock = held  # type: ignore[assignment]

    def ask(name: str, submission: Submission) -> None:
        try:
            answers[name] = [record.position for record in ledger.submit(submission).records]
        except LedgerError as error:
            answers[name] = type(error).__name__

    asked = {"first": report("First"), "one": report("Fever"), "other": report("Chills"), "refused": refused}
    threads = [threading.Thread(target=ask, args=each) for each in asked.items()]
    for thread in threads:
        thread.start()
        assert taken.wait(20), "the first is a batch of its own"
    while len(ledger._writer._waiting) < 3:
        hold.wait(0.01)
    line.fail(Fault.answer_lost, after=1)
    hold.set()
    for thread in threads:
        thread.join()
    assert line.failed.is_set()
    positions = [answers[name][0] for name in ("first", "one", "other")]  # type: ignore[index]
    assert sorted(positions) == [FIRST, FIRST + 1, FIRST + 2]
    assert isinstance(answers["refused"], str)
    assert sorted(each_once(ledger)) == ["Chills", "Fever", "First"]
    assert len(ledger.store.refusals(0, 10)) == 1, "the refusal is noted once"


@pytest.mark.parametrize("fault", [Fault.answer_lost, Fault.never_sent])
def test_a_refusal_alone_is_noted_once(ledger: TrialLedger, line: Line, fault: Fault) -> None:
    refused = Submission(
        enrolment.ReserveSlot(patient="001", level=1), Asked(PI, command_id("maria", "reserve")), "reserve"
    )
    line.fail(fault)
    with pytest.raises(LedgerError, match="001"):
        ledger.submit(refused)
    assert line.failed.is_set()
    assert len(ledger.store.refusals(0, 10)) == 1


def test_a_refusal_that_is_still_on_its_way_is_waited_for(ledger: TrialLedger, line: Line) -> None:
    refused = Submission(
        enrolment.ReserveSlot(patient="001", level=1), Asked(PI, command_id("maria", "reserve")), "reserve"
    )
    line.fail(Fault.late)
    told: list[str] = []

    def ask() -> None:
        try:
            ledger.submit(refused)
        except LedgerError as error:
            told.append(type(error).__name__)

    asking = threading.Thread(target=ask)
    asking.start()
    assert line.failed.wait(20)
    asking.join(0.5)
    line.let_go.set()
    asking.join(20)
    assert told not in ([], ["Corrupt"])
    assert ledger.corrupt is None
    assert len(ledger.store.refusals(0, 10)) == 1


def test_where_nobody_can_be_asked_the_caller_hears_that_it_is_unknown(
    cluster: Cluster, trial: str, join: Join, line: Line
) -> None:
    """The commit stays under way for longer than anyone waits; asked again by its key, it is answered."""
    write(join(), a_trial())
    url = cluster.url(SERVICE, "ledger", line.directory)
    ledger = join(url, Patience(connection=1, lock=0.1))
    line.fail(Fault.late)
    with pytest.raises(OutcomeUnknown):
        ledger.submit(report("Fever"))
    line.let_go.set()
    with psycopg.connect(cluster.service_url) as other:
        lock(other.cursor(), schema_of(trial))
    receipt = ledger.submit(report("Fever"))
    assert [record.position for record in receipt.records] == [FIRST]
    assert each_once(ledger) == ["Fever"]
