"""Adverse events, their grades and relation, DLT rulings, windows, evaluability, and reports that found no patient.

What the sponsor reports in its turn stands in `reporting.py`.
"""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import dlt, quarantine, safety

_PATIENT = {"patient": "001"}
_EVENT = {"patient": "001", "adverse_event": "1"}

CRS_FINDINGS: Final = {
    "temperature_celsius": "39.4",
    "fever_attributed_elsewhere": False,
    "hypotension": True,
    "vasopressor_count": 1,
    "vasopressin": False,
    "hypotension_attributed_elsewhere": False,
    "oxygen_device": "low_flow_nasal_cannula",
    "oxygen_l_per_min": "2",
    "ventilation_for_airway_only": False,
    "hypoxia_attributed_elsewhere": False,
    "antipyretic_or_anticytokine_given_for_this_crs": False,
    "prophylactic_tocilizumab": False,
    "antipyretic_or_steroid_for_another_reason": False,
    "died_of_crs": False,
}
ICANS_FINDINGS: Final = {
    "ice_score": None,
    "unable_to_perform_ice": False,
    "capd_score": 4,
    "unable_to_perform_capd": False,
    "capd_baseline": 2,
    "developmental_delay": False,
    "encephalopathy_attributed_elsewhere": False,
    "consciousness": "alert",
    "sedated": False,
    "consciousness_attributed_elsewhere": False,
    "seizure": "none",
    "seizure_attributed_elsewhere": False,
    "deep_focal_weakness": False,
    "weakness_attributed_elsewhere": False,
    "focal_cerebral_oedema": False,
    "diffuse_cerebral_oedema": False,
    "decerebrate_or_decorticate_posturing": False,
    "sixth_nerve_palsy": False,
    "papilloedema": False,
    "cushings_triad": False,
    "intracranial_pressure_attributed_elsewhere": False,
    "died_of_icans": False,
}

WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/patients/{patient}/adverse-events",
        safety.ReportAdverseEvent,
        needs("adverse-event", "W"),
        {
            "term": "Cytokine release syndrome",
            "toxicity": "CRS",
            "ctcae_term": "Cytokine release syndrome",
            "serious": True,
            "onset_at": "2026-02-20T03:10:00+03:00",
            "relative_to_infusion": 1,
            "site_aware_at": "2026-02-20T03:30:00+03:00",
            "received_at": "2026-02-20T09:00:00+03:00",
            "suspect_product": "NK-001-A",
            "narrative": "Fever from 3 in the morning, hypotension by 5, noradrenaline from 6.",
        },
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/adverse-events/{adverse_event}/updates",
        safety.UpdateAdverseEvent,
        needs("adverse-event", "W"),
        {
            "ended_at": "2026-02-24T12:00:00+03:00",
            "outcome": "recovered",
            "action": "tocilizumab, vasopressor weaned",
            "occurred_at": "2026-02-24T12:00:00+03:00",
        },
        at=_EVENT,
    ),
    Write(
        "/patients/{patient}/adverse-events/{adverse_event}/crs-assessments",
        safety.AssessCrs,
        needs("adverse-event", "W"),
        {"assessed_at": "2026-02-20T07:00:00+03:00", "findings": CRS_FINDINGS},
        at=_EVENT,
    ),
    Write(
        "/patients/{patient}/adverse-events/{adverse_event}/icans-assessments",
        safety.AssessIcans,
        needs("adverse-event", "W"),
        {"assessed_at": "2026-02-20T07:10:00+03:00", "findings": ICANS_FINDINGS},
        at=_EVENT,
    ),
    Write(
        "/patients/{patient}/adverse-events/{adverse_event}/grade-confirmations",
        safety.ConfirmGrade,
        needs("dlt", "S"),
        {"assessment": 60, "grade": 3},
        at=_EVENT,
    ),
    Write(
        "/patients/{patient}/adverse-events/{adverse_event}/attributions",
        safety.AssessAttribution,
        needs("serious", "S"),
        {"relation": "probable", "rationale": "Onset on the second day after the cells, no other cause found."},
        at=_EVENT,
    ),
    Write(
        "/patients/{patient}/dlt-adjudications",
        dlt.RuleOnDlt,
        needs("dlt", "S"),
        {
            "subject": "adverse-event/1",
            "is_dlt": True,
            "revision": 1,
            "toxicity": "CRS",
            "grade": 3,
            "rationale": "CRS of grade 3 within the window, related to the cells.",
        },
        at=_PATIENT,
        rests_on="patient",
    ),
    Write(
        "/patients/{patient}/dlt-window/closure",
        dlt.CloseDltWindow,
        needs("evaluability", "S"),
        {"assessments_done_count": 11, "reason": "Ten of the ward sheets are kept on paper."},
        at=_PATIENT,
    ),
    Write(
        "/patients/{patient}/evaluability",
        dlt.DetermineEvaluability,
        needs("evaluability", "S"),
        {"evaluable": False, "reason": "dose_below_minimum", "revision": 1},
        at={"patient": "002"},
        rests_on="patient",
    ),
    Write(
        "/quarantine/{quarantine}/resolutions",
        quarantine.ResolveQuarantine,
        needs("serious", "W", "S"),
        {"patient": "001", "resolution": "A typing error of the site; the report is that of patient 001."},
        at={"quarantine": "1"},
    ),
)
