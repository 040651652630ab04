"""F9. The database's primary is killed under load, and its standby becomes the primary.

The control has a standby that nobody waits for. It has to lose what was acknowledged, and a server that knows more than
the new primary has to stop writing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event
from typing import Final

from api.chaos.calling import Callers
from api.chaos.database import Place
from api.chaos.judging import Judgement
from api.chaos.outcome import Outcome, Task, summed
from api.chaos.pair import Pair, a_pair

CALLERS: Final = 8
CONTROLS: Final = 3
"""At most; one that loses nothing, by chance, is followed by another."""
DELAY_SECONDS: Final = 0.1
"""To the standby; on one machine, with none, an asynchronous one would lose almost nothing."""
PATIENCE_SECONDS: Final = 30.0
ALTERED: Final = "corrupt"
LOOK_EVERY_SECONDS: Final = 0.01
ON_THEIR_WAY_SECONDS: Final = 0.05
"""For answers that the server had given before."""


@dataclass(frozen=True, slots=True)
class Failover:
    """One failover, and what its callers knew after it. `outage_seconds`: from the kill to the first acknowledgement
    after it; none came where the server stopped, since it knows more than the new primary. `unsettled`: keys without an
    answer, asked once more."""

    judgement: Judgement
    outage_seconds: float | None
    contradictions: tuple[str, ...]
    unsettled: frozenset[str]


def failovers(
    directory: Path, waits: Sequence[bool], chance: Random, after_seconds: tuple[float, float] = (0.3, 0.8)
) -> list[Failover]:
    """One failover after another under one server, until that stops: each after some time of load, and each time with a
    standby made anew out of what the old primary was, waited for or not."""
    with a_pair(waits=waits[0]) as pair:
        place = Place(directory, pair.url)
        server = place.server("server")
        callers, done = Callers(server.port, place.token), list[Failover]()
        server.start()
        for number, waited_for in enumerate(waits):
            if number:
                pair.waits = waited_for
                pair.follow()
            done.append(_one(pair, place, callers, f"{number}", chance.uniform(*after_seconds)))
            if done[-1].outage_seconds is None:
                break
        server.stop()
        return done


def _one(pair: Pair, place: Place, callers: Callers, name: str, after_seconds: float) -> Failover:
    pair.line.delay_seconds = DELAY_SECONDS
    callers.start(CALLERS, name)
    Event().wait(after_seconds)
    known = len(callers.acknowledged)
    until(lambda: len(callers.acknowledged) > known)
    killed_at = time.monotonic()
    pair.lose_the_primary()
    Event().wait(ON_THEIR_WAY_SECONDS)
    known = len(callers.acknowledged)
    pair.promote()
    until(lambda: len(callers.acknowledged) > known or any(ALTERED in problem for problem in callers.problems))
    goes_on = len(callers.acknowledged) > known
    outage = time.monotonic() - killed_at if goes_on else None
    Event().wait(0.2)
    callers.stop()
    if goes_on:
        callers.settle(callers.unanswered)
    return Failover(place.judged(callers), outage, tuple(callers.contradictions), frozenset(callers.unanswered))


def until(there: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether something comes about in time."""
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            return False
        Event().wait(LOOK_EVERY_SECONDS)
    return True


def fail_over(task: Task) -> Outcome:
    """The same server goes on with the new primary by itself. The control comes last: after it the trial has lost
    something, and the server has stopped."""
    found = failovers(task.place("failing-over"), [True] * task.times + [False] * CONTROLS, task.chance)
    done, controls = found[: task.times], found[task.times :]
    wrong = [f"{key}: answered with two positions" for key in done[-1].contradictions]
    wrong += [f"{key}: never settled" for key in done[-1].unsettled]
    wrong += ["the server did not go on by itself" for each in done if each.outage_seconds is None]
    lost = sum(each.judgement.lost for each in controls)
    went_on = lost and controls[-1].outage_seconds is not None
    wrong += ["the server went on where something was lost"] if went_on else []
    outage = max(each.outage_seconds or 0.0 for each in done)
    known = found[-1].judgement.acknowledged - done[-1].judgement.acknowledged
    told = f"writing went on after at most {outage:.1f} s; asynchronous replication lost {lost} of {known}"
    every = summed([each.judgement for each in done])
    wrong = [*every.wrong, *dict.fromkeys(wrong)]
    return Outcome(task.times, done[-1].judgement.acknowledged, every.lost, tuple(wrong), told, lost > 0)
