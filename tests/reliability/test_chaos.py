"""The fault matrix in its short form, row by row; and that its judge and its disk can tell."""

import random
from pathlib import Path

import pytest

from api.chaos.cluster import NoPostgreSQL
from api.chaos.judging import judge
from api.chaos.matrix import ROWS, played
from api.chaos.outcome import Outcome, Row, Task
from api.chaos.power import Note, disk_after, notes
from api.chaos.trial import a_report, begin, file_in
from ledger.application import TrialLedger

TIMES = 200


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_was_promised_holds_under_this_fault(row: Row) -> None:
    ((_, outcome),) = played((row,), seed=1, long=False)
    assert outcome.wrong == ()
    assert outcome.lost == 0
    assert outcome.injected > 0
    assert outcome.control_failed, outcome.control


def test_a_row_that_needs_what_is_not_here_is_not_run_and_says_so() -> None:
    def needs_more(_: Task) -> Outcome:
        raise NoPostgreSQL("no PostgreSQL here")

    ((_, outcome),) = played((Row("F0", "what cannot be injected", needs_more, 1, 1),), seed=1, long=False)
    assert outcome.not_run == "no PostgreSQL here"
    assert not outcome.passed


@pytest.fixture
def judged(tmp_path: Path) -> tuple[Path, dict[str, int]]:
    """A trial with one report, and where it was said to be."""
    ledger = TrialLedger.create(file_in(tmp_path))
    begin(ledger)
    position = ledger.submit(a_report("report-1")).records[0].position
    ledger.close()
    return tmp_path, {"report-1": position}


def test_what_is_where_it_was_said_to_be_is_as_promised(judged: tuple[Path, dict[str, int]]) -> None:
    directory, acknowledged = judged
    assert judge(directory, acknowledged, acknowledged).kept


def test_what_was_acknowledged_and_is_not_there_is_lost(judged: tuple[Path, dict[str, int]]) -> None:
    directory, acknowledged = judged
    found = judge(directory, {**acknowledged, "report-2": 99}, set())
    assert (found.lost, found.wrong) == (1, ("report-2: acknowledged, and not there",))


def test_what_is_elsewhere_than_it_was_said_to_be_is_not_as_promised(judged: tuple[Path, dict[str, int]]) -> None:
    directory, acknowledged = judged
    found = judge(directory, {"report-1": acknowledged["report-1"] - 1}, set())
    assert found.wrong == ("report-1: not where it was said to be, or doubled",)


A, B = "/place/a", "/place/b"


def after(done: list[Note]) -> list[dict[str, bytes | None]]:
    """The disks that chance may leave."""
    return [disk_after(done, random.Random(seed)) for seed in range(TIMES)]


def test_what_was_synced_is_on_the_disk_whatever_chance_does() -> None:
    done = [
        Note("w", A, 0, b"x" * 1000),
        Note("s", A, 0, b""),
        Note("w", A, 1000, b"y" * 1000),
        Note("w", B, 0, b"z"),
    ]
    assert {(disks[A] or b"")[:1000] for disks in after(done)} == {b"x" * 1000}


def test_what_nobody_synced_is_there_or_not_and_sometimes_torn() -> None:
    done = [Note("w", A, 0, b"y" * 2000)]
    seen = {disks[A] or b"" for disks in after(done)}
    assert {b"", b"y" * 2000} <= seen
    assert any(b"\0" in content and b"y" in content for content in seen)


def test_a_removal_lasts_once_its_directory_was_synced() -> None:
    removed = [Note("w", A, 0, b"x"), Note("s", A, 0, b""), Note("u", A, 0, b"")]
    unsure = {disks[A] for disks in after(removed)}
    sure = {disks[A] for disks in after([*removed, Note("s", "/place", 0, b"")])}
    assert (unsure, sure) == ({b"x", None}, {None})


def test_a_file_that_was_renamed_keeps_what_was_synced_under_its_new_name() -> None:
    written = [Note("w", A, 0, b"x"), Note("s", A, 0, b""), Note("r", A, 0, B.encode())]
    assert all(disks == {A: None, B: b"x"} for disks in after(written))
    unsynced = [Note("w", A, 0, b"x"), Note("r", A, 0, B.encode())]
    assert {disks[B] for disks in after(unsynced)} == {None, b"x"}


def test_of_a_disk_that_was_not_empty_what_was_there_stays_where_nothing_took_its_place() -> None:
    done = [Note("w", A, 1, b"y"), Note("s", B, 0, b""), Note("s", "/place", 0, b"")]
    found = [disk_after(done, random.Random(seed), {A: b"xxx"}.get) for seed in range(TIMES)]
    assert {disks[A] for disks in found} == {b"xxx", b"xyx"}
    assert all(disks.keys() == {A} for disks in found)


def test_a_journal_that_breaks_off_is_read_to_its_last_whole_note() -> None:
    def spelled(kind: bytes, content: bytes) -> bytes:
        number = (8).to_bytes(8, "little")
        return kind + number + A.encode() + bytes(8) + len(content).to_bytes(8, "little") + content

    whole = spelled(b"w", b"hello")
    assert list(notes(whole + spelled(b"w", b"gone")[:-1])) == [Note("w", A, 0, b"hello")]
    assert list(notes(whole + spelled(b"s", b""))) == [Note("w", A, 0, b"hello"), Note("s", A, 0, b"")]
