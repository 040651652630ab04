"""One record for each event of a patient's outcomes and follow-up."""

from datetime import date
from typing import Final

from ledger.grading.magic import MagicFindings, OrganStage
from ledger.patient.gvhd import AcuteGvhd
from ledger.patient.outcomes import OutcomeRecorded
from ledger.patient.visits import ContactAttempted, VisitMissed, VisitRecorded
from ledger.record import Record
from tests.golden.envelope import EDC, FROM_EDC, commitment, moscow, on_patient

OUTCOME_SAMPLES: Final[tuple[Record, ...]] = (
    on_patient(
        OutcomeRecorded(
            outcome=AcuteGvhd(
                assessed_on=date(2026, 3, 30),
                findings=MagicFindings(
                    weight_kg="31.4",
                    rash_percent_of_body_surface="30",
                    erythroderma_with_bullae_and_desquamation=False,
                    bilirubin_mg_per_dl="0.9",
                    persistent_upper_gi_symptoms=False,
                    stool_ml_per_day="200.5",
                    stool_episodes_per_day=2,
                    severe_pain_ileus_or_gross_blood=False,
                ),
                stages=(
                    OrganStage(organ="skin", at_least=2, at_most=2),
                    OrganStage(organ="liver", at_least=0, at_most=0),
                    OrganStage(organ="upper_gi", at_least=0, at_most=0),
                    OrganStage(organ="lower_gi", at_least=0, at_most=0),
                ),
                scale="MAGIC",
                table_version="MAGIC-2016.1",
                computed_grade=1,
                at_least_grade=1,
                at_most_grade=1,
                undetermined=(),
                investigator_grade=2,
            ),
            differs_because=commitment("9"),
        )
    ),
    on_patient(
        VisitRecorded(
            visit=28, visited_on=date(2026, 4, 12), kind="on-site", performed=("disease-response", "lymphocyte-subset")
        ),
        actor=EDC,
        source=FROM_EDC,
    ),
    on_patient(VisitMissed(visit=60, cause="too-ill")),
    on_patient(ContactAttempted(attempted_at=moscow(2, 9, 30), means="telephone", reached=False)),
)
