"""How strongly an adverse event is thought to be caused by the intervention."""

from collections.abc import Iterable
from typing import Final

from ledger.protocol.safety import Relation

STRENGTH: Final[tuple[Relation, ...]] = ("definite", "probable", "possible", "unlikely", "unrelated")
"""From the strongest to the weakest."""


def strongest(said: Iterable[Relation]) -> Relation:
    """The strongest of some opinions; *missing* where nobody has one."""
    return min((relation for relation in said if relation != "missing"), key=STRENGTH.index, default="missing")


def weaker(one: Relation | None, other: Relation | None) -> bool:
    """Whether an opinion says less than another. Where one of them is missing, it does not."""
    if one in (None, "missing") or other in (None, "missing"):
        return False
    return STRENGTH.index(one) > STRENGTH.index(other)
