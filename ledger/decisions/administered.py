"""What an infusion gave: cells = cells/mL x viability x volume given (domain E.1), and what that breaks (B.2)."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from ledger import refusals as no
from ledger.errors import Refused
from ledger.patient.infusions import InfusionAuthorised, InfusionCompleted
from ledger.protocol.document import ProtocolDocument
from ledger.types import exact

CELLS_AND_VOLUME: Final = "the cells as stated are not those of the volume given"


def cells_by_volume(cells_per_ml: str | None, viability_percent: str | None, volume_ml: str | None) -> Fraction | None:
    """Cells/mL x viability x volume given; none where one of them is not reported."""
    if viability_percent is not None and exact(viability_percent) > 100:
        raise no.FindingsContradict("viability_percent")
    if cells_per_ml is None or viability_percent is None or volume_ml is None:
        return None
    return exact(cells_per_ml) * exact(viability_percent) / 100 * exact(volume_ml)


def counted_cells(stated: int | None, by_volume: Fraction | None) -> int:
    """The cells as stated, or else those of the volume, of which part of one is none."""
    if stated is not None:
        return stated
    if by_volume is None:
        raise no.FindingsContradict("neither the cells nor what they follow from")
    return int(by_volume)


def differs(cells: int, by_volume: Fraction | None, protocol: ProtocolDocument) -> bool:
    """Whether the cells differ from those of the volume by more than the protocol's percentage, a part of one aside."""
    if by_volume is None:
        return False
    allowed = by_volume * exact(protocol.dose_order.cells_differ_percent_max) / 100
    return abs(cells - by_volume) >= max(allowed, Fraction(1)) and abs(cells - by_volume) > allowed


def against_dose(
    done: InfusionCompleted, planned: Fraction, protocol: ProtocolDocument, allowed: InfusionAuthorised | None
) -> Iterator[Refused]:
    """What a dose breaks: too much by what was stated or by its volume, too little, more than was authorised."""
    infusion = f"infusion {done.ordinal}"
    by_volume = Fraction(0) if done.cells_by_volume is None else exact(done.cells_by_volume)
    most = max(exact(done.cells_per_kg), by_volume / exact(done.weight_kg))
    if most * 100 > planned * protocol.overdose_percent:
        yield no.Overdose(infusion)
    if exact(done.cells_per_kg) * 100 < planned * protocol.evaluability.minimum_percent_of_plan:
        yield no.ShortDose(infusion)
    authorised = allowed.volume_ml if allowed else None
    if authorised is not None and done.volume_ml is not None and exact(done.volume_ml) > exact(authorised):
        yield no.VolumeAboveOrder(infusion)
