"""A command in, decided, appended, answered."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.application import StoryClock, TrialLedger
from ledger.decisions import enrolment, safety, screening, setup
from ledger.errors import KeyReused
from ledger.record import Asked
from ledger.refusals import NoFreeSlot, NoSuchTrial, VersionMovedOn
from ledger.shelf import Shelf
from ledger.store.errors import AlreadyOwned, LeafTooLarge
from ledger.store.sqlite import SqliteStore
from ledger.submission import Submission, command_id
from tests.bench import INVESTIGATOR, PI, SITE, SPONSOR, START, Bench, opened_trial
from tests.patients import screen

NOW = START


def in_a_file(bench: Bench, path: Path) -> TrialLedger:
    with SqliteStore.create(path) as store, store.appending() as batch:
        batch.save(bench.records)
    return TrialLedger.open(path, clock=lambda: bench.now)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[TrialLedger]:
    bench = opened_trial()
    bench.ask(screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="female"))
    opened = in_a_file(bench, tmp_path / "trial.ledger")
    yield opened
    opened.close()


def reported(term: str, key: str, **surroundings: object) -> Submission:
    command = safety.ReportAdverseEvent(patient="001", term=term, serious=False, onset_at=NOW)
    asked = Asked(INVESTIGATOR, command_id("ivan", key))
    return replace(Submission(command, asked, request_hash=term), **surroundings)  # type: ignore[arg-type]


def test_an_answer_is_on_disk_and_in_the_state(ledger: TrialLedger) -> None:
    receipt = ledger.submit(reported("Fever", "key-0001"))
    assert [record.event.NAME for record in receipt.records] == ["patient.adverse-event-reported.v1"]
    assert ledger.store.record(receipt.records[0].position) == receipt.records[0]
    assert ledger.store.leaf_hash(receipt.records[0].position) == receipt.leaf_hashes[0]
    assert ledger.world.size == ledger.store.size == receipt.records[0].position + 1
    assert receipt.version == ledger.world.patients["001"].version


def test_the_same_key_is_answered_alike_also_after_a_restart(ledger: TrialLedger) -> None:
    first = ledger.submit(reported("Fever", "key-0001"))
    assert ledger.submit(reported("Fever", "key-0001")) == first
    path = ledger.store.path
    ledger.close()
    with_new_process = TrialLedger.open(path)
    assert with_new_process.submit(reported("Fever", "key-0001")) == first
    assert with_new_process.world.size == first.records[0].position + 1
    with_new_process.close()


def test_another_request_under_a_used_key_is_refused(ledger: TrialLedger) -> None:
    ledger.submit(reported("Fever", "key-0001"))
    with pytest.raises(KeyReused):
        ledger.submit(reported("Chills", "key-0001"))


def test_twenty_at_once_under_one_key_are_one_event(ledger: TrialLedger) -> None:
    size, receipts = ledger.world.size, []
    threads = [
        threading.Thread(target=lambda: receipts.append(ledger.submit(reported("Fever", "key-0001"))))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.world.size == size + 1
    assert len(receipts) == 20
    assert {receipt.records for receipt in receipts} == {receipts[0].records}


def test_the_same_fact_under_another_key_is_answered_with_the_event_on_record(ledger: TrialLedger) -> None:
    first = ledger.submit(reported("Fever", "key-0001"))
    again = ledger.submit(reported("Fever", "key-0002"))
    assert again.already
    assert again.records == first.records
    assert ledger.submit(reported("Fever", "key-0002")).already


def test_a_dry_run_says_what_would_follow_and_writes_nothing(ledger: TrialLedger) -> None:
    size = ledger.world.size
    receipt = ledger.submit(reported("Fever", "key-0001", dry_run=True))
    assert receipt.dry_run
    assert [record.position for record in receipt.records] == [size]
    assert ledger.world.size == ledger.store.size == size
    assert not ledger.submit(reported("Fever", "key-0001")).already


def test_a_refusal_is_on_record_without_an_event(ledger: TrialLedger) -> None:
    """G.4-13."""
    size = ledger.world.size
    command = setup.RegisterTrial(trial_id="X", title="X", sponsor="X", origin="x", training=True)
    submission = Submission(command, Asked(SPONSOR, command_id("vera", "key-0001")), "hash")
    with pytest.raises(Exception, match="trial"):
        ledger.submit(submission)
    assert ledger.world.size == size
    (refusal,) = ledger.store.refusals(0, 10)
    assert (refusal.actor_id, refusal.command_type, refusal.rule) == ("vera", "RegisterTrial", "G.1")


def test_a_refused_command_may_be_asked_again_under_its_key(ledger: TrialLedger) -> None:
    command = enrolment.ReserveSlot(patient="001", level=1)
    submission = Submission(command, Asked(PI, command_id("maria", "key-0001")), "hash")
    for _ in range(2):
        with pytest.raises(Exception, match="001"):
            ledger.submit(submission)
    assert len(ledger.store.refusals(0, 10)) == 2


def test_a_command_that_rests_on_an_older_version_is_overtaken(ledger: TrialLedger) -> None:
    stale = reported("Fever", "key-0001", expected=("patient/001", 99))
    with pytest.raises(VersionMovedOn) as overtaken:
        ledger.submit(stale)
    assert overtaken.value.current == f"patient/001@{ledger.world.patients['001'].version}"


def test_a_free_text_is_kept_beside_the_log_and_only_its_commitment_in_it(ledger: TrialLedger) -> None:
    sealed = ledger.seal("The patient's mother said so")
    submission = reported("Fever", "key-0001", texts=(sealed,))
    command = submission.command.model_copy(update={"narrative": sealed.commitment})
    receipt = ledger.submit(replace(submission, command=command))
    leaf = ledger.store.leaf(receipt.records[0].position)
    assert sealed.commitment.encode() in leaf
    assert b"mother" not in leaf
    assert ledger.texts.text(sealed.commitment) == "The patient's mother said so"


def test_the_same_report_with_another_wording_is_not_already_so(ledger: TrialLedger) -> None:
    events = []
    for key, wording in (("key-0001", "He said so"), ("key-0002", "He said so"), ("key-0003", "She said so")):
        sealed = ledger.seal(wording)
        submission = reported("Fever", key, texts=(sealed,))
        command = submission.command.model_copy(update={"narrative": sealed.commitment})
        receipt = ledger.submit(replace(submission, command=command))
        events.append((receipt.already, receipt.records[0].conflicts_with))
    assert [already for already, _ in events] == [False, True, False]
    assert events[2][1] is not None


def test_one_command_that_cannot_be_stored_does_not_fail_its_neighbours(ledger: TrialLedger) -> None:
    document = {f"member_{number}": "x" * 200 for number in range(400)}
    command = setup.ProposeProtocolVersion(version=2, effective_on=NOW.date(), document=document)
    too_large = Submission(command, Asked(SPONSOR, command_id("vera", "key-0001")), "hash")
    with pytest.raises((LeafTooLarge, Exception)):
        ledger.submit(too_large)
    assert not ledger.submit(reported("Fever", "key-0001")).already


def test_a_second_process_may_not_write_and_may_read(ledger: TrialLedger) -> None:
    with pytest.raises(AlreadyOwned):
        TrialLedger.open(ledger.store.path)
    with SqliteStore.open(ledger.store.path, read_only=True) as reader:
        assert reader.size == ledger.world.size


def test_the_state_as_it_was_known_is_the_fold_of_the_log_up_to_there(ledger: TrialLedger) -> None:
    before = ledger.world
    ledger.submit(reported("Fever", "key-0001"))
    assert ledger.world_at(before.size) == before
    assert ledger.world_at(0).trial.registered is None


def test_time_never_goes_back_along_the_log(tmp_path: Path) -> None:
    bench = opened_trial()
    bench.ask(screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="female"))
    opened = in_a_file(bench, tmp_path / "trial.ledger")
    opened.clock = lambda: NOW - timedelta(days=3)
    last = opened.world.recorded_at
    receipt = opened.submit(reported("Fever", "key-0001"))
    assert last is not None
    assert receipt.records[0].recorded_at == last + timedelta(microseconds=1)
    opened.close()


def test_fifty_race_for_the_last_slot_and_one_gets_it(tmp_path: Path) -> None:
    bench = opened_trial()
    numbers = [f"{number:03}" for number in range(1, 53)]
    for number in numbers:
        screen(bench, number)
    for number in numbers[:2]:
        bench.ask(enrolment.ReserveSlot(patient=number, level=1))
    opened = in_a_file(bench, tmp_path / "trial.ledger")
    answers: list[object] = []

    def race(number: str) -> None:
        asked = Asked(PI, command_id("maria", f"reserve-{number}"))
        try:
            answers.append(opened.submit(Submission(enrolment.ReserveSlot(patient=number, level=1), asked, number)))
        except NoFreeSlot as refused:
            answers.append(refused)

    threads = [threading.Thread(target=race, args=(number,)) for number in numbers[2:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not isinstance(answer, NoFreeSlot) for answer in answers) == 1
    assert len(answers) == 50
    assert len(opened.world.cohort(1).reservations) == 3
    opened.close()


def test_a_shelf_makes_a_file_only_for_a_registration_that_stands(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    command = setup.RegisterTrial(
        trial_id="NCT07256210", title="T", sponsor="S", origin="test.example/nct", training=False
    )
    submission = Submission(command, Asked(SPONSOR, command_id("vera", "key-0001")), "hash")
    assert [r.position for r in shelf.register(replace(submission, dry_run=True)).records] == [0, 1]
    assert shelf.names() == []
    first = shelf.register(submission)
    assert shelf.names() == ["NCT07256210"]
    assert shelf.register(submission).records == first.records
    with pytest.raises(NoSuchTrial):
        shelf.trial("NCT00000000")
    shelf.close()


def test_a_story_clock_runs_a_training_ledger_only_and_only_forward(tmp_path: Path) -> None:
    story = datetime(2026, 1, 5, tzinfo=UTC)
    shelf = Shelf(tmp_path, story_from=story)
    for trial_id, training in (("REAL", False), ("TRAINING", True)):
        command = setup.RegisterTrial(
            trial_id=trial_id, title="T", sponsor="S", origin=f"test.example/{trial_id}", training=training
        )
        shelf.register(Submission(command, Asked(SPONSOR, command_id("vera", f"key-{trial_id}")), "hash"))
    assert not isinstance(shelf.trial("REAL").clock, StoryClock)
    clock = shelf.trial("TRAINING").clock
    assert isinstance(clock, StoryClock)
    clock.set_forward(story + timedelta(days=2))
    clock.set_forward(story + timedelta(days=1))
    assert clock() == story + timedelta(days=2)
    shelf.close()


def test_another_patient_under_a_number_in_use_is_a_conflict_and_changes_nothing(ledger: TrialLedger) -> None:
    command = screening.ScreenPatient(number="001", site=SITE, birth_year_month="2010-01", sex="male")
    receipt = ledger.submit(Submission(command, Asked(PI, command_id("maria", "key-0001")), "hash"))
    assert receipt.records[0].conflicts_with is not None
    screened = ledger.world.patients["001"].screened
    assert screened is not None
    assert screened.sex == "female"
