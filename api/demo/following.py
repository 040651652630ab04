"""A whole patient, chapters 5 and 6: an unrelated serious event, a birthday, two years of visits, and the end."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from api.demo.admission import PATH, PATIENT
from api.demo.people import COORDINATOR, DRUG_SAFETY, EDC, INVESTIGATOR, PI
from api.demo.stage import Stage
from api.demo.visits import make_visit, open_visits, show_visits

SERIOUS_DAY: Final = 41
EVENT: Final = f"{PATH}/adverse-events/2"
BIRTHDAY: Final = date(2026, 4, 1)


def serious_event(stage: Stage) -> None:
    """A serious event long after the cells: its clocks run until somebody reports, whatever it turns out to be."""
    stage.screen.chapter(5, "A serious event, and its clock")
    stage.on(PATIENT.day(SERIOUS_DAY), hour=15)
    aware = {"onset_at": stage.at(hours_ago=9), "site_aware_at": stage.at(hours_ago=3), "received_at": stage.at()}
    report = {"term": "Catheter-related infection", "serious": True, **aware}
    stage.by(EDC).post(f"{PATH}/adverse-events", report)
    due_on = date.fromisoformat(_clocks(stage)["expedited"]["due_on"])
    what = "catheter sepsis, in hospital; the sponsor knows in 3 hours"
    stage.tell(f"{what}. Suspected until somebody says otherwise: to be reported by {due_on:%-d %b}", PATIENT)
    _assess(stage)
    stage.on(PATIENT.day(SERIOUS_DAY + 5), hour=12)
    stage.by(EDC).post(f"{EVENT}/updates", {"ended_at": stage.at(hours_ago=24), "outcome": "recovered"})
    sent = {"kind": "complete", "to": "authority", "recipient": "Roszdravnadzor", "submitted_at": stage.at()}
    stage.by(DRUG_SAFETY).post(f"{EVENT}/expedited-reports", sent)
    clocks = _clocks(stage)
    met = sum(clock["standing"] == "met" for clock in clocks.values())
    stage.tell(f"recovered, and reported all the same: {met} of {len(clocks)} clocks met", PATIENT)


def _assess(stage: Stage) -> None:
    stage.on(PATIENT.day(SERIOUS_DAY + 2), hour=12)
    why = {"relation": "unrelated", "rationale": "Staphylococci from the catheter, six weeks after the cells."}
    for assessor in (INVESTIGATOR, PI):
        stage.by(assessor).post(f"{EVENT}/attributions", why)
    received = {"received_at": stage.at(hours_ago=1), "rationale": "As the site says."}
    classified = {"revision": 1, "serious": True, "criteria": ["hospitalisation"], "sponsor_causality": "unrelated"}
    stage.by(DRUG_SAFETY).decide(f"{EVENT}/classification", {**classified, **received}, on=PATH)
    stage.tell("two investigators and drug safety: unrelated", PATIENT)


def _clocks(stage: Stage) -> Mapping[str, Any]:
    events = stage.by(DRUG_SAFETY).get("safety-clocks", patient=PATIENT.number).body["items"]
    return {clock["kind"]: clock for each in events for clock in each["clocks"]}


def follow(stage: Stage) -> None:
    """Every further visit of the protocol, and the consent that a birthday asks for."""
    stage.screen.chapter(6, "Two years")
    for visit in open_visits(stage):
        if date.fromisoformat(visit["on"]) > BIRTHDAY > stage.today:
            _turn_fourteen(stage)
        make_visit(stage, visit)
    show_visits(stage)


def _turn_fourteen(stage: Stage) -> None:
    stage.on(BIRTHDAY - timedelta(days=14))
    (due,) = stage.by(COORDINATOR).get("worklists/consents").body["items"]
    stage.tell(f"worklist: fourteen on {date.fromisoformat(due['due_on']):%-d %B}, own consent due", PATIENT)
    stage.on(BIRTHDAY, hour=12)
    signed = {"form_version": "2.0", "capacity": "patient", "signed_at": stage.at(hours_ago=1)}
    stage.by(EDC).post(f"{PATH}/consents", {**signed, "obtained_by": PI.name, "copy_given": True})
    left = len(stage.by(COORDINATOR).get("worklists/consents").body["items"])
    stage.tell(f"she signs; {left or 'none'} left on the worklist", PATIENT)
