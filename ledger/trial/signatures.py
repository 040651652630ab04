"""What a person's signature is: an event of its own, after the events that it signs, in the same append.

It names each of them by position and leaf hash, so that it can be moved to no other record, and says who signed under
which printed name, what signing meant, how the person was authenticated then, and which signed head was known.

Source: 21 CFR 11.50 (name, time and meaning), 11.70 (linked to its record), 11.200(a)(1) (two components, or one in a
continuous run).
"""

from typing import Annotated, ClassVar

from pydantic import Field

from ledger.types import Commitment, Count, Event, Frozen, Instant, Line, PatientNumber, Position, Several, Sha256


class SignedLeaf(Frozen):
    """An event that is signed: where it stands, and the hash of its leaf."""

    position: Position
    leaf_hash: Sha256


class SignedHead(Frozen):
    """A signed head of the log."""

    size: Count
    root: Sha256


class RecordSigned(Event):
    """A person signed events of the same command: those of the manifest, and no others.

    `about` is the stream of the first of them, and `patient` whose record it is. `meaning` is what signing means, in
    the words that belong to the command. `shown_sha256` is the hash of what was shown to the signer, where the command
    names one; `checkpoint` the newest signed head then. `components` are the means by which the person was
    authenticated for this signature; in a `run` of several signatures in one session, the later ones need one.
    """

    NAME: ClassVar[str] = "trial.record-signed.v1"

    manifest: Annotated[Several[SignedLeaf], Field(min_length=1)]
    about: Line
    patient: PatientNumber | None
    meaning: Line
    shown_sha256: Sha256 | None
    checkpoint: SignedHead | None
    signer_name: Commitment
    signed_at: Instant
    components: Annotated[Several[Line], Field(min_length=1)]
    run: bool


SIGNATURE_EVENTS: tuple[type[Event], ...] = (RecordSigned,)
