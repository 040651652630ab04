"""What an installation keeps of its door. Nothing is judged here: what happened is kept, in the words of its kind."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from ledger import refusals as no
from ledger.decisions.docket import Command, Decisions, Docket, Follows
from ledger.installation import events as e
from ledger.record import INSTALLATION, Entry
from ledger.types import Count, Event, Instant, Line, Name, PatientNumber

EVENT_SCHEMA: Final = "trial-ledger/1"

Kind = Literal[
    "log-in",
    "log-in-failed",
    "locked-out",
    "logged-out",
    "account-used",
    "account-changed",
    "role-changed",
    "read",
    "exported",
    "signing-failed",
    "command-refused",
    "request-refused",
]

KINDS: Final[Mapping[str, type[Event]]] = MappingProxyType(
    {
        "log-in": e.LoggedIn,
        "log-in-failed": e.LogInFailed,
        "locked-out": e.LockedOut,
        "logged-out": e.LoggedOut,
        "account-used": e.AccountUsed,
        "account-changed": e.AccountChanged,
        "role-changed": e.RoleChanged,
        "read": e.RecordRead,
        "exported": e.RecordExported,
        "signing-failed": e.SigningFailed,
        "command-refused": e.CommandRefused,
        "request-refused": e.RequestRefused,
    }
)


class OpenInstallation(Command):
    """Begin the log of an installation."""

    origin: Line


class NoteHappening(Command):
    """Keep what happened at the door. `about`: the operation that was asked for, or the account that it concerns."""

    happening: Kind
    about: Line
    trial: Name | None = None
    patient: PatientNumber | None = None
    resource: Line | None = None
    status: e.Status | None = None
    problem: Line | None = None
    rule: Line | None = None
    change: Line | None = None
    times_count: e.Times = 1
    request_id: Line | None = None


class NoteGap(Command):
    """Keep that this log could not be written."""

    from_at: Instant
    until_at: Instant
    not_kept_count: Count


def open_installation(docket: Docket, command: OpenInstallation) -> Follows:
    """The first event of the log; a log has one."""
    if docket.world.trial.registered is not None or docket.world.size:
        raise no.AlreadyRegistered("the log")
    return (Entry(INSTALLATION, e.InstallationOpened(origin=command.origin, event_schema=EVENT_SCHEMA)),)


def note_happening(docket: Docket, command: NoteHappening) -> Follows:
    """Of its kind, with what such an event tells; it happened when it is said to have."""
    _of_an_installation(docket)
    kind = KINDS[command.happening]
    told = {**dict(command), "operation": command.about}
    event = kind.model_validate({name: told[name] for name in kind.model_fields})
    return (Entry(INSTALLATION, event, reported=True),)


def note_gap(docket: Docket, command: NoteGap) -> Follows:
    _of_an_installation(docket)
    return (Entry(INSTALLATION, e.GapRecorded(**dict(command))),)


def _of_an_installation(docket: Docket) -> None:
    if docket.world.installation.opened is None:
        raise no.NotRegistered("the installation")


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        OpenInstallation: open_installation,
        NoteHappening: note_happening,
        NoteGap: note_gap,
    }
)
