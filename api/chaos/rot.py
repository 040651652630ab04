"""F8. Bits that rot on the disk, anywhere in the file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from api.chaos.outcome import Outcome, Task
from api.chaos.trial import a_trial, file_in
from ledger.application import TrialLedger
from ledger.errors import LedgerError
from ledger.record import Record


def rot(task: Task) -> Outcome:
    """One byte changes. Either opening the ledger names it, or nothing of what is on record has changed: the byte was
    nobody's. The control is SQLite's own integrity check, which finds some of them only."""
    directory = task.place("rot")
    a_trial(directory)
    whole = file_in(directory).read_bytes()
    records = _records(file_in(directory))
    assert records is not None
    named, missed, wrong = 0, 0, list[str]()
    for number in range(task.times):
        place = task.place(f"rot-{number}")
        at = task.chance.randrange(len(whole))
        changed = bytearray(whole)
        changed[at] ^= 1 << task.chance.randrange(8)
        file_in(place).write_bytes(bytes(changed))
        found = _records(file_in(place))
        named += found is None
        missed += found is None and _integrity_is_ok(file_in(place))
        if found is not None and found != records:
            wrong.append(f"byte {at}: another record, and nobody noticed")
    told = f"{named} named, {missed} of them ok to integrity_check"
    return Outcome(task.times, len(records), 0, tuple(wrong), told, missed > 0)


def _records(path: Path) -> list[Record] | None:
    """What stands in a ledger; none where it says that it was altered."""
    try:
        ledger = TrialLedger.open(path)
    except LedgerError:
        return None
    try:
        return list(ledger.store.records())
    except LedgerError:
        return None
    finally:
        ledger.close()


OK: Final = [("ok",)]


def _integrity_is_ok(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as database:
            return database.execute("PRAGMA integrity_check").fetchall() == OK
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return False
