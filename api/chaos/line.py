"""A line to a database, which can be slow, or cut; and which fails at the worst moment: while a COMMIT is under way.

answer lost   the server commits, and its answer never comes
never sent    the line goes down with the COMMIT; the server rolls back when it notices
late          the client loses the line at once, and the server gets the COMMIT only when it is let go
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

SOCKET: Final = ".s.PGSQL.5432"
COMMIT: Final = b"Q\x00\x00\x00\x0bCOMMIT\x00"


class Fault(StrEnum):
    answer_lost = "answer lost"
    never_sent = "never sent"
    late = "late"


class Line:
    """Passes everything on, each piece after `delay_seconds`, but for a COMMIT after `fail`: the next one, or one after
    so many others."""

    def __init__(self, server: Path, directory: Path) -> None:
        self.directory = directory
        self.failed = threading.Event()
        self.let_go = threading.Event()
        self.delay_seconds = 0.0
        self._is_cut = False
        self._ends: set[socket.socket] = set()
        self._server = server
        self._fault: Fault | None = None
        self._before = 0
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(directory / SOCKET))
        (directory / SOCKET).chmod(0o777)
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def fail(self, fault: Fault, after: int = 0) -> None:
        self._before, self._fault = after, fault

    def cut(self) -> None:
        """Nothing passes, and whoever tries is told at once; until `mend`."""
        self._is_cut = True
        for end in tuple(self._ends):
            _down(end)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self.let_go.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(str(self._server / SOCKET))
                except OSError:
                    client.close()
                    server.close()
                    continue
                lost = threading.Event()
                self._ends |= {client, server}
                if self._is_cut:
                    _down(client)
                threading.Thread(target=self._ask, args=(client, server, lost), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, server, lost), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with suppress(OSError), self._ended(server):
            while content := self._received(client):
                fault = self._fault if COMMIT in content else None
                if fault is not None and self._before > 0:
                    self._before, fault = self._before - 1, None
                if fault is not None:
                    self._fault = None
                    lost.set()
                    if fault is not Fault.answer_lost:
                        _down(client)
                        self.failed.set()
                    if fault is Fault.never_sent:
                        _down(server)
                        return
                    if fault is Fault.late:
                        self.let_go.wait()
                server.sendall(content)

    def _answer(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with suppress(OSError), self._ended(client):
            while content := self._received(server):
                if lost.is_set():
                    _down(client)
                    self.failed.set()
                    return
                client.sendall(content)

    @contextmanager
    def _ended(self, end: socket.socket) -> Iterator[None]:
        """When nothing comes from one end any more, the other one hears of it."""
        try:
            yield
        finally:
            _down(end)
            self._ends.discard(end)
            end.close()

    def _received(self, end: socket.socket) -> bytes:
        content = end.recv(1 << 16)
        if self.delay_seconds:
            threading.Event().wait(self.delay_seconds)
        return content


def _down(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
