"""Who has the heads of one trial's log signed, cosigned and dated, and keeps what comes back.

A round: the head of the log goes to the signer with the proof that it continues the head that was signed last; what it
signs goes to the witnesses, and to the time-stamp authorities when a stamp is due. Rounds come with time while the log
grows, at once after an event that matters (`CRITICAL`), and when somebody asks for a receipt. What the evidence itself
records makes no round due. `rounds.py` makes them for all trials of a process.

No clinical record waits for any of this: a signer, a witness or an authority that is down is asked again with the next
round. A log that does not continue what was signed is not signed, and takes nothing more until a person has recorded
the recovery.
"""

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, Protocol

from ledger.application import BY_ITSELF, Clock, TrialLedger, system_clock
from ledger.decisions.docket import Command
from ledger.decisions.evidence import NoteClockAnomaly, RecordAnchor, RecordQuorum
from ledger.evidence.anchor import stamp_time, stamping_request
from ledger.evidence.cosigning import Answer, submission_of
from ledger.evidence.proofs import Prover
from ledger.evidence.verify import Bad, Checkpoint, Note, Policy, checkpoint_text, signature_lines
from ledger.patient.safety import CandidateDltRaised, DltAdjudicated
from ledger.record import Asked, Record
from ledger.rounds import Rounds
from ledger.store.rows import Anchor, Cosignature, EvidenceRow, SignedHead
from ledger.store.tiles import StoredTiles
from ledger.submission import Submission
from ledger.trial.dosing import DoseDecisionSigned, DoseDecisionTaken, HoldApplied, HoldLifted
from ledger.trial.evidence import MADE_BY_EVIDENCE, Cosigner, LogKeyEnrolled, RecoveryRecorded
from ledger.trial.signatures import RecordSigned
from ledger.types import Event

STAMP_EVERY: Final = timedelta(hours=1)
SKEW: Final = timedelta(seconds=5)
"""How far a witness's clock may be from ours. What is dated later than so long after its head was made is dropped:
an event that came in between would seem back-dated."""

CRITICAL: Final[frozenset[type[Event]]] = frozenset(
    {
        CandidateDltRaised,
        DltAdjudicated,
        DoseDecisionSigned,
        DoseDecisionTaken,
        HoldApplied,
        HoldLifted,
        LogKeyEnrolled,
        RecordSigned,
        RecoveryRecorded,
    }
)
"""After these a head is signed, cosigned and dated at once."""


class Signer(Protocol):
    """Signs the heads of a log, in this process or in another."""

    def last(self, origin: str) -> tuple[int, bytes] | None: ...

    def begin_again(self, origin: str, size: int, root: bytes) -> None: ...

    def sign(self, raw: bytes) -> Answer: ...


Ask = Callable[[bytes], Answer]
"""Submit a checkpoint to a witness; an answer of status 0 where it cannot be reached."""

Stamp = Callable[[bytes], bytes | None]
"""Send a time-stamp request (RFC 3161, DER) to an authority; nothing where it cannot be reached."""


@dataclass(frozen=True, slots=True)
class Company:
    """Whom the notary asks beside the signer: witnesses by their names in the policy, authorities by theirs."""

    policy: Policy | None = None
    witnesses: Mapping[str, Ask] = field(default_factory=dict)
    authorities: Mapping[str, Stamp] = field(default_factory=dict)


def _cosigned_at(policy: Policy, name: str, head: SignedHead, line: str) -> int | None:
    """When a witness signed a head, by its line; nothing where the line is not its valid signature."""
    try:
        checkpoint = Checkpoint.parse(head.note + line.encode())
        return policy.cosigned(checkpoint).get(name)
    except Bad:
        return None


class Notary:
    """The heads of one trial's log. Rounds are made one at a time."""

    def __init__(
        self,
        ledger: TrialLedger,
        signer: Signer,
        origin: str,
        company: Callable[[], Company],
        clock: Clock = system_clock,
    ) -> None:
        self._ledger, self._signer, self.origin = ledger, signer, origin
        self._company, self._clock = company, clock
        self._tiles = StoredTiles(ledger.store)
        self._round = threading.Lock()
        self._rounds: Rounds | None = None
        self._grown, self._critical, self._unanswered = True, False, False
        self._stamped_at: datetime | None = None
        self._told: dict[str, int] = {}
        self._stop_listening: Callable[[], None] | None = None

    def start(self, rounds: Rounds) -> None:
        """Have rounds made until `close`."""
        self.compare_with_what_was_signed()
        self._rounds = rounds
        rounds.join(self)
        self._stop_listening = self._ledger.listen(self._appended)
        rounds.ask(self)

    def close(self) -> None:
        """Make the last round that is due, and end."""
        if self._stop_listening is not None:
            self._stop_listening()
        if self._rounds is not None:
            self._rounds.leave(self)
            if self._grown:
                self.make_due()

    def make_due(self) -> None:
        """A round, if the log has grown since the last, or a witness did not answer; it stays due where it raises."""
        grown, critical = self._grown, self._critical
        self._grown = self._critical = False
        try:
            if grown:
                self.round(stamp=critical)
            elif self._unanswered:
                self._ask_again()
        except BaseException:
            self._grown, self._critical = self._grown or grown, self._critical or critical
            raise
        if self._unanswered and self._rounds is not None:
            self._rounds.ask(self)

    def last_signed(self) -> tuple[int, bytes] | None:
        """The size and the root that the signer signed last."""
        return self._signer.last(self.origin)

    def compare_with_what_was_signed(self) -> bool:
        """Whether the log continues the head that the signer signed last; else it takes nothing but its recovery."""
        size, root = self._signer.last(self.origin) or (0, b"")
        found = self._ledger.store.size
        agrees = size <= found and (size == 0 or self._prover().root(0, size) == root)
        behind = f"{size} events were signed, and this log of {found} does not continue them"
        self._ledger.wait_for_recovery(None if agrees else behind)
        return agrees

    def recover(self) -> bool:
        """Go on with the log as it was found, if its recovery from the very head that was signed last is on record."""
        last, head = self._signer.last(self.origin), self._ledger.store.head()
        named = self._ledger.world.trial.evidence.recovered_from
        if last is None or named != (last[0], last[1].hex()):
            return False
        self._signer.begin_again(self.origin, head.size, head.root)
        return self.compare_with_what_was_signed()

    def signed(self, at_least: int) -> SignedHead | None:
        """A signed head of at least so many events, signed now where there is none yet."""
        found = self._ledger.store.signed_head(at_least)
        if found is None and self._ledger.store.size >= at_least:
            self.round()
            found = self._ledger.store.signed_head(at_least)
        return found

    def round(self, *, stamp: bool = False) -> SignedHead | None:
        """Have the present head signed, cosigned and, if it is due or asked for, dated; the head, or nothing where it
        is refused."""
        with self._round:
            made_at, company = self._clock(), self._company()
            head = self._signed_now()
            if head is None:
                return None
            self._cosigned(head, made_at, company)
            if stamp or self._stamped_at is None or made_at - self._stamped_at >= STAMP_EVERY:
                self._dated(head, made_at, company)
            return head

    def _ask_again(self) -> None:
        """Have the present head cosigned; no stamp is due with it."""
        with self._round:
            made_at, head = self._clock(), self._signed_now()
            if head is not None:
                self._cosigned(head, made_at, self._company())

    def _prover(self) -> Prover:
        return Prover(self._tiles)

    def _signed_now(self) -> SignedHead | None:
        row, last = self._ledger.store.head(), self._signer.last(self.origin)
        if row.size == 0 or (last is not None and last[0] > row.size):
            return None
        known = self._ledger.store.signed_head(row.size)
        if known is not None:
            return known
        old = last[0] if last else 0
        text = checkpoint_text(self.origin, row.size, row.root)
        answer = self._signer.sign(submission_of(old, self._prover().consistency(old, row.size), text.encode()))
        if answer.status != 200:
            return None
        head = SignedHead(row.size, Note(text, signature_lines(answer.body)).spelled())
        self._ledger.keep((head,))
        return head

    def _cosigned(self, head: SignedHead, made_at: datetime, company: Company) -> None:
        """Ask every witness at once; keep what is valid and dated in time; record a quorum."""
        policy, self._unanswered = company.policy, False
        if policy is None or not company.witnesses:
            return
        with ThreadPoolExecutor(len(company.witnesses)) as pool:
            asked = {name: pool.submit(self._ask, name, ask, head) for name, ask in company.witnesses.items()}
            lines = {name: future.result() for name, future in asked.items()}
        self._unanswered = None in lines.values()
        rows: list[EvidenceRow] = []
        times: dict[str, int] = {}
        for name, line in lines.items():
            at = None if line is None else _cosigned_at(policy, name, head, line)
            if line is None or at is None:
                continue
            if self._in_time(head, datetime.fromtimestamp(at, UTC), made_at, "witness"):
                rows.append(Cosignature(head.size, name, line))
                times[name] = at
        self._ledger.keep(tuple(rows))
        if times and policy.quorum != "none" and policy.met_by(times):
            self._record_quorum(head, times)

    def _ask(self, name: str, ask: Ask, head: SignedHead) -> str | None:
        """A witness's signature line. Where it signed another size last, it is asked once more, from there."""
        for _ in range(2):
            old = self._told.get(name, 0)
            if old > head.size:
                return None
            answer = ask(submission_of(old, self._prover().consistency(old, head.size), head.note))
            if answer.status == 200:
                self._told[name] = head.size
                return answer.body
            if answer.status != 409 or not answer.body.strip().isdecimal():
                return None
            self._told[name] = int(answer.body)
        return None

    def _record_quorum(self, head: SignedHead, times: Mapping[str, int]) -> None:
        cosigners = tuple(
            Cosigner(name=name, cosigned_at=datetime.fromtimestamp(at, UTC)) for name, at in sorted(times.items())
        )
        root = Checkpoint.parse(head.note).root.hex()
        self._submit(RecordQuorum(size=head.size, root=root, cosigners=cosigners))

    def _dated(self, head: SignedHead, made_at: datetime, company: Company) -> None:
        """Ask every authority; keep its token, and its hash in the log."""
        self._stamped_at = made_at
        for name, stamp in company.authorities.items():
            token = stamp(stamping_request(head.note))
            at = None if token is None else stamp_time(token, head.note)
            if token is None or at is None or not self._in_time(head, at, made_at, "authority"):
                continue
            self._ledger.keep((Anchor(head.size, name, token),))
            digest = sha256(token).hexdigest()
            self._submit(RecordAnchor(size=head.size, authority=name, token_sha256=digest, stamped_at=at))

    def _in_time(self, head: SignedHead, at: datetime, made_at: datetime, whose: str) -> bool:
        """Whether a head was dated soon after it was made. A date before it was made says that a clock is wrong."""
        if at < made_at - SKEW:
            off_by = (made_at - at) // timedelta(milliseconds=1)
            self._submit(NoteClockAnomaly(against=whose, off_by_milliseconds=off_by))
            return True
        return at <= made_at + SKEW or self._ledger.store.size == head.size

    def _submit(self, command: Command) -> None:
        self._ledger.submit(Submission(command, Asked(BY_ITSELF, secrets.token_hex(16))))

    def _appended(self, records: Sequence[Record]) -> None:
        """On the writer's thread: note what came, and ask for the round that is due now, or with time."""
        kinds = {type(record.event) for record in records}
        critical = not kinds.isdisjoint(CRITICAL)
        self._critical = self._critical or critical
        self._grown = self._grown or not kinds <= MADE_BY_EVIDENCE
        if self._rounds is not None and self._grown:
            self._rounds.ask(self, urgent=critical)
