"""What has to be answered in time: one thread looks, and cuts the line of a connection that waits too long."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg

LOOK_EVERY_SECONDS: Final = 0.2


class Deadlines:
    """The waits that are under way, each with its end."""

    def __init__(self) -> None:
        self._waits: dict[socket.socket, float] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        self._closing.set()

    @contextmanager
    def within(self, seconds: float, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """What is asked on the connection meanwhile is answered in time, or the connection is lost."""
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            with self._lock:
                self._waits[line] = time.monotonic() + seconds
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="ledger-deadlines", daemon=True)
                    self._thread.start()
            try:
                yield
            finally:
                with self._lock:
                    del self._waits[line]

    def _run(self) -> None:
        while not self._closing.wait(LOOK_EVERY_SECONDS):
            with self._lock:
                for line, end in self._waits.items():
                    if time.monotonic() > end:
                        with suppress(OSError):
                            line.shutdown(socket.SHUT_RDWR)
