"""Callers over real HTTP: each report under a key of its own, and what was answered to it."""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from threading import Event, Lock, Thread
from typing import Final

from api.chaos.trial import ONSET, TRIAL, patient_of
from api.demo.server import HOST

PATIENCE_SECONDS: Final = 60
BACK_OFF_SECONDS: Final = 0.05


@dataclass
class Callers:
    """Some callers, and what they know. `sent`: every key that was asked; `acknowledged`: those with their position."""

    port: int
    token: str
    acknowledged: dict[str, int] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    contradictions: list[str] = field(default_factory=list)
    """Keys that were answered twice, with different positions."""
    stopping: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)
    _threads: list[Thread] = field(default_factory=list)

    def report(self, connection: HTTPConnection, key: str, patient: str | None = None) -> int:
        """Send the report under a key; the status."""
        self.sent.add(key)
        body = json.dumps({"term": f"Event {key}", "serious": False, "onset_at": ONSET})
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        }
        path = f"/v1/trials/{TRIAL}/patients/{patient or patient_of(key)}/adverse-events"
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        self._take(key, answer.status, answer.read())
        return answer.status

    def _take(self, key: str, status: int, content: bytes) -> None:
        with self._lock:
            self.statuses[status] += 1
            if status not in (200, 201):
                self.problems[json.loads(content)["type"]] += 1
                return
            position = json.loads(content)["positions"][0]
            if self.acknowledged.setdefault(key, position) != position:
                self.contradictions.append(key)

    def start(self, callers: int, name: str) -> None:
        """Call from so many threads until `stop`."""
        self.stopping.clear()
        self._threads = [Thread(target=self._call, args=(f"{name}-{each}",)) for each in range(callers)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join()

    def _call(self, name: str) -> None:
        number = 0
        while not self.stopping.is_set():
            with closing(self.connection()) as connection:
                try:
                    while not self.stopping.is_set():
                        number += 1
                        if self.report(connection, f"{name}-{number:06}") >= 500:
                            self.stopping.wait(BACK_OFF_SECONDS)
                except (OSError, HTTPException):
                    self.stopping.wait(BACK_OFF_SECONDS)

    def settle(self, keys: Iterable[str]) -> None:
        """Ask once more for each of these keys, as a client does whose answer never came."""
        with closing(self.connection()) as connection:
            for key in sorted(keys):
                self.report(connection, key)

    @property
    def unanswered(self) -> set[str]:
        return self.sent - self.acknowledged.keys()

    def connection(self) -> HTTPConnection:
        return HTTPConnection(HOST, self.port, timeout=PATIENCE_SECONDS)
