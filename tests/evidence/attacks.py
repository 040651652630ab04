"""What somebody with the servers may try, each with what the verifier has to say of it."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ledger.evidence.keys import SigningKey
from ledger.evidence.merkle import leaf_hash
from ledger.evidence.verify import (
    ED25519,
    INCOMPLETE,
    TAMPERED,
    Note,
    Report,
    checkpoint_text,
    entries_of,
    root_of,
)
from tests.evidence.filed import ORIGIN
from tests.evidence.history import History, canonical, changed, rebound, receipt, resealed, signed, tiles_of

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Attack:
    """One try: the bundle that comes of it, what the verifier's owner holds, and the answer that is wanted.

    `first`: where the first bad position is; the verifier's answer, a position or a range, has to meet it. None: no
    position belongs to it.
    """

    kind: str
    files: Files
    exit: int
    rules: frozenset[str]
    first: range | None = None
    held: tuple[bytes, ...] = ()
    also: frozenset[int] = frozenset()
    """Other exit codes that are as good for this single try."""

    def answered_by(self, report: Report) -> bool:
        """Whether the verifier says what it has to say, and names the first bad position."""
        found = report.first_bad
        if report.exit not in {self.exit, *self.also} or found is None:
            return False
        if report.exit == self.exit and found.rule not in self.rules:
            return False
        if self.first is None or report.exit != self.exit:
            return True
        if found.position is None:
            return False
        last = found.position if found.through is None else found.through
        return found.position < self.first.stop and self.first.start <= last


def one_bit_of_every_byte(history: History) -> Iterator[Attack]:
    """One changed bit in every byte of a bundle, one at a time: leaves, tiles, notes, tokens, texts."""
    chance = random.Random(len(history.leaves))
    for name, raw in sorted(history.files.items()):
        for at in range(len(raw)):
            yield one_bit(history, name, at, chance.randrange(8))


def one_bit(history: History, name: str, at: int, bit: int) -> Attack:
    raw = bytearray(history.files[name])
    raw[at] ^= 1 << bit
    files = {**history.files, name: bytes(raw)}
    rules, first, also, code = ANY, None, frozenset[int](), TAMPERED
    if name.startswith("tile/entries/"):
        entry_at = _entry_at(history, at)
        rules, first = LEAF_RULES, range(entry_at, entry_at + 1)
        read = tuple(entries_of(bytes(raw)))
        if read == history.leaves[: len(read)]:  # a length beyond the end of the file: what can be read is as signed
            code, rules = INCOMPLETE, frozenset({"entries.missing"})
    elif name.startswith("tile/0/"):
        rules, first = frozenset({"tree.tile"}), range(at // 32, at // 32 + 1)
    elif name.startswith(("anchors/", "checkpoint")):
        also = frozenset({INCOMPLETE})  # a name that nobody knows, a token that is another one: something is missing
    return Attack(f"a bit of {_folder(name)}", files, code, rules, first, also=also)


def _folder(name: str) -> str:
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "tile" else parts[0]


def _entry_at(history: History, at: int) -> int:
    """The entry that a byte of the entry bundle belongs to."""
    for position, leaf in enumerate(history.leaves):
        at -= 2 + len(leaf)
        if at < 0:
            return position
    raise AssertionError("beyond the last entry")


ANY = frozenset(
    {
        "note.signature",
        "note.format",
        "checkpoint.format",
        "anchor.token",
        "anchor.event",
        "opening",
        "tree.root",
        "tree.prefix",
        "policy.quorum",
        "quorum.event",
        "entries.missing",
    }
)
LEAF_RULES = frozenset(
    {
        "tree.root",
        "tree.prefix",
        "tree.tile",
        "leaf.canonical",
        "leaf.members",
        "leaf.time",
        "leaf.origin",
        "leaf.position",
        "leaf.stream_version",
        "leaf.recorded_at",
        "leaf.after",
        "leaf.command",
        "leaf.backwards",
        "entries.missing",
    }
)


def an_event_is_dropped(history: History) -> Iterator[Attack]:
    """Every event, one at a time, is left out of the entries; and once more with positions made to fit."""
    for at in range(len(history.leaves)):
        leaves = [*history.leaves[:at], *history.leaves[at + 1 :]]
        last = frozenset({INCOMPLETE}) if at == len(leaves) else frozenset[int]()
        files = with_entries(history, leaves)
        yield Attack("an event dropped", files, TAMPERED, LEAF_RULES, range(at, at + 1), also=last)
    for at in range(1, len(history.leaves), 20):
        leaves = resealed([*history.leaves[:at], *history.leaves[at + 1 :]])
        yield Attack("an event dropped, the rest resealed", with_entries(history, leaves), TAMPERED, LEAF_RULES | ANY)


def with_entries(history: History, leaves: Sequence[bytes]) -> Files:
    """The bundle with other entries under the same name, all else as it was."""
    name = next(name for name in history.files if name.startswith("tile/entries/"))
    return {**history.files, name: next(iter(tiles_of(leaves).values()))}


def neighbours_are_swapped(history: History) -> Iterator[Attack]:
    """Every pair of neighbours, as they are; and every tenth with positions made to fit."""
    for at in range(len(history.leaves) - 1):
        leaves = list(history.leaves)
        leaves[at], leaves[at + 1] = leaves[at + 1], leaves[at]
        yield Attack("two neighbours swapped", with_entries(history, leaves), TAMPERED, LEAF_RULES, range(at, at + 1))
        if at % 10 == 1:
            files = with_entries(history, resealed(leaves))
            yield Attack("two neighbours swapped, resealed", files, TAMPERED, LEAF_RULES, range(at, at + 2))


def the_tail_is_cut(history: History) -> Iterator[Attack]:
    """Entries are missing under the same head; or the head is an older one, and somebody holds the newer."""
    for size in range(1, len(history.leaves), 7):
        files = with_entries(history, history.leaves[:size])
        yield Attack("the tail cut off", files, INCOMPLETE, frozenset({"entries.missing"}), range(size, size + 1))
    for size in sorted(history.notes)[:-1]:
        notes = {each: note for each, note in history.notes.items() if each <= size}
        files = history.bundled(history.leaves, notes)
        rules = frozenset({"head.held"})
        first = range(size, size + 1)
        yield Attack("the tail cut back to an older head", files, TAMPERED, rules, first, (history.newest,))
        kept = receipt(history.leaves, len(history.leaves) - 1, history.newest)
        yield Attack("the same, and a site holds a receipt", files, TAMPERED, rules, first, (kept,))


def everything_is_hashed_anew(history: History) -> Iterator[Attack]:
    """An administrator with the log's key changes an event, hashes everything anew and signs it."""
    for at in range(0, len(history.leaves), 5):
        leaves = list(history.leaves)
        leaves[at] = altered(leaves[at])
        head = signed(leaves)
        older = {size: note for size, note in history.notes.items() if size < len(leaves)}
        first = max((size for size in older if size <= at), default=0)
        if any(size > at for size in older):
            files = history.bundled(leaves, {**older, len(leaves): head})
            prefix = frozenset({"tree.prefix", "leaf.after", "leaf.command"})
            yield Attack("hashed anew, older heads kept", files, TAMPERED, prefix, range(first, len(leaves)))
        files = history.bundled(leaves, {len(leaves): head})
        alone = frozenset({"policy.quorum", "quorum.event"})
        yield Attack("hashed anew, older heads gone", files, INCOMPLETE, alone, also=frozenset({TAMPERED}))
        held = (history.newest,)
        rules = frozenset({"tree.prefix", "leaf.after", "leaf.command"})
        yield Attack("the same, and somebody holds a head", files, TAMPERED, rules, range(first, at + 2), held)


def altered(leaf: bytes) -> bytes:
    """An event that says something else: by another person."""
    whole = json.loads(leaf)
    return canonical({**whole, "actor": {**whole["actor"], "id": "somebody-else"}})


def a_fork(history: History) -> Iterator[Attack]:
    """A log that was continued in two ways: from an old backup, or for two readers."""
    for size in sorted(history.notes)[:-1]:
        leaves = rebound([*history.leaves[:size], *map(altered, history.leaves[size:])])
        files = history.bundled(
            leaves, {**{s: n for s, n in history.notes.items() if s <= size}, len(leaves): signed(leaves)}
        )
        alone = frozenset({"policy.quorum", "quorum.event"})
        yield Attack("an old backup continued", files, INCOMPLETE, alone, also=frozenset({TAMPERED}))
        held = (history.newest,)
        rules = frozenset({"tree.prefix", "leaf.after"})
        yield Attack("the same, and somebody holds the other head", files, TAMPERED, rules, range(size, size + 1), held)


def what_is_back_dated(history: History) -> Iterator[Attack]:
    """Events that say an earlier time than the last dated head without them; all signed and cosigned as honest ones."""
    last = json.loads(history.leaves[-1])
    before = datetime.fromisoformat(last["recorded_at"])
    block = []
    for number in range(3):
        at = (before + timedelta(microseconds=number + 1)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        position = len(history.leaves) + number
        more = {"position": position, "stream_version": last["stream_version"] + number + 1, "recorded_at": at}
        block.append(changed(history.leaves[-1], command_id="0" * 32, **more))
    leaves = [*history.leaves, *block]
    an_hour_later = int((before + timedelta(hours=1)).timestamp())
    text = checkpoint_text(ORIGIN, len(history.leaves), root_of([leaf_hash(leaf) for leaf in history.leaves]))
    assert text.encode() in history.newest
    late = signed(history.leaves, at_seconds=an_hour_later)
    notes = {**history.notes, len(history.leaves): late, len(leaves): signed(leaves, at_seconds=an_hour_later + 60)}
    files = history.bundled(leaves, notes)
    first = range(len(history.leaves), len(history.leaves) + 1)
    yield Attack("a block back-dated", files, TAMPERED, frozenset({"time.interval"}), first)


def a_signature_is_moved(history: History) -> Iterator[Attack]:
    """A person's signature is put on another event, on another version of what was signed, or given to another head;
    everything is hashed anew, signed and cosigned as if it were honest."""
    at = max(n for n, leaf in enumerate(history.leaves) if json.loads(leaf)["type"] == "trial.record-signed.v1")
    signature = json.loads(history.leaves[at])
    (own, *_) = signature["data"]["manifest"]
    other = {"position": 20, "leaf_hash": leaf_hash(history.leaves[20]).hex()}
    for name, data in (
        ("on another event", {"manifest": [other]}),
        ("on what was not signed", {"manifest": [own, other]}),
        ("on another version", {"manifest": [{**own, "leaf_hash": other["leaf_hash"]}]}),
        ("on nothing", {"manifest": []}),
        ("under another head", {"checkpoint": {"size": 20, "root": other["leaf_hash"]}}),
    ):
        moved = canonical({**signature, "data": {**signature["data"], **data}})
        leaves = [*history.leaves[:at], moved]
        seconds = int(datetime.fromisoformat(signature["recorded_at"]).timestamp()) + 1
        older = {size: note for size, note in history.notes.items() if size <= at}
        files = history.bundled(leaves, {**older, len(leaves): signed(leaves, at_seconds=seconds)})
        kind = f"a signature moved: {name}"
        yield Attack(kind, files, TAMPERED, frozenset({"signature.bound"}), range(at, at + 1))


def what_a_leaf_may_not_be(history: History) -> Iterator[Attack]:
    """Events that break one rule, in a log that everybody signed."""
    at = len(history.leaves) - 1
    whole = json.loads(history.leaves[at])
    other = json.loads(history.leaves[at - 1])
    spoilt: list[tuple[str, bytes]] = [
        ("leaf.origin", changed(history.leaves[at], origin="another.example/trial")),
        ("leaf.position", changed(history.leaves[at], position=at + 1)),
        ("leaf.stream_version", changed(history.leaves[at], stream_version=whole["stream_version"] + 1)),
        ("leaf.backwards", changed(history.leaves[at], corrects=at)),
        ("leaf.backwards", changed(history.leaves[at], conflicts_with=at + 5)),
        ("leaf.recorded_at", changed(history.leaves[at], recorded_at=other["recorded_at"])),
        ("leaf.time", changed(history.leaves[at], recorded_at=whole["recorded_at"].replace("Z", "+00:00"))),
        ("leaf.time", changed(history.leaves[at], occurred_at=whole["occurred_at"][:19] + "Z")),
        ("leaf.after", changed(history.leaves[at], after={"size": at + 1, "root": "0" * 64})),
        ("leaf.after", changed(history.leaves[at], after={"size": 14, "root": "0" * 64})),
        ("leaf.after", changed(history.leaves[at], after=None)),
        ("leaf.members", changed(history.leaves[at], v=2)),
        ("leaf.members", changed(history.leaves[at], note="more")),
        ("leaf.members", changed(history.leaves[at], reason="because")),
        ("leaf.command", changed(history.leaves[at], command_id=json.loads(history.leaves[3])["command_id"])),
        ("leaf.canonical", history.leaves[at].replace(b'":', b'" :', 1)),
        ("leaf.canonical", history.leaves[at].replace(b'"position":', b'"position":1,"position":')),
        ("leaf.canonical", changed(history.leaves[at], data={"rate": 0.5})),
        ("leaf.canonical", changed(history.leaves[at], data={"count": 2**53})),
        ("leaf.canonical", changed(history.leaves[at], data={"word": "e\u0301"})),
        ("leaf.members", changed(history.leaves[at], data={"Word": "x"})),
    ]
    seconds = int(datetime.fromisoformat(whole["recorded_at"]).timestamp()) + 1
    for rule, leaf in spoilt:
        leaves = [*history.leaves[:at], leaf]
        older = {size: note for size, note in history.notes.items() if size < at}
        files = history.bundled(leaves, {**older, len(leaves): signed(leaves, at_seconds=seconds)})
        yield Attack(f"one rule: {rule}", files, TAMPERED, frozenset({rule}), range(at, at + 1))


def another_key(history: History) -> Iterator[Attack]:
    """A log that a thief of nothing signs: another key in the log's name."""
    key = SigningKey(ORIGIN, ED25519, bytes(32))
    text = Note.parse(history.newest).text
    files = {**history.files, "checkpoint": Note(text, (key.sign(text),)).spelled()}
    yield Attack("a key of nobody's", files, TAMPERED, frozenset({"note.signature"}))


CAMPAIGN: Final[tuple[Callable[[History], Iterator[Attack]], ...]] = (
    one_bit_of_every_byte,
    an_event_is_dropped,
    neighbours_are_swapped,
    the_tail_is_cut,
    everything_is_hashed_anew,
    a_fork,
    what_is_back_dated,
    a_signature_is_moved,
    what_a_leaf_may_not_be,
    another_key,
)
