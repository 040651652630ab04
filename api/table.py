"""A row of the route table: everything that is said about one way to write."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

from api.roles import Needed
from ledger.decisions.docket import Command

PREFIX: Final = "/v1/trials/{trial}"
RestsOn = Literal["patient", "trial"]
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Write:
    """One POST that carries a command.

    `path` stands below the trial; its parameters are fields of the command, and the body holds the others.
    `may`: what the caller has to be granted. `rests_on`: the aggregate whose version `If-Match` has to name, for what
    someone decides on what he saw; reports of what happened need none. `example` is valid when it is sent, with `at`
    for the path (what only the server can tell, such as the dossier's hash, is asked of it first).
    """

    path: str
    command: type[Command]
    may: Needed
    example: Body | Callable[[], Body]
    at: Mapping[str, str] = field(default_factory=dict)
    rests_on: RestsOn | None = None
    tag: str = ""

    @cached_property
    def operation(self) -> str:
        """The command's name as an operationId: `RecordConsent` -> `record_consent`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.command.__name__).lower()

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The command's fields that stand in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def full_path(self) -> str:
        return PREFIX + self.path

    def example_body(self) -> dict[str, Any]:
        return dict(self.example() if callable(self.example) else self.example)
