"""The log of an installation at work: what happens at its door is noted at once and written a moment later, by one
thread, all that waits in one append.

    note    takes a happening and returns; it is on disk within `EVERY`
    keep    the same, at once, and the caller waits for the commit: nothing is exported before it

A log that cannot be written stops nobody: what is noted waits for it, up to `capacity`, and `keep` fails. What does not
fit is counted. Once the log can be written again, a `GapRecorded` says from when to when it could not be, and how much
was lost. What still waits when the server ends goes to the spool beside the log, and is taken in with the next start;
so does what the command line does to accounts, at once.
"""

import secrets
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ledger.application import BY_ITSELF, TrialLedger, system_clock
from ledger.decisions.docket import Command
from ledger.decisions.installation import NoteGap, NoteHappening, OpenInstallation
from ledger.errors import Corrupt, LedgerError, Unavailable
from ledger.keyring import Keyring
from ledger.keyroom import KeyRoom
from ledger.notary import Notary
from ledger.record import INSTALLATION, Actor, Asked
from ledger.rounds import Rounds
from ledger.spool import Noted, Spool
from ledger.store.errors import OutcomeUnknown, WriterClosed
from ledger.strangers import Strangers
from ledger.submission import Submission
from ledger.timekeeping import Clock

EVERY: Final = timedelta(milliseconds=500)
CAPACITY: Final = 10_000
MOST_AT_ONCE: Final = 500
PATIENCE_SECONDS: Final = 5.0
"""How long `keep` and `settle` wait."""

FILE: Final = f"{INSTALLATION}.ledger"


def spool_of(directory: Path) -> Spool:
    """Where happenings of a directory wait for the process that owns its log."""
    return Spool(directory / f"{INSTALLATION}.spool")


class LogUnavailable(Unavailable):
    """The installation's log cannot be written now; what has to be on record first waits for it."""

    rule = "installation-log"


@dataclass(slots=True)
class _Gap:
    """Since when the log could not be written, and how much of what happened was lost since."""

    since: datetime
    not_kept_count: int = 0


class InstallationLog:
    """The log of a directory. It is opened, or begun, by the thread that writes it, when that starts."""

    def __init__(
        self,
        directory: Path,
        origin: str,
        keys: Path | None = None,
        keyring: Keyring | None = None,
        clock: Clock = system_clock,
        capacity: int = CAPACITY,
    ) -> None:
        self.path, self.spool = directory / FILE, spool_of(directory)
        self._origin, self._keys, self._clock, self._capacity = origin, keys, clock, capacity
        self._keyring = keyring
        self._waiting: deque[Noted] = deque()
        self._changed = threading.Condition()
        self._urgent = self._closed = self._busy = False
        self._ledger: TrialLedger | None = None
        self._notary: Notary | None = None
        self._heads = Rounds(workers=1)
        self._rounds = 0
        self._gap: _Gap | None = None
        self._corrupt: Corrupt | None = None
        self._strangers = Strangers()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write; until then what is noted waits."""
        self._thread = threading.Thread(target=self._run, name="installation-log", daemon=True)
        self._thread.start()

    def note(self, command: NoteHappening, by: Actor) -> None:
        """Keep a happening; never waits, never fails."""
        self._put(Noted(command, by, self._clock()))

    def keep(self, command: NoteHappening, by: Actor) -> "Future[None]":
        """Keep a happening now: done with its commit, or failed with `LogUnavailable`."""
        kept: Future[None] = Future()
        if not self._put(Noted(command, by, self._clock(), kept=kept)):
            kept.set_exception(LogUnavailable("the log of the installation is behind"))
        return kept

    def settle(self, seconds: float = PATIENCE_SECONDS) -> bool:
        """Try at once to write what was noted so far; whether nothing of it waits any more."""
        with self._changed:
            due = self._rounds + (2 if self._busy else 1)
            self._urgent = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._rounds >= due or self._thread is None, timeout=seconds)
            return self._gap is None and not self._waiting

    @property
    def ledger(self) -> TrialLedger | None:
        """What is to be read from; none before it was opened, or while it cannot be."""
        return self._ledger

    def close(self) -> None:
        """Write what waits, or spool it, and let the file go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._heads.close()
        self._let_go()

    def _put(self, noted: Noted) -> bool:
        with self._changed:
            if len(self._waiting) >= self._capacity:
                self._gap = self._gap or _Gap(noted.at)
                self._gap.not_kept_count += 1
                return False
            self._waiting.append(noted)
            self._urgent = self._urgent or noted.kept is not None
            self._changed.notify_all()
            return True

    def _run(self) -> None:
        while not self._closed:
            batch = self._take()
            try:
                self._write(batch)
            except (LedgerError, OSError) as fault:
                self._failed(batch, fault)
            finally:
                with self._changed:
                    self._busy, self._rounds = False, self._rounds + 1
                    self._changed.notify_all()
        self._end()

    def _take(self) -> list[Noted]:
        """What waits, once that is due: after a moment, or at once where somebody waits for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._urgent or self._closed, timeout=EVERY.total_seconds())
            self._urgent, self._busy = False, True
            batch = list(self._waiting)
            self._waiting.clear()
        return self._strangers.told(batch, self._clock(), last=self._closed)

    def _write(self, batch: Sequence[Noted]) -> None:
        gap = self._gap_so_far()
        try:
            with self.spool.taking() as spooled:
                ledger, told = self._opened(), [] if gap is None else [self._noted(gap)]
                self._append(ledger, [each.submission for each in (*told, *spooled, *batch)])
        except BaseException:
            if gap is not None:
                self._lost(gap.not_kept_count, gap.since)
            raise
        for each in batch:
            if each.kept is not None:
                each.kept.set_result(None)

    def _gap_so_far(self) -> _Gap | None:
        with self._changed:
            gap, self._gap = self._gap, None
            return gap

    def _noted(self, gap: _Gap) -> Noted:
        now = self._clock()
        return Noted(NoteGap(from_at=gap.since, until_at=now, not_kept_count=gap.not_kept_count), BY_ITSELF, now)

    def _append(self, ledger: TrialLedger, submissions: list[Submission]) -> None:
        """All of them; the first fault of the store is raised. What no log takes is our mistake, and counts as lost."""
        for first in range(0, len(submissions), MOST_AT_ONCE):
            for answer in ledger.submit_all(submissions[first : first + MOST_AT_ONCE]):
                if isinstance(answer, Unavailable):
                    raise answer
                if isinstance(answer, Exception):
                    self._lost(1)

    def _opened(self) -> TrialLedger:
        if self._corrupt is not None:
            raise self._corrupt
        if self._ledger is None:
            begin = TrialLedger.open if self.path.exists() else TrialLedger.create
            ledger = begin(self.path, self._clock, self._keyring)
            if ledger.world.origin is None:
                ledger.submit(_by_itself(OpenInstallation(origin=self._origin)))
            self._ledger = ledger
            self._notarise(ledger)
        return self._ledger

    def _notarise(self, ledger: TrialLedger) -> None:
        self._notary = KeyRoom(self._keys).notary(INSTALLATION, ledger) if self._keys is not None else None
        if self._notary is not None:
            self._notary.start(self._heads)

    def _failed(self, batch: Sequence[Noted], fault: LedgerError | OSError) -> None:
        """Who waits is told; the rest waits for the next time, in order. A file that was altered needs a person."""
        if isinstance(fault, Corrupt):
            self._corrupt = fault
        if isinstance(fault, Corrupt | OutcomeUnknown | WriterClosed):
            self._let_go()
        with self._changed:
            self._gap = self._gap or _Gap(batch[0].at if batch else self._clock())
            again = [each for each in batch if each.kept is None]
            self._waiting.extendleft(reversed(again))
        for each in batch:
            if each.kept is not None:
                each.kept.set_exception(LogUnavailable("the log of the installation cannot be written"))

    def _lost(self, count: int, since: datetime | None = None) -> None:
        with self._changed:
            before = self._gap or _Gap(self._clock())
            self._gap = _Gap(since or before.since, before.not_kept_count + count)

    def _end(self) -> None:
        """The last happenings; those for which the log cannot be written go to the spool."""
        batch = self._take()
        try:
            self._write(batch)
        except (LedgerError, OSError) as fault:
            self._failed(batch, fault)
        left = [each for each in self._waiting if each.kept is None]
        if self._gap is not None:
            left.insert(0, self._noted(self._gap))
        if left:
            self.spool.add(left)

    def _let_go(self) -> None:
        if self._notary is not None:
            self._notary.close()
        if self._ledger is not None:
            self._ledger.close()
        self._notary = self._ledger = None


def _by_itself(command: Command) -> Submission:
    return Submission(command, Asked(BY_ITSELF, secrets.token_hex(16)))
