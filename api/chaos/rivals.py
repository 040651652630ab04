"""F13, F14, F15, F17. Others on the same trial: a second server, one that was paused, ten times the load, a backup."""

import signal
from threading import Event
from typing import Final

import httpx2

from api.chaos.calling import Callers
from api.chaos.judging import judge
from api.chaos.outcome import Outcome, Task
from api.chaos.serving import Server
from api.chaos.trial import TRIAL, a_trial, file_in
from ledger.errors import LedgerError
from ledger.store.backup import backup
from ledger.store.sqlite import SqliteStore

CALLERS: Final = 8
OVERLOAD: Final = 80


def open_twice(task: Task) -> Outcome:
    """A second server on the same directory takes no write while the first one lives, also while that one is stopped
    in the middle of its work; killed, it makes room."""
    directory = task.place("rivals")
    token = a_trial(directory)
    first, second = Server(directory), Server(directory)
    callers, others = Callers(first.port, token), Callers(second.port, token)
    first.start()
    callers.start(CALLERS, "first")
    Event().wait(0.2)
    second.start()
    wrong: list[str] = []
    for number in range(task.times):
        first.signalled(signal.SIGSTOP)
        others.start(2, f"second-{number}")
        Event().wait(0.5)
        others.stop()
        first.signalled(signal.SIGCONT)
        Event().wait(0.3)
    wrong += [f"the second server acknowledged {key}" for key in list(others.acknowledged)[:1]]
    wrong += [f"the second server answered with {status}" for status in others.statuses if status != 503]
    first.kill()
    callers.stop()
    others.settle(sorted(others.sent)[:20])
    second.stop()
    wrong += [] if others.acknowledged else ["the second server does not take over"]
    known = {**callers.acknowledged, **others.acknowledged}
    found = judge(directory, known, callers.sent | others.sent)
    told = f"{others.statuses[503]} answers of the second: 503"
    return Outcome(task.times, found.acknowledged, found.lost, (*found.wrong, *wrong), told, others.statuses[503] > 0)


def overload(task: Task) -> Outcome:
    """Ten times as many callers: answers of success, 429 or 503 with Retry-After, memory that does not grow with it."""
    directory = task.place("overload")
    server = Server(directory)
    callers = Callers(server.port, a_trial(directory))
    server.start()
    callers.start(CALLERS, "usual")
    Event().wait(1.0)
    callers.stop()
    before = _resident_bytes(server)
    for number in range(task.times):
        callers.start(OVERLOAD, f"overload-{number}")
        Event().wait(1.5)
        callers.stop()
    after = _resident_bytes(server)
    server.stop()
    found = judge(directory, callers.acknowledged, callers.sent)
    wrong = [f"{status} was answered" for status in callers.statuses if status not in (200, 201, 429, 503)]
    grown = (after - before) / max(1, len(callers.acknowledged))
    wrong += [f"{grown:,.0f} bytes of memory an event"] if grown > 50_000 else []
    told = f"{before >> 20} MiB before, {after >> 20} MiB after"
    return Outcome(task.times * OVERLOAD, found.acknowledged, found.lost, (*found.wrong, *wrong), told)


def _resident_bytes(server: Server) -> int:
    assert server.process is not None
    with open(f"/proc/{server.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def copy_under_load(task: Task) -> Outcome:
    """Backups while it is written: each is a prefix of the log, with the root that the log had then."""
    directory = task.place("backup")
    server = Server(directory)
    callers = Callers(server.port, a_trial(directory))
    server.start()
    callers.start(CALLERS, "backup")
    copies, wrong = [], list[str]()
    for number in range(task.times):
        Event().wait(0.1)
        copies.append(directory / f"copy-{number}.ledger-copy")
        try:
            backup(file_in(directory), copies[-1])
        except LedgerError as error:
            wrong.append(f"copy {number}: {type(error).__name__}")
    callers.stop()
    server.stop()
    with SqliteStore.open(file_in(directory), read_only=True) as store:
        leaves = [store.leaf(position) for position in range(store.size)]
    for path in copies:
        with SqliteStore.open(path, read_only=True) as copy:
            if [copy.leaf(position) for position in range(copy.size)] != leaves[: copy.size]:
                wrong.append(f"{path.name} is no prefix")
    found = judge(directory, callers.acknowledged, callers.sent)
    return Outcome(len(copies), found.acknowledged, found.lost, (*found.wrong, *wrong))


def malformed(task: Task) -> Outcome:
    """Bodies, paths and headers that were spoilt by chance: 4xx, never 5xx, and nothing appended."""
    directory = task.place("malformed")
    token = a_trial(directory)
    server = Server(directory)
    server.start()
    good = b'{"term": "Fever", "serious": false, "onset_at": "2026-01-05T07:00:00Z"}'
    wrong: list[str] = []
    with httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}) as http:
        path = f"/v1/trials/{TRIAL}"
        size = http.get(path).json()["size"]
        for number in range(task.times):
            spoilt = bytearray(good)
            for _ in range(task.chance.randrange(1, 6)):
                at = task.chance.randrange(len(spoilt))
                spoilt[at : at + task.chance.randrange(2)] = task.chance.choice(SPOILERS)
            headers = {"Idempotency-Key": f"spoilt-{number:06}", "Content-Type": "application/json"}
            asked = http.post(
                f"{path}/patients/001/adverse-events?dry_run=true", content=bytes(spoilt), headers=headers
            )
            if asked.status_code >= 500 or asked.status_code == 201:
                wrong.append(f"{asked.status_code} for {bytes(spoilt)!r}")
        grown = http.get(path).json()["size"] - size
    server.stop()
    wrong += [f"{grown} events were appended"] if grown else []
    return Outcome(task.times, 0, 0, tuple(wrong))


SPOILERS: Final = (
    b'"', b"{", b"}", b"[", b"\x00", b"\xff", b"\xed\xa0\x80", b"1e400", b"NaN", b"-", b"\\ud800", b",", b":", b"null",
    b"true", b'"term":"x",', b"9" * 400, b"[" * 200, b"\xe2\x80\xae",
)  # fmt: skip
