"""One record for each event of the reporting of safety."""

from datetime import date
from typing import Final

from ledger.patient.reporting import (
    ExpeditedReportSubmitted,
    PregnancyReported,
    SaeClassified,
    SponsorInformed,
)
from ledger.record import Record
from ledger.trial.reviews import Attendee, ReferenceSafetyInformationApproved, SafetyReviewHeld
from tests.golden.envelope import COMMITTEE, commitment, moscow, on_patient, on_trial
from tests.golden.trial_samples import SPONSOR

REPORTING_SAMPLES: Final[tuple[Record, ...]] = (
    on_trial(
        ReferenceSafetyInformationApproved(version="IB-3", effective_on=date(2026, 1, 12), document_sha256="b7" * 32),
        actor=SPONSOR,
    ),
    on_trial(
        SafetyReviewHeld(
            review=1,
            held_at=moscow(6, 16),
            attendees=(
                Attendee(person="olga", role="safety_committee", conflict_of_interest=False),
                Attendee(person="pavel", role="safety_committee", conflict_of_interest=True),
            ),
            conflicts=commitment("a"),
            minutes_sha256="c3" * 32,
            about_holds=(2,),
            recommendation="resume",
            rationale=commitment("b"),
        ),
        actor=COMMITTEE,
    ),
    on_patient(
        SaeClassified(
            adverse_event=1,
            revision=1,
            serious=True,
            criteria=("life-threatening", "hospitalisation"),
            expected=False,
            reference_safety_information="IB-3",
            investigator_causality="possible",
            sponsor_causality="probable",
            received_at=moscow(4, 8),
            rationale=commitment("c"),
        ),
        actor=SPONSOR,
    ),
    on_patient(
        SponsorInformed(adverse_event=1, about=41, received_at=moscow(3, 23), information=commitment("d")),
        actor=SPONSOR,
    ),
    on_patient(
        ExpeditedReportSubmitted(
            adverse_event=1,
            kind="urgent",
            to="authority",
            recipient="Roszdravnadzor",
            reference="2026-0417",
            submitted_at=moscow(8, 17),
        ),
        actor=SPONSOR,
    ),
    on_patient(
        PregnancyReported(
            pregnant="partner",
            known_on=date(2026, 3, 6),
            expected_birth_on=date(2026, 10, 20),
            outcome=None,
            received_at=moscow(6, 12),
            narrative=commitment("e"),
        )
    ),
)
