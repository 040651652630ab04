"""A patient's donor: candidates, consent, eligibility, the selection; and blood groups."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import donor

_PATIENT: Final = {"patient": "001"}
WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/patients/{patient}/donor/candidates",
        donor.RecordDonorCandidate,
        needs("patient", "W"),
        {
            "donor": "D-0031",
            "type": "haploidentical",
            "relation": "father",
            "sex": "male",
            "birth_year": 1984,
            "cmv_serology": "positive",
            "kir_ligand_mismatch": True,
            "available_for_graft": True,
            "available_for_nk_cells": True,
            "notes": "Prefers to give at the second site.",
        },
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/donor/consents",
        donor.RecordDonorConsent,
        needs("patient", "W"),
        {
            "donor": "D-0031",
            "form_version": "donor 1.2",
            "for_graft": True,
            "for_nk_cells": True,
            "signed_at": "2026-01-22T10:00:00+03:00",
            "obtained_by": "ivan",
        },
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/donor/eligibility",
        donor.DetermineDonorEligibility,
        needs("eligibility", "S"),
        {
            "donor": "D-0031",
            "eligible": True,
            "infectious_tests_on": "2026-01-23",
            "basis": "Examined on 22 January; all tests negative but CMV.",
        },
        at=_PATIENT,
        rests_on="patient",
    ),
    Write(
        "/patients/{patient}/donor/selection",
        donor.SelectDonor,
        needs("eligibility", "S"),
        {
            "donor": "D-0031",
            "ranking": [{"donor": "D-0031", "reasons": ["KIR-ligand mismatch", "CMV positive as the recipient"]}],
        },
        at=_PATIENT,
        rests_on="patient",
    ),
    Write(
        "/patients/{patient}/blood-groups",
        donor.RecordBloodGroup,
        needs("patient", "W"),
        {
            "whose": "recipient",
            "sample": "B-1047",
            "sampled_on": "2026-01-30",
            "abo": "A",
            "rh": "positive",
        },
        at=_PATIENT,
    ),
)
