"""Who checked at the bedside before an infusion and signed it: patient, product, chain of identity match (G.4-4)."""

from collections.abc import Iterator

from ledger.patient.infusion_record import BedsideCheckSigned
from ledger.patient.state import Patient
from ledger.world import World
from projections.base import TextOf, View
from projections.signatures import Manifestation, manifestation


class CheckView(View):
    """One checker's own signature."""

    checker: str
    product: str
    chain_of_identity: str
    matches: bool
    """It is of the product of this infusion, and the chain of identity is the one on record now."""
    signature: Manifestation


def checks(world: World, patient: Patient, ordinal: int, lot: str | None, text: TextOf) -> tuple[CheckView, ...]:
    """The signed checks before an infusion of a lot, in the order in which they were signed."""
    found = tuple(_checks(world, patient, ordinal, lot, text))
    return tuple(sorted(found, key=lambda each: each.signature.position))


def _checks(world: World, patient: Patient, ordinal: int, lot: str | None, text: TextOf) -> Iterator[CheckView]:
    for (_, product, chain, checker), signature in world.signatures.said(patient.stream, BedsideCheckSigned, ordinal):
        known = world.products.get(product)
        yield CheckView(
            checker=checker,
            product=product,
            chain_of_identity=chain,
            matches=product == lot and known is not None and known.chain == chain,
            signature=manifestation(signature, text),
        )


def unsigned_checkers(checkers: tuple[str, ...], signed: tuple[CheckView, ...]) -> tuple[str, ...]:
    """Those named as checkers who have not signed a check of this product."""
    done = {each.checker for each in signed if each.matches and each.signature.status == "valid"}
    return tuple(each for each in checkers if each not in done)
