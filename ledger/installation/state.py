"""What the events of an installation amount to: when each account was used last, and no more; the rest is looked up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from immutables import Map

from ledger.installation import events as e
from ledger.record import Record
from ledger.types import Event, changed


@dataclass(frozen=True, slots=True)
class LastSeen:
    """When an account logged in last, and when it was used last."""

    logged_in_at: datetime | None = None
    used_at: datetime | None = None


NOBODY_SEEN: Final = LastSeen()


@dataclass(frozen=True, slots=True)
class Installation:
    """An installation as its log stands."""

    version: int = 0
    opened: e.InstallationOpened | None = None
    accounts: Map[str, LastSeen] = Map()
    gaps: int = 0


def _opened(installation: Installation, event: e.InstallationOpened, record: Record) -> Installation:
    return changed(installation, opened=event)


def _used(installation: Installation, event: Event, record: Record) -> Installation:
    return _seen(installation, record, used_at=record.occurred_at)


def _logged_in(installation: Installation, event: e.LoggedIn, record: Record) -> Installation:
    return _seen(installation, record, logged_in_at=record.occurred_at, used_at=record.occurred_at)


def _seen(installation: Installation, record: Record, **at: datetime) -> Installation:
    last = installation.accounts.get(record.actor.id, NOBODY_SEEN)
    return changed(installation, accounts=installation.accounts.set(record.actor.id, changed(last, **at)))


def _gap(installation: Installation, event: e.GapRecorded, record: Record) -> Installation:
    return changed(installation, gaps=installation.gaps + 1)


def _nothing(installation: Installation, event: Event, record: Record) -> Installation:
    return installation


INSTALLATION_EVOLUTION: Mapping[type[Event], Callable[[Installation, Any, Record], Installation]] = MappingProxyType(
    {
        e.InstallationOpened: _opened,
        e.RecordRead: _used,
        e.RecordExported: _used,
        e.RoleChanged: _used,
        e.CommandRefused: _used,
        e.RequestRefused: _nothing,
        e.LoggedIn: _logged_in,
        e.LogInFailed: _nothing,
        e.LockedOut: _nothing,
        e.LoggedOut: _nothing,
        e.AccountUsed: _used,
        e.AccountChanged: _nothing,
        e.SigningFailed: _nothing,
        e.GapRecorded: _gap,
    }
)


def evolve(installation: Installation, record: Record) -> Installation:
    """The installation after one more record of its stream."""
    after = INSTALLATION_EVOLUTION[type(record.event)](installation, record.event, record)
    return changed(after, version=record.stream_version)
