"""F1, F12. The server is killed under load; the same key is sent by many at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from typing import Final

from api.chaos.calling import Callers
from api.chaos.judging import judge
from api.chaos.outcome import Outcome, Task, summed
from api.chaos.serving import Server
from api.chaos.trial import ONSET, TRIAL, a_trial, patient_of

CALLERS: Final = 16
AT_ONCE: Final = 50


def kill_the_server(task: Task) -> Outcome:
    """SIGKILL at random moments; whatever was never answered is asked again under its key at the end."""
    directory = task.place("killed")
    server = Server(directory)
    callers = Callers(server.port, a_trial(directory))
    judgements = []
    for number in range(task.times):
        server.start()
        callers.start(CALLERS, f"round-{number}")
        Event().wait(task.chance.uniform(0.1, 0.9))
        server.kill()
        callers.stop()
        judgements.append(judge(directory, callers.acknowledged, callers.sent))
    unsure = callers.unanswered
    server.start()
    callers.settle([*unsure, *list(callers.acknowledged)[:50]])
    server.stop()
    last = judge(directory, callers.acknowledged, callers.sent)
    wrong = [f"{key}: answered with two positions" for key in callers.contradictions]
    wrong += [f"{problem}: {count} times" for problem, count in callers.problems.items()]
    wrong += [f"{key}: never settled" for key in callers.unanswered]
    found = summed([*judgements, last])
    told = f"{len(unsure)} unanswered, settled by their key"
    return Outcome(task.times, last.acknowledged, found.lost, (*found.wrong, *wrong), told)


def storm_one_key(task: Task) -> Outcome:
    """Fifty at once under one key; then another body under it."""
    directory = task.place("storm")
    server = Server(directory)
    callers = Callers(server.port, a_trial(directory))
    server.start()
    wrong: list[str] = []
    for number in range(task.times):
        key = f"storm-{number:06}"

        def ask(_: int, key: str = key) -> int:
            with closing(callers.connection()) as connection:
                return callers.report(connection, key)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            statuses = set(pool.map(ask, range(AT_ONCE)))
        if statuses - {200, 201}:
            wrong.append(f"{key}: {sorted(statuses)}")
        if (status := _another_body(callers, key)) != 422:
            wrong.append(f"{key}: another body under it was answered with {status}")
    server.stop()
    found = judge(directory, callers.acknowledged, callers.sent)
    wrong += [f"{key}: answered with two positions" for key in callers.contradictions]
    return Outcome(task.times * AT_ONCE, found.acknowledged, found.lost, (*found.wrong, *wrong))


def _another_body(callers: Callers, key: str) -> int:
    body = json.dumps({"term": "Another", "serious": False, "onset_at": ONSET})
    headers = {
        "Authorization": f"Bearer {callers.token}",
        "Idempotency-Key": key,
        "Content-Type": "application/json",
    }
    with closing(callers.connection()) as connection:
        connection.request("POST", f"/v1/trials/{TRIAL}/patients/{patient_of(key)}/adverse-events", body, headers)
        return connection.getresponse().status
