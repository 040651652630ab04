"""What can happen at the door of an installation: who came in, who was refused, what was read, copied and changed.

These events stand in a log of their own, in which no trial stands. Who did it is the envelope's actor, `unknown` where
nobody is known. They hold identifiers and never what was sent, read or typed.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from ledger.types import Event, Instant, Line, Name, PatientNumber

Times = Annotated[int, Field(ge=1, le=2**53 - 1)]
Status = Annotated[int, Field(ge=100, le=599)]


class InstallationOpened(Event):
    """The log of an installation begins, under a name of its own."""

    NAME: ClassVar[str] = "installation.opened.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()

    origin: Line
    event_schema: Line


class Requested(Event):
    """A request: which operation of the description, on which trial, patient or other resource, how it was answered."""

    operation: Line
    trial: Name | None
    patient: PatientNumber | None
    resource: Line | None
    status: Status
    request_id: Line | None


class RecordRead(Requested):
    """A clinical record was read."""

    NAME: ClassVar[str] = "installation.record-read.v1"


class RecordExported(Requested):
    """A copy went out that lives on without us: a bundle, a pack, a table, a whole trail. It waited for this event."""

    NAME: ClassVar[str] = "installation.record-exported.v1"


class RoleChanged(Requested):
    """A delegation was given or ended; what it says stands in the trial's own log."""

    NAME: ClassVar[str] = "installation.role-changed.v1"


class CommandRefused(Requested):
    """A command was refused by a rule of the ledger; the trial's audit trail shows it too."""

    NAME: ClassVar[str] = "installation.command-refused.v1"

    problem: Line
    rule: Line | None


class RequestRefused(Requested):
    """A request was refused at the door: nobody known, not for this role, not at this site, or not to be read.

    `times_count`: as often within one batch; the request's id is that of a single one.
    """

    NAME: ClassVar[str] = "installation.request-refused.v1"

    problem: Line
    rule: Line | None
    times_count: Times


class OfAccount(Event):
    """What happened to an account or with it: which, where the trial matters in which, and by which rule."""

    about: Line
    trial: Name | None
    rule: Line | None


class LoggedIn(OfAccount):
    """Somebody logged in."""

    NAME: ClassVar[str] = "installation.logged-in.v1"


class LogInFailed(OfAccount):
    """A log-in failed."""

    NAME: ClassVar[str] = "installation.log-in-failed.v1"


class LockedOut(OfAccount):
    """An account was locked after failed log-ins (11.300(d))."""

    NAME: ClassVar[str] = "installation.locked-out.v1"


class LoggedOut(OfAccount):
    """Somebody logged out."""

    NAME: ClassVar[str] = "installation.logged-out.v1"


class AccountUsed(OfAccount):
    """An account was used, for the first time on that day."""

    NAME: ClassVar[str] = "installation.account-used.v1"


class AccountChanged(OfAccount):
    """An account was made, changed, or taken out; `change` is what was done."""

    NAME: ClassVar[str] = "installation.account-changed.v1"

    change: Line | None


class SigningFailed(OfAccount):
    """Somebody tried to sign and did not."""

    NAME: ClassVar[str] = "installation.signing-failed.v1"


class GapRecorded(Event):
    """This log could not be written for a time, or not as fast as things happened. What could be kept came later;
    `not_kept_count` is how much was not."""

    NAME: ClassVar[str] = "installation.gap-recorded.v1"

    from_at: Instant
    until_at: Instant
    not_kept_count: Annotated[int, Field(ge=0, le=2**53 - 1)]


INSTALLATION_EVENTS: tuple[type[Event], ...] = (
    InstallationOpened,
    RecordRead,
    RecordExported,
    RoleChanged,
    CommandRefused,
    RequestRefused,
    LoggedIn,
    LogInFailed,
    LockedOut,
    LoggedOut,
    AccountUsed,
    AccountChanged,
    SigningFailed,
    GapRecorded,
)
