"""The trials of an installation: files of a directory, or schemas of a database, opened on demand, closed when nobody
uses them.

Whoever uses a trial has taken it, and gives it back: a request until its last byte is sent, an event stream as long as
somebody listens. What is taken is not closed. What is not is closed after a while, and, the least recently used first,
when more trials are open than may be. Closing makes the last round of signing that is due.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from ledger.application import TrialLedger, system_clock
from ledger.decisions.setup import RegisterTrial
from ledger.keyring import DIRECTORY, Keyring
from ledger.keyroom import KeyRoom
from ledger.measures import WriterMeasures
from ledger.notary import Notary
from ledger.refusals import NoSuchTrial
from ledger.rounds import WORKERS, Rounds
from ledger.store.contract import Store, Trials
from ledger.store.errors import AlreadyThere
from ledger.store.sqlite import Directory
from ledger.submission import Receipt, Submission
from ledger.timekeeping import Clock, StoryClock
from ledger.unbegun import decided_on_nothing

OPEN_TRIALS: Final = 1000
IDLE_MINUTES: Final = 30


def _keyring_in(trials: Path | Trials) -> Keyring:
    assert isinstance(trials, Path), "where the keys of texts in a database are has to be said"
    return Keyring(trials / DIRECTORY)


@dataclass(slots=True)
class _Place:
    """Where one trial stands. `changing` is held while it is opened or closed: who wants it meanwhile waits."""

    changing: threading.Lock = field(default_factory=threading.Lock)
    ledger: TrialLedger | None = None
    notary: Notary | None = None
    users: int = 0
    used_at: float = 0.0

    @property
    def may_be_closed(self) -> bool:
        """Nobody uses it. What was found to be altered stays open, so that it goes on to say so."""
        return self.ledger is not None and self.users == 0 and self.ledger.corrupt is None


class Shelf:
    """Every trial of a directory, or of another place. `story_from`: training ledgers run on a story clock that begins
    there. `keys`: where the keys of their logs are; without it no head is signed here. `keyring`: the keys of their
    texts; in the directory, unless it is said. `signed_only`: what has to be signed is refused without a signature."""

    def __init__(
        self,
        trials: Path | Trials,
        story_from: datetime | None = None,
        keys: Path | None = None,
        keyring: Keyring | None = None,
        *,
        signed_only: bool = False,
        open_trials: int = OPEN_TRIALS,
        idle_minutes: int = IDLE_MINUTES,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._trials = Directory(trials) if isinstance(trials, Path) else trials
        self.measures = WriterMeasures()
        self._story_from = story_from
        self._signed_only = signed_only
        self._rounds = Rounds()
        self._story_clocks: dict[str, StoryClock] = {}
        self._keys = KeyRoom(keys) if keys is not None else None
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()
        self._open_trials, self._idle_seconds = open_trials, idle_minutes * 60
        self._steady = steady
        self._closing = threading.Event()
        self._tidying: threading.Thread | None = None
        self.keyring = keyring or _keyring_in(trials)
        self._keys_in_use = ExitStack()
        self._keys_in_use.enter_context(self.keyring.in_use())

    def names(self) -> Sequence[str]:
        return self._trials.names()

    def has(self, trial_id: str) -> bool:
        """Whether a trial of this name stands here."""
        return trial_id in self._places or trial_id in self.names()

    def take(self, trial_id: str) -> TrialLedger:
        """A trial's ledger, opened if it is not, and open until it is given back; `NoSuchTrial` where there is none."""
        place = self._taken(trial_id)
        try:
            with place.changing:
                if place.ledger is None:
                    self._open(trial_id, place)
                ledger = place.ledger
            assert ledger is not None, "what is opened is there"
        except BaseException:
            self.give_back(trial_id)
            raise
        self._close_what_is_too_much()
        return ledger

    def take_open(self, trial_id: str) -> TrialLedger | None:
        """The same for a trial that is open already: at once."""
        with self._lock:
            place = self._places.get(trial_id)
            if place is None or place.ledger is None:
                return None
            place.users += 1
            return place.ledger

    def give_back(self, trial_id: str) -> None:
        with self._lock:
            place = self._places[trial_id]
            place.users -= 1
            place.used_at = self._steady()
            if place.ledger is None and place.users == 0:
                del self._places[trial_id]

    @contextmanager
    def using(self, trial_id: str) -> Iterator[TrialLedger]:
        """A trial, taken for a while."""
        ledger = self.take(trial_id)
        try:
            yield ledger
        finally:
            self.give_back(trial_id)

    def trial(self, trial_id: str) -> TrialLedger:
        """A trial that is looked at once."""
        with self.using(trial_id) as ledger:
            return ledger

    def visit(self) -> Iterator[tuple[str, TrialLedger]]:
        """Every trial that is open, each kept open meanwhile. A visit keeps nothing from being closed afterwards."""
        for name, place in [*self._places.items()]:
            with self._lock:
                ledger = place.ledger
                place.users += ledger is not None
            if ledger is None:
                continue
            try:
                yield name, ledger
            finally:
                with self._lock:
                    place.users -= 1

    def opened(self) -> dict[str, TrialLedger]:
        """The trials that are open now."""
        with self._lock:
            return {name: place.ledger for name, place in self._places.items() if place.ledger is not None}

    def notary(self, trial_id: str) -> Notary | None:
        """Who has the heads of an open trial's log signed; none where that is done elsewhere, or not at all."""
        with self._lock:
            place = self._places.get(trial_id)
            return place.notary if place is not None else None

    def register(self, submission: Submission) -> Receipt:
        """Begin a trial's ledger. A file is made only for a registration that stands, a schema beforehand by somebody
        who may; asked again, it is answered from the log."""
        command = submission.command
        assert isinstance(command, RegisterTrial)
        try:
            return self._registered(command, submission)
        except NoSuchTrial:
            clock = self._clock_of(command)
            done = decided_on_nothing(submission, clock())
            if submission.dry_run:
                return Receipt(done.records, (), dry_run=True)
        place = self._taken(command.trial_id)
        try:
            with place.changing, suppress(AlreadyThere):
                if place.ledger is None:
                    place.ledger = self._on(self._trials.create(command.trial_id), clock)
            return self._registered(command, submission)
        finally:
            self.give_back(command.trial_id)

    def _registered(self, command: RegisterTrial, submission: Submission) -> Receipt:
        place = self._taken(command.trial_id)
        try:
            with self.using(command.trial_id) as ledger:
                if ledger.world.size == 0:
                    ledger.clock = self._clock_of(command)
                receipt = ledger.submit(submission)
            with place.changing:
                self._notarise(command.trial_id, place)
            return receipt
        finally:
            self.give_back(command.trial_id)

    def _taken(self, trial_id: str) -> _Place:
        with self._lock:
            place = self._places.setdefault(trial_id, _Place())
            place.users += 1
            return place

    def _open(self, trial_id: str, place: _Place) -> None:
        if trial_id not in self.names():
            raise NoSuchTrial(f"trial {trial_id}")
        ledger = self._on(self._trials.open(trial_id))
        registered = ledger.world.trial.registered
        if self._story_from is not None and registered is not None and registered.training:
            begins = max(self._story_from, ledger.world.recorded_at or self._story_from)
            ledger.clock = self._story_clocks.setdefault(trial_id, StoryClock(begins))
        place.ledger = ledger
        self._notarise(trial_id, place)
        self._tidy_from_time_to_time()

    def _on(self, store: Store, clock: Clock = system_clock) -> TrialLedger:
        ledger = TrialLedger(store, clock, keyring=self.keyring, measures=self.measures)
        ledger.signed_only = self._signed_only
        return ledger

    def _notarise(self, trial_id: str, place: _Place) -> None:
        if self._keys is None or place.ledger is None or place.notary is not None:
            return
        place.notary = self._keys.notary(trial_id, place.ledger)
        if place.notary is not None:
            place.notary.start(self._rounds)

    def _clock_of(self, command: RegisterTrial) -> Clock:
        if command.training and self._story_from is not None:
            return self._story_clocks.setdefault(command.trial_id, StoryClock(self._story_from))
        return system_clock

    def tidy(self) -> None:
        """Close what nobody has used for a while."""
        before = self._steady() - self._idle_seconds
        for trial_id, used_at in self._unused():
            if used_at <= before:
                self._close(trial_id)

    def _close_what_is_too_much(self) -> None:
        for trial_id, _ in self._unused():
            if len(self.opened()) <= self._open_trials:
                return
            self._close(trial_id)

    def _unused(self) -> list[tuple[str, float]]:
        """The trials that may be closed, and when each was used last: the least recently used first."""
        with self._lock:
            found = [(name, place.used_at) for name, place in self._places.items() if place.may_be_closed]
        return sorted(found, key=lambda each: each[1])

    def _close(self, trial_id: str, *, whoever_uses_it: bool = False) -> None:
        """Close a trial, unless somebody has taken it meanwhile. Who asks for it now opens it anew, afterwards."""
        with self._lock:
            place = self._places.get(trial_id)
        if place is None:
            return
        with place.changing:
            with self._lock:
                if not (place.may_be_closed or whoever_uses_it):
                    return
                ledger, notary = place.ledger, place.notary
                place.ledger = place.notary = None
            if notary is not None:
                notary.close()
            if ledger is not None:
                ledger.close()
            with self._lock:
                if place.users == 0:
                    self._places.pop(trial_id, None)

    def _tidy_from_time_to_time(self) -> None:
        with self._lock:
            if self._tidying is None:
                self._tidying = threading.Thread(target=self._tidy_until_closed, name="shelf", daemon=True)
                self._tidying.start()

    def _tidy_until_closed(self) -> None:
        while not self._closing.wait(max(1.0, self._idle_seconds / 10)):
            self.tidy()

    def close(self) -> None:
        self._closing.set()
        if self._tidying is not None:
            self._tidying.join()
        with ThreadPoolExecutor(WORKERS) as pool:  # each makes the last round that is due
            list(pool.map(lambda trial_id: self._close(trial_id, whoever_uses_it=True), [*self._places]))
        self._rounds.close()
        self._trials.close()
        self._keys_in_use.close()
