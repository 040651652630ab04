"""The writer of a ledger without a server before it, as a process to which things happen.

    python -m api.chaos.subject DIRECTORY COUNT [URL]

The trial is in the directory, or in the database of which the URL is given, with the directory's keys. It begins the
trial where there is none, has reports written by several threads, and notes each acknowledgement in the
file `acknowledged`, a line a key with its position, after it was given and before anything else is asked. What fails is
noted in the file `failed`, a line a key with the name of the error. It ends when all were asked.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from api.chaos.trial import TRIAL, a_report, begin, file_in
from ledger.application import TrialLedger
from ledger.errors import LedgerError
from ledger.keyring import Keyring
from ledger.store.postgres.database import Database

THREADS: Final = 8
ACKNOWLEDGED: Final = "acknowledged"
FAILED: Final = "failed"


def notebook(directory: Path, name: str) -> int:
    return os.open(directory / name, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)


def in_file(file: Path) -> TrialLedger:
    return TrialLedger.open(file) if file.exists() else TrialLedger.create(file)


def in_database(directory: Path, url: str) -> TrialLedger:
    return TrialLedger(Database(url).open(TRIAL), keyring=Keyring(directory / "keys"))


def main() -> None:
    directory, count = Path(sys.argv[1]), int(sys.argv[2])
    acknowledged, failed = notebook(directory, ACKNOWLEDGED), notebook(directory, FAILED)
    ledger = in_database(directory, sys.argv[3]) if len(sys.argv) > 3 else in_file(file_in(directory))
    if not ledger.world.size:
        begin(ledger)

    def ask(number: int) -> None:
        key = f"report-{os.getpid()}-{number}"
        try:
            position = ledger.submit(a_report(key)).records[0].position
        except LedgerError as error:
            os.write(failed, f"{key} {type(error).__name__}\n".encode())
        else:
            os.write(acknowledged, f"{key} {position}\n".encode())

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(ask, range(count)))
    ledger.close()


if __name__ == "__main__":
    main()
