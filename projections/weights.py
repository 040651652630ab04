"""Weights that changed so much between two infusions that somebody should look (domain A.3-16)."""

from collections.abc import Iterator

from ledger.decisions.weight_change import weight_change
from ledger.protocol.document import ProtocolDocument
from ledger.types import Amount, Exact, exact_text
from ledger.world import World
from projections.base import View


class WeightAlert(View):
    """A weight that has changed by more than the protocol's percentage since the infusion before, while it is planned.

    The dose goes by the new weight (A.3-16).
    """

    patient: str
    ordinal: int
    from_kg: Amount
    to_kg: Amount
    percent: Exact


def weight_alerts(world: World, protocol: ProtocolDocument) -> Iterator[WeightAlert]:
    """Of infusions that are neither given nor omitted yet."""
    for number, patient in sorted(world.participants.items()):
        for ordinal in sorted(patient.doses):
            infusion = patient.infusions.get(ordinal)
            change = weight_change(patient, ordinal, protocol)
            if change is not None and change.alert and not (infusion and (infusion.given_on or infusion.omitted)):
                yield WeightAlert(
                    patient=number,
                    ordinal=ordinal,
                    from_kg=change.from_kg,
                    to_kg=change.to_kg,
                    percent=exact_text(change.percent),
                )
