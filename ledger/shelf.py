"""The trials of an installation: files of a directory, or schemas of a database, opened on demand."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

from ledger.application import TrialLedger, system_clock
from ledger.decisions.carry_out import carry_out
from ledger.decisions.docket import Docket
from ledger.decisions.setup import RegisterTrial
from ledger.keyring import DIRECTORY, Keyring
from ledger.keyroom import KeyRoom
from ledger.notary import Notary
from ledger.record import Record
from ledger.refusals import NoSuchRecord, NoSuchTrial
from ledger.rounds import WORKERS, Rounds
from ledger.store.contract import Trials
from ledger.store.errors import AlreadyThere
from ledger.store.sqlite import Directory
from ledger.submission import Receipt, Submission
from ledger.timekeeping import Clock, StoryClock
from ledger.world import World


def _keyring_in(trials: Path | Trials) -> Keyring:
    assert isinstance(trials, Path), "where the keys of texts in a database are has to be said"
    return Keyring(trials / DIRECTORY)


class _NoArchive:
    """Before the first event there is nothing to look up."""

    def record(self, position: int) -> Record:
        raise NoSuchRecord(f"position {position}")

    def text(self, commitment: str) -> str | None:  # noqa: ARG002 - the archive's signature
        return None

    def is_kept(self, commitment: str) -> bool:  # noqa: ARG002 - the archive's signature
        return False

    def texts_about(self, subjects: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG002 - the archive's signature
        return ()


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
    ) -> None:
        self._trials = Directory(trials) if isinstance(trials, Path) else trials
        self._signed_only = signed_only
        self._story_from = story_from
        self._keys = KeyRoom(keys) if keys is not None else None
        self._open: dict[str, TrialLedger] = {}
        self._notaries: dict[str, Notary] = {}
        self._rounds = Rounds()
        self._lock = threading.Lock()
        self.keyring = keyring or _keyring_in(trials)
        self._keys_in_use = ExitStack()
        self._keys_in_use.enter_context(self.keyring.in_use())

    def names(self) -> Sequence[str]:
        return self._trials.names()

    def trial(self, trial_id: str) -> TrialLedger:
        """A trial's ledger, opened if it is not; `NoSuchTrial` where there is none."""
        with self._lock:
            if trial_id not in self._open:
                if trial_id not in self.names():
                    raise NoSuchTrial(f"trial {trial_id}")
                self._open[trial_id] = self._opened(trial_id)
                self._notarise(trial_id)
            return self._open[trial_id]

    def notary(self, trial_id: str) -> Notary | None:
        """Who has the heads of an open trial's log signed; none where that is done elsewhere, or not at all."""
        return self._notaries.get(trial_id)

    def _notarise(self, trial_id: str) -> None:
        if self._keys is None or trial_id in self._notaries:
            return
        notary = self._keys.notary(trial_id, self._open[trial_id])
        if notary is not None:
            self._notaries[trial_id] = notary
            notary.start(self._rounds)

    def has(self, trial_id: str) -> bool:
        """Whether a trial of this name stands here."""
        return trial_id in self._open or trial_id in self.names()

    def _opened(self, trial_id: str) -> TrialLedger:
        ledger = TrialLedger(self._trials.open(trial_id), keyring=self.keyring)
        ledger.signed_only = self._signed_only
        registered = ledger.world.trial.registered
        if self._story_from is not None and registered is not None and registered.training:
            ledger.clock = StoryClock(max(self._story_from, ledger.world.recorded_at or self._story_from))
        return ledger

    def register(self, submission: Submission) -> Receipt:
        """Begin a trial's ledger. A file is made only for a registration that stands, a schema beforehand by somebody
        who may; asked again, it is answered from the log."""
        command = submission.command
        assert isinstance(command, RegisterTrial)
        try:
            ledger = self.trial(command.trial_id)
            if ledger.world.size == 0:
                ledger.clock = self._clock_of(command)
            receipt = ledger.submit(submission)
            with self._lock:
                self._notarise(command.trial_id)
            return receipt
        except NoSuchTrial:
            clock = self._clock_of(command)
            done = carry_out(Docket(World(), submission.asked, clock(), _NoArchive()), command)
            if submission.dry_run:
                return Receipt(done.records, (), dry_run=True)
        with self._lock, suppress(AlreadyThere):
            store = self._trials.create(command.trial_id)
            ledger = TrialLedger(store, clock, keyring=self.keyring)
            ledger.signed_only = self._signed_only
            self._open[command.trial_id] = ledger
        receipt = self.trial(command.trial_id).submit(submission)
        with self._lock:
            self._notarise(command.trial_id)
        return receipt

    def _clock_of(self, command: RegisterTrial) -> Clock:
        if command.training and self._story_from is not None:
            return StoryClock(self._story_from)
        return system_clock

    def close(self) -> None:
        with self._lock:
            with ThreadPoolExecutor(WORKERS) as pool:  # each makes the last round that is due
                list(pool.map(Notary.close, self._notaries.values()))
            self._notaries.clear()
            self._rounds.close()
            for ledger in self._open.values():
                ledger.close()
            self._open.clear()
            self._trials.close()
            self._keys_in_use.close()
