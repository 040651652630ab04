"""What a protocol states about its escalation design. The designs themselves are in `ledger/designs`."""

from typing import Literal, TypeAlias

from ledger.types import Frozen


class ThreePlusThreeParameters(Frozen):
    """The three points in which published 3+3 rules differ. A protocol must state each of them (A.3-7)."""

    kind: Literal["3+3"]
    six_at_mtd: bool
    act_on_second_dlt: bool
    may_deescalate: bool


DesignParameters: TypeAlias = ThreePlusThreeParameters
"""The parameters of any design that a protocol may name; another design joins here, told apart by `kind`."""
