"""A trial's ledger at work: a command in, decided, appended, answered. The only reader of the clock and of chance.

    caller -> queue -> one writer: takes all that wait, decides each on the state at the head, and appends what
    follows of the whole batch in one durable transaction -> the state takes the records -> callers are answered

An answer means: on disk, in the tree, and visible to the next read of this process.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

from ledger.decisions.evidence import NoteClockAnomaly
from ledger.errors import Corrupt, Unavailable
from ledger.evidence.verify import Note, checkpoint_of
from ledger.gathering import Gathering
from ledger.keyring import Keyring
from ledger.record import Actor, Asked, Head, Record
from ledger.removing import REMOVING, TextsOfBatch, finish
from ledger.store.appending import Batch
from ledger.store.errors import ErasureUnfinished
from ledger.store.rows import EvidenceRow, SignedHead
from ledger.store.sqlite import VERIFIED_WHOLE_UP_TO, SqliteStore
from ledger.store.texts import SALT_BYTES, SealedText, seal
from ledger.store.writer import Job, Writer
from ledger.submission import EvidenceGathered, Receipt, Submission
from ledger.texts import Texts
from ledger.world import World

Clock = Callable[[], datetime]
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Payload = Submission | EvidenceGathered
Listener = Callable[[Sequence[Record]], None]
CLOCK_JUMP: Final = timedelta(seconds=1)
"""A wall clock that left the steady one by more than this was set."""

BY_ITSELF: Final = Actor("ledger", "system", None, "internal")
"""Who acts where the ledger reports what it found itself."""


def system_clock() -> datetime:
    return datetime.now(UTC)


class StoryClock:
    """The clock of a training ledger that plays a story: it stands still until it is set forward."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def __call__(self) -> datetime:
        return self._at

    def set_forward(self, to: datetime) -> None:
        """Later only; an earlier instant changes nothing."""
        self._at = max(self._at, to.astimezone(UTC))


class ClockWatch:
    """Compares the wall clock with a steady one; none: a clock that stands still by design is not watched."""

    def __init__(self, steady: Callable[[], float] | None) -> None:
        self._steady = steady
        self._apart: timedelta | None = None

    def off_by_milliseconds(self, now: datetime) -> int | None:
        """How far the wall clock jumped since it was looked at first, or jumped last; none for no further than it may.
        Positive: it is ahead."""
        if self._steady is None:
            return None
        apart = now - EPOCH - timedelta(seconds=self._steady())
        before, self._apart = self._apart, self._apart or apart
        if before is None or abs(apart - before) <= CLOCK_JUMP:
            return None
        self._apart = apart
        return (apart - before) // timedelta(milliseconds=1)


def newest_head(rows: Iterable[EvidenceRow], before: Head | None) -> Head | None:
    """The newest head that was signed, with those that are signed now."""
    heads = [checkpoint_of(Note.parse(row.note)) for row in rows if isinstance(row, SignedHead)]
    found = max(heads, key=lambda head: head.size, default=None)
    return before if found is None else Head(found.size, found.root.hex())


class TrialLedger:
    """One trial: its store, its writer, and the state at the head of its log.

    `keyring`: where the keys of its free texts are; beside the file, unless it is said.
    """

    def __init__(
        self,
        store: SqliteStore,
        clock: Clock = system_clock,
        watch: ClockWatch | None = None,
        keyring: Keyring | None = None,
    ) -> None:
        self.store = store
        self.texts = Texts(store, keyring or Keyring.beside(store.path))
        self.clock = clock
        self.world = World().after(store.records())
        self._listeners: set[Listener] = set()
        self._corrupt: str | None = None
        self._behind: str | None = None
        self.signed_only = False
        """Whether what has to be signed is refused without a signature."""
        self._watch = watch or ClockWatch(steady=time.monotonic if clock is system_clock else None)
        self._after = newest_head(store.signed_heads()[-1:], None)
        self._writer: Writer[Payload, Receipt] = Writer(self._handle)
        self._world_of = lru_cache(maxsize=16)(self._fold)
        self._to_finish = store.removes_texts()
        self._finish_removals()

    @classmethod
    def create(cls, path: Path, clock: Clock = system_clock, keyring: Keyring | None = None) -> Self:
        """A new, empty ledger in a file that must not exist."""
        return cls(SqliteStore.create(path), clock, keyring=keyring)

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Clock = system_clock,
        keyring: Keyring | None = None,
        verified_whole_up_to: int = VERIFIED_WHOLE_UP_TO,
    ) -> Self:
        """A ledger that exists, owned for writing by this process; checked against its own tree, as `SqliteStore.open`
        says. Erasures that a crash interrupted are finished."""
        return cls(SqliteStore.open(path, verified_whole_up_to=verified_whole_up_to), clock, keyring=keyring)

    def close(self) -> None:
        """Finish what waits, then let the file go."""
        self._writer.close()
        self.store.close()

    @staticmethod
    def seal(text: str) -> SealedText:
        """A free text with a fresh salt."""
        return seal(secrets.token_bytes(SALT_BYTES), text)

    def submit(self, submission: Submission) -> Receipt:
        """Carry a command out and wait for its answer; raises its refusal."""
        return self._writer.submit(submission).result()

    def submit_all(self, submissions: Sequence[Submission]) -> list[Receipt | Exception]:
        """Carry out what needs no answer of its own one after another, in as few commits as there may be."""
        asked = [self._writer.submit(each) for each in submissions]
        faults = [future.exception() for future in asked]
        return [
            future.result() if fault is None else fault
            for future, fault in zip(asked, faults, strict=True)
            if fault is None or isinstance(fault, Exception)
        ]

    def wait_for_recovery(self, behind: str | None) -> None:
        """Take nothing more but the record of a recovery, since a head was signed that this log does not continue; or
        go on, once that is settled."""
        self._behind = behind

    def keep(self, rows: tuple[EvidenceRow, ...]) -> None:
        """Keep what the evidence gathered about heads; every later event names the newest of them."""
        self._writer.submit(EvidenceGathered(rows)).result()

    async def submit_async(self, submission: Submission) -> Receipt:
        """The same for a caller on an event loop."""
        return await self._writer.submit_async(submission)

    def world_at(self, size: int) -> World:
        """The state as it was known when the log had `size` events."""
        head = self.world
        return head if size >= head.size else self._world_of(size)

    def _fold(self, size: int) -> World:
        return World().after(self.store.records(0, size))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call back with the records of every append, on the writer's thread. Returns how to stop."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    @property
    def corrupt(self) -> str | None:
        """What was found to be altered, if anything was: the ledger is then read-only."""
        return self._corrupt

    def _handle(self, jobs: list[Job[Payload, Receipt]]) -> None:
        """Decide and append a batch. Nobody is answered before the commit."""
        if self._corrupt is not None:
            raise Corrupt(self._corrupt)
        answered: list[tuple[Job[Payload, Receipt], Receipt | Exception]] = []
        texts = TextsOfBatch(self.texts)
        gathering = Gathering(self.store, self.world, self.clock(), self._after, self.world.size, texts)
        gathering.behind, gathering.signed_only = self._behind, self.signed_only
        try:
            with self.store.appending() as batch:
                self._note_anomaly(batch, gathering)
                answered.extend((job, gathering.answer(batch, job.payload)) for job in jobs)
                hashes = gathering.save(batch)
        except Corrupt as found:
            self._corrupt = str(found)
            raise
        self.world = gathering.world
        self._after = newest_head(gathering.evidence, self._after)
        self._to_finish = self._to_finish or bool(texts.removed)
        unfinished = self._finish_removals()
        for job, answer in answered:
            if isinstance(answer, Exception):
                job.reject(answer)
            elif unfinished is not None and any(isinstance(each.event, REMOVING) for each in answer.records):
                job.reject(unfinished)
            else:
                job.resolve(gathering.with_hashes(answer, hashes))
        if gathering.records:
            for listener in tuple(self._listeners):
                listener(gathering.records)

    def _finish_removals(self) -> ErasureUnfinished | None:
        """Destroy what events on record have erased; what stands in the way is told to whoever asks for it, and every
        batch tries again."""
        try:
            if self._to_finish:
                finish(self.store, self.texts)
                self._to_finish = False
        except (OSError, Unavailable) as found:
            return ErasureUnfinished(type(found).__name__)
        return None

    def _note_anomaly(self, batch: Batch, gathering: Gathering) -> None:
        """A clock that was set is on record before whatever it dates."""
        off_by = self._watch.off_by_milliseconds(gathering.now)
        if off_by is None or self.world.origin is None:
            return
        command = NoteClockAnomaly(against="steady-clock", off_by_milliseconds=off_by)
        asked = Asked(BY_ITSELF, secrets.token_hex(16))
        noted = gathering.answer(batch, Submission(command, asked))
        assert isinstance(noted, Receipt), noted
