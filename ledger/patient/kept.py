"""Facts that are kept by the position that holds them."""

from typing import Any

from immutables import Map


def without(facts: Map[int, Any], position: int | None) -> Map[int, Any]:
    """The facts without the one at a position, such as the one that is corrected."""
    return facts if position is None or position not in facts else facts.delete(position)
