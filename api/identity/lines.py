"""Small files of JSON lines that the server and the command line both change: read whole, written whole in one step."""

import fcntl
import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Generic, TypeVar

from pydantic import ValidationError

from ledger.errors import Unavailable
from ledger.types import Frozen

T = TypeVar("T")
L = TypeVar("L", bound=Frozen)


class AccountsUnreadable(Unavailable):
    """The file of accounts cannot be read, so nobody is admitted."""

    rule = "accounts-unreadable"


class Followed(Generic[T]):
    """What a file says now. It is looked at fifty times a second at most, and read when it is another one."""

    def __init__(
        self,
        path: Path,
        read: Callable[[Path], T],
        look_every_seconds: float = 0.02,
        changed: Callable[[T, T], None] = lambda _before, _after: None,
    ) -> None:
        self.path = path
        self._changed = changed
        self._read = read
        self._look_every_seconds = look_every_seconds
        self._looked_at = -math.inf
        self._seen: tuple[int, int, int] | None = None
        self._content: T | None = None

    def now(self) -> T:
        """The content; `AccountsUnreadable` where the file holds something else."""
        at = monotonic()
        if self._content is None or at - self._looked_at >= self._look_every_seconds:
            self.look()
            self._looked_at = at
        assert self._content is not None
        return self._content

    def look(self) -> None:
        """Look at once, as after a change of one's own."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            seen = None
        else:
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if self._content is None or seen != self._seen:
            before, self._content = self._content, self._read(self.path)
            self._seen = seen
            if before is not None:
                self._changed(before, self._content)


def read_lines(path: Path, kind: type[L]) -> Iterator[L]:
    """The lines of a file that may not be there yet; `AccountsUnreadable` names the line that is none."""
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                yield kind.model_validate_json(line)
            except ValidationError:
                raise AccountsUnreadable(f"line {number} of {path.name}") from None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone with a file that others change too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{path}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_lines(path: Path, lines: Iterable[Frozen]) -> None:
    """The whole file anew, in one step, readable by its owner alone."""
    beside = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{line.model_dump_json()}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
