"""One record for each event around a donor, around the graft, and around a consent that was given."""

from datetime import date
from typing import Final

from ledger.patient.agreement import ConsentWithdrawn, DissentRecorded, ReconsentRequired
from ledger.patient.donors import (
    BloodGroupDetermined,
    DonorCandidateRecorded,
    DonorConsentGiven,
    DonorEligibilityDetermined,
    DonorSelected,
    RankedDonor,
)
from ledger.patient.transplant import (
    BackboneChosen,
    ConditioningGiven,
    ProphylaxisGiven,
    TransplantPerformed,
    TransplantRescheduled,
)
from ledger.protocol.calendar import Moved
from ledger.record import Record
from tests.golden.envelope import EDC, FROM_EDC, commitment, moscow, on_patient

DONOR_SAMPLES: Final[tuple[Record, ...]] = (
    on_patient(ConsentWithdrawn(scope="treatment"), reason=commitment("c")),
    on_patient(DissentRecorded(said_at=moscow(2, 9), account=commitment("5"))),
    on_patient(ReconsentRequired(form_version="ICF 3.0", capacities=("representative",), due_on=date(2026, 4, 1))),
    on_patient(
        DonorCandidateRecorded(
            donor="D-0031",
            type="haploidentical",
            relation="mother",
            sex="female",
            birth_year=1986,
            cmv_serology="positive",
            kir_ligand_mismatch=True,
            available_for_graft=True,
            available_for_nk_cells=True,
            notes=commitment("6"),
        )
    ),
    on_patient(
        DonorConsentGiven(
            donor="D-0031",
            form_version="Donor 1.2",
            capacity="donor",
            for_graft=True,
            for_nk_cells=True,
            signed_at=moscow(1, 12),
            obtained_by="ivan",
        )
    ),
    on_patient(
        DonorEligibilityDetermined(
            donor="D-0031", eligible=True, infectious_tests_on=date(2026, 2, 20), basis=commitment("7")
        )
    ),
    on_patient(
        DonorSelected(
            donor="D-0031",
            type="haploidentical",
            kir_ligand_mismatch=True,
            ranking=(
                RankedDonor(donor="D-0031", reasons=("KIR-ligand mismatch", "CMV positive as the recipient")),
                RankedDonor(donor="D-0032", reasons=("no KIR-ligand mismatch",)),
            ),
            reason=None,
        )
    ),
    on_patient(
        BloodGroupDetermined(
            whose="donor", donor="D-0031", sample="B-1047", sampled_on=date(2026, 2, 20), abo="AB", rh="negative"
        ),
        actor=EDC,
        source=FROM_EDC,
    ),
    on_patient(
        ConditioningGiven(
            agent="treosulfan",
            protocol_day=-4,
            dose="14",
            unit="g/m2",
            given_on=date(2026, 3, 10),
            choice="backbone",
        ),
        actor=EDC,
        source=FROM_EDC,
    ),
    on_patient(BackboneChosen(choice="backbone", agent="treosulfan", reason=commitment("8"))),
    on_patient(
        ProphylaxisGiven(agent="tocilizumab", protocol_day=-1, dose="8", unit="mg/kg", given_on=date(2026, 3, 13))
    ),
    on_patient(
        TransplantRescheduled(
            from_on=date(2026, 3, 14),
            to_on=date(2026, 3, 16),
            reason=commitment("9"),
            moved=(
                Moved(what="graft", day=0, from_on=date(2026, 3, 14), to_on=date(2026, 3, 16)),
                Moved(what="infusion 2", day=5, from_on=date(2026, 3, 19), to_on=date(2026, 3, 21)),
            ),
        )
    ),
    on_patient(
        TransplantPerformed(
            performed_at=moscow(14, 12),
            donor="D-0031",
            graft="g-csf-mobilised-cd3-depleted-pbsc",
            product_code="S2598V00",
            cd34_cells_per_kg="9400000",
            cd3_cells_per_kg="18500.5",
        )
    ),
)
