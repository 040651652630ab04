"""Hearing of what other processes append: one connection a process, one channel for all trials.

Who appends says so right after the commit: the schema, and the size of its log. It is a hint, and it may be lost;
positions are dense, so that whoever follows takes everything up to the head, however it came to look. Therefore one
looks as well when the connection was lost, and from time to time.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import psycopg

from ledger.store.contract import Heard

CHANNEL: Final = "trial_ledger"
LOOK_EVERY_SECONDS: Final = 10.0
AGAIN_AFTER_SECONDS: Final = 0.5
ALIVE_EVERY_SECONDS: Final = 0.25


def tell(connection: psycopg.Connection[Any], schema: str, size: int) -> None:
    """Say that a log has grown. In the appending transaction it would take a lock that all trials share, over the
    commit; after it none."""
    with suppress(psycopg.Error):
        connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{schema}/{size}"))


class Listening:
    """Who in this process follows which schema. The connection is made with the first."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connect = connect
        self._following: dict[str, list[Heard]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, schema: str, heard: Heard) -> None:
        with self._lock:
            self._following.setdefault(schema, []).append(heard)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ledger-listening", daemon=True)
                self._thread.start()

    def leave(self, schema: str, heard: Heard) -> None:
        with self._lock:
            self._following[schema].remove(heard)

    def close(self) -> None:
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            with suppress(psycopg.Error):
                self._listen()
            self._closing.wait(AGAIN_AFTER_SECONDS)

    def _listen(self) -> None:
        with self._connect() as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._look_everywhere()
            quiet_seconds = 0.0
            while not self._closing.is_set():
                for notice in connection.notifies(timeout=ALIVE_EVERY_SECONDS):
                    self._heard(notice.payload)
                    if self._closing.is_set():
                        return
                quiet_seconds += ALIVE_EVERY_SECONDS
                if quiet_seconds >= LOOK_EVERY_SECONDS:
                    quiet_seconds = 0.0
                    connection.execute("SELECT 1")
                    self._look_everywhere()

    def _heard(self, payload: str) -> None:
        schema, _, size = payload.rpartition("/")
        with self._lock:
            following = tuple(self._following.get(schema, ()))
        for heard in following:
            heard(int(size) if size.isdecimal() else None)

    def _look_everywhere(self) -> None:
        with self._lock:
            following = [heard for each in self._following.values() for heard in each]
        for heard in following:
            heard(None)
