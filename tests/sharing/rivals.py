"""Other processes that work on trials: real ones, which do what they are told."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final

from ledger.application import TrialLedger
from ledger.errors import LedgerError
from ledger.keyring import Keyring
from ledger.store.postgres.database import Database
from ledger.store.postgres.server import Patience
from ledger.submission import Submission
from projections.base import digest
from tests.bench import START

_SPAWN: Final = multiprocessing.get_context("spawn")
PATIENCE_SECONDS: Final = 30


class Rival:
    """A process that has a ledger of its own on one trial after another (`open`)."""

    def __init__(self, url: str, patience: Patience | None = None) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_work, args=(theirs, url, patience), daemon=True)
        self._process.start()
        theirs.close()

    def begin(self, what: str, *given: Any) -> None:
        self._pipe.send((what, *given))

    def answer(self) -> Any:
        assert self._pipe.poll(PATIENCE_SECONDS), "the rival does not answer"
        return self._pipe.recv()

    def ask(self, what: str, *given: Any) -> Any:
        self.begin(what, *given)
        return self.answer()

    def signal(self, number: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def end(self) -> None:
        self.signal(signal.SIGCONT)
        self._pipe.close()
        self._process.join(PATIENCE_SECONDS)


def _work(pipe: Connection, url: str, patience: Patience | None) -> None:
    database, opened = Database(url, patience), list[TrialLedger]()
    try:
        while True:
            what, *given = pipe.recv()
            if what == "open":
                trial, keys = given
                opened.append(TrialLedger(database.open(trial), lambda: START, keyring=Keyring(keys)))
                pipe.send(None)
            else:
                pipe.send(_DOINGS[what](opened[-1], *given))
    except EOFError:
        for ledger in opened:
            ledger.close()
        database.close()


def _submit(ledger: TrialLedger, submission: Submission) -> Any:
    try:
        return [record.position for record in ledger.submit(submission).records]
    except LedgerError as refused:
        return type(refused).__name__


def _follow(ledger: TrialLedger, size: int) -> Any:
    """Wait until the state has so many events, without asking for anything; its digest."""
    grown = threading.Event()
    stop = ledger.listen(lambda _: grown.set())
    while ledger.world.size < size and grown.wait(PATIENCE_SECONDS):
        grown.clear()
    stop()
    return ledger.world.size, digest(ledger.world)


_DOINGS: Final[dict[str, Callable[..., Any]]] = {"submit": _submit, "follow": _follow}
