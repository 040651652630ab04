"""F7. The server's clock is set three days back and a year ahead, under load."""

from datetime import timedelta
from itertools import pairwise
from threading import Event
from typing import Final

from api.chaos.calling import Callers
from api.chaos.disk import clock
from api.chaos.judging import judge
from api.chaos.outcome import Outcome, Task
from api.chaos.serving import Server
from api.chaos.trial import a_trial, file_in
from ledger.store.sqlite import SqliteStore
from ledger.trial.evidence import ClockAnomaly

CALLERS: Final = 4
JUMPS: Final = (timedelta(days=-3), timedelta(0), timedelta(days=365), timedelta(hours=1), timedelta(0))
"""How far the clock is off, one after another; the last two are a summer time taken for a new time."""


def set_the_clock(task: Task) -> Outcome:
    """Each jump is on record before what it dates, positions keep their order, and no recorded time goes back."""
    directory = task.place("clock")
    token, file = a_trial(directory), directory / "ahead"
    server = Server(directory, clock(file))
    callers = Callers(server.port, token)
    server.start()
    callers.start(CALLERS, "clock")
    jumps = 0
    for _ in range(task.times):
        for off_by in JUMPS:
            Event().wait(0.2)
            file.with_suffix(".new").write_text(str(int(off_by.total_seconds())), encoding="ascii")
            file.with_suffix(".new").replace(file)
            jumps += 1
    Event().wait(0.3)
    callers.stop()
    server.stop()
    found = judge(directory, callers.acknowledged, callers.sent)
    with SqliteStore.open(file_in(directory), read_only=True) as store:
        records = list(store.records())
    back = sum(later.recorded_at <= earlier.recorded_at for earlier, later in pairwise(records))
    noted = sum(isinstance(record.event, ClockAnomaly) for record in records)
    wrong = [f"{back} recorded times go back"] if back else []
    wrong += [] if noted >= jumps else [f"{noted} of {jumps} jumps are on record"]
    return Outcome(jumps, found.acknowledged, found.lost, (*found.wrong, *wrong), f"{noted} anomalies on record")
