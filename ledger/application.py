"""A trial's ledger at work: a command in, decided, appended, answered. The only reader of the clock and of chance.

    caller -> queue -> one writer: takes all that wait, decides each on the state at the head, and appends what
    follows of the whole batch in one durable transaction -> the state takes the records -> callers are answered

An answer means: on disk, in the tree, and visible to the next read of this process.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from ledger.decisions.carry_out import CarriedOut, carry_out
from ledger.decisions.docket import Command, Docket
from ledger.errors import Contradicted, Corrupt, KeyReused, LedgerError, Refused
from ledger.record import Asked, Record
from ledger.refusals import VersionMovedOn
from ledger.store.appending import Batch
from ledger.store.codec import encode
from ledger.store.rows import Answer, Refusal
from ledger.store.sqlite import SqliteStore
from ledger.store.texts import SALT_BYTES, SealedText, seal
from ledger.store.writer import Job, Writer
from ledger.world import World, free_texts

Clock = Callable[[], datetime]
OUR_MISTAKES: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What a rule with a mistake in it raises; never what the database raises."""


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


@dataclass(frozen=True, slots=True)
class Submission:
    """A command with what surrounds it: the request's hash, the version it rests on, and the free texts it names."""

    command: Command
    asked: Asked
    request_hash: str = ""
    expected: tuple[str, int] | None = None
    dry_run: bool = False
    texts: tuple[SealedText, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a command: the records of its append, or those that stood already. `version` is the version of
    the first record's stream after the append."""

    records: tuple[Record, ...]
    leaf_hashes: tuple[bytes, ...]
    already: bool = False
    dry_run: bool = False

    @property
    def stream(self) -> str:
        return self.records[0].stream

    @property
    def version(self) -> int:
        return max(record.stream_version for record in self.records if record.stream == self.stream)


def command_id(client: str, key: str) -> str:
    """The first 16 bytes of SHA-256(client || 0x00 || key), in hex."""
    return sha256(client.encode() + b"\x00" + key.encode()).hexdigest()[:32]


@dataclass(slots=True)
class _Gathering:
    """What a batch gathers while its commands are decided one after another."""

    world: World
    records: list[Record] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    texts: dict[str, SealedText] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    first: int = 0


@dataclass(frozen=True, slots=True)
class _Archive:
    """What a decision may look up: the store, and before it what the same batch has gathered."""

    store: SqliteStore
    gathered: _Gathering
    offered: dict[str, str]

    def record(self, position: int) -> Record:
        behind = position - self.gathered.first
        return self.gathered.records[behind] if behind >= 0 else self.store.record(position)

    def text(self, commitment: str) -> str | None:
        if commitment in self.offered:
            return self.offered[commitment]
        here = self.gathered.texts.get(commitment)
        return here.text if here else self.store.text(commitment)


class TrialLedger:
    """One trial: its store, its writer, and the state at the head of its log."""

    def __init__(self, store: SqliteStore, clock: Clock = system_clock) -> None:
        self.store = store
        self.clock = clock
        self.world = World()
        for record in store.records():
            self.world = self.world.apply(record)
        self._listeners: set[Callable[[int], None]] = set()
        self._corrupt: str | None = None
        self._writer: Writer[Submission, Receipt] = Writer(self._handle)
        self._world_of = lru_cache(maxsize=16)(self._fold)

    @classmethod
    def create(cls, path: Path, clock: Clock = system_clock) -> Self:
        """A new, empty ledger in a file that must not exist."""
        return cls(SqliteStore.create(path), clock)

    @classmethod
    def open(cls, path: Path, clock: Clock = system_clock) -> Self:
        """A ledger that exists, owned for writing by this process; checked against its own tree."""
        return cls(SqliteStore.open(path), clock)

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

    async def submit_async(self, submission: Submission) -> Receipt:
        """The same for a caller on an event loop."""
        return await self._writer.submit_async(submission)

    def world_at(self, size: int) -> World:
        """The state as it was known when the log had `size` events."""
        head = self.world
        return head if size >= head.size else self._world_of(size)

    def _fold(self, size: int) -> World:
        world = World()
        for record in self.store.records(0, size):
            world = world.apply(record)
        return world

    def listen(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call back with the size of the log after every append, on the writer's thread. Returns how to stop."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    @property
    def corrupt(self) -> str | None:
        """What was found to be altered, if anything was: the ledger is then read-only."""
        return self._corrupt

    def _handle(self, jobs: list[Job[Submission, Receipt]]) -> None:
        """Decide and append a batch. Nobody is answered before the commit."""
        if self._corrupt is not None:
            raise Corrupt(self._corrupt)
        answered: list[tuple[Job[Submission, Receipt], Receipt | Exception]] = []
        gathering = _Gathering(self.world, first=self.world.size)
        try:
            with self.store.appending() as batch:
                answered.extend((job, self._answer(batch, gathering, job.payload)) for job in jobs)
                hashes = self._save(batch, gathering)
        except Corrupt as found:
            self._corrupt = str(found)
            raise
        self.world = gathering.world
        for job, answer in answered:
            if isinstance(answer, Exception):
                job.reject(answer)
            else:
                job.resolve(_with_hashes(answer, gathering.first, hashes, self.store))
        if gathering.records:
            for listener in tuple(self._listeners):
                listener(gathering.world.size)

    def _answer(self, batch: Batch, gathering: _Gathering, submission: Submission) -> Receipt | Exception:
        """One command's answer: that on record under its key, its records, its refusal, or a mistake of ours in it."""
        try:
            known = gathering.answers.get(submission.asked.command_id) or batch.answer(submission.asked.command_id)
            if known is not None and not submission.dry_run:
                return self._answered_before(gathering, known, submission)
            _expect(gathering.world, submission)
            archive = _Archive(self.store, gathering, {text.commitment: text.text for text in submission.texts})
            now = max(self.clock(), gathering.world.recorded_at or datetime.min.replace(tzinfo=UTC))
            done = carry_out(Docket(gathering.world, submission.asked, now, archive), submission.command)
            if submission.dry_run:
                return Receipt(done.records, (), already=done.already is not None, dry_run=True)
            return self._gather(gathering, submission, done)
        except Corrupt:
            raise
        except LedgerError as error:
            if isinstance(error, Refused | Contradicted) and not submission.dry_run:
                gathering.refusals.append(_refusal(submission, error, self.clock()))
            return error
        except OUR_MISTAKES as mistake:
            return mistake

    def _answered_before(self, gathering: _Gathering, known: Answer, submission: Submission) -> Receipt:
        if known.request_hash != submission.request_hash:
            raise KeyReused("the idempotency key stands for another request")
        archive = _Archive(self.store, gathering, {})
        positions = range(known.first_position, known.last_position + 1)
        records = tuple(archive.record(position) for position in positions)
        return Receipt(records, (), already=known.status == "already")

    def _gather(self, gathering: _Gathering, submission: Submission, done: CarriedOut) -> Receipt:
        """Take a command's outcome into the batch; `LeafTooLarge` before anything of it is taken."""
        if done.already is not None:
            position = done.already
            answer = Answer(submission.asked.command_id, submission.request_hash, "already", position, position)
            gathering.answers[answer.command_id] = answer
            record = _Archive(self.store, gathering, {}).record(position)
            return Receipt((record,), (), already=True)
        leaves = [encode(record) for record in done.records]
        first, last = done.records[0].position, done.records[-1].position
        gathering.leaves.extend(leaves)
        gathering.records.extend(done.records)
        named = _commitments(done.records)
        gathering.texts.update({text.commitment: text for text in submission.texts if text.commitment in named})
        answer = Answer(submission.asked.command_id, submission.request_hash, "appended", first, last)
        gathering.answers[answer.command_id] = answer
        gathering.world = done.world
        return Receipt(done.records, ())

    def _save(self, batch: Batch, gathering: _Gathering) -> tuple[bytes, ...]:
        if not (gathering.records or gathering.answers or gathering.refusals):
            return ()
        return batch.save(
            gathering.records,
            tuple(gathering.texts.values()),
            tuple(gathering.answers.values()),
            gathering.refusals,
            leaves=gathering.leaves,
        )


def _expect(world: World, submission: Submission) -> None:
    if submission.expected is None:
        return
    stream, version = submission.expected
    current = world.stream_version(stream)
    if current != version:
        raise VersionMovedOn(stream, f"{stream}@{current}")


def _refusal(submission: Submission, error: LedgerError, at: datetime) -> Refusal:
    by = submission.asked.by
    return Refusal(at, by.id, by.role, type(submission.command).__name__, error.rule, submission.request_hash)


def _commitments(records: Iterable[Record]) -> set[str]:
    """The commitments to free texts that records hold."""
    found = {record.reason for record in records if record.reason is not None}
    for record in records:
        named = (getattr(record.event, name) for name in free_texts(type(record.event)))
        found.update(commitment for commitment in named if commitment is not None)
    return found


def _with_hashes(receipt: Receipt, first: int, hashes: tuple[bytes, ...], store: SqliteStore) -> Receipt:
    """The receipt with the leaf hashes of its records, from the batch or, for earlier ones, from the store."""
    if receipt.dry_run:
        return receipt
    found = tuple(
        hashes[record.position - first] if record.position >= first else store.leaf_hash(record.position)
        for record in receipt.records
    )
    return Receipt(receipt.records, found, receipt.already)
