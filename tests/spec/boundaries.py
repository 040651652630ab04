"""What a row of the boundary table asks, and how it is answered: each question is put to the rules themselves.

passes        the criterion is as it should be, the check met, the act permitted, the report without a deviation
fails         the criterion is not, the check not met, the act refused, the report with a deviation
open          it cannot be told from what is on record
unreadable    it is no quantity of this kind, and nothing is recorded
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from ledger import refusals as no
from ledger.decisions import enrolment, infusion, safety
from ledger.eligibility.facts import Found
from ledger.eligibility.findings import Finding
from ledger.errors import LedgerError, Malformed
from ledger.grading.steroids import SteroidDose, steroid_exposure
from ledger.patient.infusions import ReadinessAssessed, ReadinessCheck
from ledger.types import exact
from tests import patients as p
from tests.bench import INVESTIGATOR, Bench, nct07256210
from tests.eligibility.cases import TODAY, Findings, but, finding, found, patient, verdicts
from tests.spec.story import candidates, deviations, member, named, only, says, told, trial
from tests.spec.test_authorisation import request
from tests.spec.test_infusion_reports import start
from tests.spec.test_screening_and_consent import CONFIRM, assessed

Answer = Literal["passes", "fails", "open", "unreadable"]
Ask: TypeAlias = Callable[[str], Answer]
SIGNED = {"A.3-1": "one-month-flagged-below-one-year"}
IN_REMISSION: Findings = {
    "induction_regimens_count": "1",
    "complete_remission_after_induction": True,
    "salvage_regimens_count": "0",
    "complete_remission_after_salvage": False,
}
ANY_FINDING: TypeAdapter[Any] = TypeAdapter(Finding)


def told_as(passes: bool | None) -> Answer:
    return "open" if passes is None else "passes" if passes else "fails"


def on_paper(
    *,
    born: str = "2016-03",
    sex: str = "male",
    on: str = str(TODAY),
    signed: Mapping[str, str] | None = None,
    said: Mapping[str, Mapping[str, bool]] | None = None,
    **changes: Any,
) -> Ask:
    """A patient who passes every criterion, but for some findings: others, of another day, or not there (none)."""

    def ask(rule: str) -> Answer:
        given = {name: on_the_day(name, each, on) for name, each in but(**changes).items()}
        facts = patient(given, born, sex, **(said or {}))
        criterion = "I2" if rule in ("I2a", "I2b", "I2c") else rule
        verdict = verdicts(facts, date.fromisoformat(on), readings=signed)[criterion]
        assert verdict.rule in (rule, criterion)
        return told_as(verdict.passes)

    return ask


def on_the_day(name: str, value: str | bool | Found, on: str) -> Found:
    return value if isinstance(value, Found) else found(name, value, on)


def in_remission(disease: str, **changes: Any) -> Ask:
    """Of a disease, not refractory, and without MRD, but for the changes."""
    return on_paper(disease=disease, **{**IN_REMISSION, "mrd_percent_of_nucleated_cells": "0", **changes})


def in_unit(name: str, quantity: str, unit: str) -> Ask:
    """A quantity in another unit, as a finding is reported."""

    def ask(_: str) -> Answer:
        try:
            ANY_FINDING.validate_python({**finding(name, quantity), "unit": unit})
        except ValidationError:
            return "unreadable"
        return "passes"

    return ask


def consented(born: str, *capacities: Any) -> Ask:
    """Eligible but for the consent, which these people signed today, 5 January 2026."""

    def ask(_: str) -> Answer:
        bench = trial()
        assessed(bench, born, *capacities, pregnancy_test="negative", lactating=False)
        return permitted(bench, CONFIRM, no.ConsentNotValid)

    return ask


def permitted(bench: Bench, command: Any, refusal: type[LedgerError]) -> Answer:
    """Whether a command is carried out, or refused by this very rule; or cannot be read."""
    try:
        bench.ask(command, INVESTIGATOR)
    except refusal:
        return "fails"
    except (Malformed, ValidationError):
        return "unreadable"
    return "passes"


def enrolling(before: int) -> Ask:
    """One more patient, after so many enrolled."""

    def ask(_: str) -> Answer:
        bench = enrolled(before).copy()
        bench.twice = False
        p.screen(bench, "099")
        planned = bench.now.date()
        return permitted(
            bench, enrolment.EnrolPatient(patient="099", planned_transplant_on=planned), no.EnrolmentCapReached
        )

    return ask


@cache
def enrolled(count: int) -> Bench:
    bench = trial()
    bench.twice = False
    for number in range(1, count + 1):
        p.screen(bench, f"{number:03}")
        bench.ask(enrolment.EnrolPatient(patient=f"{number:03}", planned_transplant_on=bench.now.date()))
    return bench


def weighed(days_ago: int | None = 0, **said: Any) -> Ask:
    """The dose of infusion 1, due today, from a weight of that day."""

    def ask(_: str) -> Answer:
        bench = told("1A")
        day = None if days_ago is None else bench.now.date() - timedelta(days=days_ago)
        content = {"patient": "001", "ordinal": 1, "weight_kg": "20", "weighed_on": day, **said}
        try:
            command = infusion.PlanDose.model_validate(content)
        except ValidationError:
            return "unreadable"
        return permitted(bench, command, no.WeightTooOld)

    return ask


def calculated(cells: str | None) -> Ask:
    """The second calculation of infusion 1 at level 1 for 20 kg, of which 400000000/3 cells are planned."""

    def ask(_: str) -> Answer:
        bench = ready_to_go()
        volume_ml = p.order(bench, "001", 1)
        content = {**request(volume_ml=volume_ml).model_dump(), "cells_by_second_calculation": cells}
        try:
            command = infusion.AuthoriseInfusion.model_validate(content)
        except ValidationError:
            return "unreadable"
        return permitted(bench, command, no.DoseAbovePlan)

    return ask


def ready_to_go(**seen: Any) -> Bench:
    """Weighed, with a lot that is fit, and found ready, at the instants given."""
    bench = told("1A")
    plan = infusion.PlanDose(patient="001", ordinal=1, weight_kg="20", weighed_on=bench.now.date())
    bench.ask(plan)
    bench.ask(p.ready(bench, "001", 1, **seen), INVESTIGATOR)
    return bench


def given_on(ordinal: int, day: int) -> Ask:
    """An infusion on a protocol day, as reported; the first of two on day -12 where it is not the one asked for."""

    def ask(_: str) -> Answer:
        bench = told("1A")
        bench.twice = False
        if ordinal == 2:
            p.authorise(bench, "001", 1)
            p.infuse(bench, "001", 1)
        bench.pass_days(day + 12)
        broken = deviations(bench.ask(start(bench, ordinal=ordinal)))
        return told_as(not named(no.OutsideInfusionDay) & broken)

    return ask


def check(name: ReadinessCheck, ordinal: int = 1, **stated: Any) -> Ask:
    """One check before an infusion, by what is stated; the others are as they should be."""

    def ask(_: str) -> Answer:
        bench = told("1A")
        try:
            events = bench.ask(p.ready(bench, "001", ordinal, **stated), INVESTIGATOR)
        except (ValidationError, Malformed):
            return "unreadable"
        return told_as({each.check: each.met for each in only(ReadinessAssessed, events).items}.get(name))

    return ask


def reacted(ordinal: int = 2, hours_after_start: float = 72, **said: Any) -> Ask:
    """The reaction check, after an adverse event that began so long after the start of infusion 1."""

    def ask(_: str) -> Answer:
        bench = told("1A")
        p.authorise(bench, "001", 1)
        p.infuse(bench, "001", 1)
        onset_at = bench.now + timedelta(hours=hours_after_start)
        bench.pass_days(4)
        content = {"patient": "001", "term": "Hepatitis", "serious": False, "onset_at": onset_at, **said}
        bench.ask(safety.ReportAdverseEvent.model_validate(content), INVESTIGATOR)
        ready = p.ready(bench, "001", ordinal)
        items = only(ReadinessAssessed, bench.ask(ready, INVESTIGATOR)).items
        return told_as({each.check: each.met for each in items}.get("nonhaematologic-reaction"))

    return ask


def assessed_ago(field: str, ago: timedelta | None) -> Ask:
    """The authorisation of infusion 1, so long after its checks; or without them."""

    def ask(_: str) -> Answer:
        bench = told("1A")
        if ago is None:
            bench.ask(infusion.PlanDose(patient="001", ordinal=1, weight_kg="20", weighed_on=bench.now.date()))
        else:
            bench = ready_to_go(**{field: bench.now - ago})
        volume_ml = p.order(bench, "001", 1)
        return permitted(bench, request(cells="400000000/3", volume_ml=volume_ml), no.ReadinessNotMet)

    return ask


def steroids(*doses: tuple[str, str, float], weight_kg: str = "20") -> Ask:
    """The exposure to steroids (agent, mg, hours before the infusion) by the protocol's table."""

    def ask(_: str) -> Answer:
        at = datetime.fromisoformat("2026-03-01T12:00:00+03:00")
        given = [
            SteroidDose(agent=agent, dose_mg=exact(mg), given_at=at - timedelta(hours=hours))
            for agent, mg, hours in doses
        ]
        found_out = steroid_exposure(given, before=at, weight_kg=exact(weight_kg), readiness=nct07256210().readiness)
        return told_as(found_out.passes)

    return ask


def crs_of_grade(grade: int) -> Ask:
    """Whether CRS of a grade in the window is left alone; else it is a candidate DLT."""

    def ask(_: str) -> Answer:
        bench = told("1P")
        p.reaction(bench, "001", grade)
        return told_as(not candidates(bench, "001"))

    return ask


def crs_begins(after_the_last_day: timedelta) -> Ask:
    """Whether CRS of grade 3 is left alone that began so long after the end of the window's last day at the site."""

    def ask(_: str) -> Answer:
        bench = told("1P")
        window = member(bench, "001").window
        assert window is not None
        ends = datetime.combine(window.planned_to_on + timedelta(days=1), datetime.min.time(), bench.now.tzinfo)
        onset_at = ends - timedelta(hours=3) + after_the_last_day
        bench.now = onset_at + timedelta(days=2)
        p.reaction(bench, "001", onset_at=onset_at)
        return told_as(not candidates(bench, "001"))

    return ask


def advised(outcomes: str, advice: object) -> Ask:
    """Whether the design advises this after a story."""
    return lambda _: told_as(says(told(outcomes)) == advice)
