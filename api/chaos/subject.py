"""The writer of a ledger without a server before it, as a process to which things happen.

    python -m api.chaos.subject DIRECTORY COUNT [URL]

The trial is in the directory, or in the database of which the URL is given, with the directory's keys. It begins the
trial where there is none, has reports written by several threads, and notes each acknowledgement in the
file `acknowledged`, a line a key with its position, after it was given and before anything else is asked. What fails is
noted in the file `failed`, a line a key with the name of the error. It ends when all were asked.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
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


@contextmanager
def in_database(directory: Path, url: str) -> Iterator[TrialLedger]:
    """The trial in a database, with the directory's keys, until the block ends."""
    keyring = Keyring(directory / "keys")
    with closing(Database(url)) as database, closing(TrialLedger(database.open(TRIAL), keyring=keyring)) as ledger:
        yield ledger


def main() -> None:
    directory, count = Path(sys.argv[1]), int(sys.argv[2])
    acknowledged, failed = notebook(directory, ACKNOWLEDGED), notebook(directory, FAILED)
    url = sys.argv[3] if len(sys.argv) > 3 else None
    with in_database(directory, url) if url else closing(in_file(file_in(directory))) as ledger:
        if not ledger.world.size:
            begin(ledger)
        _have_written(ledger, count, acknowledged, failed)


def _have_written(ledger: TrialLedger, count: int, acknowledged: int, failed: int) -> None:
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


if __name__ == "__main__":
    main()
