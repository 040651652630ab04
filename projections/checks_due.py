"""Checks at the bedside that nobody has signed yet: no infusion waits for them, so that somebody has to ask (G.4-4)."""

from collections.abc import Iterator

from ledger.types import Instant
from ledger.world import World
from projections.base import View
from projections.infusions import infusion_record


class CheckDue(View):
    """An infusion that was given, with those at the bedside who have not signed that all matched."""

    patient: str
    ordinal: int
    product: str | None
    started_at: Instant | None
    unsigned_checkers: tuple[str, ...]


def checks_due(world: World) -> Iterator[CheckDue]:
    """By patient and infusion."""
    for number, patient in sorted(world.participants.items()):
        for ordinal, infusion in sorted(patient.infusions.items()):
            record = infusion_record(world, None, number, ordinal)
            if infusion.given_on and record.unsigned_checkers:
                members = set(CheckDue.model_fields) - {"patient"}
                yield CheckDue(patient=number, **record.model_dump(include=members))
