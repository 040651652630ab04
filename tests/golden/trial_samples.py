"""One record for each event of a trial."""

from datetime import UTC, date, datetime
from typing import Final

from ledger.record import Actor, Record
from ledger.trial.dosing import (
    DecisionBasisSuperseded,
    DoseDecisionProposed,
    DoseDecisionSigned,
    DoseDecisionTaken,
    HoldApplied,
    HoldLifted,
    MtdDeclared,
    MtdNotReached,
    MtdSuperseded,
    NoticeAcknowledged,
    PatientBasis,
    PhaseEntered,
    Rp2dSelected,
    Rp2dWithdrawn,
    TrialStoppedPrematurely,
)
from ledger.trial.events import (
    EnrolmentClosed,
    EthicsApprovalRecorded,
    ProtocolInterpretationProposed,
    ProtocolInterpretationRecorded,
    ProtocolVersionApproved,
    ProtocolVersionProposed,
    QuarantineResolved,
    ReportQuarantined,
    RoleDelegated,
    RoleRevoked,
    SiteOpened,
    SourceRegistered,
    TrainingRecord,
    TrialDeviationRecorded,
    TrialRegistered,
)
from tests.golden.envelope import CHECKPOINT, EDC, FROM_MONITOR, ORIGIN, commitment, moscow, on_trial

SPONSOR: Final = Actor("vera", "medical_monitor", None, "password+totp")
START: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

TRIAL_SAMPLES: Final[tuple[Record, ...]] = (
    on_trial(
        TrialRegistered(
            trial_id="NCT07256210",
            title="Donor NK cells in children and young adults with leukaemia – phase I/II",
            sponsor="НМИЦ ДГОИ им. Дмитрия Рогачёва",
            origin=ORIGIN,
            event_schema="trial-ledger 1",
            training=False,
        ),
        position=0,
        stream_version=1,
        protocol_version=0,
        actor=SPONSOR,
        occurred_at=START,
        recorded_at=START,
    ),
    on_trial(
        ProtocolVersionProposed(
            version=1,
            document={
                "title": "Donor NK cells",
                "ladder": {"start_level": 1, "levels": [{"level": 0, "total_cells_per_kg": "5000000"}]},
                "infusions": [{"ordinal": 1, "planned_day": -12, "share": "2/3"}, {"ordinal": 2, "share": "1/3"}],
                "phase_2": None,
                "six_at_mtd": True,
            },
            document_sha256=commitment("1"),
            effective_on=date(2026, 1, 12),
        ),
        actor=SPONSOR,
        protocol_version=0,
    ),
    on_trial(EthicsApprovalRecorded(body="Local ethics committee NDGOI", version=1, approved_on=date(2026, 1, 8))),
    on_trial(ProtocolVersionApproved(version=1, document_sha256=commitment("1")), reason=commitment("2")),
    on_trial(
        ProtocolInterpretationProposed(item="A.3-1", reading="Until the 26th birthday", basis=commitment("3")),
        actor=SPONSOR,
    ),
    on_trial(ProtocolInterpretationRecorded(item="A.3-1", reading="Until the 26th birthday", basis=commitment("3"))),
    on_trial(SiteOpened(site="NDGOI", utc_offset="+03:00")),
    on_trial(SourceRegistered(system="edc-1", site="NDGOI", zone="Europe/Moscow")),
    on_trial(
        RoleDelegated(
            person="ivan",
            role="investigator",
            site="NDGOI",
            from_on=date(2026, 1, 5),
            to_on=None,
            training=TrainingRecord(reference="GCP-2025-114", completed_on=date(2025, 11, 3)),
        ),
        occurred_at=START,
    ),
    on_trial(RoleRevoked(person="ivan", role="investigator", site="NDGOI", ends_on=date(2026, 6, 30))),
    on_trial(
        HoldApplied(hold=1, scope="level", level=2, cause="level-exceeded", automatic=True, patient=None),
        after=CHECKPOINT,
    ),
    on_trial(HoldLifted(hold=1, review=commitment("4")), reason=commitment("5")),
    on_trial(
        DoseDecisionProposed(
            decision=1,
            from_level=1,
            outcome="expand",
            to_level=1,
            design_advice="fill level 1 to six",
            inputs_hash=commitment("6"),
            data_cut_off=41,
            basis=(
                PatientBasis(patient="001", level=1, phase="I", evaluable=True, dlt=False, candidate=False),
                PatientBasis(patient="002", level=1, phase="I", evaluable=True, dlt=True, candidate=False),
                PatientBasis(patient="003", level=1, phase="I", evaluable=None, dlt=False, candidate=True),
            ),
            override=None,
        ),
        after=CHECKPOINT,
    ),
    on_trial(
        DoseDecisionSigned(
            decision=1,
            member="olga",
            role="safety_committee",
            vote="agree",
            meaning="I reviewed the dossier and agree",
            dossier_hash=commitment("7"),
        )
    ),
    on_trial(DoseDecisionTaken(decision=1, outcome="expand", to_level=1, on_paper=False)),
    on_trial(DecisionBasisSuperseded(decision=1, patient="002")),
    on_trial(NoticeAcknowledged(about=39, party="cell_laboratory", by="galina", acknowledged_at=moscow(3, 9, 30))),
    on_trial(MtdDeclared(level=1, decision=3)),
    on_trial(MtdNotReached(top_level=3, decision=5)),
    on_trial(Rp2dSelected(level=3, decision=5)),
    on_trial(MtdSuperseded(level=1, decision=3)),
    on_trial(Rp2dWithdrawn(level=1)),
    on_trial(PhaseEntered(phase="II", level=1, decision=4)),
    on_trial(TrialStoppedPrematurely(criterion="P8", decision=4)),
    on_trial(EnrolmentClosed(cause="Enrolment cap reached"), actor=SPONSOR),
    on_trial(
        ReportQuarantined(
            quarantine=1,
            patient_as_reported="0O1",
            term="Cytokine release syndrome",
            onset_at=moscow(1, 22, 40),
            serious=True,
            narrative=commitment("8"),
        ),
        actor=EDC,
        source=FROM_MONITOR,
    ),
    on_trial(QuarantineResolved(quarantine=1, patient="001", resolution=commitment("9"))),
    on_trial(TrialDeviationRecorded(rule="G.4-3", kind="outcome-not-permitted")),
)
