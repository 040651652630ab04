"""One server's worth of appending to trials in a database: callers that go round its trials for some seconds.

    python -m benchmarks._appends URL KEYS NAME CALLERS SECONDS TRIAL...

Says `ready` once the trials are open, begins when it is told to, and prints how many commands were answered in time.
"""

import asyncio
import sys
import time
from itertools import count, cycle, islice
from pathlib import Path

from api.cli_serve import look_for_cycles_seldom
from ledger.application import TrialLedger
from ledger.decisions import setup
from ledger.keyring import Keyring
from ledger.record import Asked
from ledger.store.postgres.database import Database
from ledger.submission import Submission, command_id
from tests.bench import SPONSOR


def site(number: int, name: str) -> Submission:
    """A site that is not open yet."""
    command = setup.OpenSite(site=f"{name}-{number}", utc_offset="+03:00")
    return Submission(command, Asked(SPONSOR, command_id(name, f"{number:08}")), "bench")


async def answered(ledgers: list[TrialLedger], name: str, callers: int, seconds: float) -> int:
    """How many commands were answered before the time was over."""
    until = time.perf_counter() + seconds
    numbers = count()

    async def caller(first: int) -> int:
        found = 0
        for ledger in islice(cycle(ledgers), first, None):
            await ledger.submit_async(site(next(numbers), name))
            if time.perf_counter() > until:
                break
            found += 1
        return found

    return sum(await asyncio.gather(*(caller(first) for first in range(callers))))


def main() -> None:
    url, keys, name, callers, seconds, *trials = sys.argv[1:]
    look_for_cycles_seldom()
    database, keyring = Database(url), Keyring(Path(keys))
    ledgers = [TrialLedger(database.open(trial), keyring=keyring) for trial in trials]
    print("ready", flush=True)
    sys.stdin.readline()
    print(asyncio.run(answered(ledgers, name, int(callers), float(seconds))), flush=True)
    for ledger in ledgers:
        ledger.close()
    database.close()


if __name__ == "__main__":
    main()
