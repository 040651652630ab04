"""Paper facts of 2025, entered in order and out of it: the state is the same, and right (domain B.2, history)."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest

from ledger.decisions import enrolment, given, safety, screening
from ledger.decisions.docket import Command
from ledger.decisions.standing import basis, outcomes
from ledger.decisions.ward import RecordMedication, RecordWardSheet, StopMedication
from ledger.patient.state import Patient
from ledger.record import Actor
from projections.base import is_late
from tests.bench import INVESTIGATOR, NURSE, PI, Bench
from tests.spec.story import candidates, patient, replayed, trial, window
from tests.spec.test_ward_sheets import WELL

THEN = datetime(2025, 6, 10, 9, 0, tzinfo=UTC)
"""Infusion 1 of patient 001, on paper."""

Fact = tuple[Command, Actor]


def on(day: int, hour: int = 8) -> datetime:
    return THEN.replace(hour=hour) + timedelta(days=day)


def seen(day: int, hour: int = 8, **said: object) -> Fact:
    content = {"patient": "001", "assessed_at": on(day, hour), "sheet": {**WELL, **said}}
    return RecordWardSheet.model_validate(content), NURSE


def medicine(day: int, hour: int, agent: str, acts_as: str, purpose: str, *, runs: bool = False) -> Fact:
    content = {"patient": "001", "agent": agent, "acts_as": acts_as, "route": "IV", "purpose": purpose}
    command = RecordMedication.model_validate({**content, "given_at": on(day, hour), "continuous": runs})
    return command, NURSE


def infusion(ordinal: int, day: int, cells: int) -> Iterable[Fact]:
    at = on(day, 9)
    start = given.RecordInfusionStart(patient="001", ordinal=ordinal, product="NK", level=1, started_at=at)
    end = given.RecordInfusion(patient="001", ordinal=ordinal, product="NK", ended_at=at, weight_kg="20", cells=cells)
    return (start, INVESTIGATOR), (end, INVESTIGATOR)


PAPER: tuple[Fact, ...] = (
    seen(-1, capd_score=2),
    *infusion(1, 0, 133_333_333),
    seen(0, 18),
    seen(1, temperature_celsius="38.4"),
    seen(2, temperature_celsius="39.1", systolic_mmhg=80),
    medicine(2, 9, "noradrenaline", "vasopressor", "treatment-of-crs", runs=True),
    medicine(2, 10, "tocilizumab", "anticytokine", "treatment-of-crs"),
    seen(2, 12, temperature_celsius="38.2", systolic_mmhg=84),
    (
        StopMedication(patient="001", agent="noradrenaline", given_at=on(2, 9), stopped_at=on(3, 6)),
        NURSE,
    ),
    seen(3, systolic_mmhg=80),
    seen(4),
    seen(6, capd_score=3),
    *infusion(2, 17, 66_666_666),
    seen(18),
)
"""Fever on day 1, a vasopressor on day 2, tocilizumab, low pressure without fever on day 3; well on day 4."""


def entered(facts: Iterable[Fact]) -> Bench:
    """The patient is enrolled from paper months later; then the facts are entered."""
    bench = trial()
    bench.ask(screening.ScreenPatient(number="001", site="NDGOI", birth_year_month="2016-03", sex="female"))
    late = {"on_paper": True, "occurred_at": on(-3)}
    graft = (THEN + timedelta(days=12)).date()
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=graft), PI, **late)
    bench.ask(enrolment.AssignDoseLevel(patient="001", level=1), PI, **late)
    for command, by in facts:
        bench.now += timedelta(minutes=7)
        bench.ask(command, by)
    return bench


def amounts_to(bench: Bench) -> dict[str, object]:
    """What the facts amount to, whatever their positions."""
    child: Patient = patient(bench, "001")
    protocol = bench.docket().protocol()
    return {
        "events": sorted(
            (
                str(event.report.toxicity),
                min(event.onset_days),
                event.grades,
                sorted((a.assessed_at, a.computed_grade, a.at_most_grade) for a in event.assessments.values()),
            )
            for event in child.adverse_events.values()
        ),
        "candidates": len(candidates(bench, "001")),
        "infusions": {ordinal: given.given_on for ordinal, given in child.infusions.items()},
        "window": (window(bench, "001").from_on, window(bench, "001").planned_to_on),
        "basis": basis(bench.world),
        "outcomes": outcomes(bench.world, protocol),
    }


def test_paper_facts_in_their_order_give_the_state_that_was() -> None:
    bench = entered(PAPER)
    crs, icans = sorted(patient(bench, "001").adverse_events.values(), key=lambda e: str(e.report.toxicity))
    assert min(crs.onset_days) == on(1).date()
    assert [a.computed_grade for a in sorted(crs.assessments.values(), key=lambda a: a.assessed_at)] == [
        1,
        2,
        3,
        2,
        0,
        0,
        0,
    ]
    assert icans.grade == 1
    assert next(iter(icans.assessments.values())).findings["capd_baseline"] == 2
    assert candidates(bench, "001") == (crs.subject,)
    assert window(bench, "001").planned_to_on == (on(17) + timedelta(days=28)).date()
    assert replayed(bench) == bench.world


def backwards(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return facts[::-1]


def medication_first(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=lambda fact: isinstance(fact[0], RecordWardSheet)))


def shuffled(seed: int) -> Callable[[tuple[Fact, ...]], tuple[Fact, ...]]:
    return lambda facts: tuple(random.Random(seed).sample(facts, len(facts)))


@pytest.mark.parametrize("order", [backwards, medication_first, *map(shuffled, range(12))])
def test_the_same_facts_out_of_order_give_the_same_state(order: Callable[[tuple[Fact, ...]], tuple[Fact, ...]]) -> None:
    assert amounts_to(entered(order(PAPER))) == amounts_to(entered(PAPER))


def test_what_is_entered_so_late_is_flagged_and_has_both_its_times() -> None:
    bench = entered(PAPER)
    sheets = [record for record in bench.records if record.event.NAME == "patient.ward-sheet-recorded.v1"]
    assert all(is_late(record) for record in sheets)
    assert {record.occurred_at.year for record in sheets} == {2025}
    assert all(record.recorded_at >= datetime(2026, 1, 1, tzinfo=UTC) for record in sheets)


def test_an_end_that_is_entered_after_later_signs_leaves_them_in_an_event_of_their_own() -> None:
    bench = entered((*infusion(1, 0, 133_333_333), seen(1, temperature_celsius="38.4")))
    bench.ask(seen(9, temperature_celsius="38.4")[0], NURSE)
    ended = safety.UpdateAdverseEvent(patient="001", adverse_event=1, ended_at=on(4), outcome="recovered")
    bench.ask(ended, INVESTIGATOR)
    bench.ask(seen(10, temperature_celsius="38.4")[0], NURSE)
    assert sorted(patient(bench, "001").adverse_events) == [1, 2]
