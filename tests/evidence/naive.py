"""A second verifier, written from `docs/verification.md` alone, slow and plain. It shares no code with the ledger:
the tree is the RFC's recursion, canonical JSON another library's. It gives the exit code and the rules that it found.

It reads a bundle as a dictionary from names to bytes. Time-stamp tokens are left to `openssl ts -verify` (see
`test_naive.py`).
"""

import base64
import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.evidence.rfc9162 import mth

MEMBERS = {
    "v", "origin", "after", "type", "stream", "stream_version", "position", "command_id", "occurred_at", "recorded_at",
    "actor", "source", "protocol_version", "reason", "corrects", "conflicts_with", "data",
}  # fmt: skip
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)", re.ASCII)


class Naive:
    """What one run finds."""

    def __init__(self, files: Mapping[str, bytes], policy: str, *held: bytes) -> None:
        self.files, self.found = files, set[tuple[int, str]]()
        self.logs: dict[str, bytes] = {}
        self.witnesses: dict[str, tuple[str, bytes]] = {}
        self.needed = 0
        self._read_policy(policy)
        self._run(held)

    @property
    def exit(self) -> int:
        codes = {code for code, _ in self.found}
        return next((code for code in (1, 3, 2) if code in codes), 0)

    def _read_policy(self, policy: str) -> None:
        """`log`, `witness`, one `group <name> all ...`, `quorum`: what the policies of these tests say."""
        for line in policy.splitlines():
            match line.split():
                case ["log", key, *_]:
                    name, _, encoded = key.split("+", 2)
                    self.logs[name] = base64.b64decode(encoded)[1:]
                case ["witness", name, key, *_]:
                    spelled, _, encoded = key.split("+", 2)
                    self.witnesses[name] = (spelled, base64.b64decode(encoded)[1:])
                case ["group", _, "all", *members]:
                    self.needed = len(members)
                case _:
                    pass

    def _note(self, raw: bytes) -> tuple[str, int, bytes, str, list[tuple[str, bytes]]]:
        """Origin, size, root, text and signature lines of a checkpoint; `ValueError` where it is none."""
        whole = raw.decode("utf-8")
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n") or any(c < " " and c != "\n" for c in whole):
            raise ValueError
        origin, size, root = text.split("\n")
        if not re.fullmatch("0|[1-9][0-9]*", size) or len(self._unbase(root)) != 32:
            raise ValueError
        signatures = []
        for line in lines.removesuffix("\n").split("\n"):
            dash, name, encoded = line.split(" ")
            if dash != "—" or not name:
                raise ValueError
            signatures.append((name, self._unbase(encoded)))
        return origin, int(size), self._unbase(root), text + "\n", signatures

    def _unbase(self, text: str) -> bytes:
        found = base64.b64decode(text, validate=True)
        if base64.b64encode(found).decode() != text:
            raise ValueError
        return found

    def _signed(self, raw: bytes) -> tuple[str, int, bytes, dict[str, int]]:
        """A checkpoint that the log signed, with who cosigned it and when; `ValueError` for any other."""
        origin, size, root, text, signatures = self._note(raw)
        by_log, times = False, dict[str, int]()
        for name, material in signatures:
            if name in self.logs and material[:4] == key_id(name, 1, self.logs[name]):
                if not valid(self.logs[name], material[4:], text.encode()):
                    raise ValueError
                by_log = by_log or name == origin
            for witness, (spelled, key) in self.witnesses.items():
                if name == spelled and material[:4] == key_id(name, 4, key):
                    at = int.from_bytes(material[4:12], "big")
                    if not valid(key, material[12:], f"cosignature/v1\ntime {at}\n{text}".encode()):
                        raise ValueError
                    times[witness] = at
        if not by_log:
            raise ValueError
        return origin, size, root, times

    def _run(self, held: tuple[bytes, ...]) -> None:
        try:
            origin, size, root, times = self._signed(self.files["checkpoint"])
        except (ValueError, UnicodeDecodeError):
            self.found.add((1, "checkpoint"))
            return
        if len(times) < self.needed:
            self.found.add((2, "policy.quorum"))
        leaves = self._entries(size)
        heads = [(size, root, times), *self._older(origin)]
        known = [self._leaf(leaf) for leaf in leaves]
        recovered = {
            (e["data"]["signed_size"], e["data"]["signed_root"])
            for e in known
            if e and e["type"] == "trial.recovery-recorded.v1"
        }
        for raw in held:
            note = raw.partition(b"\n\n")[2] if raw.startswith(b"c2sp.org/") else raw
            _, held_size, held_root, _ = self._signed(note)
            if (held_size, held_root.hex()) in recovered:
                self.found.add((2, "log.recovered"))
            elif held_size > size:
                self.found.add((1, "head.held"))
            else:
                heads.append((held_size, held_root, {}))
        for each, wanted, _ in heads:
            if each <= len(leaves) and mth(leaves[:each]) != wanted:
                self.found.add((1, "tree"))
        self._tiles(leaves)
        self._across(known, leaves, origin)
        self._quorums(known, heads)
        self._times(known, [(each, at) for each, _, cosigned in heads for at in cosigned.values()])
        self._openings()

    def _entries(self, size: int) -> list[bytes]:
        leaves: list[bytes] = []
        for index in range((size + 255) // 256):
            width = min(256, size - 256 * index)
            raw = self.files.get(path("entries", index, width), b"")
            before = len(leaves)
            while len(raw) >= 2 and len(raw) >= 2 + int.from_bytes(raw[:2], "big"):
                end = 2 + int.from_bytes(raw[:2], "big")
                leaves.append(raw[2:end])
                raw = raw[end:]
            if len(leaves) - before != width:
                self.found.add((2, "entries.missing"))
                break
        return leaves

    def _older(self, origin: str) -> list[tuple[int, bytes, dict[str, int]]]:
        found = []
        for name, raw in self.files.items():
            if name.startswith("checkpoints/"):
                try:
                    theirs, size, root, times = self._signed(raw)
                    if (theirs, str(size)) != (origin, name.removeprefix("checkpoints/")):
                        raise ValueError
                    found.append((size, root, times))
                except (ValueError, UnicodeDecodeError):
                    self.found.add((1, "checkpoint"))
        return found

    def _leaf(self, raw: bytes) -> dict[str, Any] | None:
        try:
            whole = json.loads(raw, parse_float=refuse, parse_constant=refuse)
            if rfc8785.dumps(whole) != raw or unicodedata.normalize("NFC", raw.decode()) != raw.decode():
                raise ValueError
            if not isinstance(whole, dict) or set(whole) != MEMBERS or whole["v"] != 1 or not plain(whole):
                raise ValueError
            if set(whole["actor"]) != {"id", "role", "site", "authenticated"} or not isinstance(whole["data"], dict):
                raise ValueError
            reason = whole["reason"]
            if reason is not None and not re.fullmatch("[0-9a-f]{64}", reason):
                raise ValueError
            if not INSTANT.fullmatch(whole["recorded_at"]) or not whole["recorded_at"].endswith("Z"):
                raise ValueError
            if not INSTANT.fullmatch(whole["occurred_at"]):
                raise ValueError
            datetime.fromisoformat(whole["recorded_at"])
            for name in ("stream_version", "position", "protocol_version"):
                if type(whole[name]) is not int:
                    raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.found.add((1, "leaf"))
            return None
        return whole

    def _tiles(self, leaves: list[bytes]) -> None:
        hashes, level = [sha256(b"\x00" + leaf).digest() for leaf in leaves], 0
        while hashes:
            for index in range((len(hashes) + 255) // 256):
                some = hashes[256 * index : 256 * index + 256]
                raw = self.files.get(path(str(level), index, len(some)))
                if raw is not None and raw != b"".join(some):
                    self.found.add((1, "tree.tile"))
            runs = 256 ** (level + 1)
            hashes = [mth(leaves[at : at + runs]) for at in range(0, len(leaves) - runs + 1, runs)]
            level += 1
        for name, raw in self.files.items():  # a tile of more leaves than are there still shows a changed one
            if name.startswith("tile/0/000"):
                there = [raw[at : at + 32] for at in range(0, len(raw), 32)]
                mine = [sha256(b"\x00" + leaf).digest() for leaf in leaves[: len(there)]]
                if mine != there[: len(mine)] and len(there) > len(mine):
                    self.found.add((1, "tree"))

    def _across(self, known: list[dict[str, Any] | None], leaves: list[bytes], origin: str) -> None:
        versions: dict[str, int] = {}
        commands: set[str] = set()
        before: dict[str, Any] | None = None
        for position, event in enumerate(known):
            if event is None:
                continue
            backwards = [n for n in (event["corrects"], event["conflicts_with"]) if n is not None]
            after = event["after"] or {"size": 0, "root": None}
            wrong = [
                event["origin"] != origin,
                event["position"] != position,
                event["stream_version"] != versions.get(event["stream"], 0) + 1,
                any(n >= position for n in backwards),
                after["size"] > position,
                after["size"] and mth(leaves[: after["size"]]).hex() != after["root"],
            ]
            if before is not None:
                same = event["command_id"] == before["command_id"]
                wrong += [
                    event["recorded_at"] <= before["recorded_at"],
                    after["size"] < (before["after"] or {"size": 0})["size"],
                    not same and event["command_id"] in commands,
                    same and any(event[n] != before[n] for n in ("actor", "source", "after")),
                ]
            for signed in event["data"].get("manifest", ()):
                at = signed["position"]
                wrong.append(at >= position or sha256(b"\x00" + leaves[at]).hexdigest() != signed["leaf_hash"])
                wrong.append(at >= position or json.loads(leaves[at])["command_id"] != event["command_id"])
            if "manifest" in event["data"]:
                wrong.append(not event["data"]["manifest"])
                wrong.append(event["data"].get("checkpoint") not in (None, event["after"]))
            if any(wrong):
                self.found.add((1, "leaf"))
            versions[event["stream"]] = event["stream_version"]
            commands.add(event["command_id"])
            before = event

    def _quorums(self, known: list[dict[str, Any] | None], heads: list[tuple[int, bytes, dict[str, int]]]) -> None:
        there = {(size, root.hex()): set(times) for size, root, times in heads}
        tokens = {sha256(raw).hexdigest() for name, raw in self.files.items() if name.startswith("anchors/")}
        for event in known:
            data = event["data"] if event else {}
            if event and event["type"] == "trial.evidence-quorum-reached.v1":
                cosigned = there.get((data["size"], data["root"]))
                if cosigned is None or not {each["name"] for each in data["cosigners"]} <= cosigned:
                    self.found.add((1 if cosigned is not None and len(cosigned) < self.needed else 2, "quorum.event"))
            if event and event["type"] == "trial.anchor-recorded.v1" and data["token_sha256"] not in tokens:
                self.found.add((2, "anchor.event"))

    def _times(self, known: list[dict[str, Any] | None], dated: list[tuple[int, int]]) -> None:
        if known and known[0] and known[0]["data"].get("training"):
            return
        for position, event in enumerate(known):
            if event is None:
                continue
            at = datetime.fromisoformat(event["recorded_at"]).timestamp()
            earlier = [time for size, time in dated if size <= position]
            later = [time for size, time in dated if size > position]
            if (earlier and at < max(earlier) - 5) or (later and at > min(later) + 5):
                self.found.add((1, "time.interval"))

    def _openings(self) -> None:
        for line in self.files.get("openings.jsonl", b"").splitlines():
            try:
                opened = json.loads(line)
                salt = bytes.fromhex(opened["salt"])
                wanted = sha256(b"\x02" + salt + opened["text"].encode()).hexdigest()
                if opened["commitment"] != wanted or opened["salt"] != salt.hex():
                    raise ValueError
            except (ValueError, KeyError, TypeError, AttributeError):
                self.found.add((1, "opening"))


def path(level: str, index: int, width: int) -> str:
    """Up to 256,000 entries are enough for tests."""
    assert index < 1000
    return f"tile/{level}/{index:03d}" + (f".p/{width}" if width < 256 else "")


def key_id(name: str, kind: int, key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]


def valid(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(re.fullmatch("[a-z][a-z0-9_]*", name) and plain(part) for name, part in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    return not (type(value) is int and abs(value) >= 2**53)


def refuse(_: str) -> None:
    raise ValueError
