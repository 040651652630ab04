"""Happenings that wait beside the installation's log until the process that owns it takes them in: what the command
line does to accounts, and what a server could not write any more before it ended.

    installation.spool    one line of JSON a happening, made durable before whoever adds it goes on

A happening has its id from the beginning, so that one that was taken in and is still in the spool is there once.
"""

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from ledger.decisions.installation import NoteGap, NoteHappening
from ledger.record import Actor, Asked
from ledger.store.sqlite import sync_directory
from ledger.submission import Submission
from ledger.types import Frozen, Instant, Line


@dataclass(frozen=True, slots=True)
class Noted:
    """A happening on its way into the log. Sent twice under one id, it is there once."""

    command: NoteHappening | NoteGap
    by: Actor
    at: datetime
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    kept: "Future[None] | None" = None
    """Who waits for it, where somebody does."""

    @property
    def submission(self) -> Submission:
        return Submission(self.command, Asked(self.by, self.id, occurred_at=self.at))


class _Spooled(Frozen):
    """A line of the spool."""

    id: Line
    at: Instant
    who: Line
    role: Line
    site: Line | None
    authenticated: Line
    happening: NoteHappening | None = None
    gap: NoteGap | None = None

    @classmethod
    def of(cls, noted: Noted) -> "_Spooled":
        by, what = noted.by, "gap" if isinstance(noted.command, NoteGap) else "happening"
        told = {"who": by.id, "role": by.role, "site": by.site, "authenticated": by.authenticated}
        return cls.model_validate({"id": noted.id, "at": noted.at, **told, what: noted.command})

    def noted(self) -> Noted | None:
        command = self.happening or self.gap
        by = Actor(self.who, self.role, self.site, self.authenticated)
        return None if command is None else Noted(command, by, self.at, self.id)


class Spool:
    """The file of what waits. Whoever adds or takes holds its lock meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, noted: Iterable[Noted]) -> None:
        """Add happenings; they are on disk when this returns."""
        lines = "".join(f"{_Spooled.of(each).model_dump_json()}\n" for each in noted)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked(), self._path.open("a", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
            sync_directory(self._path)

    def read(self) -> tuple[Noted, ...]:
        """What waits. A line that was not written to its end belongs to something that was not done."""
        if not self._path.exists():
            return ()
        return tuple(_read(self._path.read_text(encoding="utf-8").splitlines()))

    @contextmanager
    def taking(self) -> Iterator[tuple[Noted, ...]]:
        """What waits; it waits no longer once the block ends without an error."""
        if not self._path.exists():
            yield ()
            return
        with self._locked():
            yield self.read()
            self._path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with Path(f"{self._path}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _read(lines: Iterable[str]) -> Iterator[Noted]:
    for line in lines:
        try:
            noted = _Spooled.model_validate_json(line).noted()
        except ValidationError:
            continue
        if noted is not None:
            yield noted
