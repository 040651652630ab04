"""Notices to those who dose: what concerns them, who has acknowledged it, and who has not."""

from datetime import datetime, timedelta

from ledger.decisions.notices import parties, waits_for
from ledger.notices import NOTICES
from ledger.protocol.monitoring import NoticeKind
from ledger.types import Instant
from ledger.world import World
from projections.base import View, patient_of
from projections.titles import title


class Acknowledgement(View):
    """That a party has taken note."""

    party: str
    by: str
    acknowledged_at: Instant


class NoticeView(View):
    """An event that those who dose have to hear of."""

    position: int
    kind: NoticeKind
    title: str
    patient: str | None
    occurred_at: Instant
    recorded_at: Instant
    age_hours: int
    """Whole hours since it was recorded."""
    acknowledged: tuple[Acknowledgement, ...]
    waits_for: tuple[str, ...]
    """The parties that the protocol names and that have not acknowledged it."""


class PartyWaiting(View):
    """What a party has not acknowledged."""

    party: str
    count: int
    oldest_hours: int
    positions: tuple[int, ...]


def notices(
    world: World, now: datetime, party: str | None = None, *, all_of_them: bool = True
) -> tuple[NoticeView, ...]:
    """The notices of a party or of all, the oldest first; without those that nobody has to acknowledge any more where
    that is asked for."""
    every = (_notice(world, position, now) for position in sorted(world.notices))
    return tuple(
        each
        for each in every
        if (party is None or party in parties(world, world.notices[each.position]))
        and (all_of_them or (party in each.waits_for if party is not None else each.waits_for))
    )


def _notice(world: World, position: int, now: datetime) -> NoticeView:
    record = world.notices[position]
    named = parties(world, record)
    return NoticeView(
        position=position,
        kind=NOTICES[type(record.event)],
        title=title(record.event),
        patient=patient_of(record),
        occurred_at=record.occurred_at,
        recorded_at=record.recorded_at,
        age_hours=max(now - record.recorded_at, timedelta(0)) // timedelta(hours=1),
        acknowledged=tuple(
            Acknowledgement(party=party, by=known.by, acknowledged_at=known.acknowledged_at)
            for party in named
            if (known := world.trial.acknowledged.get((position, party))) is not None
        ),
        waits_for=waits_for(world, position),
    )


def waiting(world: World, now: datetime) -> tuple[PartyWaiting, ...]:
    """Every party that has something to acknowledge."""
    pending = notices(world, now, all_of_them=False)
    names = sorted({party for each in pending for party in each.waits_for})
    return tuple(_waiting(party, [each for each in pending if party in each.waits_for]) for party in names)


def _waiting(party: str, pending: list[NoticeView]) -> PartyWaiting:
    return PartyWaiting(
        party=party,
        count=len(pending),
        oldest_hours=max(each.age_hours for each in pending),
        positions=tuple(each.position for each in pending),
    )
