"""A log that was restored to an earlier point goes on once a person has recorded why, and not before."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from api.cli import run
from ledger.application import TrialLedger
from ledger.decisions import safety
from ledger.decisions.evidence import RecordRecovery
from ledger.keyring import Keyring
from ledger.record import Asked
from ledger.store.backup import restore_until
from ledger.store.errors import BehindSignedHead
from ledger.store.sqlite import SqliteStore
from ledger.submission import Receipt, Submission, command_id
from ledger.types import instant_text
from projections.base import digest, fold
from tests.application.test_erasure import SAID, Trial
from tests.bench import INVESTIGATOR, PI, START, Bench, opened_trial
from tests.patients import screen

Ask = Callable[[TrialLedger, str], Receipt]
AT = 20


@pytest.fixture
def bench() -> Bench:
    made = opened_trial()
    for number in range(1, 20):
        made.now += timedelta(minutes=5)
        screen(made, f"{number:03}")
    return made


@pytest.fixture
def backup(bench: Bench, tmp_path: Path) -> Path:
    """The trial's file, a batch a record."""
    path = tmp_path / "backup"
    with SqliteStore.create(path) as store:
        for record in bench.records:
            with store.appending() as batch:
                batch.save([record])
    return path


def reported(ledger: TrialLedger, term: str) -> Receipt:
    command = safety.ReportAdverseEvent(patient="001", term=term, serious=False, onset_at=START)
    return ledger.submit(Submission(command, Asked(INVESTIGATOR, command_id("ivan", f"key-{term}")), term))


def recovered(ledger: TrialLedger) -> Receipt:
    restored, text = ledger.store.restoration(), TrialLedger.seal("The disk was lost; the last tape was two days old.")
    assert restored is not None
    command = RecordRecovery(
        signed_size=restored.of_size,
        signed_root=restored.of_root.hex(),
        found_size=restored.size,
        found_root=restored.root.hex(),
        found_on=START.date(),
        circumstances=text.commitment,
    )
    return ledger.submit(Submission(command, Asked(PI, command_id("maria", "key-0001")), "hash", texts=(text,)))


def test_it_takes_nothing_before_its_recovery_is_on_record(bench: Bench, backup: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert run(["restore", str(backup), "--file", str(copy), "--until-position", str(AT)]) == 0
    ledger = TrialLedger.open(copy, clock=lambda: bench.now)
    assert ledger.behind == f"{AT + 1} events were restored, of a log of {len(bench.records)}"
    assert digest(ledger.world) == digest(fold(bench.records[: AT + 1]))
    with pytest.raises(BehindSignedHead):
        reported(ledger, "Fever")
    assert ledger.world.size == AT + 1
    ledger.close()

    opened_again = TrialLedger.open(copy, clock=lambda: bench.now)
    assert recovered(opened_again).records[0].position == AT + 1
    assert reported(opened_again, "Fever").records[0].position == AT + 2
    opened_again.close()

    later = TrialLedger.open(copy, clock=lambda: bench.now)
    assert later.behind is None
    assert reported(later, "Rash").records[0].position == AT + 3
    later.close()


def test_it_is_restored_to_what_was_on_record_at_an_instant(
    bench: Bench, backup: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, at = tmp_path / "copy", bench.records[AT].recorded_at
    known = [record for record in bench.records if record.recorded_at <= at]
    assert AT < len(known) < len(bench.records)
    assert run(["restore", str(backup), "--file", str(copy), "--until-recorded", instant_text(at), "--json"]) == 0
    assert f'"events":{len(known)}' in capsys.readouterr().out
    with SqliteStore.open(copy, read_only=True) as store:
        assert list(store.records()) == known


def test_one_point_is_given(backup: Path, tmp_path: Path) -> None:
    points = ["--until-position", "3", "--until-recorded", "2026-01-05T08:00:00Z"]
    assert run(["restore", str(backup), "--file", str(tmp_path / "copy"), *points]) == 2
    assert (
        run(["restore", str(backup), "--file", str(tmp_path / "copy"), "--until-recorded", "1999-01-01T00:00:00Z"]) == 3
    )
    assert not (tmp_path / "copy").exists()


def test_a_recovery_from_before_the_point_does_not_count(bench: Bench, backup: Path, tmp_path: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    assert run(["restore", str(backup), "--file", str(once), "--until-position", str(AT)]) == 0
    ledger = TrialLedger.open(once, clock=lambda: bench.now)
    recovered(ledger)
    for number in range(5):
        reported(ledger, f"Event {number}")
    ledger.close()
    assert run(["restore", str(once), "--file", str(twice), "--until-position", str(AT + 3)]) == 0
    again = TrialLedger.open(twice, clock=lambda: bench.now)
    assert again.behind == f"{AT + 4} events were restored, of a log of {AT + 7}"
    with pytest.raises(BehindSignedHead):
        reported(again, "Fever")
    again.close()


def test_what_was_erased_stays_erased_however_early_the_point(tmp_path: Path) -> None:
    """Its event is in the copy or is not; the text is in neither, and the copy opens."""
    trial = Trial(tmp_path)
    commitment = trial.reported()
    before = trial.ledger.world.size
    trial.asked_for()
    trial.confirmed()
    after = trial.ledger.world.size
    trial.reported("She sleeps.", term="Rash")
    trial.ledger.close()
    for size, removed in ((before, 0), (after, 1)):
        copy = tmp_path / f"copy-{size}.ledger"
        restore_until(trial.path, copy, size)
        ledger = TrialLedger.open(copy, keyring=Keyring(trial.keys))
        assert ledger.store.kept_texts((commitment,)) == []
        assert len(ledger.store.removed_texts((commitment,))) == removed
        assert SAID not in str(ledger.texts.text(commitment))
        assert ledger.behind is not None
        ledger.close()
