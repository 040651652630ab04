"""A patient's way in and out: screening, consent, eligibility, death, the end of participation."""

from typing import Any, Final

from api.roles import needs
from api.table import Write
from ledger.decisions import consent, safety, screening

_INCLUSION: Final = ["I3", "I10", "I11"]
_EXCLUSION: Final = ["X1", "X6", "X7"]
_MEASURED: Final = (
    ("mrd_percent_of_nucleated_cells", "0.25", "%"),
    ("lansky_percent", "90", "%"),
    ("height_cm", "136", "cm"),
    ("creatinine_mg_per_dl", "0.41", "mg/dl"),
    ("bilirubin_umol_per_l", "9.5", "umol/l"),
    ("bilirubin_uln_umol_per_l", "21", "umol/l"),
    ("alt_u_per_l", "44", "U/l"),
    ("alt_uln_u_per_l", "39", "U/l"),
    ("ast_u_per_l", "37", "U/l"),
    ("ast_uln_u_per_l", "39", "U/l"),
    ("lvef_percent", "62", "%"),
    ("fvc_percent_of_predicted", "88", "% of predicted"),
)
_ABSENT: Final = (
    "earlier_cellular_therapy",
    *("active_gvhd", "active_sos", "active_crs", "active_icans"),
    *("active_hbv", "active_hcv", "active_hiv"),
)


def _criteria() -> dict[str, Any]:
    met = [{"criterion": name, "met": True, "inputs": "See the source documents."} for name in _INCLUSION]
    return {"assessments": met + [{"criterion": name, "met": False, "inputs": None} for name in _EXCLUSION]}


def _findings() -> dict[str, Any]:
    found = [
        {"kind": "chosen", "finding": "disease", "choice": "AML"},
        *({"kind": "measured", "finding": name, "quantity": q, "unit": unit} for name, q, unit in _MEASURED),
        *({"kind": "yes_no", "finding": name, "answer": False} for name in _ABSENT),
    ]
    findings = [{"finding": each, "found_on": "2026-02-02"} for each in found]
    return {"findings": findings, "occurred_at": "2026-02-02T11:00:00+03:00"}


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
        "/patients/{patient}/dissents",
        consent.RecordDissent,
        needs("patient", "W"),
        {"said_at": "2026-02-12T10:30:00+03:00", "account": "Does not want another line; will be asked again."},
        at={"patient": "005"},
    ),
    Write(
        "/reconsents",
        consent.RequireReconsent,
        needs("trial", "W", "S"),
        {"form_version": "3.0", "capacities": ["patient", "representative"], "due_on": "2026-07-01"},
    ),
    Write(
        "/patients/{patient}/findings",
        screening.RecordScreeningFindings,
        needs("patient", "W"),
        _findings,
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
