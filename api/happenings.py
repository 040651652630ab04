"""What happens at the door and is no fact of a trial: who came in, who was refused, what was read, exported, changed.

`Service.note` takes them all, so that there is one place where they are kept.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "log-in",
    "log-in-failed",
    "locked-out",
    "logged-out",
    "account-changed",
    "read",
    "exported",
    "signing-failed",
    "request-refused",
]


@dataclass(frozen=True, slots=True)
class Happening:
    """Who did what to what, and how it ended. `who` is an account's id, where one is known; `about` names a resource or
    an account, never what was sent; `rule` is the rule or problem by which it was refused."""

    kind: Kind
    who: str | None
    about: str
    rule: str | None = None
    role: str | None = None
    site: str | None = None
    trial: str | None = None
