"""Every design that a protocol may name."""

from ledger.designs.base import Design
from ledger.designs.three_plus_three import ThreePlusThree
from ledger.protocol.design import DesignParameters, ThreePlusThreeParameters


def design_of(parameters: DesignParameters) -> Design:
    """The rule that a protocol's parameters stand for."""
    match parameters:
        case ThreePlusThreeParameters():
            return ThreePlusThree(**parameters.model_dump())
