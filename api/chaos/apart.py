"""F10, F11. The database and what it needs are apart: its standby is gone, its answers are lost, two are primary."""

from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event
from typing import Final

import httpx2

from api.chaos.calling import Callers
from api.chaos.database import Place
from api.chaos.failover import until
from api.chaos.line import Fault, Line
from api.chaos.outcome import Outcome, Task, summed
from api.chaos.pair import Pair, a_pair, url_of
from api.chaos.serving import Server
from api.chaos.trial import TRIAL, a_report
from ledger.errors import LedgerError
from ledger.store.postgres.database import Database
from ledger.store.postgres.server import Patience

CALLERS: Final = 8
DATABASE_SECONDS: Final = 1
DEADLINE_SECONDS: Final = 9.0
"""Within which everyone is answered: twice `DATABASE_SECONDS` for the COMMIT, once for each of four looks at what
became of it, and what a busy machine takes."""
SOON: Final = Patience(connection=2, lock=0.2, commit=0.5)


def lose_the_standby(task: Task) -> Outcome:
    """Under load, again and again; the server is never restarted."""
    wrong, judgements, refused = list[str](), [], 0
    with a_pair() as pair:
        place = Place(task.place("no-standby"), pair.url, DATABASE_SECONDS)
        server = place.server("server")
        callers = Callers(server.port, place.token)
        server.start()
        for number in range(task.times):
            callers.start(CALLERS, f"{number}")
            Event().wait(task.chance.uniform(0.2, 0.6))
            pair.standby.stop()
            Event().wait(0.1)
            wrong += _without_the_standby(callers, server)
            refused = callers.statuses[503]
            pair.standby.start()
            wrong += _goes_on(callers)
            callers.stop()
            callers.settle(callers.unanswered)
            judgements.append(place.judged(callers))
        server.stop()
    wrong += [f"{status} was answered" for status in callers.statuses if status not in (200, 201, 503)]
    wrong += [f"{key}: never settled" for key in callers.unanswered]
    found = summed(judgements)
    told = f"{refused} answers were 503, the last within the deadline"
    every = (*found.wrong, *dict.fromkeys(wrong))
    return Outcome(task.times, judgements[-1].acknowledged, found.lost, every, told, refused > 0)


def _without_the_standby(callers: Callers, server: Server) -> list[str]:
    """Everyone is told within the deadline, nothing is acknowledged, and reading goes on."""
    known, told = len(callers.acknowledged), callers.statuses[503]
    in_time = until(lambda: callers.statuses[503] >= told + CALLERS, DEADLINE_SECONDS)
    wrong = [] if in_time else ["not everyone was told within the deadline"]
    wrong += [] if len(callers.acknowledged) == known else ["something was acknowledged without the standby"]
    asked = httpx2.get(f"{server.url}/v1/trials/{TRIAL}/patients", headers={"Authorization": f"Bearer {callers.token}"})
    return wrong + ([] if asked.status_code == 200 else ["reading did not go on"])


def _goes_on(callers: Callers) -> list[str]:
    known = len(callers.acknowledged)
    return [] if until(lambda: len(callers.acknowledged) > known) else ["writing did not go on"]


def keep_apart(task: Task) -> Outcome:
    """The line between server and database goes down in the middle of COMMITs; then that between the database and its
    standby, which is made the primary while the old one still runs. The old one acknowledges nothing any more: not to
    the server that is still on it, and not when it is started again later."""
    wrong, judgements = list[str](), []
    with a_pair() as pair, TemporaryDirectory(prefix="ledger-line-") as beside:
        line = Line(pair.primary.directory, Path(beside))
        place = Place(task.place("apart"), url_of(line.directory, pair.standby.directory), DATABASE_SECONDS)
        server = place.server("server")
        callers = Callers(server.port, place.token)
        server.start()
        for number in range(task.times):
            callers.start(CALLERS, f"{number}")
            wrong += _lose_answers(line, task.chance)
            callers.stop()
            callers.settle(callers.unanswered)
            judgements.append(place.judged(callers))
        wrong += [f"{key}: never settled" for key in callers.unanswered]
        callers.start(CALLERS, "split")
        Event().wait(0.3)
        unsure, amiss = _split(pair, callers)
        wrong += amiss
        callers.stop()
        server.stop()
        wrong += _comes_back(pair, place, unsure)
        line.close()
        judgements.append(place.judged(callers))
    wrong += [f"{key}: answered with two positions" for key in callers.contradictions]
    found = summed(judgements)
    told = f"the old primary acknowledged none of the {len(unsure)} that it was asked for"
    every = (*found.wrong, *dict.fromkeys(wrong))
    injected = task.times * len(Fault) + 1
    return Outcome(injected, judgements[-1].acknowledged, found.lost, every, told, bool(unsure))


def _lose_answers(line: Line, chance: Random) -> list[str]:
    """Each way in which a COMMIT's answer does not come, once."""
    wrong = []
    for fault in Fault:
        line.failed.clear()
        line.let_go.clear()
        line.fail(fault, after=chance.randrange(4))
        wrong += [] if line.failed.wait(DEADLINE_SECONDS) else [f"no COMMIT was lost: {fault}"]
        Event().wait(0.1)
        line.let_go.set()
    return wrong


def _split(pair: Pair, callers: Callers) -> tuple[set[str], list[str]]:
    """The keys that were asked of the old primary while there were two, and what was wrong."""
    pair.line.cut()
    Event().wait(0.1)
    known = len(callers.acknowledged)
    pair.promote()
    until(lambda: callers.statuses[503] > 0)
    unsure = callers.unanswered
    wrong = [] if len(callers.acknowledged) == known else ["the old primary acknowledged beside the new one"]
    pair.standby.kill()
    return unsure, wrong + _goes_on(callers)


def _comes_back(pair: Pair, place: Place, unsure: Collection[str]) -> list[str]:
    """The old primary is started again as it was, and somebody is sent to it alone."""
    pair.standby.start()
    wrong = []
    with closing(Database(pair.standby.service_url, SOON)) as database, closing(place.ledger(database)) as ledger:
        for key in [*sorted(unsure)[:3], "new"]:
            try:
                ledger.submit(a_report(key))
            except LedgerError:
                continue
            wrong.append(f"{key}: the old primary acknowledged it")
    return wrong
