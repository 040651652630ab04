"""How the trials of an installation stand: each file read as anyone may read it, also while a server writes it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from api.doctor import Finding
from api.settings import Settings
from api.trials import trials_of
from ledger.errors import LedgerError
from ledger.evidence.cosigning import Heads
from ledger.evidence.proofs import Prover
from ledger.gathering import unrecovered
from ledger.keyroom import HEADS, KEY_SUFFIX
from ledger.store.codec import open_leaf
from ledger.store.contract import Store
from ledger.store.reading import Reading
from ledger.store.tiles import StoredTiles
from ledger.types import instant_text


def trials(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Of every trial: that its file is a ledger, that its newest event is not ahead of the clock, and that it continues
    the head that was signed last."""
    with closing(trials_of(settings)) as place:
        names = place.names()
        if not names:
            yield Finding("trials", "good", f"none yet in {settings.directory}")
        for name in names:
            try:
                with place.open(name, read_only=True) as store:
                    yield _trial(name, store, settings, now)
            except LedgerError as fault:
                yield Finding(f"trial {name}", "wrong", str(fault))


def _trial(name: str, store: Store, settings: Settings, now: datetime) -> Finding:
    about, size = f"trial {name}", store.size
    if size == 0:
        return Finding(about, "attention", "empty: its registration was cut off; register it again")
    newest = store.record(size - 1).recorded_at
    if newest > now:
        return Finding(about, "wrong", f"its newest event was recorded at {instant_text(newest)}, ahead of the clock")
    if (restored := unrecovered(store)) is not None:
        return Finding(about, "wrong", f"{restored}; it takes nothing before its recovery is on record")
    if settings.keys is None:
        return Finding(about, "good", f"{size} events; heads are signed elsewhere or not at all")
    return _signed(about, store, settings.keys / f"{name}{KEY_SUFFIX}", settings.keys / HEADS)


def _signed(about: str, store: Reading, key: Path, heads: Path) -> Finding:
    size = store.size
    if not heads.is_file() or not key.is_file():
        what = "what was signed last" if key.is_file() else "its key"
        return Finding(about, "attention", f"{size} events; {what} is not in {key.parent}")
    last = Heads(heads).of(open_leaf(store.leaf(0))["origin"])
    if last is None:
        return Finding(about, "attention", f"{size} events, none of them under a signed head")
    if last[0] > size or Prover(StoredTiles(store)).root(0, last[0]) != last[1]:
        says = f"a head of {last[0]} events was signed, and this log of {size} does not continue it"
        return Finding(about, "wrong", f"{says}: an old copy, or a fork")
    return Finding(about, "good", f"{size} events, {last[0]} of them under the head that was signed last")
