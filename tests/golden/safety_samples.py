"""One record for each event of a patient's safety."""

from typing import Final

from ledger.patient.safety import (
    AdverseEventReported,
    AdverseEventUpdated,
    AttributionAssessed,
    CandidateDltRaised,
    CandidateDltRuled,
    DltAdjudicated,
    DltOpinionSigned,
    GradeConfirmed,
    ToxicityAssessed,
)
from ledger.record import Record
from tests.golden.envelope import COMMITTEE, EDC, FROM_EDC, commitment, moscow, on_patient

SAFETY_SAMPLES: Final[tuple[Record, ...]] = (
    on_patient(
        AdverseEventReported(
            adverse_event=1,
            term="Cytokine release syndrome",
            toxicity="CRS",
            category=None,
            ctcae_term="Cytokine release syndrome",
            ctcae_grade=None,
            haematologic=False,
            serious=True,
            onset_at=moscow(3, 21, 40),
            relative_to_infusion=1,
            suspect_product="NK-0042",
            site_aware_at=moscow(3, 21, 55),
            received_at=moscow(4, 8),
            narrative=commitment("4"),
        ),
        actor=EDC,
        source=FROM_EDC,
    ),
    on_patient(
        AdverseEventUpdated(
            adverse_event=1,
            ctcae_grade=3,
            serious=None,
            ended_at=moscow(6, 7),
            outcome="recovered",
            action="tocilizumab",
            site_aware_at=moscow(6, 7, 20),
            received_at=None,
        )
    ),
    on_patient(
        ToxicityAssessed(
            adverse_event=1,
            toxicity="CRS",
            assessed_at=moscow(3, 22),
            age_at_assessment_years=11,
            findings={
                "temperature_celsius": "39.5",
                "fever_attributed_elsewhere": False,
                "hypotension": True,
                "vasopressor_count": 1,
                "vasopressin": False,
                "oxygen_device": "low_flow_nasal_cannula",
                "oxygen_l_per_min": "2.5",
                "died_of_crs": False,
            },
            scale="ASTCT-CRS",
            table_version="Lee 2019",
            computed_grade=3,
            at_least_grade=3,
            at_most_grade=3,
            needs_adjudication=(),
            ward_sheet=39,
        )
    ),
    on_patient(GradeConfirmed(adverse_event=1, assessment=40, grade=2, differs_because=commitment("5"))),
    on_patient(AttributionAssessed(adverse_event=1, relation="possible", rationale=commitment("6"), assessor="ivan")),
    on_patient(CandidateDltRaised(subject="adverse-event/1", cause="grade")),
    on_patient(
        DltOpinionSigned(
            subject="adverse-event/1", revision=1, member="olga", role="safety_committee", rationale=commitment("7")
        ),
        actor=COMMITTEE,
    ),
    on_patient(
        DltAdjudicated(
            subject="adverse-event/1", is_dlt=True, revision=1, toxicity="CRS", grade=3, rationale=commitment("8")
        ),
        actor=COMMITTEE,
    ),
    on_patient(CandidateDltRuled(subject="adverse-event/1", is_dlt=True)),
)
