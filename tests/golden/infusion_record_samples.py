"""One record for each event around an infusion."""

from typing import Final

from ledger.patient.infusion_record import (
    BedsideCheckSigned,
    DoseOrdered,
    InfusionInterrupted,
    InfusionResumed,
    InfusionVitalsRecorded,
)
from ledger.record import Record
from tests.golden.envelope import EDC, FROM_EDC, moscow, on_patient

INFUSION_RECORD_SAMPLES: Final[tuple[Record, ...]] = (
    on_patient(
        DoseOrdered(
            ordinal=1,
            level=1,
            product="NK-0007",
            bags=("NK-0007-1",),
            planned_cells="628000000/3",
            viable_cells_per_ml="5005000",
            volume_step_ml="0.1",
            available_volume_ml=None,
            volume_ml="41.8",
            cells="209209000",
            calculated_by="nina",
        )
    ),
    on_patient(BedsideCheckSigned(ordinal=1, product="NK-0007", chain_of_identity="CoI-7c19", checker="boris")),
    on_patient(InfusionInterrupted(ordinal=1, interrupted_at=moscow(2, 10, 31), cause="line-or-pump")),
    on_patient(InfusionResumed(ordinal=1, resumed_at=moscow(2, 10, 38))),
    on_patient(
        InfusionVitalsRecorded(
            ordinal=1,
            taken_at=moscow(2, 10, 45),
            temperature_celsius="36.9",
            systolic_mmhg=104,
            diastolic_mmhg=61,
            heart_rate_per_min=96,
            spo2_percent="98",
        ),
        actor=EDC,
        source=FROM_EDC,
    ),
)
