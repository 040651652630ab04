"""What a patient is given around the graft: conditioning, prophylaxis, the graft itself, and its day."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import conditioning, transplant

_PATIENT: Final = {"patient": "001"}
WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/patients/{patient}/conditioning",
        conditioning.RecordConditioning,
        needs("patient", "W"),
        {
            "agent": "fludarabine",
            "protocol_day": -14,
            "dose": "40",
            "unit": "mg/m2",
            "given_on": "2026-02-16",
        },
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/conditioning/backbone",
        conditioning.ChooseBackbone,
        needs("patient", "W"),
        {"agent": "treosulfan", "reason": "Below 3 years at the first transplant; no irradiation."},
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/prophylaxis",
        conditioning.RecordProphylaxis,
        needs("patient", "W"),
        {
            "agent": "tocilizumab",
            "protocol_day": -1,
            "dose": "8",
            "unit": "mg/kg",
            "given_on": "2026-03-01",
        },
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/transplant/reschedulings",
        transplant.RescheduleTransplant,
        needs("patient", "W"),
        {"to_on": "2026-03-22", "reason": "The donor has a cold."},
        at={"patient": "002"},
    ),
    Write(
        "/patients/{patient}/transplant",
        transplant.RecordTransplant,
        needs("patient", "W"),
        {
            "performed_at": "2026-03-02T14:00:00+03:00",
            "donor": "D-0031",
            "graft": "g-csf-mobilised-cd3-depleted-pbsc",
            "product_code": "S2598V00",
            "cd34_cells_per_kg": "9400000",
            "cd3_cells_per_kg": "18500",
        },
        at=_PATIENT,
    ),
)
