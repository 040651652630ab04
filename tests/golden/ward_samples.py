"""One record for each event of the ward."""

from typing import Final

from ledger.grading.ward_sheet import NORMAL, WardSheet
from ledger.patient.ward import (
    ConcomitantMedicationGiven,
    ConcomitantMedicationStopped,
    TakenFromRecord,
    ToxicityRegraded,
    WardSheetRecorded,
)
from ledger.record import Record
from tests.golden.envelope import EDC, FROM_EDC, commitment, moscow, on_patient

WARD_SAMPLES: Final[tuple[Record, ...]] = (
    on_patient(
        WardSheetRecorded(
            assessed_at=moscow(3, 22),
            sheet=WardSheet(
                temperature_celsius="39.5",
                systolic_mmhg=78,
                diastolic_mmhg=41,
                low_pressure_for_this_patient=True,
                heart_rate_per_min=142,
                respiratory_rate_per_min=34,
                spo2_percent="93.5",
                oxygen_device="low_flow_nasal_cannula",
                oxygen_l_per_min="2.5",
                vasopressors=("noradrenaline", "vasopressin"),
                neurology=NORMAL,
                capd_score=11,
                attributed_elsewhere=("hypoxia",),
            ),
        ),
        actor=EDC,
        source=FROM_EDC,
    ),
    on_patient(
        ConcomitantMedicationGiven(
            agent="noradrenaline",
            acts_as="vasopressor",
            dose="0.05",
            dose_unit="ug/kg/min",
            route="IV",
            purpose="treatment-of-crs",
            given_at=moscow(3, 21, 50),
            continuous=True,
            to_at=None,
        )
    ),
    on_patient(
        ConcomitantMedicationStopped(agent="noradrenaline", given_at=moscow(3, 21, 50), stopped_at=moscow(5, 6)),
        corrects=39,
        reason=commitment("9"),
    ),
    on_patient(
        ToxicityRegraded(
            adverse_event=1,
            assessment=40,
            taken=(TakenFromRecord(finding="vasopressor_count", graded_as=1, positions=(38,)),),
            computed_grade=None,
            at_least_grade=0,
            at_most_grade=3,
            needs_adjudication=("fever_masked_by_prophylactic_tocilizumab",),
        )
    ),
)
