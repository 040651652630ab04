"""The whole route table of what may be written, family by family."""

from dataclasses import replace
from typing import Final

from api.routes import (
    donors,
    dosing,
    evidence,
    infusions,
    notices,
    outcomes,
    patients,
    placing,
    privacy,
    products,
    reporting,
    review,
    safety,
    transplants,
    trial,
    ward,
)
from api.table import Write

FAMILIES: Final[dict[str, tuple[Write, ...]]] = {
    "trial": trial.WRITES,
    "patients": patients.WRITES,
    "donors": donors.WRITES,
    "placing": placing.WRITES,
    "transplants": transplants.WRITES,
    "products": products.WRITES,
    "infusions": infusions.WRITES,
    "ward": ward.WRITES,
    "safety": safety.WRITES,
    "review": review.WRITES,
    "reporting": reporting.WRITES,
    "outcomes": outcomes.WRITES,
    "dosing": dosing.WRITES,
    "notices": notices.WRITES,
    "evidence": evidence.WRITES,
    "privacy": privacy.WRITES,
}

WRITES: Final[tuple[Write, ...]] = tuple(
    replace(write, tag=family) for family, writes in FAMILIES.items() for write in writes
)
