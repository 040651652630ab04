"""A whole patient, chapters 1 and 2: screened, agreed, eligible, with a donor, placed, and planned anew."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from api.demo.beginning import begin, delegate
from api.demo.donor import find_donor
from api.demo.people import COORDINATOR, CRA, DRUG_SAFETY, INVESTIGATOR, MONITOR_OF_SAFETY, PI
from api.demo.screen import signed
from api.demo.stage import Child, Stage
from api.demo.ward import enter, place

PLANNED: Final = Child("001", "2012-04", "female", "41.5", 1, date(2025, 6, 4))
"""Thirteen years old; she turns fourteen in the first year after the graft."""

MOVED_DAYS: Final = 2
PATIENT: Final = replace(PLANNED, first_infusion_on=PLANNED.first_infusion_on + timedelta(days=MOVED_DAYS))
PATH: Final = f"patients/{PATIENT.number}"
SCREENED_ON: Final = date(2025, 5, 19)
BASES: Final = {
    "computed": "computed from findings",
    "established": "by another rule",
    "attested": "attested by a person",
    "determination": "determined by the PI",
}
FATHER: Final[dict[str, Any]] = {
    "donor": "D-002",
    "type": "haploidentical",
    "relation": "father",
    "sex": "male",
    "birth_year": 1984,
    "cmv_serology": "negative",
    "kir_ligand_mismatch": False,
    "available_for_graft": True,
    "available_for_nk_cells": True,
}


def admit(stage: Stage) -> None:
    """From screening to a dose level."""
    _open_trial(stage)
    stage.screen.chapter(1, "A child is screened")
    stage.on(SCREENED_ON)
    enter(stage, PLANNED, find_donor=_two_candidates)
    said_at = {"form_version": "child-1.1", "signed_at": stage.at(hours_ago=1)}
    stage.by(COORDINATOR).post(f"{PATH}/assents", said_at)
    stage.tell("a girl of 13; her mother consents, she assents", PLANNED)
    _show_eligibility(stage)
    _show_donor(stage)


def _open_trial(stage: Stage) -> None:
    with stage.quietly():
        begin(stage)
    for player in (DRUG_SAFETY, CRA):
        delegate(stage, MONITOR_OF_SAFETY, player)


def _two_candidates(stage: Stage, child: Child) -> None:
    stage.by(COORDINATOR).post(f"{PATH}/donor/candidates", FATHER)
    find_donor(stage, child, ranked_after=({"donor": FATHER["donor"], "reasons": ["no KIR-ligand mismatch"]},))


def _show_eligibility(stage: Stage) -> None:
    """The matrix, by who or what answers."""
    matrix = stage.by(INVESTIGATOR).get(f"{PATH}/eligibility").body
    passed = sum(bool(each["passes"]) for each in matrix["verdicts"])
    stage.tell(f"eligible by {passed} of {len(matrix['verdicts'])} verdicts, which {INVESTIGATOR.name} signs", PLANNED)
    by_basis = {words: _of_basis(matrix, basis) for basis, words in BASES.items()}
    stage.screen.lines([(f"{'':11} {words}", criteria) for words, criteria in by_basis.items()])


def _of_basis(matrix: Mapping[str, Any], basis: str) -> str:
    return ", ".join(each["criterion"] for each in matrix["verdicts"] if each["basis"] == basis)


def _show_donor(stage: Stage) -> None:
    shown = stage.by(INVESTIGATOR).get(f"{PATH}/donor").body
    chosen = next(each for each in shown["candidates"] if each["donor"] == shown["selected"])
    reasons = ", ".join(shown["ranking"][0]["reasons"])
    ranked = f"first of {len(shown['ranking'])} ranked: {reasons}"
    stage.tell(f"donor: the {chosen['relation']}, {shown['type']}, {ranked}", PLANNED)
    confirmed = sum(each["state"] == "confirmed" for each in shown["blood_groups"])
    stage.tell(f"{confirmed} blood groups confirmed, by two samples each", PLANNED)


def plan(stage: Stage) -> None:
    """Enrolled at level 1; then day 0 moves, and what hangs on it."""
    stage.screen.chapter(2, "Enrolled, and planned anew")
    stage.on(SCREENED_ON + timedelta(days=2))
    place(stage, PLANNED)
    stage.tell(f"slot kept, enrolled at level 1; day 0 is {PLANNED.day(0):%-d %B}", PLANNED)
    stage.on(SCREENED_ON + timedelta(days=7))
    why = {"to_on": PATIENT.day(0).isoformat(), "reason": "The donor has a cold; the apheresis waits two days."}
    stage.by(COORDINATOR).post(f"{PATH}/transplant/reschedulings", why)
    calendar = stage.by(PI).get(f"{PATH}/schedule").body
    moved, first = calendar["moved"], calendar["moved"][0]
    begins = f"day {signed(first['day'])} is {date.fromisoformat(first['to_on']):%-d %B} now"
    what = f"day 0 moves to {PATIENT.day(0):%-d %B}, with {len(moved)} dates"
    stage.tell(f"the donor has a cold: {what}; {begins}", PATIENT)
