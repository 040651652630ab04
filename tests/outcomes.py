"""Outcomes for tests: what is reported of a patient, with what a case is about as arguments."""

from datetime import date, timedelta
from typing import Any

from ledger.decisions import follow_up, outcomes, transplant
from ledger.grading.magic import MagicFindings
from ledger.record import Actor
from ledger.types import Event
from tests.bench import INVESTIGATOR, NURSE, Bench

NOTHING_FOUND: dict[str, Any] = {
    "weight_kg": "20",
    "rash_percent_of_body_surface": "0",
    "erythroderma_with_bullae_and_desquamation": False,
    "bilirubin_mg_per_dl": "0.5",
    "persistent_upper_gi_symptoms": False,
    "stool_ml_per_day": "0",
    "stool_episodes_per_day": 0,
    "severe_pain_ileus_or_gross_blood": False,
}

GRADED: dict[int, dict[str, Any]] = {
    0: {},
    1: {"rash_percent_of_body_surface": "10"},
    2: {"rash_percent_of_body_surface": "60"},
    3: {"bilirubin_mg_per_dl": "4"},
    4: {"severe_pain_ileus_or_gross_blood": True},
}
"""Findings that the table grades so."""


def grafted(bench: Bench, number: str = "001", in_days: float = 0) -> date:
    """The graft, after so many days; its day."""
    bench.pass_days(in_days)
    bench.ask(transplant.RecordTransplant(patient=number, performed_at=bench.now), INVESTIGATOR)
    return day_zero(bench, number)


def day_zero(bench: Bench, number: str = "001") -> date:
    transplant = bench.world.patients[number].transplant
    assert transplant is not None
    return transplant.at.date()


def report(
    bench: Bench, *said: dict[str, Any], patient: str = "001", by: Actor = NURSE, **asked: Any
) -> tuple[Event, ...]:
    """Outcomes, as they are reported."""
    command = outcomes.RecordOutcomes.model_validate({"patient": patient, "outcomes": said})
    return bench.ask(command, by, **asked)


def gvhd(
    bench: Bench, on: date, found: dict[str, Any] | int, patient: str = "001", by: Actor = INVESTIGATOR, **said: Any
) -> tuple[Event, ...]:
    """Findings of acute GVHD on a day: what differs from nothing found, or the grade that they give."""
    findings = MagicFindings(**{**NOTHING_FOUND, **(GRADED[found] if isinstance(found, int) else found)})
    command = outcomes.StageAcuteGvhd(patient=patient, assessed_on=on, findings=findings, **said)
    return bench.ask(command, by)


def visit(bench: Bench, day: int | None, on: date, patient: str = "001", **said: Any) -> tuple[Event, ...]:
    content = {"patient": patient, "visit": day, "visited_on": on, "kind": "on-site", **said}
    return bench.ask(follow_up.RecordVisit.model_validate(content), NURSE)


def until(bench: Bench, day: date) -> None:
    """Time passes to a day, at the same hour."""
    bench.now += timedelta(days=(day - bench.now.date()).days)
