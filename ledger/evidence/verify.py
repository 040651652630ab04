"""Was this log altered? One file, to be copied alone, run offline, and read by a stranger.

    python verify.py bundle   BUNDLE --policy POLICY [--held NOTE]... [--tsa-roots PEM] [--jobs N] [--json]
    python verify.py receipt  RECEIPT --entry LEAF --policy POLICY
    python verify.py compare  NOTE NOTE --policy POLICY

BUNDLE is a zip or a directory. POLICY is a C2SP tlog-policy file and must come by another way than the bundle: no key
inside a bundle is ever believed. `--held` names a checkpoint or a receipt that somebody kept: it has to be a part of
the log. A signature is believed under the policy's keys alone.

    0   verified
    1   tampered: what is there contradicts what was signed, or contradicts itself
    2   incomplete, or the policy is not met (a quorum is missing, a token cannot be judged, a time is unproven)
    3   could not run

Nothing in the bundle is taken as given: hashes are computed anew from the bytes of every entry. The order: read with
limits; signatures and policy; the tree from the entries; every older checkpoint a prefix of it; the rules of the
leaves; quorum events; time-stamp tokens and the intervals they prove; what persons signed; texts opened.

Needs Python 3.11 and the package `cryptography`; for time-stamp tokens also `rfc3161-client`. The page
`docs/verification.md` says the same in prose, for whoever writes another verifier.
"""

import argparse
import base64
import binascii
import json
import re
import struct
import sys
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

VERIFIED, TAMPERED, INCOMPLETE, COULD_NOT_RUN = range(4)
WORDS: Final = ("verified", "tampered", "incomplete", "could-not-run")

LARGEST_LEAF_BYTES: Final = 65_535
LARGEST_NOTE_BYTES: Final = 65_536
LARGEST_TOKEN_BYTES: Final = 65_536
LARGEST_OTHER_BYTES: Final = 64 * 1024 * 1024
LARGEST_INTEGER: Final = 2**53 - 1
MOST_SIGNATURES: Final = 64
MOST_NAMES: Final = 10_000
MOST_FINDINGS: Final = 100
TILE: Final = 256
HASH: Final = 32
CHUNK: Final = 16
"""So many entry bundles go to a process at once."""

A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: which rule, and from which position to which where that is known."""

    exit: int
    rule: str
    detail: str
    position: int | None = None
    through: int | None = None


class Bad(Exception):
    """A finding that ends a part of the verification."""

    def __init__(self, rule: str, detail: str, position: int | None = None, code: int = TAMPERED) -> None:
        super().__init__(detail)
        self.finding = Finding(code, rule, detail, position)


# ------------------------------------------------------------------------------------------ the tree (RFC 9162, 2.1)


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def prefix_roots(hashes: Sequence[bytes], sizes: Collection[int]) -> dict[int, bytes]:
    """The roots of the trees over the first so many leaves. One pass; the peaks stand on a stack."""
    wanted, peaks, heights = set(sizes), list[bytes](), list[int]()
    found = {0: sha256(b"").digest()} if 0 in wanted else {}
    for size, leaf in enumerate(hashes, 1):
        node, height = leaf, 0
        while heights and heights[-1] == height:
            node, height = node_hash(peaks.pop(), node), heights.pop() + 1
        peaks.append(node)
        heights.append(height)
        if size in wanted:
            root = peaks[-1]
            for peak in reversed(peaks[:-1]):
                root = node_hash(peak, root)
            found[size] = root
    return found


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root of the tree over these leaf hashes."""
    return prefix_roots(hashes, (len(hashes),))[len(hashes)]


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); `Bad` where its length is another."""
    if not 0 <= index < size:
        raise Bad("proof.inclusion", "the index is not below the size", index)
    node, at, last = leaf, index, size - 1
    for sibling in proof:
        if last == 0:
            raise Bad("proof.inclusion", "the proof is too long", index)
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise Bad("proof.inclusion", "the proof is too short", index)
    return node


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """The tree of `old` leaves is a prefix of that of `new` (RFC 9162, 2.1.4.2); `Bad` where the proof does not show
    it."""
    if old > new:
        raise Bad("proof.consistency", "the older tree is the larger one")
    if old in (0, new):
        if proof or (old == new and old_root != new_root):
            raise Bad("proof.consistency", "two trees of one size differ" if not proof else "the proof is too long")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise Bad("proof.consistency", "the proof is empty")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for node in path[1:]:
        if last == 0:
            raise Bad("proof.consistency", "the proof is too long")
        if at & 1 or at == last:
            first, second = node_hash(node, first), node_hash(node, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, node)
        at, last = at >> 1, last >> 1
    if last or first != old_root or second != new_root:
        raise Bad("proof.consistency", "the proof does not lead from one root to the other")


# ------------------------------------------------------------- notes, checkpoints, cosignatures, policies (C2SP)

ED25519, COSIGNATURE = 0x01, 0x04
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_CURVE_P: Final = 2**255 - 19
_CURVE_D: Final = -121665 * pow(121666, -1, _CURVE_P) % _CURVE_P


def decimal(text: str, rule: str) -> int:
    """A number in its one spelling: ASCII digits without leading zeroes."""
    if not _DECIMAL.fullmatch(text):
        raise Bad(rule, "not a decimal number in its one spelling")
    return int(text)


def unbase64(text: str, rule: str, length: int | None = None) -> bytes:
    """Standard Base 64 in its one spelling."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Bad(rule, "not Base 64") from None
    if base64.b64encode(found).decode() != text or (length is not None and len(found) != length):
        raise Bad(rule, "Base 64 of another length, or in another spelling")
    return found


def has_small_order(public_key: bytes) -> bool:
    """Whether an Ed25519 key is no point of the curve, or one whose eightfold is the neutral element: under such a key
    one signature can be valid for every message."""
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    if y >= _CURVE_P:
        return True
    squared = (y * y - 1) * pow(_CURVE_D * y * y + 1, -1, _CURVE_P) % _CURVE_P
    x = pow(squared, (_CURVE_P + 3) // 8, _CURVE_P)
    if (x * x - squared) % _CURVE_P:
        x = x * pow(2, (_CURVE_P - 1) // 4, _CURVE_P) % _CURVE_P
    if (x * x - squared) % _CURVE_P:
        return True
    for _ in range(3):
        product = _CURVE_D * x * x * y * y % _CURVE_P
        x, y = (
            2 * x * y * pow(1 + product, -1, _CURVE_P) % _CURVE_P,
            (y * y + x * x) * pow(1 - product, -1, _CURVE_P) % _CURVE_P,
        )
    return (x, y) == (0, 1)


def key_id(name: str, kind: int, public_key: bytes) -> bytes:
    """SHA-256(name || 0x0A || type || key)[:4]."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:4]


def is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name and type, as `name+hash+base64` (C2SP signed-note, verifier keys)."""

    name: str
    kind: int
    public_key: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """`Bad` for another spelling, a key ID that is not the key's, or a key of small order."""
        name, _, rest = text.partition("+")
        identifier, _, encoded = rest.partition("+")
        material = unbase64(encoded, "policy.key")
        if not is_key_name(name) or len(material) != 1 + HASH or material[0] not in (ED25519, COSIGNATURE):
            raise Bad("policy.key", "not an Ed25519 verifier key")
        key = cls(name, material[0], material[1:])
        if identifier != key.id.hex():
            raise Bad("policy.key", "the key ID is not that of the key")
        if has_small_order(key.public_key):
            raise Bad("policy.key", "a key of small order")
        return key

    @property
    def id(self) -> bytes:
        return key_id(self.name, self.kind, self.public_key)

    def spelled(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public_key).decode()}"

    def verifies(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signature(NamedTuple):
    """A signature line of a note."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        return f"\u2014 {self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note: its text, with the last newline, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, raw: bytes) -> "Note":
        """`Bad` for what is not a note in its one spelling."""
        if len(raw) > LARGEST_NOTE_BYTES:
            raise Bad("note.format", "a note that is too large")
        try:
            whole = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Bad("note.format", "a note that is not UTF-8") from None
        if any(character < " " and character != "\n" for character in whole):
            raise Bad("note.format", "a note with a control character")
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise Bad("note.format", "a note without signatures")
        return cls(text + "\n", signature_lines(lines))

    def spelled(self) -> bytes:
        return (self.text + "\n" + "".join(each.line() for each in self.signatures)).encode()


def signature_lines(lines: str) -> tuple[Signature, ...]:
    """The signatures of a note, or of a witness's answer."""
    found = [_signature(line) for line in lines.removesuffix("\n").split("\n")]
    if len(found) > MOST_SIGNATURES:
        raise Bad("note.format", "too many signatures")
    return tuple(found)


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != "\u2014" or not is_key_name(name):
        raise Bad("note.format", "a line that is no signature")
    material = unbase64(encoded, "note.format")
    if len(material) <= 4:
        raise Bad("note.format", "a signature that is too short")
    return Signature(name, material[:4], material[4:])


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log at a size (C2SP tlog-checkpoint); a note without extension lines."""

    note: Note
    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Checkpoint":
        return checkpoint_of(Note.parse(raw))

    def by_log(self) -> bytes:
        """The note with the signatures of the log alone: these are the bytes that a time-stamp is over."""
        own = tuple(each for each in self.note.signatures if each.name == self.origin)
        return Note(self.note.text, own).spelled()


def checkpoint_of(note: Note) -> Checkpoint:
    """The head that a note's text tells; `Bad` where it tells none in its one spelling."""
    lines = note.text.removesuffix("\n").split("\n")
    if len(lines) != 3 or not lines[0] or not note.text.endswith("\n"):
        raise Bad("checkpoint.format", "a checkpoint has three lines: origin, size, root")
    size = decimal(lines[1], "checkpoint.format")
    return Checkpoint(note, lines[0], size, unbase64(lines[2], "checkpoint.format", HASH))


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """The text of a checkpoint: origin, size, root in Base 64, a line each."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def cosigned_message(text: str, time: int) -> bytes:
    """What a witness signs: `cosignature/v1`, the time in seconds, and the checkpoint's text."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


class Group(NamedTuple):
    """A witness alone, or so many of some members."""

    needed: int
    members: tuple[str, ...]


@dataclass(slots=True)
class Policy:
    """Who is believed: the log's keys, the witnesses' keys, and how many of these have to cosign (tlog-policy)."""

    logs: list[VerifierKey] = field(default_factory=list)
    witnesses: dict[str, VerifierKey] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    quorum: str | None = None

    @classmethod
    def parse(cls, raw: bytes) -> "Policy":
        """`Bad` for what the specification does not allow."""
        policy, grouped = cls(), set[str]()
        if any(byte < 0x20 and byte not in (9, 10) for byte in raw) or 0x7F in raw:
            raise Bad("policy.format", "a control character")
        for line in raw.decode("utf-8", "surrogateescape").split("\n"):
            words = re.split(r"[ \t]+", line.strip(" \t"))
            if words != [""] and not words[0].startswith("#"):
                policy._take(words, grouped)
        if policy.quorum is None:
            raise Bad("policy.format", "no quorum line")
        return policy

    def _take(self, words: list[str], grouped: set[str]) -> None:
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self._new_key(log := VerifierKey.parse(key), ED25519)
                self.logs.append(log)
            case ["witness", name, key, *url] if len(url) <= 1:
                self._new_name(name)
                self._new_key(witness := VerifierKey.parse(key), COSIGNATURE)
                self.witnesses[name] = witness
                self.urls.update((name, each) for each in url)
            case ["group", name, rule, *members] if members:
                self._new_name(name)
                for member in members:
                    if (member not in self.witnesses and member not in self.groups) or member in grouped:
                        raise Bad("policy.format", "a member that is unknown, or a member twice")
                    grouped.add(member)
                needed = {"all": len(members), "any": 1}.get(rule) or decimal(rule, "policy.format")
                if not 1 <= needed <= len(members):
                    raise Bad("policy.format", "a group that nobody, or more than all, have to be in")
                self.groups[name] = Group(needed, tuple(members))
            case ["quorum", name] if self.quorum is None and name in {"none", *self.witnesses, *self.groups}:
                self.quorum = name
            case _:
                raise Bad("policy.format", "a line that is not understood")

    def _new_name(self, name: str) -> None:
        if name == "none" or name in self.witnesses or name in self.groups:
            raise Bad("policy.format", "a name twice")

    def _new_key(self, key: VerifierKey, kind: int) -> None:
        known = {each.public_key for each in (*self.logs, *self.witnesses.values())}
        if key.kind != kind or key.public_key in known:
            raise Bad("policy.format", "a key of another type, or a key twice")

    def signed(self, checkpoint: Checkpoint) -> bool:
        """Whether a key of the log signed; `Bad` where a signature under a key that is believed does not verify."""
        own = [self._valid(key, checkpoint) for key in self.logs if key.name == checkpoint.origin]
        return any(time is not None for time in own)

    def cosigned(self, checkpoint: Checkpoint) -> dict[str, int]:
        """The witnesses, by their names here, that cosigned, each with its time in seconds."""
        times = {name: self._valid(key, checkpoint) for name, key in self.witnesses.items()}
        return {name: time for name, time in times.items() if time is not None}

    def _valid(self, key: VerifierKey, checkpoint: Checkpoint) -> int | None:
        """The time of a key's signature (0 for a log's), or nothing where it did not sign."""
        time: int | None = None
        for name, identifier, signature in checkpoint.note.signatures:
            if (name, identifier) != (key.name, key.id):
                continue
            text, stated = checkpoint.note.text, 0
            message = text.encode()
            if key.kind == COSIGNATURE:
                stated = int.from_bytes(signature[:8], "big")
                signature, message = signature[8:], cosigned_message(text, stated)
            if not key.verifies(signature, message):
                raise Bad("note.signature", f"a signature of {name} on the checkpoint of size {checkpoint.size}")
            time = stated if time is None else min(time, stated)
        return time

    def met_by(self, names: Collection[str]) -> bool:
        """Whether these witnesses are a quorum."""
        return self.quorum == "none" or self._witnessed(self.quorum or "", names)

    def _witnessed(self, name: str, names: Collection[str]) -> bool:
        if name in self.witnesses:
            return name in names
        needed, members = self.groups[name]
        return sum(self._witnessed(member, names) for member in members) >= needed


@dataclass(frozen=True, slots=True)
class Receipt:
    """A proof that an entry is in a log (C2SP tlog-proof)."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, raw: bytes) -> "Receipt":
        head, blank, note = raw.partition(b"\n\n")
        lines = head.decode("ascii", "replace").split("\n")
        if not blank or lines[0] != "c2sp.org/tlog-proof@v1":
            raise Bad("receipt.format", "not a tlog-proof")
        lines = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
        if not lines or not lines[0].startswith("index ") or len(lines) > 64:
            raise Bad("receipt.format", "no index, or too many hashes")
        index = decimal(lines[0].removeprefix("index "), "receipt.format")
        proof = tuple(unbase64(line, "receipt.format", HASH) for line in lines[1:])
        return cls(index, proof, Checkpoint.parse(note))

    def spelled(self) -> bytes:
        hashes = "".join(base64.b64encode(each).decode() + "\n" for each in self.proof)
        return f"c2sp.org/tlog-proof@v1\nindex {self.index}\n{hashes}\n".encode() + self.checkpoint.note.spelled()


# ---------------------------------------------------------------------------------------------- what a leaf has to be

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HEX = re.compile(r"[0-9a-f]{64}")
_CLOCK = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}"
_UTC = re.compile(_CLOCK + "Z")
_INSTANT = re.compile(_CLOCK + r"(?:Z|[+-](?:(?:0[1-9]|1[0-9]|2[0-3]):[0-5][0-9]|00:(?:0[1-9]|[1-5][0-9])))")
ENVELOPE: Final = frozenset({
    "v", "origin", "after", "type", "stream", "stream_version", "position", "command_id", "occurred_at",
    "recorded_at", "actor", "source", "protocol_version", "reason", "corrects", "conflicts_with", "data",
})  # fmt: skip
ACTOR: Final = frozenset({"id", "role", "site", "authenticated"})
KEPT_TYPES: Final = frozenset({
    "trial.registered.v1", "trial.evidence-quorum-reached.v1", "trial.anchor-recorded.v1", "trial.clock-anomaly.v1",
    "trial.recovery-recorded.v1",
})  # fmt: skip


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _integer(digits: str) -> int:
    number = int(digits)
    if abs(number) > LARGEST_INTEGER or digits == "-0":
        raise ValueError
    return number


_decode = json.JSONDecoder(parse_float=_refuse, parse_int=_integer, parse_constant=_refuse).decode
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


class Leaf(NamedTuple):
    """What the rules across leaves need of one."""

    origin: str
    type: str
    stream: str
    stream_version: int
    position: int
    command_id: str
    actor: str
    recorded_at: str
    after: tuple[int, str] | None
    backwards: tuple[int, ...]
    """The positions that it corrects or contradicts."""
    data: dict[str, Any] | None
    """The content, of the types that are evidence or that carry a signature's manifest."""
    signer: tuple[str, str] = ("", "")
    """Who acted, and in which role, where there is a signature's manifest."""


def read_leaf(raw: bytes) -> Leaf:
    """The leaf that bytes are; `Bad` where a rule for one leaf alone is broken."""
    try:
        text = raw.decode("utf-8")
        whole = _decode(text)
        if _canonical(whole) != text:
            raise ValueError
    except (ValueError, RecursionError):
        raise Bad("leaf.canonical", "not canonical JSON") from None
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        raise Bad("leaf.canonical", "text that is not in NFC")
    if type(whole) is not dict or whole.keys() != ENVELOPE or not _names_are_plain(whole):
        raise Bad("leaf.members", "members that are not those of an event")
    return _leaf(whole)


_PLAIN: Final[set[str]] = set()
"""Names that were found plain: a log has few."""


def _names_are_plain(value: dict[str, Any] | list[Any]) -> bool:
    if type(value) is dict:
        if not value.keys() <= _PLAIN:
            if not all(map(_NAME.fullmatch, value)):
                return False
            if len(_PLAIN) < MOST_NAMES:
                _PLAIN.update(value)
        parts: Iterable[Any] = value.values()
    else:
        parts = value
    return all(_names_are_plain(part) for part in parts if type(part) is dict or type(part) is list)


def _leaf(e: dict[str, Any]) -> Leaf:
    actor, after, data = e["actor"], e["after"], e["data"]
    if e["v"] != 1 or type(data) is not dict or type(actor) is not dict or actor.keys() != ACTOR:
        raise Bad("leaf.members", "another version, or another actor or content")
    texts = (e["origin"], e["type"], e["stream"], e["command_id"], e["occurred_at"], e["recorded_at"])
    counts = (e["stream_version"], e["position"], e["protocol_version"])
    if any(type(text) is not str or not text for text in texts) or any(type(n) is not int or n < 0 for n in counts):
        raise Bad("leaf.members", "a member of another type")
    if e["reason"] is not None and not (type(e["reason"]) is str and _HEX.fullmatch(e["reason"])):
        raise Bad("leaf.members", "a reason that is no commitment")
    if not _UTC.fullmatch(e["recorded_at"]) or not _INSTANT.fullmatch(e["occurred_at"]):
        raise Bad("leaf.time", "an instant in another spelling")
    backwards = tuple(each for each in (e["corrects"], e["conflicts_with"]) if each is not None)
    if any(type(each) is not int or each < 0 for each in backwards):
        raise Bad("leaf.members", "a position that is no position")
    kept = data if e["type"] in KEPT_TYPES or "manifest" in data else None
    who = f"{actor} {e['source']}"
    return Leaf(
        e["origin"], e["type"], e["stream"], e["stream_version"], e["position"], e["command_id"], who,
        e["recorded_at"], None if after is None else _head(after), backwards, kept,
        (str(actor["id"]), str(actor["role"])) if "manifest" in data else ("", ""),
    )  # fmt: skip


def _head(after: Any) -> tuple[int, str]:
    if type(after) is not dict or after.keys() != {"size", "root"} or type(after["size"]) is not int:
        raise Bad("leaf.members", "a head that is no head")
    if type(after["root"]) is not str or not _HEX.fullmatch(after["root"]) or after["size"] < 0:
        raise Bad("leaf.members", "a head that is no head")
    return after["size"], after["root"]


def seconds(instant: str) -> float:
    """A leaf's instant in UTC, in seconds of the POSIX epoch; `Bad` for a day that no calendar has."""
    try:
        return datetime.fromisoformat(instant).timestamp()
    except ValueError:
        raise Bad("leaf.time", "an instant that no calendar has") from None


def check_leaves(leaves: Iterable[Leaf | Finding], origin: str, report: "Report") -> list[Leaf]:
    """The rules across leaves: each at its position, in its stream's order, after the ones before."""
    versions: Counter[str] = Counter()
    commands: set[str] = set()
    kept: list[Leaf] = []
    before: Leaf | None = None
    for position, leaf in enumerate(leaves):
        if isinstance(leaf, Finding):
            report.found(leaf.rule, leaf.detail, position)
            continue
        for rule, wrong in _against(leaf, position, origin, before, versions, commands):
            report.found(rule, wrong, position)
        versions[leaf.stream] = leaf.stream_version
        commands.add(leaf.command_id)
        before = leaf
        kept.append(leaf)
    return kept


def _against(
    leaf: Leaf, position: int, origin: str, before: Leaf | None, versions: Mapping[str, int], commands: set[str]
) -> Iterator[tuple[str, str]]:
    if leaf.origin != origin:
        yield "leaf.origin", "an event of another log"
    if leaf.position != position:
        yield "leaf.position", f"it says position {leaf.position}"
    if leaf.stream_version != versions[leaf.stream] + 1:
        yield "leaf.stream_version", f"version {leaf.stream_version} after {versions[leaf.stream]}"
    if any(each >= position for each in leaf.backwards):
        yield "leaf.backwards", "it corrects or contradicts what is not before it"
    if leaf.after is not None and leaf.after[0] > position:
        yield "leaf.after", "it was made after a head that holds it"
    if before is None:
        return
    if leaf.recorded_at <= before.recorded_at:
        yield "leaf.recorded_at", "recorded no later than the event before it"
    if (leaf.after or (0, ""))[0] < (before.after or (0, ""))[0]:
        yield "leaf.after", "an older head than the event before it saw"
    same = leaf.command_id == before.command_id
    if not same and leaf.command_id in commands:
        yield "leaf.command", "the events of one command are not neighbours"
    if same and (leaf.actor, leaf.after) != (before.actor, before.after):
        yield "leaf.command", "two events of one command with another actor or head"


# ---------------------------------------------------------------------------------------------------------- the bundle

_FILES: Final[tuple[tuple[re.Pattern[str], int], ...]] = (
    (re.compile(r"checkpoint|checkpoints/(?:0|[1-9][0-9]{0,15})"), LARGEST_NOTE_BYTES),
    (re.compile(r"tile/entries/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?"), TILE * (2 + LARGEST_LEAF_BYTES)),
    (re.compile(r"tile/[0-9]{1,2}/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?"), TILE * HASH),
    (re.compile(r"anchors/(?:0|[1-9][0-9]{0,15})/[A-Za-z0-9._-]{1,80}\.tsr"), LARGEST_TOKEN_BYTES),
    (re.compile(r"proofs/(?:0|[1-9][0-9]{0,15})\.tlog-proof"), LARGEST_NOTE_BYTES),
    (re.compile(r"openings\.jsonl|README\.txt|(?:blobs|schema|views)/[A-Za-z0-9._-]{1,120}"), LARGEST_OTHER_BYTES),
)


def tile_path(level: int | str, index: int, width: int = TILE) -> str:
    """`tile/<L>/<N>[.p/<W>]` (C2SP tlog-tiles)."""
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    return f"tile/{level}/{'/'.join(reversed(parts))}" + ("" if width == TILE else f".p/{width}")


class Bundle:
    """The files of a bundle by name, read with limits. What has no place in a bundle is named in `unknown`."""

    def __init__(self, names: Sequence[str], read: Callable[[str, int], bytes]) -> None:
        if len(set(names)) < len(names):
            raise Bad("bundle.format", "a file twice")
        self.names = frozenset(names)
        self.unknown = tuple(sorted(name for name in names if _limit(name) is None))
        self._read = read

    @classmethod
    def of(cls, path: Path) -> "Bundle":
        """A zip, or a directory."""
        if path.is_dir():
            names = [each.relative_to(path).as_posix() for each in sorted(path.rglob("*")) if each.is_file()]
            return cls(names, lambda name, limit: _read_up_to(path / name, limit))
        zipped = _opened(path)
        names = [info.filename for info in zipped.infolist() if not info.is_dir()]
        return cls(names, lambda name, limit: _unzipped(zipped, name, limit))

    def read(self, name: str) -> bytes | None:
        """A file's bytes; none where there is no such file; `Bad` beyond its limit."""
        limit = _limit(name)
        if name not in self.names or limit is None:
            return None
        raw = self._read(name, limit + 1)
        if len(raw) > limit:
            raise Bad("bundle.format", f"{name} is too large")
        return raw

    def under(self, folder: str) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.names if name.startswith(folder) and _limit(name) is not None))


def _read_up_to(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most)


def _unzipped(zipped: zipfile.ZipFile, name: str, most: int) -> bytes:
    try:
        with zipped.open(name) as file:
            return file.read(most)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError):
        raise Bad("bundle.format", f"{name} cannot be read") from None


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, ValueError):
        raise Bad("bundle.format", "neither a directory nor a zip", code=COULD_NOT_RUN) from None


def _limit(name: str) -> int | None:
    return next((limit for pattern, limit in _FILES if pattern.fullmatch(name)), None)


def entries_of(raw: bytes) -> list[bytes]:
    """The entries of one entry bundle, each with its length before it as two bytes; one that is cut off is not one."""
    found: list[bytes] = []
    at = 0
    while at + 2 <= len(raw):
        (length,) = struct.unpack_from(">H", raw, at)
        if at + 2 + length > len(raw):
            break
        found.append(raw[at + 2 : at + 2 + length])
        at += 2 + length
    return found


class Read(NamedTuple):
    """What one entry bundle holds: the hashes of its leaves, and what these are."""

    hashes: list[bytes]
    leaves: list[Leaf | Finding]


def read_entries(tile: tuple[int, bytes]) -> Read:
    """An entry bundle, given with the position of its first entry."""
    first, raw = tile
    entries = entries_of(raw)
    leaves: list[Leaf | Finding] = []
    for at, entry in enumerate(entries, first):
        try:
            leaves.append(read_leaf(entry))
        except Bad as bad:
            leaves.append(Finding(TAMPERED, bad.finding.rule, bad.finding.detail, at))
    return Read([leaf_hash(entry) for entry in entries], leaves)


def _entry_bundles(bundle: Bundle, size: int) -> Iterator[tuple[int, bytes]]:
    """The entry bundles of a log of a size; `Bad` where one is missing."""
    for index in range((size + TILE - 1) // TILE):
        width = min(TILE, size - index * TILE)
        raw = bundle.read(tile_path("entries", index, width))
        if raw is None:
            raise Bad("entries.missing", "entries that the checkpoint holds are not there", index * TILE, INCOMPLETE)
        yield index * TILE, raw


# ---------------------------------------------------------------------------------------------------------- the report


@dataclass(slots=True)
class Report:
    """What was found, and what the verdict is."""

    origin: str | None = None
    size: int | None = None
    root: str | None = None
    cosigned_by: dict[str, str] = field(default_factory=dict)
    checkpoints: int = 0
    events: dict[str, int] = field(default_factory=dict)
    dated_heads: list[dict[str, Any]] = field(default_factory=list)
    time_proven: int = 0
    """Events between two dated heads, or before the first, whose time agrees with them."""
    time_open: int = 0
    """Events after the last dated head: nothing dates them yet."""
    signatures: list[dict[str, Any]] = field(default_factory=list)
    """Persons' signatures that are bound: where they stand, who signed what, and what that means."""
    openings: int = 0
    not_checked: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unlisted: int = 0

    def found(self, rule: str, detail: str, position: int | None = None, code: int = TAMPERED) -> None:
        self.take(Finding(code, rule, detail, position))

    def take(self, finding: Finding) -> None:
        if len(self.findings) < MOST_FINDINGS or (finding.exit == TAMPERED and self.exit != TAMPERED):
            self.findings.append(finding)
        else:
            self.unlisted += 1

    @property
    def exit(self) -> int:
        """Tampered before could-not-run before incomplete before verified."""
        codes = {finding.exit for finding in self.findings}
        return next((code for code in (TAMPERED, COULD_NOT_RUN, INCOMPLETE) if code in codes), VERIFIED)

    @property
    def first_bad(self) -> Finding | None:
        """Of what weighs most, the finding at the lowest position, the narrowest there; a range gives way to a single
        position inside it."""
        weighty = [each for each in self.findings if each.exit == self.exit]
        first = min(weighty, key=_where, default=None)
        if first is None or first.position is None or first.through is None:
            return first
        inside = [
            (each.position, each)
            for each in weighty
            if each.through is None and each.position is not None and first.position <= each.position <= first.through
        ]
        return min(inside, key=lambda found: found[0])[1] if inside else first

    def as_json(self) -> str:
        first = self.first_bad
        whole = {
            "verdict": WORDS[self.exit],
            "exit": self.exit,
            "first_bad": asdict(first) if first else None,
            **asdict(self),
        }
        return json.dumps(whole, indent=2, ensure_ascii=False)

    def as_text(self) -> str:
        lines = [f"{WORDS[self.exit].upper()} (exit {self.exit})"]
        if (first := self.first_bad) is not None:
            at = "" if first.position is None else f" at position {first.position}"
            through = "" if first.through is None else f" to {first.through}"
            lines.append(f"  first{at}{through}: {first.rule}: {first.detail}")
        if self.size is not None:
            lines += [f"  log      {self.origin}", f"  head     {self.size} events, root {self.root}"]
            lines.append(f"  cosigned {', '.join(f'{n} {t}' for n, t in self.cosigned_by.items()) or 'by nobody'}")
            lines.append(f"  older checkpoints {self.checkpoints}, dated heads {len(self.dated_heads)}")
            lines.append(f"  times    {self.time_proven} events bounded by dated heads, {self.time_open} not yet")
            lines.append(f"  persons' signatures {len(self.signatures)}, texts opened {self.openings}")
        lines += [
            f"  - {WORDS[f.exit]}: {f.rule}{'' if f.position is None else f' at {f.position}'}: {f.detail}"
            for f in self.findings
        ]
        return "\n".join([*lines, *(f"  not checked: {name}" for name in self.not_checked)])


@dataclass(frozen=True, slots=True)
class Trust:
    """What is believed, and came by another way than the bundle."""

    policy: Policy
    held: tuple[bytes, ...] = ()
    tsa_roots: bytes | None = None
    skew_seconds: int = 5
    newest_older_than_seconds: int | None = None
    """The age that the newest dated head may have at `now`; none: it is not asked."""
    now: float | None = None


def _where(finding: Finding) -> tuple[bool, int, int]:
    """Where a finding begins and ends; what names no position comes last."""
    position = finding.position or 0
    return finding.position is None, position, position if finding.through is None else finding.through


class Dated(NamedTuple):
    """A head that existed at a time, by a cosignature or a token."""

    size: int
    at: float
    by: str


# ----------------------------------------------------------------------------------------------------- the verification


def verify_bundle(
    path: Path, trust: Trust, jobs: int = 1, progress: Callable[[int, int], None] | None = None
) -> Report:
    """Everything about a bundle, in the order of this file's first paragraph."""
    try:
        return verify_files(Bundle.of(path), trust, jobs, progress)
    except Bad as bad:
        report = Report()
        report.take(bad.finding)
        return report


def verify_files(
    bundle: Bundle, trust: Trust, jobs: int = 1, progress: Callable[[int, int], None] | None = None
) -> Report:
    """The same of files that somebody has at hand."""
    report = Report()
    try:
        report.not_checked += bundle.unknown
        checkpoint = _newest(bundle, trust.policy, report)
        hashes, leaves = _read_entries(bundle, checkpoint.size, jobs, progress, report)
        _check_tree(bundle, checkpoint, hashes, leaves, trust, report)
    except Bad as bad:
        report.take(bad.finding)
    return report


def _newest(bundle: Bundle, policy: Policy, report: Report) -> Checkpoint:
    raw = bundle.read("checkpoint")
    if raw is None:
        raise Bad("checkpoint.missing", "the bundle has no checkpoint", code=INCOMPLETE)
    checkpoint = Checkpoint.parse(raw)
    if not policy.signed(checkpoint):
        raise Bad("note.signature", "no key of the policy signed the checkpoint")
    report.origin, report.size, report.root = checkpoint.origin, checkpoint.size, checkpoint.root.hex()
    cosigned = policy.cosigned(checkpoint)
    report.cosigned_by = {name: _utc(time) for name, time in cosigned.items()}
    if not policy.met_by(cosigned):
        report.found("policy.quorum", "the newest checkpoint has no quorum of cosignatures", code=INCOMPLETE)
    return checkpoint


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _read_entries(
    bundle: Bundle, size: int, jobs: int, progress: Callable[[int, int], None] | None, report: Report
) -> Read:
    """Every entry up to the first bundle that is not whole; what is missing is found."""
    whole = Read([], [])
    with ProcessPoolExecutor(jobs) if jobs > 1 else _Here() as pool:
        for index, some in enumerate(pool.map(read_entries, _entry_bundles(bundle, size), chunksize=CHUNK)):
            whole.hashes.extend(some.hashes)
            whole.leaves.extend(some.leaves)
            if progress:
                progress(len(whole.hashes), size)
            if len(some.hashes) != min(TILE, size - index * TILE):
                break
    if len(whole.hashes) != size:
        detail = f"{len(whole.hashes)} entries are there in a row, and the checkpoint is of {size}"
        report.found("entries.missing", detail, min(len(whole.hashes), size), INCOMPLETE)
    return whole


class _Here:
    """What `ProcessPoolExecutor` does, in this process."""

    def __enter__(self) -> "_Here":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, work: Callable[[A], R], over: Iterable[A], chunksize: int) -> Iterator[R]:  # noqa: ARG002
        return map(work, over)


def _check_tree(
    bundle: Bundle,
    newest: Checkpoint,
    hashes: list[bytes],
    leaves: list[Leaf | Finding],
    trust: Trust,
    report: Report,
) -> None:
    checkpoints = [newest, *_older(bundle, newest, trust.policy, report)]
    kept = [each for raw in trust.held if (each := _held(raw, newest, trust.policy, report)) is not None]
    held = _of_this_history(kept, newest, leaves, report)
    named = [leaf.after for leaf in leaves if isinstance(leaf, Leaf) and leaf.after is not None]
    sizes = {each.size for each in (*checkpoints, *held)} | {size for size, _ in named}
    roots = prefix_roots(hashes, {size for size in sizes if size <= len(hashes)})
    _check_prefixes(bundle, [*checkpoints, *held], hashes, roots, report)
    _check_tiles(bundle, hashes, report)
    known = check_leaves(leaves, newest.origin, report)
    _check_heads_seen(known, [*checkpoints, *held], roots, report)
    report.events = dict(sorted(Counter(leaf.type for leaf in known).items()))
    report.checkpoints = len(checkpoints) - 1
    tokens = _anchors(bundle, checkpoints, trust, report)
    _check_quorum_events(known, checkpoints, trust.policy, report)
    _check_anchor_events(known, bundle, report)
    dated = [*_cosigned(checkpoints, trust.policy), *tokens]
    if known and (known[0].data or {}).get("training") is True:
        report.not_checked.append("times: a training ledger may play a story by a clock of its own")
    else:
        _check_times(known, dated, trust, report)
    _check_manifests(known, hashes, report)
    _check_receipts(bundle, hashes, roots, trust.policy, report)
    _check_openings(bundle, report)


def _older(bundle: Bundle, newest: Checkpoint, policy: Policy, report: Report) -> list[Checkpoint]:
    """The checkpoints beside the newest, of those that the log signed."""
    found = []
    for name in bundle.under("checkpoints/"):
        size = int(name.rpartition("/")[2])
        try:
            checkpoint = Checkpoint.parse(bundle.read(name) or b"")
            if not policy.signed(checkpoint):
                raise Bad("note.signature", f"no key of the policy signed {name}")
            policy.cosigned(checkpoint)
            if (checkpoint.origin, checkpoint.size) != (newest.origin, size) or size > newest.size:
                raise Bad("checkpoint.format", f"{name} is another log's, of another size, or newer than the newest")
            found.append(checkpoint)
        except Bad as bad:
            report.take(bad.finding)
    return found


def _held(raw: bytes, newest: Checkpoint, policy: Policy, report: Report) -> Checkpoint | None:
    """A checkpoint, or a receipt, that somebody kept."""
    try:
        checkpoint = Receipt.parse(raw).checkpoint if raw.startswith(b"c2sp.org/") else Checkpoint.parse(raw)
        if not policy.signed(checkpoint) or checkpoint.origin != newest.origin:
            raise Bad("head.held", "what was held is not a checkpoint of this log under the policy", code=COULD_NOT_RUN)
    except Bad as bad:
        report.take(Finding(COULD_NOT_RUN, bad.finding.rule, bad.finding.detail))
        return None
    return checkpoint


def _of_this_history(
    held: list[Checkpoint], newest: Checkpoint, leaves: list[Leaf | Finding], report: Report
) -> list[Checkpoint]:
    """The held heads that have to be prefixes. One that a recovery on record names is known to be lost."""
    recoveries = {
        (leaf.data.get("signed_size"), leaf.data.get("signed_root")): leaf.position
        for leaf in leaves
        if isinstance(leaf, Leaf) and leaf.type == "trial.recovery-recorded.v1" and leaf.data is not None
    }
    kept = []
    for each in held:
        if (at := recoveries.get((each.size, each.root.hex()))) is not None:
            report.found("log.recovered", f"{each.size} events were signed; what is lost is on record", at, INCOMPLETE)
        elif each.size > newest.size:
            report.found("head.held", f"the log was longer before: {each.size} events were signed", newest.size)
        else:
            kept.append(each)
    return kept


def _check_prefixes(
    bundle: Bundle, heads: list[Checkpoint], hashes: list[bytes], roots: Mapping[int, bytes], report: Report
) -> None:
    """Every head is that of so many entries; the first is the bundle's newest. Of a head beyond the entries that are
    there, these are compared with its tiles."""
    good = max((head.size for head in heads if roots.get(head.size) == head.root), default=0)
    for head in heads:
        if roots.get(head.size) == head.root:
            continue
        rule = "tree.root" if head is heads[0] else "tree.prefix"
        below = max(
            (each.size for each in heads if each.size < head.size and roots.get(each.size) == each.root), default=0
        )
        first, last = _first_changed(bundle, head, hashes), head.size - 1
        if first is None and head.size > len(hashes):
            continue
        detail = f"the entries are not those of the head of size {head.size}; up to {good} they are as one was signed"
        position, through = (below, last) if first is None else (first, None)
        report.take(Finding(TAMPERED, rule, detail, position, through))


def _first_changed(bundle: Bundle, checkpoint: Checkpoint, hashes: list[bytes]) -> int | None:
    """The first entry that is not the one that was signed, where the bundle's tiles are those that were."""
    stored: list[bytes] = []
    for index in range((checkpoint.size + TILE - 1) // TILE):
        width = min(TILE, checkpoint.size - index * TILE)
        raw = bundle.read(tile_path(0, index, width)) or bundle.read(tile_path(0, index)) or b""
        whole = [raw[at : at + HASH] for at in range(0, len(raw), HASH)][:width]
        if len(whole) < width:
            wider = (bundle.read(name) or b"" for name in bundle.under(tile_path(0, index) + ".p/"))
            raw = max(wider, key=len, default=b"")
            whole = [raw[at : at + HASH] for at in range(0, len(raw), HASH)][:width]
        stored += whole
    if len(stored) != checkpoint.size or root_of(stored) != checkpoint.root:
        return None
    return next((at for at, (one, other) in enumerate(zip(stored, hashes, strict=False)) if one != other), None)


def _check_heads_seen(leaves: list[Leaf], signed: list[Checkpoint], roots: Mapping[int, bytes], report: Report) -> None:
    """The heads that events say they saw are prefixes of the log; else something is wrong between the last head that
    is, and the event."""
    good = {head.size for head in signed if roots.get(head.size) == head.root}
    told: set[int] = set()
    for leaf in leaves:
        size, root = leaf.after or (0, "")
        computed = roots.get(size)
        if leaf.after is None or size > leaf.position or computed is None:
            continue
        if computed.hex() == root:
            good.add(size)
        elif size not in told:
            told.add(size)
            detail = f"the head of {size} events that event {leaf.position} saw is no prefix of the log"
            below = max((each for each in good if each < size), default=0)
            report.take(Finding(TAMPERED, "leaf.after", detail, below, leaf.position))


def _check_tiles(bundle: Bundle, hashes: list[bytes], report: Report) -> None:
    """Every tile of the bundle holds the hashes that the entries give."""
    nodes, level = hashes, 0
    while nodes:
        for index in range((len(nodes) + TILE - 1) // TILE):
            some = nodes[index * TILE : (index + 1) * TILE]
            raw = bundle.read(tile_path(level, index, len(some)))
            if raw is not None and raw != b"".join(some):
                at = next((n for n in range(len(some)) if raw[n * HASH : (n + 1) * HASH] != some[n]), len(some))
                report.found("tree.tile", f"tile {index} of level {level}", (index * TILE + at) * TILE**level)
        full = len(nodes) // TILE
        nodes = [root_of(nodes[index * TILE : (index + 1) * TILE]) for index in range(full)]
        level += 1


def _cosigned(checkpoints: Iterable[Checkpoint], policy: Policy) -> Iterator[Dated]:
    for checkpoint in checkpoints:
        for name, at in policy.cosigned(checkpoint).items():
            yield Dated(checkpoint.size, float(at), f"witness {name}")


def _anchors(bundle: Bundle, checkpoints: list[Checkpoint], trust: Trust, report: Report) -> list[Dated]:
    """The heads that RFC 3161 tokens date. A token is over the checkpoint with the log's own signatures."""
    names = bundle.under("anchors/")
    if not names or trust.tsa_roots is None:
        if names:
            report.found("anchor.trust", "time-stamp tokens, and no authority that is believed", code=INCOMPLETE)
        return []
    by_size = {checkpoint.size: checkpoint for checkpoint in checkpoints}
    found = []
    for name in names:
        size = int(name.split("/")[1])
        try:
            if size not in by_size:
                raise Bad("anchor.token", f"{name} dates a checkpoint that is not there", code=INCOMPLETE)
            at = token_time(bundle.read(name) or b"", by_size[size].by_log(), trust.tsa_roots)
            found.append(Dated(size, at, f"token {name.rpartition('/')[2]}"))
        except Bad as bad:
            report.take(bad.finding)
    return found


def token_time(token: bytes, message: bytes, roots_pem: bytes) -> float:
    """When an authority says that it saw the SHA-256 of a message; `Bad` for a token of another message or by another
    authority, `INCOMPLETE` where tokens cannot be judged here."""
    try:
        from cryptography import x509
        from rfc3161_client import VerifierBuilder, decode_timestamp_response
        from rfc3161_client.errors import VerificationError
    except ImportError:
        raise Bad("anchor.token", "rfc3161-client is not installed", code=INCOMPLETE) from None
    try:
        response = decode_timestamp_response(token)
        builder = VerifierBuilder()
        for root in x509.load_pem_x509_certificates(roots_pem):
            builder = builder.add_root_certificate(root)
        builder.build().verify_message(response, message)
    except (VerificationError, ValueError) as error:
        raise Bad("anchor.token", f"a token that does not verify: {error}") from None
    return float(response.tst_info.gen_time.timestamp())


def _check_quorum_events(leaves: list[Leaf], checkpoints: list[Checkpoint], policy: Policy, report: Report) -> None:
    """An event that says a quorum was reached is backed by its cosignatures."""
    by_head = {(each.size, each.root.hex()): policy.cosigned(each) for each in checkpoints}
    for leaf in leaves:
        if leaf.type != "trial.evidence-quorum-reached.v1" or leaf.data is None:
            continue
        cosigned = by_head.get((leaf.data.get("size", -1), leaf.data.get("root", "")))
        if cosigned is None:
            report.found("quorum.event", "a quorum on a head that is not in the bundle", leaf.position, INCOMPLETE)
        elif not policy.met_by(cosigned):
            report.found("quorum.event", "a quorum that the cosignatures do not show", leaf.position)
        elif not {each.get("name") for each in leaf.data.get("cosigners", ())} <= cosigned.keys():
            report.found("quorum.event", "a cosignature that was recorded is missing", leaf.position, INCOMPLETE)


def _check_anchor_events(leaves: list[Leaf], bundle: Bundle, report: Report) -> None:
    """A token that the log recorded is there."""
    there = {sha256(bundle.read(name) or b"").hexdigest() for name in bundle.under("anchors/")}
    for leaf in leaves:
        if leaf.type == "trial.anchor-recorded.v1" and leaf.data and leaf.data.get("token_sha256") not in there:
            report.found("anchor.event", "a token that was recorded is not in the bundle", leaf.position, INCOMPLETE)


def _check_times(leaves: list[Leaf], dated: list[Dated], trust: Trust, report: Report) -> None:
    """Each event was recorded after every dated head without it, and before every dated head with it."""
    dated.sort(key=lambda head: (head.size, head.at))
    report.dated_heads = [{"size": head.size, "at": _utc(head.at), "by": head.by} for head in dated]
    anomalies = [leaf.position for leaf in leaves if leaf.type == "trial.clock-anomaly.v1"]
    latest = _Running(dated)
    for leaf in leaves:
        lower, upper, following = latest.around(leaf.position)
        if upper is None:
            report.time_open += 1
        else:
            report.time_proven += 1
        try:
            at = seconds(leaf.recorded_at)
        except Bad as bad:
            report.found(bad.finding.rule, bad.finding.detail, leaf.position)
            continue
        early = lower is not None and at < lower - trust.skew_seconds
        late = upper is not None and at > upper + trust.skew_seconds
        if early or late:
            noticed = any(each < following for each in anomalies)
            word = "before a head that does not hold it" if early else "after a head that holds it"
            rule, code = ("time.unproven", INCOMPLETE) if noticed else ("time.interval", TAMPERED)
            report.found(rule, f"recorded, as it says, {word}", leaf.position, code)
    _check_age(dated, trust, report)


class _Running:
    """For positions that rise: the latest time of the dated heads without an event, the earliest of those with it, and
    the size of the next dated head."""

    def __init__(self, dated: list[Dated]) -> None:
        self._dated, self._at = dated, 0
        self._lower: float | None = None
        self._upper: list[float] = []
        for head in reversed(dated):
            self._upper.append(min(head.at, self._upper[-1]) if self._upper else head.at)
        self._upper.reverse()

    def around(self, position: int) -> tuple[float | None, float | None, float]:
        while self._at < len(self._dated) and self._dated[self._at].size <= position:
            at = self._dated[self._at].at
            self._lower = at if self._lower is None else max(self._lower, at)
            self._at += 1
        if self._at == len(self._dated):
            return self._lower, None, float("inf")
        return self._lower, self._upper[self._at], self._dated[self._at].size


def _check_age(dated: list[Dated], trust: Trust, report: Report) -> None:
    """A view that is frozen: the newest dated head is older than the policy lets it be."""
    if trust.newest_older_than_seconds is None or trust.now is None:
        return
    newest = max((head.at for head in dated), default=float("-inf"))
    if trust.now - newest > trust.newest_older_than_seconds:
        report.found("policy.age", "the newest dated head is older than the policy allows", code=INCOMPLETE)


def _check_manifests(leaves: list[Leaf], hashes: list[bytes], report: Report) -> None:
    """What a person signed stands where the signature says, unchanged, and is of the same command."""
    commands = {leaf.position: leaf.command_id for leaf in leaves}
    for leaf in leaves:
        if leaf.data is None or "manifest" not in leaf.data:
            continue
        manifest, head = leaf.data["manifest"], leaf.data.get("checkpoint")
        signs = type(manifest) is list and all(_signs(each, leaf, hashes, commands) for each in manifest)
        seen = None if leaf.after is None else {"size": leaf.after[0], "root": leaf.after[1]}
        if not signs or not manifest or (head is not None and head != seen):
            report.found("signature.bound", "what was signed is not what stands there", leaf.position)
            continue
        who = {"signer": leaf.signer[0], "role": leaf.signer[1], "meaning": leaf.data.get("meaning")}
        positions = [each["position"] for each in manifest]
        report.signatures.append({"position": leaf.position, **who, "signs": positions, "at": leaf.recorded_at})


def _signs(each: Any, leaf: Leaf, hashes: list[bytes], commands: Mapping[int, str]) -> bool:
    if type(each) is not dict or each.keys() != {"position", "leaf_hash"} or type(each["position"]) is not int:
        return False
    at: int = each["position"]
    if not 0 <= at < min(leaf.position, len(hashes)) or commands.get(at) != leaf.command_id:
        return False
    return bool(hashes[at].hex() == each["leaf_hash"])


def _check_receipts(
    bundle: Bundle, hashes: list[bytes], roots: Mapping[int, bytes], policy: Policy, report: Report
) -> None:
    """A receipt of the bundle proves the entry that stands there."""
    for name in bundle.under("proofs/"):
        try:
            receipt = Receipt.parse(bundle.read(name) or b"")
            index = receipt.index
            if name != f"proofs/{index}.tlog-proof" or index >= len(hashes) or not policy.signed(receipt.checkpoint):
                raise Bad("receipt.format", f"{name} is another entry's, or not signed")
            size = receipt.checkpoint.size
            root = root_by_inclusion(hashes[index], index, size, receipt.proof)
            if root != receipt.checkpoint.root or roots.get(size, root) != root:
                raise Bad("proof.inclusion", f"{name} does not prove the entry", index)
        except Bad as bad:
            report.take(bad.finding)


def _check_openings(bundle: Bundle, report: Report) -> None:
    """A text that is opened is the one that was committed to: SHA-256(0x02 || salt || text)."""
    for number, line in enumerate((bundle.read("openings.jsonl") or b"").splitlines(), 1):
        try:
            opened = json.loads(line)
            salt, text = bytes.fromhex(opened["salt"]), opened["text"].encode()
            if not _HEX.fullmatch(opened["salt"]) or sha256(b"\x02" + salt + text).hexdigest() != opened["commitment"]:
                raise ValueError
            report.openings += 1
        except (ValueError, KeyError, TypeError, AttributeError):
            report.found("opening", f"line {number} does not open its commitment")


def verify_receipt(raw: bytes, entry: bytes, policy: Policy) -> Report:
    """Whether an entry is in the log that signed a receipt."""
    report = Report()
    try:
        receipt = Receipt.parse(raw)
        checkpoint = receipt.checkpoint
        if not policy.signed(checkpoint):
            raise Bad("note.signature", "no key of the policy signed the receipt's checkpoint", receipt.index)
        report.origin, report.size, report.root = checkpoint.origin, checkpoint.size, checkpoint.root.hex()
        cosigned = policy.cosigned(checkpoint)
        report.cosigned_by = {name: _utc(time) for name, time in cosigned.items()}
        if root_by_inclusion(leaf_hash(entry), receipt.index, checkpoint.size, receipt.proof) != checkpoint.root:
            raise Bad("proof.inclusion", "the receipt does not prove this entry", receipt.index)
        if not policy.met_by(cosigned):
            report.found("policy.quorum", "no quorum of cosignatures", receipt.index, INCOMPLETE)
    except Bad as bad:
        report.take(bad.finding)
    return report


def compare(one: bytes, other: bytes, policy: Policy) -> Report:
    """Two heads of a log: of one size with two roots, they prove that the log's key signed two histories."""
    report = Report()
    try:
        heads = [Checkpoint.parse(one), Checkpoint.parse(other)]
        if heads[0].origin != heads[1].origin:
            raise Bad("compare", "the heads are those of two logs", code=COULD_NOT_RUN)
        if [policy.signed(head) for head in heads] != [True, True]:
            raise Bad("compare", "a head that no key of the policy signed", code=COULD_NOT_RUN)
        report.origin = heads[0].origin
        if heads[0].size == heads[1].size and heads[0].root != heads[1].root:
            detail = f"two heads of one size, both signed: {heads[0].root.hex()} and {heads[1].root.hex()}"
            report.found("log.equivocates", detail)
        elif heads[0].size != heads[1].size:
            report.found("compare", "heads of two sizes: verify the longer bundle with --held", code=INCOMPLETE)
    except Bad as bad:
        report.take(bad.finding)
    return report


# ------------------------------------------------------------------------------------------------- the command line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        report = _run(asked)
    except Bad as bad:
        report = Report()
        report.take(Finding(COULD_NOT_RUN, bad.finding.rule, bad.finding.detail))
    except OSError as error:
        report = Report()
        report.found("bundle.format", f"{error.filename}: {error.strerror}", code=COULD_NOT_RUN)
    print(report.as_json() if asked.json else report.as_text())
    return report.exit


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="verify.py", description="Was this log altered?", epilog=(__doc__ or "")[:0])
    commands = parser.add_subparsers(dest="command", required=True)
    bundle = commands.add_parser("bundle", help="a bundle, a zip or a directory")
    bundle.add_argument("bundle", type=Path)
    bundle.add_argument("--held", type=Path, action="append", default=[], help="a checkpoint or receipt that was kept")
    bundle.add_argument("--tsa-roots", type=Path, help="certificates (PEM) of the time-stamp authorities believed")
    bundle.add_argument("--skew", type=int, default=5, help="seconds by which clocks may differ")
    bundle.add_argument("--max-age", type=int, help="seconds by which the newest dated head may be old")
    bundle.add_argument("--jobs", type=int, default=1, help="processes that read entries")
    receipt = commands.add_parser("receipt", help="a receipt and its entry")
    receipt.add_argument("receipt", type=Path)
    receipt.add_argument("--entry", type=Path, required=True)
    comparison = commands.add_parser("compare", help="two heads of one log")
    comparison.add_argument("notes", type=Path, nargs=2)
    for each in (bundle, receipt, comparison):
        each.add_argument("--policy", type=Path, required=True, help="a tlog-policy file, from another way")
        each.add_argument("--json", action="store_true", help="the report as JSON")
    return parser


def _run(asked: argparse.Namespace) -> Report:
    policy = Policy.parse(asked.policy.read_bytes())
    match asked.command:
        case "receipt":
            return verify_receipt(asked.receipt.read_bytes(), asked.entry.read_bytes(), policy)
        case "compare":
            one, other = (each.read_bytes() for each in asked.notes)
            return compare(one, other, policy)
        case _:
            return _bundle_report(asked, policy)


def _bundle_report(asked: argparse.Namespace, policy: Policy) -> Report:
    trust = Trust(
        policy,
        held=tuple(each.read_bytes() for each in asked.held),
        tsa_roots=asked.tsa_roots.read_bytes() if asked.tsa_roots else None,
        skew_seconds=asked.skew,
        newest_older_than_seconds=asked.max_age,
        now=datetime.now(UTC).timestamp() if asked.max_age is not None else None,
    )
    return verify_bundle(asked.bundle, trust, asked.jobs)


if __name__ == "__main__":
    sys.exit(main())
