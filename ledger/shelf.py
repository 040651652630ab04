"""The trials of an installation: one file each in a directory, opened on demand."""

import threading
from concurrent.futures import ThreadPoolExecutor
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
from ledger.record import INSTALLATION, Record
from ledger.refusals import NoSuchRecord, NoSuchTrial
from ledger.rounds import WORKERS, Rounds
from ledger.store.errors import AlreadyThere
from ledger.store.sqlite import VERIFIED_WHOLE_UP_TO
from ledger.submission import Receipt, Submission
from ledger.world import World

SUFFIX = ".ledger"


def trials_in(directory: Path) -> list[str]:
    """The trials whose files stand in a directory; the installation's own log is none."""
    names = (path.name.removesuffix(SUFFIX) for path in directory.glob(f"*{SUFFIX}"))
    return sorted(name for name in names if name != INSTALLATION)


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
    the keys of their logs are; without it no head is signed here. `keyring`: the keys of their texts.
    `verified_whole_up_to`: as of `SqliteStore.open`. `signed_only`: what has to be signed is refused without a
    signature."""

    def __init__(
        self,
        directory: Path,
        story_from: datetime | None = None,
        keys: Path | None = None,
        keyring: Keyring | None = None,
        verified_whole_up_to: int = VERIFIED_WHOLE_UP_TO,
        *,
        signed_only: bool = False,
    ) -> None:
        self.directory = directory
        self._verified_whole_up_to = verified_whole_up_to
        self._signed_only = signed_only
        self._story_from = story_from
        self._keys = KeyRoom(keys) if keys is not None else None
        self._open: dict[str, TrialLedger] = {}
        self._notaries: dict[str, Notary] = {}
        self._rounds = Rounds()
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        self.keyring = keyring or Keyring(directory / DIRECTORY)
        self._keys_in_use = ExitStack()
        self._keys_in_use.enter_context(self.keyring.in_use())

    def names(self) -> list[str]:
        return trials_in(self.directory)

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
            notary.start(self._rounds)

    def has(self, trial_id: str) -> bool:
        """Whether a trial of this name stands here."""
        return trial_id in self._open or (trial_id != INSTALLATION and self.path(trial_id).is_file())

    def path(self, trial_id: str) -> Path:
        return self.directory / f"{trial_id}{SUFFIX}"

    def _opened(self, path: Path) -> TrialLedger:
        ledger = TrialLedger.open(path, keyring=self.keyring, verified_whole_up_to=self._verified_whole_up_to)
        ledger.signed_only = self._signed_only
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
            ledger = TrialLedger.create(self.path(command.trial_id), clock, self.keyring)
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
            self._keys_in_use.close()
