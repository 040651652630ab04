"""How much a patient's weight has changed between two infusions; each goes by its own weight (domain A.3-16)."""

from dataclasses import dataclass
from fractions import Fraction

from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.types import exact


@dataclass(frozen=True, slots=True)
class WeightChange:
    """From one infusion's weight to the next one's. `percent` is of the earlier weight, negative for a loss."""

    from_kg: str
    to_kg: str
    percent: Fraction
    alert: bool


def weight_change(patient: Patient, ordinal: int, protocol: ProtocolDocument) -> WeightChange | None:
    """The change since the infusion before; none where one of the two weights is not known. More than the protocol's
    percentage alerts, either way."""
    before, now = weight_of(patient, ordinal - 1), weight_of(patient, ordinal)
    if before is None or now is None or exact(before) <= 0:
        return None
    percent = (exact(now) - exact(before)) * 100 / exact(before)
    return WeightChange(before, now, percent, abs(percent) > protocol.weight_change_alert_percent)


def weight_of(patient: Patient, ordinal: int) -> str | None:
    """The weight in kg by which an infusion was given, or else by which it is planned."""
    infusion, dose = patient.infusions.get(ordinal), patient.doses.get(ordinal)
    if infusion is not None and infusion.completed is not None:
        return infusion.completed.weight_kg
    return dose.weight_kg if dose is not None else None
