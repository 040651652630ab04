"""A patient's way in and out: screening, consent, eligibility, transplant, death, the end of participation."""

from typing import Any, Final

from api.roles import needs
from api.table import Write
from ledger.decisions import safety, screening

_INCLUSION: Final = [f"I{number}" for number in range(1, 12)]
_EXCLUSION: Final = ["X1", "X2", "X3", "X4", "X6", "X7"]


def _criteria() -> dict[str, Any]:
    met = [{"criterion": name, "met": True, "inputs": "See the source documents."} for name in _INCLUSION]
    return {"assessments": met + [{"criterion": name, "met": False, "inputs": None} for name in _EXCLUSION]}


_PATIENT = {"patient": "001"}
WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/patients",
        screening.ScreenPatient,
        needs("patient", "W"),
        {"number": "001", "site": "NDGOI", "birth_year_month": "2016-03", "sex": "female"},
    ),
    Write(
        "/patients/{patient}/consents",
        screening.RecordConsent,
        needs("patient", "W"),
        {
            "form_version": "2.0",
            "capacity": "representative",
            "signed_at": "2026-02-02T10:00:00+03:00",
            "relation": "mother",
            "obtained_by": "maria",
            "copy_given": True,
        },
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/assents",
        screening.RecordAssent,
        needs("patient", "W"),
        {"form_version": "child-1.1", "signed_at": "2026-02-02T10:20:00+03:00"},
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/consent-withdrawals",
        screening.WithdrawConsent,
        needs("patient", "W"),
        {"scope": "treatment", "occurred_at": "2026-02-10T09:00:00+03:00"},
        at={"patient": "004"},
    ),
    Write(
        "/patients/{patient}/findings",
        screening.RecordScreeningFindings,
        needs("patient", "W"),
        {
            "findings": [
                {"finding": "left ventricular ejection fraction", "quantity": "62", "unit": "%"},
                {"finding": "creatinine", "quantity": "0.41", "unit": "mg/dl"},
            ],
            "occurred_at": "2026-02-02T11:00:00+03:00",
        },
        at=_PATIENT,
    ),
    Write("/patients/{patient}/criteria", screening.AssessCriteria, needs("patient", "W"), _criteria, at=_PATIENT),
    Write(
        "/patients/{patient}/determinations",
        screening.SignDetermination,
        needs("eligibility", "S"),
        {"criterion": "X5", "met": False, "rationale": "No sign of an infection; cultures of 1 February are sterile."},
        at=_PATIENT,
        rests_on="patient",
    ),
    Write("/patients/{patient}/eligibility", screening.ConfirmEligibility, needs("eligibility", "S"), {}, at=_PATIENT),
    Write(
        "/patients/{patient}/screen-failure",
        screening.FailScreening,
        needs("patient", "W"),
        {"criteria": ["I8"]},
        at={"patient": "005"},
    ),
    Write(
        "/patients/{patient}/transplant",
        safety.RecordTransplant,
        needs("patient", "W"),
        {"performed_at": "2026-03-02T14:00:00+03:00"},
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/death",
        safety.RecordDeath,
        needs("patient", "W"),
        {"died_on": "2026-02-11", "cause": "relapse"},
        at={"patient": "004"},
    ),
    Write(
        "/patients/{patient}/off-study",
        safety.RecordOffStudy,
        needs("patient", "W"),
        {"cause": "death", "off_on": "2026-02-11"},
        at={"patient": "004"},
    ),
)
