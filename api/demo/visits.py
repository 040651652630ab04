"""The visits after the graft: what the protocol has assessed at each, and the table of what was found."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from rich.table import Table

from api.demo.admission import PATH, PATIENT
from api.demo.people import COORDINATOR, EDC, INVESTIGATOR, PI
from api.demo.screen import signed
from api.demo.stage import Stage
from ledger.grading.magic import ROMAN

HOUR: Final = 11
SKIN_PERCENT: Final = {60: "30"}
"""Where acute GVHD was found: the rash in percent of the body's surface, by visit."""

NK_PER_UL: Final = {28: "162", 60: "148", 100: "204", 180: "255", 365: "310", 545: "296", 730: "305"}
DONOR_PERCENT: Final = {28: "99.2", 60: "99.6", 100: "99.8", 180: "100", 365: "100", 545: "100", 730: "100"}
ENGRAFTED: Final = {"neutrophils": 16, "platelets": 19}
COLUMNS: Final = {
    "disease-response": "response",
    "mrd": "MRD",
    "chimerism": "donor cells",
    "lymphocyte-subset": "NK cells/µl",
    "acute-gvhd": "GVHD: acute",
    "chronic-gvhd": "chronic",
}


def open_visits(stage: Stage) -> list[dict[str, Any]]:
    """Those that were not made yet, in the order of their days."""
    visits = stage.by(COORDINATOR).get(f"{PATH}/schedule").body["visits"]
    return [visit for visit in visits if visit["status"] in ("ahead", "due")]


def make_visit(stage: Stage, visit: Mapping[str, Any]) -> None:
    """What the protocol has assessed at a visit, each as an outcome, and the visit itself."""
    stage.on(date.fromisoformat(visit["on"]), hour=HOUR)
    day, today, assess = visit["day"], stage.today.isoformat(), visit["assess"]
    outcomes = [each for name in assess for each in _outcomes(name, day, today)]
    stage.by(EDC).post(f"{PATH}/outcomes", {"outcomes": outcomes})
    if "acute-gvhd" in assess:
        findings = {"assessed_on": today, "findings": _skin(SKIN_PERCENT.get(day, "0"))}
        stage.by(INVESTIGATOR).post(f"{PATH}/outcomes/acute-gvhd", findings)
    made = {"visit": day, "visited_on": today, "kind": "on-site", "performed": assess}
    stage.by(COORDINATOR).post(f"{PATH}/visits", made)


def _outcomes(assessment: str, visit: int, today: str) -> Iterator[dict[str, Any]]:
    """A good course: engrafted, in remission, cells of the donor."""
    match assessment:
        case "engraftment":
            for cells, day in ENGRAFTED.items():
                yield {"kind": assessment, "of": cells, "happened_on": PATIENT.day(day).isoformat()}
        case "disease-response":
            said = {"disease": "AML", "criteria": "ELN-2022", "response": "CR"}
            yield {"kind": assessment, **said, "assessed_on": today}
        case "mrd":
            nothing = {"percent_of_nucleated_cells": None, "detection_limit_percent": "0.01"}
            where = {"method": "flow-cytometry", "material": "bone-marrow"}
            yield {"kind": assessment, **where, **nothing, "assessed_on": today}
        case "chimerism":
            found = {"material": "blood", "lineage": "whole", "donor_percent": DONOR_PERCENT[visit]}
            yield {"kind": assessment, **found, "assessed_on": today}
        case "lymphocyte-subset":
            counted = {"subset": "NK", "cells_per_ul": NK_PER_UL[visit]}
            yield {"kind": assessment, **counted, "assessed_on": today}
        case "chronic-gvhd":
            yield {"kind": assessment, "severity": "none", "assessed_on": today}
        case _:
            pass


def show_visits(stage: Stage) -> None:
    """What was found at each visit, a line a visit."""
    outcomes = stage.by(PI).get(f"{PATH}/outcomes").body["outcomes"]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("day", justify="right", no_wrap=True)
    for heading in COLUMNS.values():
        table.add_column(heading, no_wrap=True)
    for day, found in _by_day(outcomes):
        if "disease-response" in found:
            table.add_row(signed(day), *(found.get(kind, "") for kind in COLUMNS))
    stage.screen.table(table)


def _by_day(outcomes: Sequence[Mapping[str, Any]]) -> list[tuple[int, dict[str, str]]]:
    days: dict[int, dict[str, str]] = {}
    for each in outcomes:
        days.setdefault(each["protocol_day"], {})[each["outcome"]["kind"]] = _found(each["outcome"])
    return sorted(days.items(), key=lambda day: day[0])


def _found(outcome: Mapping[str, Any]) -> str:
    """An outcome in as few words as its column allows."""
    match outcome["kind"]:
        case "disease-response":
            return str(outcome["response"])
        case "mrd":
            percent = outcome["percent_of_nucleated_cells"]
            return "not detected" if percent is None else f"{percent} %"
        case "chimerism":
            return f"{outcome['donor_percent']} %"
        case "lymphocyte-subset":
            return str(outcome["cells_per_ul"])
        case "acute-gvhd":
            return f"grade {ROMAN[outcome['computed_grade']]}"
        case "chronic-gvhd":
            return str(outcome["severity"])
        case _:
            return str(outcome["happened_on"])


def _skin(percent: str) -> dict[str, Any]:
    return {
        "weight_kg": "40",
        "rash_percent_of_body_surface": percent,
        "erythroderma_with_bullae_and_desquamation": False,
        "bilirubin_mg_per_dl": "0.8",
        "persistent_upper_gi_symptoms": False,
        "stool_ml_per_day": "100",
        "stool_episodes_per_day": 1,
        "severe_pain_ileus_or_gross_blood": False,
    }
