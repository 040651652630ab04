"""The account of a lot's cells.

    made = lost at thaw + infused + destroyed + remaining - unaccounted

What was made stands in bags and, in a fresh lot, outside them. A thawed bag holds what was counted after the thaw.
Infused cells come from the thawed bags in the order of thawing, then from outside the bags. Destroyed is what the
reports say, at most what was left; without a number it is all that was left of the bag or the lot. `unaccounted` is
what was reported as infused or destroyed beyond what there was: it is 0, or someone has to explain it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.product.events import ProductDestroyed
from ledger.product.state import Product


@dataclass(frozen=True, slots=True)
class Account:
    """The cells of a lot: each made cell in one place. `left` is what remains, by bag; null: outside the bags."""

    made: int
    lost_at_thaw: int
    infused: int
    destroyed: int
    unaccounted: int
    left: Mapping[str | None, int]

    @property
    def remaining(self) -> int:
        return sum(self.left.values())


def account(product: Product, infused: int) -> Account:
    """The account of a lot of which so many cells were infused."""
    frozen, thawed = product.bags, product.thawed
    opened: dict[str | None, int] = {bag: thaw.cells for bag, thaw in thawed.items() if bag in frozen}
    left = opened | {None: product.cells - sum(frozen.values())}
    beyond = infused
    for bag in tuple(left):
        beyond -= _take(left, bag, beyond)
    left |= {bag: cells for bag, cells in frozen.items() if bag not in opened}
    asked = destroyed = 0
    for held in product.destructions:
        stated, taken = _destroy(left, held.event)
        asked, destroyed = asked + stated, destroyed + taken
    return Account(
        made=product.cells,
        lost_at_thaw=sum(frozen[bag] - thawed[bag].cells for bag in frozen if bag in thawed),
        infused=infused,
        destroyed=asked,
        unaccounted=beyond + asked - destroyed,
        left=left,
    )


def _take(left: dict[str | None, int], bag: str | None, cells: int) -> int:
    """Take so many cells out of a bag, at most what is left; how many they were."""
    taken = min(cells, left.get(bag, 0))
    left[bag] = left.get(bag, 0) - taken
    return taken


def _destroy(left: dict[str | None, int], event: ProductDestroyed) -> tuple[int, int]:
    """Take what was destroyed; how many cells it is said to be, and how many of them there were."""
    places = tuple(left) if event.bag is None else (event.bag,)
    there = sum(left.get(place, 0) for place in places)
    stated = rest = there if event.cells is None else event.cells
    for place in places:
        rest -= _take(left, place, rest)
    return stated, stated - rest
