"""What is told of those whom nobody knows, so that they cannot fill the installation's log.

Equal refusals within one batch are one, with their number. Of who knows no token, `AT_ONCE` different ones are told at
once and one a second on average, from however many addresses; what is beyond that is counted, by problem and status,
and told once a minute. Refusals of a known account are all told: their number is bounded where they are refused.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ledger.decisions.installation import NoteHappening
from ledger.record import Actor
from ledger.spool import Noted

UNKNOWN: Final = "unknown"
"""Who acted, in which role, where nobody is known."""

AT_ONCE: Final = 60
EVERY: Final = timedelta(seconds=1)
BEYOND_EVERY: Final = timedelta(minutes=1)

SEVERAL: Final = "several"
"""What was asked for, where many things were."""

REFUSED: Final = ("log-in-refused", 401)
"""How a log-in of an account that does not exist was answered."""

Answered = tuple[str | None, int | None]


class Strangers:
    """How much of those whom nobody knows may still be told, and what was not told yet."""

    def __init__(self) -> None:
        self._left = float(AT_ONCE)
        self._since: datetime | None = None
        self._beyond: dict[Answered, Noted] = {}

    def told(self, batch: Iterable[Noted], now: datetime, *, last: bool = False) -> list[Noted]:
        """What of a batch is written, with what was counted meanwhile, once that is due; `last`: all of it."""
        written = [each for each in told_once(batch) if not _of_nobody(each) or self._take(each)]
        due = [answered for answered, each in self._beyond.items() if last or now - each.at >= BEYOND_EVERY]
        return [*written, *(self._beyond.pop(answered) for answered in due)]

    def _take(self, noted: Noted) -> bool:
        """Whether there is room for one more; otherwise it is counted."""
        passed = (noted.at - (self._since or noted.at)) / EVERY
        self._left = min(float(AT_ONCE), self._left + max(0.0, passed))
        self._since = noted.at
        if self._left >= 1:
            self._left -= 1
            return True
        self._count(noted)
        return False

    def _count(self, noted: Noted) -> None:
        assert isinstance(noted.command, NoteHappening)
        problem, status = _answered(noted.command)
        before, times = self._beyond.get((problem, status)), noted.command.times_count
        if before is not None and isinstance(before.command, NoteHappening):
            more = before.command.model_copy(update={"times_count": before.command.times_count + times})
            self._beyond[problem, status] = replace(before, command=more)
            return
        many = NoteHappening(
            happening="request-refused", about=SEVERAL, problem=problem, status=status, times_count=times
        )
        self._beyond[problem, status] = replace(noted, command=many)


def _of_nobody(noted: Noted) -> bool:
    command = noted.command
    return (
        noted.by.id == noted.by.role == UNKNOWN
        and isinstance(command, NoteHappening)
        and command.happening in ("request-refused", "log-in-failed")
    )


def _answered(command: NoteHappening) -> Answered:
    return REFUSED if command.happening == "log-in-failed" else (command.problem, command.status)


def told_once(batch: Iterable[Noted]) -> Iterator[Noted]:
    """Equal refusals at the door as one, with their number."""
    equal: dict[tuple[Actor, NoteHappening], list[Noted]] = {}
    for each in batch:
        command = each.command
        if isinstance(command, NoteHappening) and command.happening == "request-refused" and command.times_count == 1:
            equal.setdefault((each.by, command.model_copy(update={"request_id": None})), []).append(each)
        else:
            yield each
    for (_, command), found in equal.items():
        many = command.model_copy(update={"times_count": len(found)})
        yield found[0] if len(found) == 1 else replace(found[0], command=many)
