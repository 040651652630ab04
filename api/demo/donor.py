"""The donor of every patient: found, agreed, examined, selected, and two blood samples of donor and recipient."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from api.demo.people import COORDINATOR, INVESTIGATOR, PI
from api.demo.stage import Child, Stage

TESTED_DAYS_AGO = 20


def find_donor(stage: Stage, child: Child, ranked_after: tuple[Mapping[str, Any], ...] = ()) -> None:
    """The mother, haploidentical, with a KIR-ligand mismatch; before those who are on record already."""
    path, donor, nurse = f"patients/{child.number}", f"D-{child.number}", stage.by(COORDINATOR)
    candidate = {
        "donor": donor,
        "type": "haploidentical",
        "relation": "mother",
        "sex": "female",
        "birth_year": 1986,
        "cmv_serology": "positive",
        "kir_ligand_mismatch": True,
        "available_for_graft": True,
        "available_for_nk_cells": True,
    }
    nurse.post(f"{path}/donor/candidates", candidate)
    agreed = {"donor": donor, "form_version": "donor 1.0", "signed_at": stage.at(hours_ago=2), "obtained_by": PI.name}
    nurse.post(f"{path}/donor/consents", agreed)
    tests_on = (stage.today - timedelta(days=TESTED_DAYS_AGO)).isoformat()
    determined = {"donor": donor, "eligible": True, "infectious_tests_on": tests_on, "basis": "All tests negative."}
    stage.by(INVESTIGATOR).decide(f"{path}/donor/eligibility", determined, on=path)
    ranking = [{"donor": donor, "reasons": ["KIR-ligand mismatch", "CMV positive as the recipient"]}, *ranked_after]
    stage.by(INVESTIGATOR).decide(f"{path}/donor/selection", {"donor": donor, "ranking": ranking}, on=path)
    for sample in ("1", "2"):
        drawn = {"sampled_on": stage.today.isoformat(), "abo": "A", "rh": "positive"}
        of_child = {"whose": "recipient", "sample": f"{child.number}-{sample}", **drawn}
        of_donor = {"whose": "donor", "donor": donor, "sample": f"{donor}-{sample}", **drawn}
        nurse.post(f"{path}/blood-groups", of_child)
        nurse.post(f"{path}/blood-groups", of_donor)
