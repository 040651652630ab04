"""A batch while it is decided: each command on the state that the ones before it leave, and everything that has to be
written in one transaction. What is refused leaves nothing behind."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from ledger.decisions.carry_out import CarriedOut, carry_out
from ledger.decisions.docket import Docket
from ledger.decisions.evidence import RecordRecovery
from ledger.decisions.meanings import meaning_of
from ledger.decisions.signing import signed
from ledger.decisions.whose_text import subject_of
from ledger.errors import Contradicted, Corrupt, KeyReused, LedgerError, Refused, SignatureMissing
from ledger.evidence.merkle import leaf_hash
from ledger.record import TRIAL, Head, Record
from ledger.refusals import VersionMovedOn
from ledger.removing import TextsOfBatch
from ledger.store.appending import Batch
from ledger.store.codec import encode
from ledger.store.errors import BehindSignedHead
from ledger.store.rows import Answer, EvidenceRow, Refusal, Status
from ledger.store.sqlite import SqliteStore
from ledger.submission import EvidenceGathered, Receipt, Submission
from ledger.world import World, free_texts

OUR_MISTAKES: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What a rule with a mistake in it raises; never what the database raises."""


@dataclass(slots=True)
class Gathering:
    """What a batch gathers. `after`: the newest signed head, which every event of the batch names."""

    store: SqliteStore
    world: World
    now: datetime
    after: Head | None
    first: int
    texts: TextsOfBatch
    records: list[Record] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    behind: str | None = None
    """What was signed and is not in this log: then nothing is taken but the recovery."""
    evidence: list[EvidenceRow] = field(default_factory=list)
    signed_only: bool = False
    """Whether what has to be signed is refused without a signature."""

    def answer(self, batch: Batch, asked: Submission | EvidenceGathered) -> Receipt | Exception:
        """One command's answer: that on record under its key, its records, its refusal, or a mistake of ours in it."""
        if isinstance(asked, EvidenceGathered):
            self.evidence.extend(asked.rows)
            return Receipt((), ())
        try:
            known = self.answers.get(asked.asked.command_id) or batch.answer(asked.asked.command_id)
            if known is not None and not asked.dry_run:
                return self._answered_before(known, asked)
            if self.behind is not None and not isinstance(asked.command, RecordRecovery):
                raise BehindSignedHead(self.behind)
            self._expect_signed(asked)
            _expect(self.world, asked)
            docket = self._docket(asked)
            done = carry_out(docket, asked.command)
            if asked.dry_run:
                return Receipt(done.records, (), already=done.already is not None, dry_run=True)
            return self._take(asked, docket, done)
        except Corrupt:
            raise
        except LedgerError as error:
            if isinstance(error, Refused | Contradicted) and not asked.dry_run:
                self.refusals.append(_refusal(asked, error, self.now))
            return error
        except OUR_MISTAKES as mistake:
            return mistake

    def save(self, batch: Batch) -> tuple[bytes, ...]:
        """Write what was gathered; the leaf hashes of the records."""
        batch.save_evidence(self.evidence)
        if not (self.records or self.answers or self.refusals):
            return ()
        kept = self.texts.kept(self.records[0].origin) if self.texts.gathered else []
        hashes = batch.save(self.records, kept, tuple(self.answers.values()), self.refusals, leaves=self.leaves)
        if self.texts.removed:
            batch.remove_texts(self.texts.gone(kept))
        return hashes

    def _docket(self, asked: Submission) -> Docket:
        archive = Archive(self, {text.commitment: text.text for text in asked.texts})
        now = max(self.now, self.world.recorded_at or datetime.min.replace(tzinfo=UTC))
        return Docket(self.world, asked.asked, now, archive, self.after)

    def _answered_before(self, known: Answer, asked: Submission) -> Receipt:
        if known.request_hash != asked.request_hash:
            raise KeyReused("the idempotency key stands for another request")
        positions = range(known.first_position, known.last_position + 1)
        return Receipt(tuple(map(self.record, positions)), (), already=known.status == "already")

    def _expect_signed(self, asked: Submission) -> None:
        """What has to be signed is signed by a person; what is only tried out need not be."""
        meaning = meaning_of(asked.command) if self.signed_only and not asked.dry_run else None
        if meaning is None:
            return
        if asked.signing is None or asked.asked.source is not None:
            raise SignatureMissing(type(asked.command).__name__, meaning)

    def _take(self, asked: Submission, docket: Docket, done: CarriedOut) -> Receipt:
        """Take a command's outcome into the batch; `LeafTooLarge` and `VaultLocked` before anything of
        it is taken."""
        if done.already is not None:
            self._keep_answer(asked, "already", done.already, done.already)
            return Receipt((self.record(done.already),), (), already=True)
        leaves = [encode(record) for record in done.records]
        if asked.signing is not None:
            hashes = [leaf_hash(leaf).hex() for leaf in leaves]
            done = signed(docket, asked.command, done, hashes, asked.signing)
            leaves.extend(encode(record) for record in done.records[len(leaves) :])
        self._take_texts(asked, done)
        self.leaves.extend(leaves)
        self.records.extend(done.records)
        self._keep_answer(asked, "appended", done.records[0].position, done.records[-1].position)
        self.world = done.world
        return Receipt(done.records, ())

    def _take_texts(self, asked: Submission, done: CarriedOut) -> None:
        """The texts of a command, each under the key of whom it is about; the name of who signs is the trial's, and
        stays when a patient's texts are erased."""
        names = {asked.signing.signer_name} if asked.signing is not None else frozenset[str]()
        subject = subject_of(asked.command, done.records, done.world) if asked.texts else TRIAL
        for about in dict.fromkeys((subject, TRIAL) if names else (subject,)) if asked.texts else ():
            self.texts.can_keep(done.records[0].origin, about)
        named = _commitments(done.records)
        self.texts.take((text for text in asked.texts if text.commitment not in names), subject, done.records, named)
        self.texts.take((text for text in asked.texts if text.commitment in names), TRIAL, (), named)

    def _keep_answer(self, asked: Submission, status: Status, first: int, last: int) -> None:
        answer = Answer(asked.asked.command_id, asked.request_hash, status, first, last)
        self.answers[answer.command_id] = answer

    def record(self, position: int) -> Record:
        """A record of the log as it will be after this batch."""
        behind = position - self.first
        return self.records[behind] if behind >= 0 else self.store.record(position)

    def with_hashes(self, receipt: Receipt, hashes: tuple[bytes, ...]) -> Receipt:
        """The receipt with the leaf hashes of its records, from the batch or, for earlier ones, from the store."""
        if receipt.dry_run:
            return receipt
        found = tuple(
            hashes[record.position - self.first]
            if record.position >= self.first
            else self.store.leaf_hash(record.position)
            for record in receipt.records
        )
        return Receipt(receipt.records, found, receipt.already)


@dataclass(frozen=True, slots=True)
class Archive:
    """What a decision may look up: the store, and before it what the same batch has gathered."""

    gathered: Gathering
    offered: dict[str, str]

    def record(self, position: int) -> Record:
        return self.gathered.record(position)

    def text(self, commitment: str) -> str | None:
        if commitment in self.offered:
            return self.offered[commitment]
        return self.gathered.texts.text(commitment)

    def is_kept(self, commitment: str) -> bool:
        return self.gathered.texts.is_kept(commitment)

    def texts_about(self, subjects: tuple[str, ...]) -> tuple[str, ...]:
        return self.gathered.texts.about(subjects)


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


def _commitments(records: Iterable[Record]) -> dict[str, int]:
    """The commitments to free texts that records hold, each with the first position."""
    found: dict[str, int] = {}
    for record in records:
        named = (getattr(record.event, name) for name in free_texts(type(record.event)))
        for commitment in (record.reason, *named):
            if commitment is not None:
                found.setdefault(commitment, record.position)
    return found
