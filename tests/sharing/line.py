"""The line to a database, which fails at the worst moment: while a COMMIT is under way.

answer lost   the server commits, and its answer never comes
never sent    the line goes down with the COMMIT; the server rolls back when it notices
late          the client loses the line at once, and the server gets the COMMIT only when it is let go
"""

import socket
import threading
from contextlib import suppress
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
    """Passes everything on, but for a COMMIT after `fail`: the next one, or one after so many others."""

    def __init__(self, server: Path, directory: Path) -> None:
        self.directory = directory
        self.failed = threading.Event()
        self.let_go = threading.Event()
        self._server = server
        self._fault: Fault | None = None
        self._before = 0
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(directory / SOCKET))
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def fail(self, fault: Fault, after: int = 0) -> None:
        self._before, self._fault = after, fault

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
                server.connect(str(self._server / SOCKET))
                lost = threading.Event()
                threading.Thread(target=self._ask, args=(client, server, lost), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, server, lost), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with suppress(OSError), server:
            while content := client.recv(1 << 16):
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
        with suppress(OSError), client:
            while content := server.recv(1 << 16):
                if lost.is_set():
                    _down(client)
                    self.failed.set()
                    return
                client.sendall(content)


def _down(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
