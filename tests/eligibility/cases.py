"""Patients on paper: findings by name, and the verdicts that the bundled protocol gives on them."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

from ledger.eligibility.facts import Found, PatientFacts, Said
from ledger.eligibility.findings import VOCABULARY
from ledger.eligibility.matrix import matrix
from ledger.eligibility.verdict import Verdict
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.load import bundled, load_protocol

TODAY = date(2026, 3, 1)
SECOND = Path(__file__).parents[1] / "protocol" / "second_protocol.yaml"
TRIAL = load_protocol(bundled("nct07256210"))
OTHER = load_protocol(SECOND.read_text(encoding="utf-8"))

Findings: TypeAlias = Mapping[str, "str | bool | Found"]


def finding(name: str, value: str | bool) -> dict[str, Any]:
    """A finding of the kind and in the unit that its word has."""
    if isinstance(value, bool):
        return {"kind": "yes_no", "finding": name, "answer": value}
    if name.endswith("_on"):
        return {"kind": "dated", "finding": name, "on": value}
    unit = VOCABULARY[name].unit  # type: ignore[index]
    if unit is None:
        return {"kind": "chosen", "finding": name, "choice": value}
    return {"kind": "measured", "finding": name, "quantity": value, "unit": unit}


def found(name: str, value: str | bool, on: str = "2026-03-01", position: int | None = None) -> Found:
    return Found.model_validate({"finding": finding(name, value), "position": position, "found_on": on})


def patient(findings: Findings, born: str = "2016-03", sex: str = "male", **said: Mapping[str, bool]) -> PatientFacts:
    """A boy of 10 years, if nothing else is said; findings are of today."""
    told = tuple(each if isinstance(each, Found) else found(name, each) for name, each in findings.items())
    lists = {
        kind: tuple(Said(criterion=criterion, met=met, position=None) for criterion, met in verdicts.items())
        for kind, verdicts in said.items()
    }
    return PatientFacts.model_validate({"birth_year_month": born, "sex": sex, "findings": told, **lists})


def verdicts(
    facts: PatientFacts,
    on: date = TODAY,
    protocol: ProtocolDocument = TRIAL,
    readings: Mapping[str, str] | None = None,
) -> dict[str, Verdict]:
    """All verdicts, by criterion."""
    given = matrix(protocol, facts, on, readings=readings or {})
    return {each.criterion: each for each in given}


def changed_trial(**eligibility: Any) -> ProtocolDocument:
    """The bundled protocol with other words under `eligibility`; a mapping is merged into what is there."""
    tree: dict[str, Any] = TRIAL.model_dump(mode="json")
    for section, change in eligibility.items():
        there = tree["eligibility"][section]
        tree["eligibility"][section] = {**there, **change} if isinstance(change, dict) else change
    return ProtocolDocument.model_validate(tree)


def assessed(by: str, *criteria: str, **thresholds: Any) -> ProtocolDocument:
    """The bundled protocol with some criteria assessed in another way."""
    listed = [
        {**each.model_dump(), **({"assessed_by": by} if each.id in criteria else {})}
        for each in TRIAL.eligibility.criteria
    ]
    return changed_trial(criteria=listed, **thresholds)


SOUND: Findings = {
    "disease": "AML",
    "mrd_percent_of_nucleated_cells": "0.02",
    "lansky_percent": "80",
    "height_cm": "138",
    "creatinine_umol_per_l": "45",
    "bilirubin_umol_per_l": "12",
    "bilirubin_uln_umol_per_l": "20",
    "alt_u_per_l": "31",
    "alt_uln_u_per_l": "40",
    "ast_u_per_l": "28",
    "ast_uln_u_per_l": "40",
    "lvef_percent": "62",
    "fvc_percent_of_predicted": "91",
    "earlier_cellular_therapy": False,
    "active_gvhd": False,
    "active_sos": False,
    "active_crs": False,
    "active_icans": False,
    "active_hbv": False,
    "active_hcv": False,
    "active_hiv": False,
}
"""Findings with which a boy of 10 years passes everything that is computed."""


def but(**changes: str | bool | Found | None) -> Findings:
    """The sound findings with some changed, or left out where none is given."""
    return {name: value for name, value in {**SOUND, **changes}.items() if value is not None}
