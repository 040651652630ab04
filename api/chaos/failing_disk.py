"""F5, F6. A disk that is full, and one that answers with errors."""

from threading import Event
from typing import Final

import httpx2

from api.chaos.calling import Callers
from api.chaos.disk import disk
from api.chaos.judging import judge
from api.chaos.outcome import Outcome, Task, summed
from api.chaos.running import acknowledged, failed, run_subject
from api.chaos.serving import Server
from api.chaos.trial import TRIAL, a_trial, file_in

CALLERS: Final = 8
REPORTS: Final = 60
MOST_CALLS: Final = {"write": 120, "sync": 12}
"""Of a run that nothing fails in, about."""
SPARE_BYTES: Final = 30_000


def fill_the_disk(task: Task) -> Outcome:
    """The disk fills under load, again and again, and gets room again; the server is never restarted."""
    directory = task.place("full-disk")
    token = a_trial(directory)
    server = Server(directory, disk(directory, room=str(file_in(directory).stat().st_size + SPARE_BYTES)))
    callers, mark = Callers(server.port, token), directory / "full"
    server.start()
    wrong: list[str] = []
    for number in range(task.times):
        callers.start(CALLERS, f"room-{number}")
        Event().wait(task.chance.uniform(0.1, 0.4))
        mark.touch()
        Event().wait(0.5)
        wrong += [] if _reads(server, token) else ["reading did not go on"]
        callers.stop()
        mark.unlink()
        afterwards = f"room-{number}-again"
        callers.settle([*callers.unanswered, afterwards])
        wrong += [] if afterwards in callers.acknowledged else ["writing did not go on"]
    server.stop()
    found = judge(directory, callers.acknowledged, callers.sent)
    refused = callers.statuses[507]
    wrong += [f"{status} was answered" for status in callers.statuses if status not in (200, 201, 507)]
    told = f"{refused} answers were 507"
    return Outcome(task.times, found.acknowledged, found.lost, (*found.wrong, *wrong), told, refused > 0)


def _reads(server: Server, token: str) -> bool:
    asked = httpx2.get(f"{server.url}/v1/trials/{TRIAL}/patients", headers={"Authorization": f"Bearer {token}"})
    return asked.status_code == 200


def fail_the_disk(task: Task) -> Outcome:
    """From some write or sync on, every one fails. What was refused with "nothing was written" is not there; what was
    refused with "nobody knows" may be there or not."""
    judgements, wrong, hit, unknown, there = [], list[str](), 0, 0, 0
    for number in range(task.times):
        directory = task.place(f"failing-{number}")
        a_trial(directory)
        kind = task.chance.choice(tuple(MOST_CALLS))
        run_subject(
            directory, REPORTS, disk(file_in(directory), fail=f"{kind}:{task.chance.randrange(1, MOST_CALLS[kind])}")
        )
        known, refused = acknowledged(directory), failed(directory)
        judgements.append(judgement := judge(directory, known, {*known, *refused}))
        hit += len(known) < REPORTS
        unsure = {key for key, error in refused.items() if error == "OutcomeUnknown"}
        unknown, there = unknown + len(unsure), there + len(unsure & judgement.stored)
        wrong += [f"{key}: {refused[key]}, and it is there" for key in (refused.keys() - unsure) & judgement.stored]
    found = summed(judgements)
    told = f"{there} of {unknown} unknown outcomes are there"
    return Outcome(hit, found.acknowledged, found.lost, (*found.wrong, *wrong), told)
