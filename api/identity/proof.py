"""That somebody has just shown who he is, and by what."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """By which components somebody proved himself, and when (UTC). Whose account it is, is one component more."""

    method: tuple[str, ...]
    at: datetime


class NotProved(Exception):
    """Somebody did not show who he is. `rule` says why, for the log and not for the caller."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule
