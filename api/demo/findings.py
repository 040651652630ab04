"""What is found in a patient who may take part: for every threshold of a protocol, a finding that passes it. Demo and
tests share it."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from ledger.eligibility.findings import VOCABULARY, FindingName
from ledger.eligibility.washout import SIGNS
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.eligibility import Eligibility
from ledger.types import exact, exact_text

MARGIN: Final = 20
"""How far above a minimum the findings lie, where a percentage allows it."""

Found = tuple[FindingName, str | bool]


def passing(eligibility: Eligibility, age_years: int, sex: str, found_on: date) -> list[dict[str, Any]]:
    """Findings of a day with which every criterion of the checklist that is computed lets the patient take part."""
    return [recorded(name, found, found_on) for name, found in _all(eligibility, age_years, sex)]


def attested(protocol: ProtocolDocument) -> list[dict[str, Any]]:
    """The verdicts that people give on the other criteria, but for those of the arbiter: each as it should be."""
    computed: set[str | None] = {each.criterion for each in protocol.eligibility.thresholds()}
    computed |= {protocol.consent.criterion, protocol.donor.criterion}
    return [
        {"criterion": each.id, "met": each.kind == "inclusion", "inputs": None}
        for each in protocol.eligibility.criteria
        if each.assessed_by == "attested" or (each.assessed_by == "computed" and each.id not in computed)
    ]


def recorded(name: FindingName, found: str | bool, found_on: date) -> dict[str, Any]:
    """A finding as it is reported: of the kind and in the unit of its word."""
    return {"finding": _finding(name, found), "found_on": found_on.isoformat()}


def _finding(name: FindingName, found: str | bool) -> Mapping[str, str | bool]:
    if isinstance(found, bool):
        return {"kind": "yes_no", "finding": name, "answer": found}
    if name.endswith("_on"):
        return {"kind": "dated", "finding": name, "on": found}
    unit = VOCABULARY[name].unit
    if unit is None:
        return {"kind": "chosen", "finding": name, "choice": found}
    return {"kind": "measured", "finding": name, "quantity": found, "unit": unit}


def _all(eligibility: Eligibility, age_years: int, sex: str) -> Iterator[Found]:
    yield from _of_the_disease(eligibility)
    yield from _of_the_organs(eligibility)
    if eligibility.performance is not None:
        percent = min(100, eligibility.performance.minimum_percent + MARGIN)
        adult = eligibility.performance.instrument_at(age_years) == "Karnofsky"
        yield "karnofsky_percent" if adult else "lansky_percent", str(percent)
    if eligibility.washout is not None:
        yield "earlier_cellular_therapy", False
        yield from ((sign, False) for sign in SIGNS)
    yield from ((infection, False) for rule in eligibility.infections for infection in rule.findings)
    tested = eligibility.pregnancy
    if tested is not None and sex == "female" and age_years >= tested.test_from_age_years:
        yield "pregnancy_test", "negative"
        yield "lactating", False


def _of_the_disease(eligibility: Eligibility) -> Iterator[Found]:
    """The first disease of the protocol, refractory to as many induction regimens as it asks for."""
    if eligibility.disease is not None:
        disease = eligibility.disease.diseases[0]
        yield "disease", disease.disease
        yield "induction_regimens_count", str(disease.induction_regimens_min)
        yield "complete_remission_after_induction", False


def _of_the_organs(eligibility: Eligibility) -> Iterator[Found]:
    if eligibility.renal is not None:
        minimum = eligibility.renal.minimum_ml_per_min_per_1_73_m2
        yield "creatinine_clearance_ml_per_min_per_1_73_m2", _above(minimum)
    if eligibility.liver is not None:
        yield from (("bilirubin_umol_per_l", "12"), ("bilirubin_uln_umol_per_l", "20"))
        yield from (("alt_u_per_l", "31"), ("alt_uln_u_per_l", "40"))
        yield from (("ast_u_per_l", "28"), ("ast_uln_u_per_l", "40"))
    if eligibility.heart is not None:
        yield "lvef_percent", _above(eligibility.heart.lvef_percent_min)
    if eligibility.lung is not None:
        yield "fvc_percent_of_predicted", _above(eligibility.lung.fvc_percent_of_predicted_min)
    if eligibility.life_expectancy is not None:
        yield "life_expectancy_weeks", str(eligibility.life_expectancy.minimum_weeks + MARGIN)


def _above(minimum: str) -> str:
    """A minimum with the margin, up to 100; the minimum itself where that is no whole number."""
    whole = exact(minimum).denominator == 1 and exact(minimum) <= 100
    return exact_text(min(exact(minimum) + MARGIN, exact("100"))) if whole else minimum
