"""One record for each event of a cohort."""

from datetime import date
from typing import Final

from ledger.cohort.events import (
    CohortCleared,
    CohortExceeded,
    CohortExpanded,
    CohortOpened,
    CohortReopened,
    DltCounted,
    DltUncounted,
    DltWindowClosed,
    DltWindowOpened,
    DltWindowReplanned,
    EvaluabilityDetermined,
    EvaluabilityOpinionSigned,
    ExpansionOpened,
    ReceivedDoseCounted,
    ReceivedDoseUncounted,
    ReservationKept,
    ReservationReleased,
    SlotAssigned,
    SlotReserved,
    SlotVacated,
)
from ledger.record import Record
from tests.golden.envelope import COMMITTEE, commitment, on_cohort

COHORT_SAMPLES: Final[tuple[Record, ...]] = (
    on_cohort(CohortOpened(level=1, slots_count=3, decision=None), stream_version=1),
    on_cohort(SlotReserved(patient="001", expires_on=date(2026, 3, 16))),
    on_cohort(ReservationKept(patient="001", begun_on=date(2026, 3, 2))),
    on_cohort(ReservationReleased(patient="001", cause="lapsed")),
    on_cohort(SlotAssigned(patient="001", sentinel=True, phase="I")),
    on_cohort(SlotVacated(patient="001")),
    on_cohort(
        DltWindowOpened(
            patient="001",
            from_on=date(2026, 3, 2),
            planned_to_on=date(2026, 4, 16),
            days_after_last_infusion_count=28,
            protocol_version=1,
        )
    ),
    on_cohort(
        DltWindowReplanned(
            patient="001",
            from_on=date(2026, 3, 2),
            planned_to_on=date(2026, 4, 18),
            days_after_last_infusion_count=28,
        )
    ),
    on_cohort(
        DltWindowClosed(
            patient="001",
            closed_on=date(2026, 4, 19),
            assessments_due_count=21,
            assessments_done_count=20,
            assessments_on_record_count=19,
            early_end=None,
        )
    ),
    on_cohort(
        EvaluabilityOpinionSigned(
            patient="001",
            evaluable=False,
            reason="manufacturing-failure",
            revision=1,
            member="ivan",
            role="investigator",
        ),
        reason=commitment("a"),
    ),
    on_cohort(
        EvaluabilityDetermined(patient="001", evaluable=False, reason="manufacturing-failure", revision=1),
        actor=COMMITTEE,
    ),
    on_cohort(ReceivedDoseCounted(patient="007", assigned_level=2, revision=1, adjudication=None), actor=COMMITTEE),
    on_cohort(ReceivedDoseUncounted(patient="007")),
    on_cohort(DltCounted(patient="002", adjudication=40)),
    on_cohort(DltUncounted(patient="002", adjudication=40)),
    on_cohort(CohortExpanded(slots_count=6, decision=1), actor=COMMITTEE),
    on_cohort(CohortCleared(evaluable_count=6, dlt_count=1)),
    on_cohort(CohortExceeded(evaluable_count=2, dlt_count=2)),
    on_cohort(CohortReopened(slots_count=6, decision=2), actor=COMMITTEE, reason=commitment("b")),
    on_cohort(ExpansionOpened(slots_count=3, sentinel_due=True, decision=4), actor=COMMITTEE),
)
