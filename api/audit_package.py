"""The audit package: what an inspector takes home.

Everything of a bundle, so that `verify.py` verifies the package itself; and beside it, below `views/`, the audit trail,
the events as text, and the read models, all as they stood at the newest signed head; below `schema/`, what the entries
look like. Free texts are opened for those who may read them, as far as they are still kept.

The same head, with the same signatures and texts, under the same rights, gives the same bytes. Refused commands are no
events and no head holds them; in the trail are those that were recorded before the head's last event. (Where a training
ledger's clock stands still, one that came after it cannot be told from one before.)
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from ledger.evidence.verify import Checkpoint
from ledger.store.bundle import Content, bundle_files, whole, write_zip
from ledger.store.leaf_schema import leaf_schemas
from ledger.store.reading import Reading
from ledger.store.rows import Refusal, SignedHead
from ledger.texts import Texts
from ledger.world import World
from projections.base import no_text
from projections.inspection import Cut, inspection

REFUSALS_AT_ONCE: Final = 500

README: Final = """\
The audit package of a clinical trial: a copy of its log that you can check without us and without a network, and the
same facts in forms that you can read.

TO CHECK IT

    python verify.py bundle THIS.zip --policy POLICY [--tsa-roots PEM] [--held CHECKPOINT]

verify.py is one file; it needs Python 3.11 and the packages cryptography and, for time-stamps, rfc3161-client. Take it,
the policy and the time-stamp authorities' certificates from where you trust them, not from whoever gave you this file.
It exits with 0 if nothing was altered, 1 if something was (it names the first event and the rule), 2 if the package is
incomplete or your policy is not met, 3 if it could not run. If you kept a checkpoint or a receipt from before, give it
along with --held: that finds a tail that was cut off, and a history that was written anew.

WHAT IS PROVEN

    checkpoint, checkpoints/   the signed heads of the log, the newest and the older ones
    tile/entries/              the events as they were stored: each a JSON object, with its length before it
    tile/                      the hashes of the tree over them
    anchors/                   time-stamp tokens
    openings.jsonl             free texts, each with the salt that opens its commitment (if you may read them)

WHAT IS TO BE READ, AND PROVEN BY THE ABOVE ALONE

    views/audit-trail.csv      who did what, when it happened, when it was recorded, old value, new value, why;
    views/audit-trail.json     refused commands too
    views/events.txt           every event, to be printed
    views/state.json           the digest of the trial's state; `trial-ledger replay --bundle THIS.zip` computes it anew
    views/*.json, views/*.csv  the escalation board, the DLT register, deviations, dose decisions, safety clocks and
                               reports, products, patients, and more, as they stood when the last event was recorded
    schema/                    what an entry and the content of each kind of event look like (JSON Schema)

No view is signed. Doubt one? It follows from the entries by rules that are published with the program, and the entries
are proven.
"""


def write_audit_package(store: Reading, head: SignedHead, world: World, to: Path, *, texts: Texts | None) -> None:
    """Write the package up to a signed head; the world is the state there. `texts`: for who may read them."""
    assert world.size == head.size, (world.size, head.size)
    write_zip(to, bundle_files(store, head, dict(_files(store, head, world, texts))))


def _files(store: Reading, head: SignedHead, world: World, texts: Texts | None) -> Iterator[tuple[str, Content]]:
    yield "README.txt", whole(README.encode())
    yield from ((name, whole(schema)) for name, schema in leaf_schemas())
    if texts is not None:
        yield "openings.jsonl", whole(texts.openings(head.size))
    assert world.recorded_at is not None, "a signed head has events"
    cut = Cut(
        world=world,
        root=Checkpoint.parse(head.note).root.hex(),
        records=lambda: store.records(0, head.size),
        stream=lambda name: store.stream(name, head.size),
        refusals=tuple(_refusals(store, world.recorded_at)),
        text=no_text if texts is None else texts.shown,
    )
    for name, content in inspection(cut):
        yield f"views/{name}", content


def _refusals(store: Reading, before: datetime) -> Iterator[Refusal]:
    number = 0
    while found := store.refusals(number, REFUSALS_AT_ONCE):
        yield from (each for each in found if each.recorded_at < before)
        number = found[-1].number or number
