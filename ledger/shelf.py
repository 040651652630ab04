"""The trials of an installation: one file each in a directory, opened on demand."""

import threading
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

from ledger.application import Clock, StoryClock, TrialLedger, system_clock
from ledger.decisions.carry_out import carry_out
from ledger.decisions.docket import Docket
from ledger.decisions.setup import RegisterTrial
from ledger.keyring import DIRECTORY, Keyring
from ledger.keyroom import KeyRoom
from ledger.notary import Notary
from ledger.record import Record
from ledger.refusals import NoSuchRecord, NoSuchTrial
from ledger.store.errors import AlreadyThere
from ledger.submission import Receipt, Submission
from ledger.world import World

SUFFIX = ".ledger"


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
    """Every trial of a directory. `story_from`: training ledgers run on a story clock that begins there. `keys`: where
    the keys of their logs are; without it no head is signed here. `keyring`: the keys of their texts."""

    def __init__(
        self,
        directory: Path,
        story_from: datetime | None = None,
        keys: Path | None = None,
        keyring: Keyring | None = None,
    ) -> None:
        self.directory = directory
        self._story_from = story_from
        self._keys = KeyRoom(keys) if keys is not None else None
        self._open: dict[str, TrialLedger] = {}
        self._notaries: dict[str, Notary] = {}
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        self.keyring = keyring or Keyring(directory / DIRECTORY)
        self._keys_in_use = ExitStack()
        self._keys_in_use.enter_context(self.keyring.in_use())

    def names(self) -> list[str]:
        return sorted(path.name.removesuffix(SUFFIX) for path in self.directory.glob(f"*{SUFFIX}"))

    def trial(self, trial_id: str) -> TrialLedger:
        """A trial's ledger, opened if it is not; `NoSuchTrial` where there is none."""
        with self._lock:
            if trial_id not in self._open:
                if trial_id not in self.names():
                    raise NoSuchTrial(f"trial {trial_id}")
                self._open[trial_id] = self._opened(self.path(trial_id))
                self._notarise(trial_id)
            return self._open[trial_id]

    def notary(self, trial_id: str) -> Notary | None:
        """Who has the heads of an open trial's log signed; none where that is done elsewhere, or not at all."""
        return self._notaries.get(trial_id)

    def _notarise(self, trial_id: str) -> None:
        notary = self._keys.notary(trial_id, self._open[trial_id]) if self._keys is not None else None
        if notary is not None and trial_id not in self._notaries:
            self._notaries[trial_id] = notary
            notary.start()

    def path(self, trial_id: str) -> Path:
        return self.directory / f"{trial_id}{SUFFIX}"

    def _opened(self, path: Path) -> TrialLedger:
        ledger = TrialLedger.open(path, keyring=self.keyring)
        registered = ledger.world.trial.registered
        if self._story_from is not None and registered is not None and registered.training:
            ledger.clock = StoryClock(max(self._story_from, ledger.world.recorded_at or self._story_from))
        return ledger

    def register(self, submission: Submission) -> Receipt:
        """Begin a trial's ledger. The file is made only for a registration that stands; asked again, it is answered
        from the file."""
        command = submission.command
        assert isinstance(command, RegisterTrial)
        try:
            return self.trial(command.trial_id).submit(submission)
        except NoSuchTrial:
            clock = self._clock_of(command)
            done = carry_out(Docket(World(), submission.asked, clock(), _NoArchive()), command)
            if submission.dry_run:
                return Receipt(done.records, (), dry_run=True)
        with self._lock, suppress(AlreadyThere):
            self._open[command.trial_id] = TrialLedger.create(self.path(command.trial_id), clock, self.keyring)
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
            for notary in self._notaries.values():
                notary.close()
            self._notaries.clear()
            for ledger in self._open.values():
                ledger.close()
            self._open.clear()
            self._keys_in_use.close()
