"""Adverse reactions of the story: what is reported, assessed, corrected and ruled."""

from typing import Any

from api.demo.client import Answer
from api.demo.people import COORDINATOR, EDC, PI
from api.demo.stage import Child, Stage


def crs_findings(grade: int) -> dict[str, Any]:
    """Findings that the ASTCT table grades so, from 1 to 3."""
    return {
        "temperature_celsius": "39.4",
        "fever_attributed_elsewhere": False,
        "hypotension": grade >= 2,
        "vasopressor_count": 1 if grade >= 3 else 0,
        "vasopressin": False,
        "hypotension_attributed_elsewhere": False,
        "oxygen_device": "none",
        "oxygen_l_per_min": None,
        "ventilation_for_airway_only": False,
        "hypoxia_attributed_elsewhere": False,
        "antipyretic_or_anticytokine_given_for_this_crs": False,
        "prophylactic_tocilizumab": False,
        "antipyretic_or_steroid_for_another_reason": False,
        "died_of_crs": False,
    }


def icans_findings() -> dict[str, Any]:
    """A seizure that resolved rapidly, in a patient who then answers well: grade 3."""
    nothing = dict.fromkeys(
        (
            "unable_to_perform_ice",
            "unable_to_perform_capd",
            "developmental_delay",
            "encephalopathy_attributed_elsewhere",
            "sedated",
            "consciousness_attributed_elsewhere",
            "seizure_attributed_elsewhere",
            "deep_focal_weakness",
            "weakness_attributed_elsewhere",
            "focal_cerebral_oedema",
            "diffuse_cerebral_oedema",
            "decerebrate_or_decorticate_posturing",
            "sixth_nerve_palsy",
            "papilloedema",
            "cushings_triad",
            "intracranial_pressure_attributed_elsewhere",
            "died_of_icans",
        ),
        False,
    )
    scores = {"ice_score": 8, "capd_score": None, "capd_baseline": None}
    return {**nothing, **scores, "consciousness": "alert", "seizure": "clinical_resolved_rapidly"}


def report(stage: Stage, child: Child, toxicity: str, onset_at: str, **more: Any) -> None:
    """The first adverse event of a patient, as the EDC system sends it."""
    terms = {"CRS": "Cytokine release syndrome", "ICANS": "Neurotoxicity (ICANS)"}
    body = {"term": terms[toxicity], "toxicity": toxicity, "onset_at": onset_at, "relative_to_infusion": 1, **more}
    stage.by(EDC).post(f"patients/{child.number}/adverse-events", body)


def assess(stage: Stage, child: Child, toxicity: str, findings: dict[str, Any], assessed_at: str, **more: Any) -> int:
    """One assessment of that event; where it stands in the log."""
    path = f"patients/{child.number}/adverse-events/1/{toxicity.lower()}-assessments"
    body = {"assessed_at": assessed_at, "findings": findings, **more}
    return stage.by(EDC).post(path, body).positions[0]


def correct_assessment(
    stage: Stage, child: Child, position: int, findings: dict[str, Any], assessed_at: str, reason: str
) -> Answer:
    """The same assessment as it should have been entered. What stood there stays in the log."""
    assessment = {"adverse_event": 1, "assessed_at": assessed_at, "findings": findings}
    body = {
        "position": position,
        "kind": "crs-assessment",
        "patient": child.number,
        "report": assessment,
        "reason": reason,
    }
    return stage.by(COORDINATOR).decide("corrections", body, on=f"patients/{child.number}")


def rule_dlt(stage: Stage, child: Child, toxicity: str, grade: int, rationale: str) -> None:
    """The principal investigator rules that it was dose-limiting: one signature is enough for *is*."""
    ruling = {
        "subject": "adverse-event/1",
        "is_dlt": True,
        "revision": 1,
        "toxicity": toxicity,
        "grade": grade,
        "rationale": rationale,
    }
    _rule(stage, child, ruling)


def omit_second(stage: Stage, child: Child) -> None:
    """No second infusion after a DLT. That it is left out is itself ruled on, and counts once with the reaction."""
    omission = {"cause": "reaction-or-its-treatment"}
    stage.by(COORDINATOR).post(f"patients/{child.number}/infusions/2/omission", omission)
    rationale = "Left out because of the reaction that was ruled dose-limiting."
    _rule(stage, child, {"subject": "omission/2", "is_dlt": True, "revision": 1, "rationale": rationale})


def _rule(stage: Stage, child: Child, ruling: dict[str, Any]) -> None:
    path = f"patients/{child.number}"
    stage.by(PI).decide(f"{path}/dlt-adjudications", ruling, on=path)
