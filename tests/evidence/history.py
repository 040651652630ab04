"""A log of 200 events as whoever owns the database sees it: its leaves, its heads with everybody's signatures, and what
a bundle of any altered version of it would hold. Real events of a real trial, told through the ledger."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ledger.decisions import setup
from ledger.evidence.merkle import leaf_hash
from ledger.evidence.proofs import Prover
from ledger.evidence.verify import (
    Bundle,
    Checkpoint,
    Note,
    Policy,
    Report,
    Trust,
    checkpoint_text,
    root_of,
    tile_path,
    verify_files,
)
from ledger.store.bundle import bundle_files, entry, whole
from tests import patients
from tests.bench import SPONSOR, opened_trial
from tests.evidence.authority import Authority
from tests.evidence.filed import LOG, ORIGIN, POLICY_TEXT, WITNESSES, Evidence, FiledBench
from tests.evidence.grown import Grown

EVENTS = 200
HEADED = 45
"""So many events, at least, that one more child and a head do not pass the end."""
EVERYBODY = Policy.parse(POLICY_TEXT.replace(b"outside 2", b"outside all"))
"""Every witness has to cosign: then a cosignature that is spoilt is missed."""


@dataclass(frozen=True)
class History:
    """Leaves, and notes by size; `files` are those of an honest bundle of it."""

    leaves: tuple[bytes, ...]
    notes: Mapping[int, bytes]
    files: Mapping[str, bytes]
    tsa_roots: bytes

    @property
    def trust(self) -> Trust:
        return Trust(EVERYBODY, tsa_roots=self.tsa_roots)

    def verify(self, files: Mapping[str, bytes], *held: bytes) -> Report:
        return verify(files, replace(self.trust, held=held))

    @property
    def newest(self) -> bytes:
        return self.files["checkpoint"]

    def bundled(self, leaves: Sequence[bytes], notes: Mapping[int, bytes]) -> dict[str, bytes]:
        """A bundle that holds these leaves and notes, with tiles to match; the rest is that of the honest one."""
        newest = max(notes)
        kept = {name: raw for name, raw in self.files.items() if name.startswith(("anchors/", "openings"))}
        files = {name: raw for name, raw in kept.items() if "/" not in name or int(name.split("/")[1]) in notes}
        files["checkpoint"] = notes[newest]
        files.update({f"checkpoints/{size}": note for size, note in notes.items() if size < newest})
        return {**files, **tiles_of(leaves[:newest])}


def verify(files: Mapping[str, bytes], trust: Trust) -> Report:
    return verify_files(Bundle(list(files), lambda name, most: files[name][:most]), trust)


def tiles_of(leaves: Sequence[bytes]) -> dict[str, bytes]:
    """Entry bundles and hash tiles."""
    files = {}
    for first in range(0, len(leaves), 256):
        some = leaves[first : first + 256]
        files[tile_path("entries", first // 256, len(some))] = b"".join(map(entry, some))
    for (level, index), hashes in Grown(leaves).tiles.items():
        if hashes:
            files[tile_path(level, index, len(hashes) // 32)] = hashes
    return files


def signed(leaves: Sequence[bytes], *, at_seconds: int | None = None, origin: str = ORIGIN) -> bytes:
    """The head of these leaves, signed by the log's key; with a time, also cosigned by every witness."""
    text = checkpoint_text(origin, len(leaves), root_of([leaf_hash(leaf) for leaf in leaves]))
    cosigned = [key.sign(text, at_seconds) for key in WITNESSES.values()] if at_seconds is not None else []
    return Note(text, (LOG.sign(text), *cosigned)).spelled()


def receipt(leaves: Sequence[bytes], index: int, note: bytes) -> bytes:
    """A receipt of an entry under a head."""
    size = Checkpoint.parse(note).size
    hashes = Prover(Grown(leaves[:size])).inclusion(index, size)
    lines = "".join(base64.b64encode(each).decode() + "\n" for each in hashes)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{lines}\n".encode() + note


def changed(leaf: bytes, **members: Any) -> bytes:
    """A leaf with some members otherwise, in canonical form."""
    return canonical({**json.loads(leaf), **members})


def canonical(whole: Any) -> bytes:
    return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def resealed(leaves: Sequence[bytes]) -> list[bytes]:
    """Leaves with positions and stream versions as they should be: a forger's diligence."""
    versions: dict[str, int] = {}
    found = []
    for position, leaf in enumerate(leaves):
        whole = json.loads(leaf)
        versions[whole["stream"]] = versions.get(whole["stream"], 0) + 1
        found.append(canonical({**whole, "position": position, "stream_version": versions[whole["stream"]]}))
    return found


def rebound(leaves: Sequence[bytes]) -> list[bytes]:
    """Leaves whose persons' signatures name what stands there now: a forger's diligence too."""
    found: list[bytes] = []
    for leaf in leaves:
        whole = json.loads(leaf)
        for signs in whole["data"].get("manifest", ()):
            signs["leaf_hash"] = leaf_hash(found[signs["position"]]).hex()
        found.append(canonical(whole))
    return found


@cache
def history() -> History:
    with TemporaryDirectory() as place:
        return _told(Path(place))


def _told(place: Path) -> History:
    """Three children screened and placed, two of them dosed; what has to be signed is signed; heads signed, cosigned
    and dated on the way."""
    bench = FiledBench(place / "trial.ledger", signs=True)
    bench.now = datetime.now(UTC).replace(microsecond=0)
    opened_trial(bench=bench, training=False)
    evidence = Evidence(place, bench.ledger, lambda: bench.now)
    authority = Authority(place / "tsa")
    evidence.authorities["here"] = authority.stamp
    evidence.notary.round(stamp=True)
    evidence.authorities.clear()  # the authority's clock is the machine's; the story's goes ahead of it from here
    number = 0
    while bench.world.size < EVENTS - HEADED:
        number += 1
        patients.screen(bench, f"{number:03d}")
        bench.pass_days(1)
        evidence.notary.round()
    while bench.world.size < EVENTS:
        bench.ask(setup.OpenSite(site=f"SITE-{bench.world.size}", utc_offset="+03:00"), SPONSOR)
    evidence.notary.round()
    store = bench.ledger.store
    head = next(each for each in store.signed_heads() if each.size == EVENTS)
    extra = {"openings.jsonl": whole(bench.ledger.texts.openings(head.size))}
    files = {name: b"".join(content()) for name, content in bundle_files(store, head, extra) if name != "README.txt"}
    leaves = tuple(bytes(row["state"]) for row in store.rows(0, head.size))
    notes = {each.size: store.cosigned_note(each) for each in store.signed_heads() if each.size <= EVENTS}
    roots = authority.root.read_bytes()
    bench.ledger.close()
    return History(leaves, notes, files, roots)
