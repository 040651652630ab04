"""One record for each event of a patient's way through the trial; safety stands in `safety_samples.py`."""

from datetime import date
from typing import Final

from ledger.eligibility.findings import MeasuredFinding
from ledger.patient.events import (
    AssentGiven,
    AssignmentCancelled,
    ConsentGiven,
    CriterionAssessed,
    DeathRecorded,
    DoseLevelAssigned,
    DoseLevelReassigned,
    EligibilityConfirmed,
    InvestigatorDeterminationSigned,
    PatientEnrolled,
    PatientOffStudy,
    PatientScreened,
    ProtocolDeviationRecorded,
    ScreenFailed,
    ScreeningFindingRecorded,
)
from ledger.patient.infusions import (
    DosePlanned,
    IdentityVerified,
    InfusionAuthorised,
    InfusionCompleted,
    InfusionOmitted,
    InfusionStarted,
    ReadinessAssessed,
    ReadinessItem,
)
from ledger.record import Record
from tests.golden.envelope import CHECKPOINT, EDC, FROM_EDC, commitment, moscow, on_patient

PATIENT_SAMPLES: Final[tuple[Record, ...]] = (
    on_patient(PatientScreened(number="001", site="NDGOI", birth_year_month="2014-07", sex="female"), stream_version=1),
    on_patient(
        ConsentGiven(
            form_version="ICF 2.1",
            capacity="representative",
            signed_at=moscow(1, 16, 5),
            relation="mother",
            obtained_by="ivan",
            copy_given=True,
            witness=False,
        )
    ),
    on_patient(AssentGiven(form_version="Assent 10–13 years, 1.0", signed_at=moscow(1, 16, 10))),
    on_patient(
        ScreeningFindingRecorded(
            finding=MeasuredFinding(finding="lvef_percent", quantity="61.5", unit="%"), found_on=date(2026, 2, 27)
        ),
        actor=EDC,
        source=FROM_EDC,
    ),
    on_patient(CriterionAssessed(criterion="I2a", met=True, inputs=commitment("d"))),
    on_patient(InvestigatorDeterminationSigned(criterion="X5", met=False, rationale=commitment("e"))),
    on_patient(EligibilityConfirmed(checklist_hash=commitment("f"), protocol_version=1)),
    on_patient(ScreenFailed(criteria=("I6", "X2"))),
    on_patient(PatientEnrolled(phase="I", planned_transplant_on=date(2026, 3, 14))),
    on_patient(DoseLevelAssigned(level=1, sentinel=True)),
    on_patient(DoseLevelReassigned(from_level=2, level=1, sentinel=False), reason=commitment("0")),
    on_patient(AssignmentCancelled(level=1, cause="manufacturing-failure")),
    on_patient(
        DosePlanned(
            ordinal=1,
            level=1,
            weight_kg="31.4",
            weighed_on=date(2026, 3, 1),
            cells_per_kg="20000000/3",
            cells="628000000/3",
        )
    ),
    on_patient(
        ReadinessAssessed(
            ordinal=2,
            items=(
                ReadinessItem(
                    check="steroids",
                    met=True,
                    assessed_at=moscow(2, 8),
                    prednisone_equivalent_mg_per_kg_per_day="0.5",
                    prednisone_equivalent_on_record_mg_per_kg_per_day="0.334",
                    steroids_not_converted=("betamethasone",),
                    steroids_not_converted_counted=True,
                    steroid_table_version="prednisone-5.1",
                ),
                ReadinessItem(check="infection", met=True, assessed_at=moscow(2, 8, 5), uncontrolled_infection=False),
                ReadinessItem(
                    check="nonhaematologic-reaction",
                    met=False,
                    assessed_at=moscow(2, 8),
                    reactions_count=0,
                    reactions_on_record_count=1,
                    unrelated_reactions_count=2,
                ),
                ReadinessItem(check="ventilator", met=True, assessed_at=moscow(2, 9), ventilator=False),
                ReadinessItem(check="oxygen", met=True, assessed_at=moscow(2, 9), oxygen_l_per_min="0"),
            ),
        )
    ),
    on_patient(
        IdentityVerified(ordinal=1, product="NK-0007", chain_of_identity="CoI-7c19", checkers=("nina", "boris"))
    ),
    on_patient(
        InfusionAuthorised(
            ordinal=1,
            level=1,
            product="NK-0007",
            max_cells="628000000/3",
            volume_ml="41.8",
            second_calculation_by="ivan",
            valid_until=moscow(3, 10),
        ),
        after=CHECKPOINT,
    ),
    on_patient(
        InfusionStarted(
            ordinal=1,
            product="NK-0007",
            level=1,
            started_at=moscow(2, 10, 15),
            bags=("NK-0007-1",),
            chain_of_identity="CoI-7c19",
            checkers=("nina", "boris"),
            premedication=("paracetamol", "clemastine"),
        )
    ),
    on_patient(
        InfusionCompleted(
            ordinal=1,
            product="NK-0007",
            ended_at=moscow(2, 10, 52),
            weight_kg="31.4",
            weighed_on=date(2026, 3, 1),
            cells=205_000_000,
            cells_by_volume="204204000",
            cells_per_kg="1025000000/157",
            percent_of_plan="15375/157",
            cd3_cells_per_kg="1.2",
            cells_per_ml="5500000",
            viability_percent="91.0",
            volume_ml="40.8",
            residual_volume_ml="1.0",
            reaction=False,
        ),
        actor=EDC,
        source=FROM_EDC,
        corrects=39,
        reason=commitment("2"),
    ),
    on_patient(InfusionOmitted(ordinal=2, cause="reaction-or-its-treatment"), reason=commitment("3")),
    on_patient(ProtocolDeviationRecorded(rule="P5", kind="outside-infusion-day", importance="other")),
    on_patient(DeathRecorded(died_on=date(2026, 5, 20), cause="relapse"), conflicts_with=38),
    on_patient(PatientOffStudy(cause="completed", off_on=date(2028, 3, 14))),
)
