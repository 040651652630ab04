"""What is asked of a ledger, and how it answers."""

from dataclasses import dataclass
from hashlib import sha256

from ledger.decisions.docket import Command
from ledger.decisions.signing import Signing
from ledger.record import Asked, Record
from ledger.store.rows import EvidenceRow
from ledger.store.texts import SealedText


@dataclass(frozen=True, slots=True)
class Submission:
    """A command with what surrounds it: the request's hash, the version it rests on, the free texts it names, and the
    authentication of who signs it."""

    command: Command
    asked: Asked
    request_hash: str = ""
    expected: tuple[str, int] | None = None
    dry_run: bool = False
    texts: tuple[SealedText, ...] = ()
    signing: Signing | None = None


@dataclass(frozen=True, slots=True)
class EvidenceGathered:
    """What the evidence gathered about heads, to be kept beside the log; nothing is decided."""

    rows: tuple[EvidenceRow, ...]


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
