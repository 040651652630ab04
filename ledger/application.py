"""A trial's ledger at work: a command in, decided, appended, answered. The only reader of the clock and of chance.

    caller -> queue -> one writer: takes all that wait, decides each on the state at the head, and appends what
    follows of the whole batch in one durable transaction -> the state takes the records -> callers are answered

An answer means: on disk, in the tree, and visible to the next read of this process.

Where other processes append to the same log, the state first takes what they appended, under the lock that keeps them
from appending more; and between appends it follows. Where the answer to a commit was lost, the log is asked what became
of the batch before anyone is answered.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from ledger.decisions.evidence import NoteClockAnomaly
from ledger.errors import Busy, Corrupt, StorageFull, Unavailable
from ledger.gathering import Decided, Gathering, newest_head, unrecovered
from ledger.history import History
from ledger.keyring import Keyring
from ledger.measures import WriterMeasures
from ledger.record import Actor, Asked, Record
from ledger.removing import REMOVING, TextsOfBatch, finish
from ledger.store.appending import Batch
from ledger.store.contract import Store
from ledger.store.errors import ErasureUnfinished, OutcomeUnknown, PositionTaken, StorageFailed, WriterClosed
from ledger.store.rows import EvidenceRow
from ledger.store.sqlite import SqliteStore
from ledger.store.texts import SALT_BYTES, SealedText, seal
from ledger.store.verification import VERIFIED_WHOLE_UP_TO
from ledger.store.writer import Job, Writer
from ledger.submission import AppendedElsewhere, EvidenceGathered, Receipt, Submission
from ledger.texts import Texts
from ledger.timekeeping import Clock, ClockWatch
from ledger.world import World

Payload = Submission | EvidenceGathered | AppendedElsewhere
Listener = Callable[[Sequence[Record]], None]
ATTEMPTS: Final = 5
"""How often a batch is tried where another process came first, or where nobody knows yet what became of it."""
BY_ITSELF: Final = Actor("ledger", "system", None, "internal")
"""Who acts where the ledger reports what it found itself."""


def system_clock() -> datetime:
    return datetime.now(UTC)


def _keyring_beside(store: Store) -> Keyring:
    assert isinstance(store, SqliteStore), "where the keys of texts in a database are has to be said"
    return Keyring.beside(store.path)


class TrialLedger:
    """One trial: its store, its writer, and the state at the head of its log.

    `keyring`: where the keys of its free texts are; beside the file, unless it is said.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock = system_clock,
        watch: ClockWatch | None = None,
        keyring: Keyring | None = None,
        measures: WriterMeasures | None = None,
    ) -> None:
        self.store = store
        self.texts = Texts(store, keyring or _keyring_beside(store))
        self.clock = clock
        self.measures = measures or WriterMeasures()
        self._history = History(store)
        self.world = self._history.replayed()
        self._listeners: set[Listener] = set()
        self._corrupt: str | None = None
        self._behind: str | None = None
        self._restored = unrecovered(store)
        self.signed_only = False
        """Whether what has to be signed is refused without a signature."""
        self._watch = watch
        """Of the wall clock alone, unless it is given: a story's stands still by design."""
        self._system_watch = ClockWatch(steady=time.monotonic)
        self._after = newest_head(store.signed_heads()[-1:], None)
        self._writer: Writer[Payload, Receipt] = Writer(self._handle)
        self._to_finish = store.removes_texts()
        self._finish_removals()
        store.follow(self._hear)

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

    def submit_all(self, submissions: Sequence[Submission]) -> list[Receipt | BaseException]:
        """Carry out what needs no answer of its own one after another, in as few commits as there may be."""
        asked = [self._writer.submit(each) for each in submissions]
        return [future.exception() or future.result() for future in asked]

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
        return head if size >= head.size else self._history.at(size, head)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call back with the records of every append, on the writer's thread. Returns how to stop."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    @property
    def waiting(self) -> int:
        """How many commands wait for the writer."""
        return self._writer.waiting

    @property
    def signed_size(self) -> int:
        """How many events the newest signed head holds."""
        return 0 if self._after is None else self._after.size

    @property
    def behind(self) -> str | None:
        """What is not in this log and was signed, or was there before the log was restored to an earlier point. Then
        it takes nothing but the record of its recovery."""
        return self._behind or self._restored

    @property
    def corrupt(self) -> str | None:
        """What was found to be altered, if anything was: the ledger is then read-only."""
        return self._corrupt

    def _hear(self, size: int | None) -> None:
        """Another process may have appended. Where the queue is full, whatever is done next takes it in."""
        if size is None or size > self.world.size:
            with suppress(Busy, WriterClosed):
                self._writer.submit(AppendedElsewhere())

    def _handle(self, jobs: list[Job[Payload, Receipt]]) -> None:
        """Decide and append a batch. Nobody is answered before the commit."""
        if self._corrupt is not None:
            raise Corrupt(self._corrupt)
        begun = time.perf_counter()
        try:
            if all(isinstance(job.payload, AppendedElsewhere) for job in jobs):
                self._take_in(self.store.size)
                decided = Decided(self._gathering(), [Receipt((), ()) for _ in jobs])
            else:
                decided = self._kept([job.payload for job in jobs])
        except Corrupt as found:
            self._corrupt = str(found)
            raise
        gathering, committed = decided.gathering, time.perf_counter()
        self.measures.take(len(jobs), len(gathering.records), decided.at - begun, committed - decided.at)
        grown = gathering.world.size > self.world.size
        if grown:
            self.world = self._history.noted(gathering.world)
        if self._restored is not None:
            self._restored = unrecovered(self.store)
        self._after = newest_head(gathering.evidence, self._after)
        self._to_finish = self._to_finish or bool(gathering.texts.removed)
        unfinished = self._finish_removals()
        for job, answer in zip(jobs, decided.answers, strict=True):
            if isinstance(answer, Exception):
                job.reject(answer)
            elif unfinished is not None and any(isinstance(each.event, REMOVING) for each in answer.records):
                job.reject(unfinished)
            else:
                job.resolve(gathering.with_hashes(answer))
        if grown:
            self._tell(gathering.records)

    def _kept(self, payloads: Sequence[Payload]) -> Decided:
        """What was decided on a batch, once it is on record for certain.

        Where the outcome of a commit is unknown, the next transaction begins when that one has ended: then the log says
        whether the batch stands; if not, it is decided anew.
        """
        anomaly = self._anomaly()
        lost: Decided | None = None
        for _ in range(ATTEMPTS):
            decided: Decided | None = None
            try:
                with self.store.appending() as batch:
                    self._take_in(batch.tree.size)
                    if lost is not None and lost.gathering.is_on_record(batch):
                        decided = lost
                    else:
                        decided = self._decided(batch, anomaly, payloads)
                return decided
            except PositionTaken:
                continue
            except OutcomeUnknown:
                lost = decided or lost
            except (StorageFailed, StorageFull):
                if lost is None:
                    raise
        raise PositionTaken("others kept coming first") if lost is None else OutcomeUnknown("the store is away")

    def _decided(self, batch: Batch, anomaly: Submission | None, payloads: Sequence[Payload]) -> Decided:
        """Decide a batch on the state at the head, and write it."""
        gathering = self._gathering()
        batch.look_up([each.asked.command_id for each in payloads if isinstance(each, Submission)])
        if anomaly is not None:
            noted = gathering.answer(batch, anomaly)
            assert isinstance(noted, Receipt), noted
        answers = [gathering.answer(batch, payload) for payload in payloads]
        gathering.save(batch)
        return Decided(gathering, answers)

    def _gathering(self) -> Gathering:
        texts = TextsOfBatch(self.texts)
        gathering = Gathering(self.store, self.world, self.clock(), self._after, self.world.size, texts)
        gathering.behind, gathering.signed_only = self.behind, self.signed_only
        return gathering

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

    def _take_in(self, size: int) -> None:
        """Bring the state up to a size of the log, with what other processes appended; `Corrupt` where the log has
        become shorter than it was. Keys that they destroyed are used here no more."""
        if size == self.world.size and not self.store.shared:
            return
        if size < self.world.size:
            raise Corrupt(f"{self.world.size} events were on record, and the log has {size}")
        newest = self.store.signed_head()
        if newest is not None and (self._after is None or newest.size > self._after.size):
            self._after = newest_head([newest], self._after)
        if size > self.world.size:
            records = list(self.store.records(self.world.size, size))
            self.world = self.world.after(records)
            if any(isinstance(record.event, REMOVING) for record in records):
                self._to_finish = True
                self._finish_removals()
            self._tell(records)

    def _tell(self, records: Sequence[Record]) -> None:
        for listener in tuple(self._listeners):
            listener(records)

    def _anomaly(self) -> Submission | None:
        """A clock that was set is on record before whatever it dates."""
        watch = self._watch or (self._system_watch if self.clock is system_clock else None)
        off_by = watch.off_by_milliseconds(self.clock()) if watch is not None else None
        if off_by is None or self.world.origin is None or self.behind is not None:
            return None
        command = NoteClockAnomaly(against="steady-clock", off_by_milliseconds=off_by)
        return Submission(command, Asked(BY_ITSELF, secrets.token_hex(16)))
