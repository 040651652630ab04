"""Texts are kept encrypted, and erased for good: also where a crash comes between the event and the destruction."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest

from ledger.application import TrialLedger
from ledger.decisions import privacy, safety, screening
from ledger.decisions.docket import Command
from ledger.errors import LedgerError
from ledger.keyring import Keyring
from ledger.record import Actor, Asked
from ledger.store.backup import backup
from ledger.store.errors import ErasureUnfinished, VaultLocked
from ledger.store.sqlite import SqliteStore
from ledger.submission import Receipt, Submission, command_id
from ledger.texts import NOT_READABLE
from projections.base import digest
from tests.bench import INVESTIGATOR, PI, SITE, SPONSOR, START, opened_trial

SAID = "Her mother, Anna Ivanova, called at 14:00"
NUMBERS = iter(range(10_000))


class Trial:
    """A ledger's file with its keys, which is closed and opened again."""

    def __init__(self, directory: Path) -> None:
        self.path, self.keys = directory / "trial.ledger", directory / "keys"
        bench = opened_trial()
        for number in ("001", "002"):
            bench.ask(screening.ScreenPatient(number=number, site=SITE, birth_year_month="2016-03", sex="female"))
        with SqliteStore.create(self.path) as store, store.appending() as batch:
            batch.save(bench.records)
        self.ledger = self.opened()

    def opened(self, keyring: Keyring | None = None) -> TrialLedger:
        self.ledger = TrialLedger.open(self.path, lambda: START, keyring or Keyring(self.keys))
        return self.ledger

    def reopened(self, keyring: Keyring | None = None) -> TrialLedger:
        self.ledger.close()
        return self.opened(keyring)

    def asking(self, command: Command, by: Actor, *said: str, key: str | None = None, reason: str = "") -> Submission:
        """A command with its texts sealed: the one that it names by a word, and the reason."""
        texts = tuple(map(TrialLedger.seal, (*said, *((reason,) if reason else ()))))
        fields = [name for name in ("narrative", "explanation") if name in type(command).model_fields]
        if said:
            command = command.model_copy(update={fields[0]: texts[0].commitment})
        asked = Asked(by, command_id(by.id, key or f"key-{next(NUMBERS)}"))
        return Submission(command, replace(asked, reason=texts[-1].commitment if reason else None), texts=texts)

    def ask(self, command: Command, by: Actor, *said: str, key: str | None = None, reason: str = "") -> Receipt:
        return self.ledger.submit(self.asking(command, by, *said, key=key, reason=reason))

    def reported(self, said: str = SAID, patient: str = "001", term: str = "Fever") -> str:
        """A fever with a narrative; the commitment to it."""
        command = safety.ReportAdverseEvent(patient=patient, term=term, serious=False, onset_at=START)
        event = self.ask(command, INVESTIGATOR, said).records[0].event
        return event.narrative  # type: ignore[attr-defined,no-any-return]

    def asked_for(self, patient: str = "001") -> Receipt:
        command = privacy.RequestErasure(patient=patient, legal_basis="gdpr-17-request", explanation="0" * 64)
        return self.ask(command, SPONSOR, "The letter is on file")

    def confirmed(self, patient: str = "001", erasure: int = 1, key: str | None = None) -> Receipt:
        return self.ask(privacy.ConfirmErasure(patient=patient, erasure=erasure), PI, key=key)

    def kept_rows(self) -> list[bytes]:
        return [each.sealed for each in self.ledger.store.texts_until(10_000)]

    def holding(self, what: bytes) -> list[str]:
        """The files that hold some bytes."""
        return [path.name for path in self.path.parent.rglob("*") if path.is_file() and what in path.read_bytes()]

    def key_files(self, patient: str = "001") -> list[Path]:
        return [path for path in Keyring(self.keys).files() if path.name.startswith(f"patient-{patient}.")]


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    made = Trial(tmp_path)
    yield made
    made.ledger.close()


def test_no_file_holds_a_text_and_the_ledger_reads_it(trial: Trial) -> None:
    commitment = trial.reported()
    assert trial.ledger.texts.text(commitment) == SAID
    for part in (SAID, "Anna", "Ivanova"):
        assert trial.holding(part.encode()) == []
    assert trial.reopened().texts.text(commitment) == SAID


def test_every_text_has_a_nonce_of_its_own(trial: Trial) -> None:
    for number in range(20):
        trial.reported(term=f"Fever {number}")
    assert len({each.nonce for each in trial.ledger.store.texts_until(10_000)}) == 20


def test_without_the_outer_key_the_ledger_works_and_its_texts_do_not_read(trial: Trial) -> None:
    commitment, state = trial.reported(), digest(trial.ledger.world)
    trial.ledger.close()
    (trial.keys / "vault.key").unlink()
    ledger = trial.opened()
    assert digest(ledger.world) == state
    assert ledger.texts.text(commitment) is None
    assert ledger.texts.shown(commitment) == NOT_READABLE
    assert ledger.texts.openings(10_000) == b""
    trial.ask(safety.ReportAdverseEvent(patient="001", term="Rash", serious=False, onset_at=START), INVESTIGATOR)
    size = ledger.world.size
    for term in ("Fever", "Cough"):
        with pytest.raises(VaultLocked):
            trial.reported("Another", term=term)
    assert ledger.world.size == size


def test_a_command_that_cannot_be_kept_spoils_no_other_of_its_batch(trial: Trial) -> None:
    trial.reported()
    (trial.keys / "vault.key").unlink()
    trial.reopened()
    command = safety.ReportAdverseEvent(patient="001", term="Rash", serious=False, onset_at=START)
    jobs = [
        trial.ledger._writer.submit(each)
        for each in (trial.asking(command, INVESTIGATOR, SAID), trial.asking(command, INVESTIGATOR))
    ]
    with pytest.raises(VaultLocked):
        jobs[0].result()
    assert len(jobs[1].result().records) == 1


def test_an_erasure_takes_text_row_and_key_and_leaves_the_log_and_its_state(trial: Trial) -> None:
    commitment, other = trial.reported(), trial.reported("His father called", "002")
    trial.asked_for()
    before = [(size, digest(trial.ledger.world_at(size))) for size in range(trial.ledger.world.size + 1)]
    leaves = [trial.ledger.store.leaf(position) for position in range(trial.ledger.world.size)]
    rows = [kept.sealed for kept in trial.ledger.store.texts_about(("patient/001",))]
    wrapped = trial.key_files()[0].read_bytes()
    trial.confirmed()
    assert trial.ledger.texts.text(commitment) is None
    assert trial.ledger.texts.shown(commitment) == "[erased]"
    assert trial.ledger.texts.text(other) == "His father called"
    assert [trial.holding(row) for row in rows] == [[]]
    assert (trial.key_files(), trial.holding(wrapped)) == ([], [])
    ledger = trial.reopened()
    assert [(size, digest(ledger.world_at(size))) for size, _ in before] == before
    assert [ledger.store.leaf(position) for position in range(len(leaves))] == leaves
    ledger.store.verify()


def test_why_a_patient_was_erased_stays_when_the_patient_goes(trial: Trial) -> None:
    trial.reported()
    explanation = trial.asked_for().records[0].event.explanation  # type: ignore[attr-defined]
    trial.confirmed()
    assert trial.ledger.texts.text(explanation) == "The letter is on file"


def test_a_second_erasure_changes_nothing(trial: Trial) -> None:
    trial.reported()
    trial.asked_for()
    done = trial.confirmed()
    size, rows = trial.ledger.world.size, trial.kept_rows()
    for again in (trial.confirmed(), trial.asked_for()):
        assert again.already
        assert again.records[0] == done.records[0]
    assert (trial.ledger.world.size, trial.kept_rows()) == (size, rows)


def test_a_report_repeated_after_the_erasure_is_on_record_and_keeps_no_text(trial: Trial) -> None:
    trial.reported()
    trial.asked_for()
    trial.confirmed()
    size = trial.ledger.world.size
    trial.reported()
    assert trial.ledger.world.size == size
    assert trial.key_files() == []


def test_what_is_told_afterwards_is_kept_under_another_key(trial: Trial) -> None:
    trial.reported()
    (old,) = trial.key_files()
    trial.asked_for()
    trial.confirmed()
    later = trial.reported("She called again", term="Rash")
    (new,) = trial.key_files()
    assert new.name != old.name
    assert trial.reopened().texts.text(later) == "She called again"
    trial.asked_for()
    trial.confirmed(erasure=2)
    assert trial.ledger.texts.shown(later) == "[erased]"


def together(trial: Trial, *submissions: Submission) -> list[Receipt]:
    """Several commands in one batch: the writer takes what waits while it is kept from going on."""
    entered: Queue[None] = Queue()
    goes_on: Queue[None] = Queue()

    def wait(_: object) -> None:
        entered.put(None)
        goes_on.get()

    stop = trial.ledger.listen(wait)
    trial.ledger._writer.submit(
        trial.asking(safety.ReportAdverseEvent(patient="002", term="Rash", serious=False, onset_at=START), INVESTIGATOR)
    )
    entered.get()
    stop()
    jobs = [trial.ledger._writer.submit(each) for each in submissions]
    goes_on.put(None)
    return [job.result() for job in jobs]


def test_of_one_batch_what_comes_before_the_erasure_goes_and_what_comes_after_stays(trial: Trial) -> None:
    trial.reported()
    trial.asked_for()

    def report(term: str, said: str) -> Submission:
        command = safety.ReportAdverseEvent(patient="001", term=term, serious=False, onset_at=START)
        return trial.asking(command, INVESTIGATOR, said)

    erase = trial.asking(privacy.ConfirmErasure(patient="001", erasure=1), PI)
    receipts = together(trial, report("Rash", "Before"), erase, report("Cough", "After"))
    before, after = (receipts[at].records[0].event.narrative for at in (0, 2))  # type: ignore[attr-defined]
    assert receipts[1].records[0].event.texts_count == 2  # type: ignore[attr-defined]
    for _ in range(2):
        assert trial.ledger.texts.shown(before) == "[erased]"
        assert trial.ledger.texts.text(after) == "After"
        trial.reopened()
    assert len(trial.key_files()) == 1


def test_a_redacted_text_goes_alone(trial: Trial) -> None:
    commitment, other = trial.reported(), trial.reported("No name here", term="Rash")
    about = next(r.position for r in trial.ledger.store.records() if r.event.NAME.startswith("patient.adverse"))
    trial.ask(privacy.RequestRedaction(about=about, member="narrative", cause="names-a-person"), INVESTIGATOR)
    trial.ask(privacy.ConfirmRedaction(redaction=1), SPONSOR)
    assert trial.ledger.texts.shown(commitment) == "[redacted]"
    assert trial.ledger.texts.text(other) == "No name here"
    assert trial.reopened().texts.shown(commitment) == "[redacted]"


class Crash(BaseException):
    """The process ends here."""


class BadDisk(Keyring):
    """A keyring on a disk that fails, or a process that ends, when a key is to be destroyed."""

    def __init__(self, directory: Path, fault: Callable[[], BaseException]) -> None:
        super().__init__(directory)
        self._fault = fault

    def destroy(self, origin: str, subject: str, key_id: str) -> None:  # noqa: ARG002 - the keyring's signature
        raise self._fault()


class AfterTheKeys(Keyring):
    """The process ends when the keys are destroyed, and the log of the file is not emptied yet."""

    def destroy(self, origin: str, subject: str, key_id: str) -> None:
        super().destroy(origin, subject, key_id)
        raise Crash


class EndsWithTheBatch(Keyring):
    """The process ends while the batch is written: a text after the erasure wants a key of its own."""

    def renew(self, origin: str, subject: str) -> None:
        super().renew(origin, subject)
        raise Crash


def confirmed_and_reported(trial: Trial) -> tuple[Submission, Submission]:
    command = safety.ReportAdverseEvent(patient="001", term="Cough", serious=False, onset_at=START)
    confirm = privacy.ConfirmErasure(patient="001", erasure=1)
    return trial.asking(confirm, PI), trial.asking(command, INVESTIGATOR, "After")


def test_a_crash_before_the_commit_leaves_everything_as_it_was(trial: Trial) -> None:
    commitment = trial.reported()
    trial.asked_for()
    trial.reopened(EndsWithTheBatch(trial.keys))
    with pytest.raises(Crash):
        together(trial, *confirmed_and_reported(trial))
    assert trial.reopened().texts.text(commitment) == SAID
    assert trial.confirmed().records


@pytest.mark.parametrize(
    "crashing",
    [lambda keys: BadDisk(keys, Crash), AfterTheKeys],
    ids=["before the keys are destroyed", "before the write-ahead log is emptied"],
)
def test_an_erasure_that_a_crash_interrupted_is_finished_at_the_next_start(
    trial: Trial, crashing: Callable[[Path], Keyring]
) -> None:
    commitment = trial.reported()
    trial.asked_for()
    rows = trial.kept_rows()
    trial.reopened(crashing(trial.keys))
    with pytest.raises(Crash):
        trial.confirmed(key="confirm-0001")
    ledger = trial.reopened()
    assert ledger.texts.shown(commitment) == "[erased]"
    assert trial.key_files() == []
    assert trial.holding(rows[0]) == []
    assert trial.confirmed(key="confirm-0001").records[0].event.NAME == "trial.text-erased.v1"


def test_an_erasure_that_cannot_be_finished_says_so_and_is_finished_when_it_can(trial: Trial) -> None:
    commitment = trial.reported()
    trial.asked_for()
    trial.reopened(BadDisk(trial.keys, OSError))
    with pytest.raises(ErasureUnfinished):
        trial.confirmed(key="confirm-0001")
    with pytest.raises(ErasureUnfinished):
        trial.confirmed(key="confirm-0001")
    assert trial.ledger.texts.shown(commitment) == "[erased]"
    later = trial.reported("She called again", term="Rash")
    assert trial.reopened().texts.text(later) == "She called again"
    assert len(trial.key_files()) == 1
    assert trial.confirmed(key="confirm-0001").records[0].event.NAME == "trial.text-erased.v1"


def test_a_reader_that_holds_an_older_state_keeps_an_erasure_from_being_called_finished(trial: Trial) -> None:
    trial.reported()
    trial.asked_for()
    with closing(sqlite3.connect(trial.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM texts").fetchone()
        with pytest.raises(ErasureUnfinished):
            trial.confirmed(key="confirm-0001")
        reader.execute("COMMIT")
    assert trial.confirmed(key="confirm-0001").records
    assert (trial.path.parent / "trial.ledger-wal").stat().st_size == 0


def test_an_old_copy_of_the_file_does_not_give_the_texts_back(trial: Trial, tmp_path: Path) -> None:
    commitment = trial.reported()
    trial.asked_for()
    backup(trial.path, tmp_path / "old.ledger")
    trial.confirmed()
    with closing(TrialLedger.open(tmp_path / "old.ledger", keyring=Keyring(trial.keys))) as old:
        assert old.texts.shown(commitment) == NOT_READABLE
        assert old.store.kept_texts((commitment,)) != []


def test_a_refused_erasure_removes_nothing(trial: Trial) -> None:
    commitment = trial.reported()
    trial.asked_for()
    with pytest.raises(LedgerError, match="erasure 1"):
        trial.ask(privacy.ConfirmErasure(patient="001", erasure=1), SPONSOR)
    assert trial.ledger.texts.text(commitment) == SAID
