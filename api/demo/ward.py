"""What happens to every patient, in the order of the trial: screened, placed, infused, transplanted, observed."""

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from functools import cache
from typing import Any, Final

from api.demo.cells import make_lot
from api.demo.client import Answer
from api.demo.donor import find_donor
from api.demo.findings import attested, passing
from api.demo.people import CHECKER, COORDINATOR, EDC, INVESTIGATOR, PI, SITE
from api.demo.stage import Child, Stage
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.dosing import volume_within
from ledger.protocol.load import bundled, load_protocol
from ledger.types import decimal_text, exact, exact_text, parse_day, whole_years

PROTOCOL: Final = "nct07256210"
GRAFT: Final = "g-csf-mobilised-cd3-depleted-pbsc"
VIABLE_CELLS_PER_ML: Final = "2900000"
FIRST_AND_SECOND: Final = 19
FIRST_ONLY: Final = 11
"""Scheduled assessments: daily to day 7 after each infusion, then weekly to the end of the window."""


@cache
def protocol() -> ProtocolDocument:
    """The protocol that comes with the package."""
    return load_protocol(bundled(PROTOCOL))


def enter(stage: Stage, child: Child, find_donor: Callable[[Stage, Child], None] = find_donor) -> None:
    """Screened, consented, examined, assessed, with a donor, and found eligible."""
    edc, path = stage.by(EDC), f"patients/{child.number}"
    newcomer = {"number": child.number, "site": SITE, "birth_year_month": child.born, "sex": child.sex}
    edc.post("patients", newcomer)
    age = whole_years(parse_day(f"{child.born}-01"), stage.today)
    for capacity in sorted(protocol().consent_required(age)):
        consent = {
            "form_version": "2.0",
            "capacity": capacity,
            "signed_at": stage.at(hours_ago=1),
            "obtained_by": PI.name,
            "copy_given": True,
        }
        edc.post(f"{path}/consents", consent)
    found = passing(protocol().eligibility, age, child.sex, stage.today)
    edc.post(f"{path}/findings", {"findings": found})
    edc.post(f"{path}/criteria", {"assessments": attested(protocol())})
    find_donor(stage, child)
    determination = {"criterion": "X5", "met": False, "rationale": "Afebrile for a week, cultures negative."}
    stage.by(PI).decide(f"{path}/determinations", determination, on=path)
    stage.by(INVESTIGATOR).post(f"{path}/eligibility")


def place(stage: Stage, child: Child) -> None:
    """A slot is kept, the patient enrolled, and the dose level given."""
    reserve(stage, child)
    assigned = assign(stage, child)
    if assigned.status >= 400:
        raise AssertionError(assigned.body)


def reserve(stage: Stage, child: Child) -> None:
    """A slot is kept and the patient enrolled."""
    nurse = stage.by(COORDINATOR)
    nurse.post(f"cohorts/{child.level}/reservations", {"patient": child.number})
    nurse.post(f"patients/{child.number}/enrolment", {"planned_transplant_on": child.day(0).isoformat()})


def assign(stage: Stage, child: Child) -> Answer:
    """Ask for the dose level, whatever the answer is."""
    path = f"patients/{child.number}"
    seen = stage.by(INVESTIGATOR).get(path)
    body = {"level": child.level}
    return stage.by(INVESTIGATOR).ask(f"{path}/dose-assignment", body, if_match=seen.etag)


def cells(child: Child, ordinal: int) -> Fraction:
    """Level total x share x weight: the second calculation, made beside the ledger's."""
    return protocol().planned_cells_per_kg(child.level, ordinal) * Fraction(child.weight_kg)


def volume_ml(child: Child, ordinal: int) -> str:
    """Cells over viable cells per mL, rounded down to the protocol's step."""
    step = exact(protocol().dose_order.volume_step_ml)
    return decimal_text(volume_within(cells(child, ordinal), Fraction(VIABLE_CELLS_PER_ML), step))


def infuse(stage: Stage, child: Child, ordinal: int) -> Answer:
    """Weighed, found ready, authorised, checked by two, given and reported by the EDC system."""
    path = f"patients/{child.number}/infusions/{ordinal}"
    stage.on(child.day(-12 if ordinal == 1 else 5), hour=10)
    if ordinal == 1:
        make_lot(stage, child)
    weighed = {"weight_kg": child.weight_kg, "weighed_on": stage.today.isoformat()}
    stage.by(INVESTIGATOR).post(f"{path}/dose", weighed)
    stage.by(COORDINATOR).post(f"{path}/dose-order", _order(child, ordinal))
    stage.by(INVESTIGATOR).post(f"{path}/readiness", _ready(stage, ordinal))
    stage.by(INVESTIGATOR).decide(
        f"{path}/authorisation", _authorisation(child, ordinal), on=f"patients/{child.number}"
    )
    compared = {"product": f"NK-{child.number}", "chain_of_identity": f"COI-{child.number}"}
    for checker in (COORDINATOR, CHECKER):
        stage.by(checker).post(f"{path}/checks", compared)
    begun = stage.now + timedelta(minutes=30)
    stage.on(stage.today, hour=11)
    start = {"product": f"NK-{child.number}", "level": child.level, "started_at": begun.isoformat()}
    stage.by(EDC).post(f"{path}/start", start)
    return stage.by(EDC).post(f"{path}/completion", given(stage, child, ordinal))


def _ready(stage: Stage, ordinal: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "assessed_at": stage.at(hours_ago=1),
        "oxygen_assessed_at": stage.at(hours_ago=1),
        "prednisone_equivalent_mg_per_kg_per_day_max_in_72_h": "0",
        "uncontrolled_infection": False,
        "ventilator": False,
        "oxygen_l_per_min": "0",
    }
    return {**found, "nonhaematologic_reactions_count": 0} if ordinal > 1 else found


def _order(child: Child, ordinal: int) -> dict[str, Any]:
    return {
        "product": f"NK-{child.number}",
        "viable_cells_per_ml": VIABLE_CELLS_PER_ML,
        "cells_by_first_calculation": exact_text(cells(child, ordinal)),
        "volume_ml_by_first_calculation": volume_ml(child, ordinal),
    }


def _authorisation(child: Child, ordinal: int) -> dict[str, Any]:
    return {
        "product": f"NK-{child.number}",
        "cells_by_second_calculation": exact_text(cells(child, ordinal)),
        "volume_ml_by_second_calculation": volume_ml(child, ordinal),
        "chain_of_identity": f"COI-{child.number}",
        "checkers": [COORDINATOR.name, CHECKER.name],
    }


def given(stage: Stage, child: Child, ordinal: int) -> dict[str, Any]:
    """The report of an infusion, as the EDC system sends it."""
    return {
        "product": f"NK-{child.number}",
        "ended_at": stage.at(),
        "weight_kg": child.weight_kg,
        "cells": int(cells(child, ordinal)),
        "source": {"system": EDC.name, "audit_id": f"{child.number}-infusion-{ordinal}"},
    }


def graft(stage: Stage, child: Child) -> None:
    """Day 0."""
    stage.on(child.day(0), hour=14)
    graft = {"performed_at": stage.at(hours_ago=2), "donor": f"D-{child.number}", "graft": GRAFT}
    stage.by(EDC).post(f"patients/{child.number}/transplant", graft)


def close_window(stage: Stage, child: Child, assessments: int = FIRST_AND_SECOND) -> None:
    """The days are over, and every scheduled assessment was done."""
    last = child.day(33 if assessments == FIRST_AND_SECOND else 16)
    stage.on(last + timedelta(days=1), hour=8)
    done = {"assessments_done_count": assessments}
    stage.by(INVESTIGATOR).post(f"patients/{child.number}/dlt-window/closure", done)
