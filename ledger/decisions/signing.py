"""A person signs: what was decided on the command gets one more event in the same append, which binds the person to it.

The rules decide as if nobody signed; the signature comes last, when the leaves that it names are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ledger.decisions.carry_out import CarriedOut, append
from ledger.decisions.docket import Command, Docket
from ledger.decisions.meanings import meaning_of
from ledger.record import TRIAL, Entry
from ledger.trial.signatures import RecordSigned, SignedHead, SignedLeaf
from ledger.types import Event

SHOWN: Final = ("dossier_hash", "manifest_hash", "document_sha256", "minutes_sha256", "checklist_hash")
"""Members of a command, or of the event that it gives, that are the hash of what the signer was shown."""


@dataclass(frozen=True, slots=True)
class Signing:
    """A person's fresh authentication for one signature: by which components, and whether it is a later signature of a
    continuous run. `signer_name` is the commitment to the printed name."""

    signer_name: str
    components: tuple[str, ...]
    run: bool = False


def signed(
    docket: Docket, command: Command, done: CarriedOut, leaf_hashes: Sequence[str], signing: Signing
) -> CarriedOut:
    """What was carried out with the signature on the command's own events; what the rules made of them, nobody signs.

    `leaf_hashes` are those of all records that were made. A fact that is on record already is not signed again.
    """
    meaning = meaning_of(command)
    if meaning is None or not done.own:
        return done
    first, head = done.own[0], docket.after
    hashes = {record.position: leaf for record, leaf in zip(done.records, leaf_hashes, strict=True)}
    event = RecordSigned(
        manifest=tuple(SignedLeaf(position=own.position, leaf_hash=hashes[own.position]) for own in done.own),
        about=first.stream,
        patient=first.patient or getattr(first.event, "patient", None),
        meaning=meaning,
        shown_sha256=shown(command, first.event),
        checkpoint=None if head is None else SignedHead(size=head.size, root=head.root),
        signer_name=signing.signer_name,
        signed_at=docket.now,
        components=signing.components,
        run=signing.run,
    )
    world, records = append(docket, done.world, (Entry(TRIAL, event),))
    return replace(done, world=world, records=(*done.records, *records))


def shown(command: Command, event: Event) -> str | None:
    """The hash of what the signer was shown, where the command or its event names one."""
    for said in (command, event):
        for member in SHOWN:
            named = getattr(said, member, None)
            if isinstance(named, str):
                return named
    return None
