"""Signatures as they are shown, wherever what they sign is shown: name, time, meaning, and whether they still stand.

Source: 21 CFR 11.50.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Literal

from ledger.signatures import Because, Signature
from ledger.types import Instant, Sha256
from ledger.world import World
from projections.base import TextOf, View

Status = Literal["valid", "stale"]


class Manifestation(View):
    """A person's signature, as it is shown and printed."""

    position: int
    """Where the signature stands in the log."""
    signer: str
    role: str
    name: str | None
    """The printed name; null where texts are not opened."""
    meaning: str
    signed_at: Instant
    signs: tuple[int, ...]
    """The positions of what is signed."""
    about: str
    """The stream of the first of them."""
    shown_sha256: Sha256 | None
    """The hash of what the signer was shown, where there is one."""
    components: tuple[str, ...]
    """How the person was authenticated for this signature."""
    run: bool
    """A later signature of a continuous run."""
    status: Status
    because: Because | None
    """Why it is stale."""
    stale_since: int | None
    """The position from which on it is."""

    @property
    def line(self) -> str:
        """The signature on one line, as a page or a list prints it."""
        name = f"{self.name} ({self.signer})" if self.name else self.signer
        stale = f"; STALE, {self.because} by event {self.stale_since}" if self.status == "stale" else ""
        return f"Signed by {name}, {printed(self.signed_at)}: {self.meaning}{stale}"


SignatureOf = Callable[[int], Manifestation | None]
"""The signature on the event at a position, or that the event itself is."""


def printed(at: datetime) -> str:
    """An instant with its date and time to the second and its offset."""
    return at.isoformat(sep=" ", timespec="seconds")


def unsigned(position: int) -> Manifestation | None:  # noqa: ARG001 - one signature for every source of them
    """For what is shown without signatures."""
    return None


def signatures_of(world: World, text: TextOf) -> SignatureOf:
    """The signatures of a trial as a world knows them, by the position of what they sign."""

    def of(position: int) -> Manifestation | None:
        found = world.signatures.made.get(position) or world.signatures.of(position)
        return None if found is None else manifestation(found, text)

    return of


def manifestation(signature: Signature, text: TextOf) -> Manifestation:
    """One signature as it is shown."""
    record, event = signature.record, signature.event
    return Manifestation(
        position=record.position,
        signer=record.actor.id,
        role=record.actor.role,
        name=text(event.signer_name),
        meaning=event.meaning,
        signed_at=event.signed_at,
        signs=tuple(each.position for each in event.manifest),
        about=event.about,
        shown_sha256=event.shown_sha256,
        components=event.components,
        run=event.run,
        status="valid" if signature.stale_since is None else "stale",
        because=signature.because,
        stale_since=signature.stale_since,
    )


def signatures(world: World, text: TextOf, *, stale: bool | None = None) -> Iterator[Manifestation]:
    """Every signature of a trial in the order of the log; only the stale ones, or only those that stand."""
    for _, signature in sorted(world.signatures.made.items(), key=lambda made: made[0]):
        if stale in (None, signature.stale_since is not None):
            yield manifestation(signature, text)
