"""The installation's own log: nothing waits for it but exports, nothing is lost in silence, and others can check it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger import refusals as no
from ledger.application import BY_ITSELF, TrialLedger
from ledger.decisions import enrolment, setup
from ledger.decisions.docket import Command
from ledger.decisions.evidence import RecordRecovery
from ledger.decisions.installation import NoteGap, NoteHappening, OpenInstallation
from ledger.evidence.verify import VERIFIED, Policy, Trust, verify_bundle
from ledger.installation.events import (
    AccountChanged,
    GapRecorded,
    InstallationOpened,
    LogInFailed,
    RecordRead,
    RequestRefused,
)
from ledger.installation_log import InstallationLog, LogUnavailable, spool_of
from ledger.record import INSTALLATION, Actor, Asked
from ledger.shelf import Shelf
from ledger.spool import Noted
from ledger.store.bundle import write_bundle
from ledger.store.connection import Ownership
from ledger.store.sqlite import SqliteStore
from ledger.strangers import AT_ONCE, BEYOND_EVERY
from ledger.submission import Submission
from ledger.types import Event
from tests.bench import SPONSOR, Bench, opened_trial

IRINA = Actor("irina", "inspector", None, "bearer")
NOBODY = Actor("unknown", "unknown", None, "none")
ORIGIN = "installation.test"
READ = NoteHappening(happening="read", about="show_timeline", trial="NCT1", patient="001", status=200, request_id="r-1")
COPY = READ.model_copy(update={"happening": "exported", "about": "export_bundle", "patient": None})
ADDED = NoteHappening(happening="account-changed", about="maria", change="added")


def refused(request_id: str) -> NoteHappening:
    return NoteHappening(
        happening="request-refused", about="show_patient", status=401, problem="unauthenticated", request_id=request_id
    )


@pytest.fixture
def log(tmp_path: Path) -> Iterator[InstallationLog]:
    made = InstallationLog(tmp_path, ORIGIN)
    made.start()
    yield made
    made.close()


def kept(log: InstallationLog) -> list[Event]:
    """What stands in the log after its beginning."""
    assert log.settle()
    assert log.ledger is not None
    first, *rest = log.ledger.store.records()
    assert isinstance(first.event, InstallationOpened)
    return [record.event for record in rest]


def test_what_is_noted_is_on_disk_by_who_did_it_and_when(log: InstallationLog) -> None:
    before = datetime.now(UTC)
    log.note(READ, IRINA)
    assert kept(log) == [
        RecordRead(operation="show_timeline", trial="NCT1", patient="001", resource=None, status=200, request_id="r-1")
    ]
    with SqliteStore.open(log.path, read_only=True) as store:
        record = store.record(1)
    assert (record.actor, record.stream, record.origin) == (IRINA, INSTALLATION, ORIGIN)
    assert before <= record.occurred_at <= record.recorded_at


def test_what_waits_is_one_append(log: InstallationLog) -> None:
    for _ in range(40):
        log.note(READ, IRINA)
    assert len(kept(log)) == 40
    assert log.ledger is not None
    heads = log.ledger.store.select("SELECT size FROM heads WHERE size > 1")
    assert 1 <= len(heads) < 40


def test_an_export_waits_for_its_commit(log: InstallationLog) -> None:
    log.keep(COPY, IRINA).result(timeout=30)
    assert log.ledger is not None
    assert log.ledger.store.size == 2


def test_an_export_is_not_kept_while_another_process_owns_the_log(tmp_path: Path) -> None:
    there = InstallationLog(tmp_path, ORIGIN)
    owner = Ownership(there.path)
    there.start()
    there.note(READ, IRINA)
    with pytest.raises(LogUnavailable):
        there.keep(COPY, IRINA).result(timeout=30)
    assert not there.settle()
    owner.release()
    found = kept(there)
    assert [type(event) for event in found] == [GapRecorded, RecordRead]
    gap = found[0]
    assert isinstance(gap, GapRecorded)
    assert (gap.not_kept_count, gap.from_at <= gap.until_at) == (0, True)
    there.close()


def test_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    small = InstallationLog(tmp_path, ORIGIN, capacity=3)
    for _ in range(5):
        small.note(READ, IRINA)
    with pytest.raises(LogUnavailable):
        small.keep(COPY, IRINA).result(timeout=0)
    small.start()
    small.settle()
    gap, *reads = kept(small)
    assert isinstance(gap, GapRecorded)
    assert gap.not_kept_count == 3
    assert len(reads) == 3
    small.close()


def test_who_knocks_all_day_is_one_event_with_a_number(tmp_path: Path) -> None:
    log = InstallationLog(tmp_path, ORIGIN)
    for number in range(1000):
        log.note(refused(f"r-{number}"), NOBODY)
    log.note(refused("r-x"), IRINA)
    log.start()
    counted = {(event.times_count, event.request_id) for event in kept(log) if isinstance(event, RequestRefused)}
    assert counted == {(1000, None), (1, "r-x")}
    log.close()


def test_whoever_asks_for_ever_other_things_is_counted_and_hides_nobody(tmp_path: Path) -> None:
    """The log grows by so much a minute at most, whatever is asked for, from however many addresses."""
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    log = InstallationLog(tmp_path, ORIGIN, clock=lambda: now)
    for number in range(1000):
        log.note(refused("r-1").model_copy(update={"about": f"operation_{number}"}), NOBODY)
        log.note(NoteHappening(happening="log-in-failed", about="log-in", rule="unknown-account"), NOBODY)
    failed = NoteHappening(happening="log-in-failed", about="log-in", rule="wrong-password")
    log.note(failed, IRINA)
    log.start()
    written = kept(log)
    assert len(written) == AT_ONCE + 1
    assert sum(isinstance(event, LogInFailed) and event.rule == "wrong-password" for event in written) == 1
    now += BEYOND_EVERY
    counted = [event for event in kept(log) if isinstance(event, RequestRefused) and event.operation == "several"]
    assert {(event.problem, event.status) for event in counted} == {("unauthenticated", 401), ("log-in-refused", 401)}
    assert sum(event.times_count for event in counted) == 2000 - AT_ONCE
    log.close()


def test_what_was_only_counted_is_told_when_the_server_ends(tmp_path: Path) -> None:
    log = InstallationLog(tmp_path, ORIGIN)
    for number in range(AT_ONCE + 5):
        log.note(refused("r-1").model_copy(update={"about": f"operation_{number}"}), NOBODY)
    log.start()
    log.close()
    with SqliteStore.open(log.path, read_only=True) as store:
        assert [e.times_count for r in store.records() if isinstance(e := r.event, RequestRefused)][-1] == 5


def test_what_waits_when_the_server_ends_is_written(tmp_path: Path) -> None:
    first = InstallationLog(tmp_path, ORIGIN)
    first.start()
    first.note(READ, IRINA)
    first.close()
    with SqliteStore.open(first.path, read_only=True) as store:
        assert store.size == 2


def test_what_cannot_be_written_then_waits_in_the_spool_for_the_next_start(tmp_path: Path) -> None:
    first = InstallationLog(tmp_path, ORIGIN)
    owner = Ownership(first.path)
    first.start()
    first.note(READ, IRINA)
    first.close()
    assert not first.path.exists()
    assert len(spool_of(tmp_path).read()) == 2
    owner.release()
    second = InstallationLog(tmp_path, ORIGIN)
    second.start()
    assert [type(event) for event in kept(second)] == [GapRecorded, RecordRead]
    assert spool_of(tmp_path).read() == ()
    second.close()


def test_a_happening_that_was_taken_in_and_is_still_in_the_spool_is_there_once(
    log: InstallationLog, tmp_path: Path
) -> None:
    noted = Noted(ADDED, IRINA, datetime.now(UTC))
    for _ in range(2):
        spool_of(tmp_path).add([noted])
        assert [type(event) for event in kept(log)] == [AccountChanged]


def test_a_line_that_was_not_written_to_its_end_is_no_happening(tmp_path: Path) -> None:
    spool = spool_of(tmp_path)
    spool.add([Noted(ADDED, IRINA, datetime.now(UTC))])
    path = tmp_path / "installation.spool"
    whole = path.read_text()
    path.write_text(whole + whole[:40])
    assert [each.command for each in spool.read()] == [ADDED]
    assert path.stat().st_mode & 0o077 == 0


def test_an_altered_log_exports_nothing_and_is_not_written_again(tmp_path: Path) -> None:
    first = InstallationLog(tmp_path, ORIGIN)
    first.start()
    first.note(READ, IRINA)
    first.close()
    raw = first.path.read_bytes()
    first.path.write_bytes(raw.replace(b"show_timeline", b"show_tameline"))
    second = InstallationLog(tmp_path, ORIGIN)
    second.start()
    second.note(READ, IRINA)
    with pytest.raises(LogUnavailable):
        second.keep(COPY, IRINA).result(timeout=30)
    assert not second.settle()
    assert second.ledger is None
    second.close()


def test_it_is_signed_and_verified_as_a_trial_is(tmp_path: Path) -> None:
    log = InstallationLog(tmp_path / "here", ORIGIN, keys=tmp_path / "keys")
    (tmp_path / "here").mkdir()
    log.start()
    log.note(READ, IRINA)
    kept(log)
    assert log.ledger is not None
    key = log.ledger.world.trial.evidence.log_key
    log.close()
    with SqliteStore.open(log.path, read_only=True) as store:
        head = write_bundle(store, tmp_path / "access.zip")
        assert head.size == store.size
    policy = Policy.parse(f"log {key}\nquorum none\n".encode())
    report = verify_bundle(tmp_path / "access.zip", Trust(policy))
    assert report.exit == VERIFIED
    assert report.events["installation.record-read.v1"] == 1


def test_a_log_that_stands_keeps_its_name(tmp_path: Path) -> None:
    for origin in (ORIGIN, "another.name"):
        log = InstallationLog(tmp_path, origin)
        log.start()
        log.note(READ, IRINA)
        kept(log)
        assert log.ledger is not None
        assert log.ledger.world.origin == ORIGIN
        log.close()


def test_it_is_no_trial(log: InstallationLog, tmp_path: Path) -> None:
    log.note(READ, IRINA)
    kept(log)
    shelf = Shelf(tmp_path)
    assert shelf.names() == []
    assert not shelf.has(INSTALLATION)
    with pytest.raises(no.NoSuchTrial):
        shelf.trial(INSTALLATION)
    shelf.close()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_trials_log_keeps_no_happening_and_an_installations_log_no_trial() -> None:
    trial, door = opened_trial(), Bench()
    gap = NoteGap(from_at=trial.now, until_at=trial.now, not_kept_count=1)
    for noted in (READ, gap):
        with trial.refuses(no.NotRegistered):
            trial.ask(noted, IRINA)
    with trial.refuses(no.AlreadyRegistered):
        trial.ask(OpenInstallation(origin=ORIGIN), BY_ITSELF)
    with door.refuses(no.NotRegistered):
        door.ask(READ, IRINA)
    door.ask(OpenInstallation(origin=ORIGIN), BY_ITSELF)
    door.ask(READ, IRINA)
    for command in trial_commands():
        with door.refuses(no.NotRegistered):
            door.ask(command, SPONSOR)
    assert len(door.world.facts) == 0


def trial_commands() -> list[Command]:
    registration = setup.RegisterTrial(trial_id="T1", title="T", sponsor="S", origin="o.example", training=True)
    return [registration, setup.OpenSite(site="NDGOI", utc_offset="+03:00"), enrolment.OpenCohort(level=1)]


def test_a_happening_tells_what_its_kind_tells(bench: Bench) -> None:
    bench.ask(OpenInstallation(origin=ORIGIN), BY_ITSELF)
    with bench.refuses(no.UnreadableCommand):
        bench.ask(NoteHappening(happening="read", about="show_timeline"), IRINA)


def test_whoever_runs_a_restored_log_records_its_recovery(bench: Bench) -> None:
    bench.ask(OpenInstallation(origin=ORIGIN), BY_ITSELF)
    recovery = RecordRecovery(
        signed_size=9,
        signed_root="ab" * 32,
        found_size=1,
        found_root="cd" * 32,
        found_on=bench.now.date(),
        circumstances=bench.seal("The disk was replaced."),
    )
    assert bench.ask(recovery, Actor("arkady", "administrator", None, "operating-system"))


def test_after_a_commit_that_failed_the_file_is_opened_anew_and_nothing_is_missing(log: InstallationLog) -> None:
    log.note(READ, IRINA)
    kept(log)
    assert log.ledger is not None
    assert isinstance(log.ledger.store, SqliteStore)
    assert log.ledger.store._appender is not None
    log.ledger.store._appender.outcome_unknown = True  # as after an fsync that failed
    log.note(READ, IRINA)
    log.settle()
    assert [type(event) for event in kept(log)] == [RecordRead, RecordRead]


def test_reopening_reads_who_was_seen_last(tmp_path: Path) -> None:
    log = InstallationLog(tmp_path, ORIGIN)
    log.start()
    log.note(READ, IRINA)
    log.note(refused("r-1"), Actor("mallory", "investigator", "ELSEWHERE", "bearer"))
    kept(log)
    log.close()
    ledger = TrialLedger.open(log.path)
    assert set(ledger.world.installation.accounts) == {"irina"}
    assert ledger.submit(Submission(READ, Asked(IRINA, os.urandom(16).hex()))).records[0].position == 3
    ledger.close()
