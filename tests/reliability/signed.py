"""What the signer signed while its server was killed again and again: one history, whatever was lost on the way.

Callers ask for receipts as they write, so that heads are signed all the time, and the kill falls before, into and after
a round: between append and signing, between signing and keeping, between keeping and answering.
"""

from dataclasses import dataclass
from pathlib import Path

from ledger.evidence.cosigning import Heads
from ledger.evidence.merkle import leaf_hash
from ledger.evidence.verify import (
    VERIFIED,
    Checkpoint,
    Policy,
    Receipt,
    Trust,
    prefix_roots,
    verify_bundle,
    verify_receipt,
)
from ledger.keyroom import HEADS
from ledger.store.bundle import write_bundle
from ledger.store.sqlite import SqliteStore
from ledger.trial.evidence import LogKeyEnrolled


@dataclass(frozen=True)
class Signed:
    """What was found: heads in the file, receipts that callers hold, and whether a head was signed and not kept."""

    kept: int
    receipts: int
    signed_and_not_kept: bool


def policy_of(store: SqliteStore) -> Policy:
    """The key that the log names."""
    (enrolled,) = store.page(-1, 10, type=LogKeyEnrolled.NAME)
    assert isinstance(enrolled.event, LogKeyEnrolled)
    return Policy.parse(f"log {enrolled.event.verifier_key}\nquorum none\n".encode())


def one_history(path: Path, keys: Path, receipts: dict[int, bytes]) -> Signed:
    """Every head that anybody has, of one size with one root, is that of the beginning of the log; every receipt proves
    its event; and the signer has signed nothing that the log does not hold."""
    with SqliteStore.open(path, read_only=True) as store:
        policy, leaves = policy_of(store), [bytes(row["state"]) for row in store.rows(0, store.size)]
        kept = [Checkpoint.parse(each.note) for each in store.signed_heads()]
        held = {position: Receipt.parse(raw) for position, raw in receipts.items()}
        roots: dict[int, bytes] = {}
        for head in (*kept, *(each.checkpoint for each in held.values())):
            assert policy.signed(head), f"the head of {head.size} is signed by somebody else"
            assert roots.setdefault(head.size, head.root) == head.root, f"two roots of size {head.size}"
        last = Heads(keys / HEADS).of(policy.logs[0].name)
        if last is not None:
            assert roots.setdefault(*last) == last[1], f"another root of size {last[0]} was signed last"
        assert prefix_roots(list(map(leaf_hash, leaves)), roots) == roots, "a head that is not that of the log"
        for position, receipt in held.items():
            assert receipt.index == position
            assert verify_receipt(receipts[position], leaves[position], policy).exit == VERIFIED
        sizes = {head.size for head in kept}
        return Signed(len(kept), len(held), last is not None and last[0] not in sizes)


def bundle_verifies(path: Path, to: Path) -> bool:
    """Whether the single-file verifier finds nothing in a bundle of the log."""
    with SqliteStore.open(path, read_only=True) as store:
        write_bundle(store, to)
        report = verify_bundle(to, Trust(policy_of(store)))
    return report.exit == VERIFIED and not report.findings
