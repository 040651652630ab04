"""What happens at the door and is no fact of a trial: who came in, who was refused, what was read, exported, changed.

`Service.note` takes them all, so that there is one place where they are kept: the installation's own log.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from ledger.decisions.installation import Kind as Kind
from ledger.decisions.installation import NoteHappening
from ledger.record import Actor
from ledger.strangers import UNKNOWN as UNKNOWN
from ledger.types import Line, Name, PatientNumber

UNREADABLE: Final = "unreadable"
_LINE: Final = TypeAdapter[str](Line)
_NAME: Final = TypeAdapter[str](Name)
_NUMBER: Final = TypeAdapter[str](PatientNumber)


@dataclass(frozen=True, slots=True)
class Happening:
    """Who did what to what, and how it ended. `who` is an account's id, where one is known; `about` names a resource or
    an account, never what was sent; `rule` is the rule or problem by which it was refused. Of a request: `about` is the
    operation, `resource` what of the trial, `status` how it was answered, `problem` what the answer's type names."""

    kind: Kind
    who: str | None
    about: str
    rule: str | None = None
    role: str | None = None
    site: str | None = None
    trial: str | None = None
    authenticated: str | None = None
    patient: str | None = None
    resource: str | None = None
    status: int | None = None
    problem: str | None = None
    request_id: str | None = None
    change: str | None = None

    @property
    def actor(self) -> Actor:
        """Who did it, as an event has it."""
        return Actor(self.who or UNKNOWN, self.role or UNKNOWN, self.site, self.authenticated or "none")

    def noted(self) -> NoteHappening:
        """As it is kept. What has no permitted form is left out: an identifier that is made up may be anything."""
        return NoteHappening(
            happening=self.kind,
            about=_if_readable(_LINE, self.about) or UNREADABLE,
            trial=_if_readable(_NAME, self.trial),
            patient=_if_readable(_NUMBER, self.patient),
            resource=_if_readable(_LINE, self.resource),
            status=self.status,
            problem=_if_readable(_LINE, self.problem),
            rule=_if_readable(_LINE, self.rule),
            change=_if_readable(_LINE, self.change),
            request_id=_if_readable(_LINE, self.request_id),
        )


def _if_readable(form: TypeAdapter[str], text: str | None) -> str | None:
    try:
        return None if text is None else form.validate_python(text)
    except ValidationError:
        return None
