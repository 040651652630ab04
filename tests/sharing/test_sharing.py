"""Several processes on one trial: each has the state in memory, and none ever decides on an old one."""

import base64
import threading
from dataclasses import replace

import psycopg
import pytest

from ledger.application import TrialLedger
from ledger.decisions import privacy
from ledger.errors import Corrupt, KeyReused
from ledger.evidence.merkle import leaf_hash
from ledger.record import Asked, Record
from ledger.refusals import NoFreeSlot
from ledger.store.codec import encode
from ledger.store.postgres.database import Database
from ledger.store.postgres.schema import schema_of
from ledger.store.rows import SignedHead
from ledger.submission import Submission, command_id
from projections.base import digest
from tests.bench import PI, SPONSOR
from tests.postgres import Cluster
from tests.sharing.conftest import Join, write
from tests.sharing.reports import a_trial, one_slot_left, report, reserve

PATIENCE_SECONDS = 20


def follows(ledger: TrialLedger, size: int) -> bool:
    """Whether the state comes to a size by itself."""
    grown = threading.Event()
    stop = ledger.listen(lambda _: grown.set())
    while ledger.world.size < size and grown.wait(PATIENCE_SECONDS):
        grown.clear()
    stop()
    return ledger.world.size >= size


@pytest.fixture
def ledger(join: Join) -> TrialLedger:
    first = join()
    write(first, a_trial())
    return first


def test_what_one_appends_the_other_has_without_asking(ledger: TrialLedger, join: Join) -> None:
    other = join()
    receipt = ledger.submit(report("Fever"))
    assert follows(other, receipt.records[-1].position + 1)
    assert digest(other.world) == digest(ledger.world)


def test_each_decides_on_what_the_other_appended(ledger: TrialLedger, join: Join) -> None:
    other = join()
    positions = [(ledger, other)[turn % 2].submit(report(f"Event {turn}")).records[0].position for turn in range(20)]
    first = len(a_trial().records)
    assert positions == list(range(first, first + 20))
    ledger.store.verify()
    assert follows(ledger, first + 20)
    assert follows(other, first + 20)
    assert digest(other.world) == digest(ledger.world)


def test_a_fact_that_the_other_recorded_is_on_record_already(ledger: TrialLedger, join: Join) -> None:
    other = join()
    receipt = ledger.submit(report("Fever", "key-0001"))
    again = other.submit(report("Fever", "key-0002"))
    assert again.already
    assert again.records == receipt.records


def test_a_key_is_one_command_whichever_process_is_asked(ledger: TrialLedger, join: Join) -> None:
    other = join()
    receipt = ledger.submit(report("Fever", "key-0001"))
    assert other.submit(report("Fever", "key-0001")) == receipt
    with pytest.raises(KeyReused):
        other.submit(report("Chills", "key-0001"))


def test_two_that_ask_at_once_for_the_last_slot_do_not_both_get_it(join: Join) -> None:
    ledgers = [join(), join()]
    write(ledgers[0], one_slot_left())
    answers: list[object] = []

    def race(ledger: TrialLedger, number: str) -> None:
        try:
            answers.append(ledger.submit(reserve(number)))
        except NoFreeSlot as refused:
            answers.append(refused)

    threads = [threading.Thread(target=race, args=each) for each in zip(ledgers, ("003", "004"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(isinstance(answer, NoFreeSlot) for answer in answers) == [False, True]
    ledgers[0].store.verify()


def test_listeners_hear_every_record_once_and_in_order_whoever_appended_it(ledger: TrialLedger, join: Join) -> None:
    other, heard = join(), list[Record]()
    other.listen(heard.extend)
    first = ledger.world.size or other.world.size
    for turn in range(10):
        (ledger, other, ledger)[turn % 3].submit(report(f"Event {turn}"))
    assert follows(other, first + 10)
    assert [record.position for record in heard] == list(range(first, first + 10))


def test_whoever_was_not_told_looks_for_itself(cluster: Cluster, ledger: TrialLedger, join: Join) -> None:
    """Notices are hints: the connection that listens is lost, something is appended, and the follower has it."""
    other = join()
    ledger.submit(report("Fever"))
    assert follows(other, ledger.world.size)
    with psycopg.connect(cluster.url("postgres", "ledger"), autocommit=True) as admin:
        listening = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        assert len(admin.execute(listening).fetchall()) >= 2
    ledger.submit(report("Chills"))
    assert follows(other, ledger.world.size)


def test_who_listens_is_told_of_every_append_with_its_size(cluster: Cluster, trial: str, ledger: TrialLedger) -> None:
    database, heard, told = Database(cluster.service_url), list[int | None](), threading.Event()

    def hear(size: int | None) -> None:
        heard.append(size)
        told.set()

    database.open(trial).follow(hear)
    assert told.wait(PATIENCE_SECONDS), "whoever begins to listen looks once"
    sizes = [ledger.submit(report(f"Event {turn}")).records[-1].position + 1 for turn in range(3)]
    for _ in range(2 * len(sizes)):
        if [size for size in heard if size is not None] != sizes:
            told.wait(PATIENCE_SECONDS)
            told.clear()
    database.close()
    assert [size for size in heard if size is not None] == sizes


def test_an_event_names_the_newest_head_that_any_process_signed(ledger: TrialLedger, join: Join) -> None:
    other = join()
    ledger.submit(report("Fever"))
    head = ledger.store.head()
    note = f"test.example/trial\n{head.size}\n{base64.b64encode(head.root).decode()}\n\n— test.example/trial AAAAAAAA\n"
    ledger.keep((SignedHead(head.size, note.encode()),))
    (record,) = other.submit(report("Chills")).records
    assert record.after is not None
    assert (record.after.size, record.after.root) == (head.size, head.root.hex())


def append_past_the_lock(cluster: Cluster, trial: str, ledger: TrialLedger, record: Record) -> None:
    """What a process would write whose lock means nothing: an event and its head, at the next position."""
    leaf = encode(record)
    tree, _ = ledger.store.tree.append([leaf_hash(leaf)])  # type: ignore[attr-defined]
    with psycopg.connect(cluster.service_url) as connection:
        connection.execute(f'SET search_path = "{schema_of(trial)}"')
        values = (
            record.position + 1,
            record.stream,
            record.stream_version,
            record.event.NAME,
            leaf,
            leaf_hash(leaf),
        )
        connection.execute("INSERT INTO events VALUES (%s, %s, %s, %s, %s, %s)", values)
        connection.execute("INSERT INTO heads VALUES (%s, %s, %s)", (tree.size, tree.root, b"".join(tree.peaks)))


def test_where_the_lock_means_nothing_the_position_keeps_the_order(
    cluster: Cluster, trial: str, ledger: TrialLedger
) -> None:
    """Somebody appends between the look at the head and the insertion; the command is decided again, after it."""
    first = ledger.submit(report("Fever")).records[0]
    theirs = replace(
        first,
        position=first.position + 1,
        stream_version=first.stream_version + 1,
        command_id="ff" * 16,
        event=first.event.model_copy(update={"adverse_event": 2, "term": "Chills"}),
    )
    clock, meanwhile = ledger.clock, [theirs]

    def between() -> object:
        if meanwhile and threading.current_thread().name == "ledger-writer":
            append_past_the_lock(cluster, trial, ledger, meanwhile.pop())  # under the lock, before anything is written
        return clock()

    ledger.clock = between  # type: ignore[assignment]
    receipt = ledger.submit(report("Headache"))
    assert not meanwhile
    assert receipt.records[0].position == theirs.position + 1
    assert ledger.store.record(theirs.position) == theirs
    ledger.store.verify()


def test_a_log_that_lost_what_was_acknowledged_is_not_continued(
    cluster: Cluster, trial: str, ledger: TrialLedger
) -> None:
    """As after the promotion of a standby that had not been waited for."""
    ledger.submit(report("Fever"))
    last = ledger.world.size
    with psycopg.connect(cluster.owner_url) as connection:
        connection.execute(f'SET search_path = "{schema_of(trial)}"')
        for table, column in (("events", "notification_id"), ("heads", "size")):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            assert connection.execute(f"DELETE FROM {table} WHERE {column} = {last}").rowcount == 1
            connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_are_not_changed")
    with pytest.raises(Corrupt, match="does not continue"):
        ledger.submit(report("Chills"))
    assert ledger.corrupt is not None


def told(ledger: TrialLedger, term: str, said: str) -> str:
    """A report with a narrative; the commitment to it."""
    text = TrialLedger.seal(said)
    plain = report(term)
    command = plain.command.model_copy(update={"narrative": text.commitment})
    ledger.submit(replace(plain, command=command, texts=(text,)))
    return text.commitment


def test_what_one_erased_the_other_cannot_read_and_keeps_nothing_under_its_key(ledger: TrialLedger, join: Join) -> None:
    other = join()
    before = told(other, "Fever", "Her mother called")
    assert ledger.texts.text(before) == "Her mother called"
    (kept,) = ledger.texts.kept(before)
    reason = TrialLedger.seal("The letter is on file")
    asked = privacy.RequestErasure(patient="001", legal_basis="gdpr-17-request", explanation=reason.commitment)
    ledger.submit(Submission(asked, Asked(SPONSOR, command_id("vera", "erase-01")), texts=(reason,)))
    confirmed = privacy.ConfirmErasure(patient="001", erasure=1)
    ledger.submit(Submission(confirmed, Asked(PI, command_id("maria", "erase-02"))))
    after = told(other, "Chills", "Her father called")
    assert [each.texts.text(before) for each in (ledger, other)] == [None, None]
    assert [each.texts.text(after) for each in (ledger, other)] == ["Her father called"] * 2
    assert other.texts.kept(after)[0].key_id != kept.key_id
    ledger.store.verify()
