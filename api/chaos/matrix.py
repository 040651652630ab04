"""The fault matrix: every row, how often it is injected in the short and in the long form, and what came of it."""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from api.chaos.apart import keep_apart, lose_the_standby
from api.chaos.clocks import set_the_clock
from api.chaos.cluster import NoPostgreSQL
from api.chaos.database_power import cut_the_databases_power
from api.chaos.disk import NoCompiler
from api.chaos.failing_disk import fail_the_disk, fill_the_disk
from api.chaos.failover import fail_over
from api.chaos.killing import kill_the_server, storm_one_key
from api.chaos.moving import kill_while_moving
from api.chaos.outcome import Outcome, Row, Task
from api.chaos.power_cut import cut_the_power
from api.chaos.rivals import copy_under_load, malformed, open_twice, overload
from api.chaos.rot import rot
from api.chaos.signing import kill_while_signing

ROWS: Final = (
    Row("F1", "the server is killed under load", kill_the_server, 3, 100),
    Row("F3", "the power is cut, writes torn", cut_the_power, 40, 1000),
    Row("F4", "the power of the database's machine is cut", cut_the_databases_power, 2, 100),
    Row("F5", "the disk is full", fill_the_disk, 2, 20),
    Row("F6", "writes and syncs fail", fail_the_disk, 4, 200),
    Row("F7", "the clock is set back and ahead", set_the_clock, 1, 10),
    Row("F8", "one bit of the file rots", rot, 40, 2000),
    Row("F9", "the database's primary is killed, its standby promoted", fail_over, 1, 20),
    Row("F10", "the database's standby is gone", lose_the_standby, 1, 10),
    Row("F11", "lines break: in a COMMIT, to the standby", keep_apart, 1, 20),
    Row("F12", "fifty at once under one key", storm_one_key, 3, 50),
    Row("F13", "a second server beside the first", open_twice, 2, 20),
    Row("F15", "ten times the load", overload, 1, 20),
    Row("F16", "an upgrade or migration is killed", kill_while_moving, 6, 10_000),
    Row("F17", "backups under load", copy_under_load, 3, 50),
    Row("F18", "malformed input", malformed, 200, 20_000),
    Row("F19", "the server is killed while heads are signed", kill_while_signing, 3, 60),
)


def played(rows: tuple[Row, ...], *, seed: int, long: bool) -> Iterator[tuple[Row, Outcome]]:
    """Each row with its outcome, as soon as there is one."""
    for row in rows:
        with tempfile.TemporaryDirectory(prefix="trial-ledger-chaos-") as place:
            times = row.long if long else row.short
            task = Task(Path(place), random.Random(f"{seed} {row.name}"), times)
            try:
                outcome = row.inject(task)
            except (NoCompiler, NoPostgreSQL) as missing:
                outcome = Outcome(0, 0, not_run=str(missing))
            yield row, outcome
