"""What goes wrong with patients: doses nobody permitted, deaths, departures, late and contradictory reports."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final, get_args

from api.demo.findings import attested, recorded
from ledger.cohort.events import EarlyEnd
from ledger.decisions import dlt, enrolment, given, infusion, safety, screening, transplant
from ledger.decisions.docket import Command
from ledger.eligibility.findings import MeasuredName
from ledger.patient.events import CriterionAssessed
from ledger.record import Actor
from tests.bench import INVESTIGATOR, NURSE
from tests.patients import crs, ready
from tests.simulation import safety as toxicities
from tests.simulation.committee import rule
from tests.simulation.dosing import (
    UNUSUAL_PERCENTS,
    authorisation,
    begin,
    finish,
    next_ordinal,
    omit,
    order,
    prepare_lot,
)
from tests.simulation.found import claim
from tests.simulation.usual import arrive, assess, consent, gone
from tests.simulation.walk import Walk


def dose_without_permission(walk: Walk, number: str) -> bool:
    """An infusion that nobody authorised, at any level of the ladder."""
    patient = walk.patient(number)
    ordinal = next_ordinal(walk, patient)
    if ordinal is None or patient.death:
        return False
    level = patient.level if patient.level is not None and walk.maybe(0.7) else walk.pick(walk.protocol.levels())
    begin(walk, number, ordinal, level)
    return walk.maybe(0.3) or finish(walk, walk.patient(number), ordinal, walk.pick((100, *UNUSUAL_PERCENTS)))


def over_enrol(walk: Walk, _: str) -> bool:
    """A child in screening is dosed at the level that is treated, full or not."""
    opened = [cohort.level for cohort in walk.world.cohorts.values() if cohort.opened]
    arrive(walk)
    number = walk.numbers()[-1]
    if walk.maybe(0.5):
        consent(walk, walk.patient(number))
    begin(walk, number, 1, max(opened, default=walk.protocol.start))
    return finish(walk, walk.patient(number), 1, 100)


def end_without_a_start(walk: Walk, number: str) -> bool:
    """Only the end of an infusion is reported."""
    ordinal = next_ordinal(walk, walk.patient(number))
    return ordinal is not None and finish(walk, walk.patient(number), ordinal)


def omit_any(walk: Walk, number: str) -> bool:
    ordinal = next_ordinal(walk, walk.patient(number))
    return ordinal is not None and omit(walk, number, ordinal)


def authorise_carelessly(walk: Walk, _: str) -> bool:
    """An authorisation that is right but for one thing."""
    placed = [number for number in walk.numbers() if walk.patient(number).level is not None]
    if not placed:
        return False
    number = walk.pick(placed)
    ordinal = walk.pick((next_ordinal(walk, walk.patient(number)) or 1, 1, 2))
    if ordinal not in walk.protocol.ordinals():
        return False
    by, wrong = walk.doctor(number), walk.pick(("weight", "readiness", "age", "signer", *WRONG))
    weighed_on = walk.today(number) - timedelta(days=9 if wrong == "weight" else 0)
    walk.ask(infusion.PlanDose(patient=number, ordinal=ordinal, weight_kg="20", weighed_on=weighed_on), by)
    prepare_lot(walk, number)
    if wrong != "order":
        order(walk, number, ordinal)
    unready: dict[str, Any] = walk.pick(UNREADY) if wrong == "readiness" else {}
    walk.ask(ready(walk.bench, number, ordinal, **unready), by)
    walk.wait(hours=walk.pick((3, 26)) if wrong == "age" else 0)
    amiss = {name: value(walk.today(number)) for name, value in WRONG.get(wrong, {}).items()}
    return walk.done(authorisation(walk, number, ordinal, **amiss), NURSE if wrong == "signer" else by)


UNREADY: Final = (
    {"oxygen_l_per_min": "5.5"},
    {"uncontrolled_infection": True},
    {"ventilator": True},
    {"nonhaematologic_reactions_count": 1},
    {"prednisone_equivalent_mg_per_kg_per_day_max_in_72_h": "0.51"},
)
WRONG: Final[dict[str, dict[str, Callable[[date], Any]]]] = {
    "checkers": {"checkers": lambda _: ("boris", "boris")},
    "identity": {"chain_of_identity": lambda _: "COI-OTHER"},
    "calculation": {"cells_by_second_calculation": lambda _: "123"},
    "product": {"product": lambda _: "NK-OTHER"},
    "volume": {"volume_ml_by_second_calculation": lambda _: "123.4"},
    "order": {},
}


def die(walk: Walk, number: str) -> bool:
    died_on = walk.today(number) - timedelta(days=walk.pick((0, 0, 1, 12)))
    return walk.done(
        safety.RecordDeath(patient=number, died_on=died_on, cause=walk.pick(("relapse", "other", "unknown"))),
        walk.doctor(number),
    )


def leave_the_study(walk: Walk, number: str) -> bool:
    cause = walk.pick(("completed", "withdrawal", "lost-to-follow-up", "other"))
    command = safety.RecordOffStudy.model_validate({"patient": number, "cause": cause, "off_on": walk.today(number)})
    return walk.done(command, walk.doctor(number))


def withdraw(walk: Walk, number: str) -> bool:
    scope = walk.pick(("treatment", "all-participation"))
    command = screening.WithdrawConsent.model_validate({"patient": number, "scope": scope})
    return walk.done(command, walk.doctor(number))


def fail_screening(walk: Walk, number: str) -> bool:
    eligibility = walk.protocol.eligibility
    named = walk.pick((eligibility.age.rule, *(each.id for each in eligibility.criteria)))
    return walk.done(screening.FailScreening(patient=number, criteria=(named,)), walk.doctor(number))


def assent(walk: Walk, number: str) -> bool:
    at = walk.here(number)
    return walk.done(screening.RecordAssent(patient=number, form_version="1.1", signed_at=at), walk.doctor(number))


def measure(walk: Walk, number: str) -> bool:
    """The heart or the blood is looked at again: sound, or sometimes not."""
    names: tuple[MeasuredName, ...] = ("lvef_percent", "mrd_percent_of_nucleated_cells", "karnofsky_percent")
    found = recorded(walk.pick(names), walk.pick(("61", "38.5", "0.01")), walk.today(number))
    command = screening.RecordScreeningFindings.model_validate({"patient": number, "findings": [found]})
    return walk.done(command, walk.doctor(number))


def doubt_eligibility(walk: Walk, number: str) -> bool:
    """A criterion is found not met, or met again."""
    criteria = [each["criterion"] for each in attested(walk.protocol)] or ["E2"]
    verdict = CriterionAssessed(criterion=walk.pick(criteria), met=walk.maybe(0.5), inputs=None)
    return walk.done(screening.AssessCriteria(patient=number, assessments=(verdict,)), walk.doctor(number))


def late_dlt(walk: Walk, number: str) -> bool:
    """A grave toxicity inside the window is reported long afterwards, by others."""
    window = toxicities.window_of(walk, walk.patient(number))
    if window is None:
        return False
    days = min((walk.today(number) - window.from_on).days, (window.planned_to_on - window.from_on).days)
    onset = walk.here(number) - timedelta(
        days=(walk.today(number) - window.from_on).days - walk.chance.randint(0, days)
    )
    event = toxicities.report(walk, number, term="CRS, reported late", toxicity="CRS", serious=True, onset_at=onset)
    if event is None:
        return False
    toxicities.assess(walk, number, event, crs(walk.pick((3, 4))))
    return not walk.maybe(0.7) or rule(walk, walk.patient(number), f"adverse-event/{event}", is_dlt=True)


def rule_without_a_candidate(walk: Walk, number: str) -> bool:
    """Someone rules that an event was a DLT, whatever was computed."""
    events = list(walk.patient(number).adverse_events)
    return bool(events) and rule(walk, walk.patient(number), f"adverse-event/{walk.pick(events)}", is_dlt=True)


def end_window_early(walk: Walk, number: str) -> bool:
    """A window is to be closed before its time, with a cause that may not be on record."""
    command = dlt.CloseDltWindow(
        patient=number, assessments_done_count=3, early_end=walk.pick((None, *get_args(EarlyEnd)))
    )
    return walk.done(command, walk.doctor(number))


def contradict(walk: Walk, number: str) -> bool:
    """Something reported is reported again, otherwise."""
    told = [(command, by) for command, by in walk.said if getattr(command, "patient", None) == number]
    if not told:
        return False
    command, by = walk.pick(told)
    return walk.done(otherwise(walk, command), by)


def otherwise(walk: Walk, command: Command) -> Command:
    """The same report with another content."""
    changes: dict[str, dict[str, Any]] = {
        "RecordInfusion": {"cells": walk.chance.randrange(10**9)},
        "RecordInfusionStart": {"started_at": walk.bench.now - timedelta(hours=walk.chance.randrange(72))},
        "OmitInfusion": {"cause": "other"},
        "RecordConsent": {"copy_given": False},
        "ReportAdverseEvent": {"serious": walk.maybe(0.5), "ctcae_grade": 2},
        "RecordDeath": {"cause": walk.pick(("relapse", "other", "unknown"))},
        "RecordOffStudy": {"cause": "other"},
        "RecordTransplant": {"performed_at": walk.bench.now - timedelta(days=walk.chance.randrange(4))},
        "UpdateAdverseEvent": {"serious": True},
    }
    return command.model_copy(update=changes.get(type(command).__name__, {}))


def say_again(walk: Walk, _: str) -> bool:
    """A report with a key is made once more, long afterwards: nothing new, unless it was corrected since."""
    keyed = (given.RecordInfusion, given.RecordInfusionStart, given.OmitInfusion, screening.RecordConsent)
    ends = (safety.RecordDeath, transplant.RecordTransplant)
    told = [each for each in walk.said if isinstance(each[0], (*keyed, *ends))]
    if not told:
        return False
    command, by = walk.pick(told)
    before = walk.world
    walk.ask(command, by)
    new = walk.bench.records[before.size :]
    on_record = [record for record in new if record.conflicts_with is not None]
    claim(len(new) == 0 or bool(on_record), f"said again, it gave {[record.event for record in new]}")
    return True


def rivals(walk: Walk, _: str) -> bool:
    """Everyone in screening asks for a slot at once."""
    numbers = [
        number for number in walk.numbers() if walk.patient(number).level is None and not gone(walk.patient(number))
    ]
    level = walk.pick(walk.protocol.levels())
    for number in walk.chance.sample(numbers, len(numbers)):
        walk.ask(enrolment.ReserveSlot(patient=number, level=level), walk.doctor(number))
    return bool(numbers)


def hurried(walk: Walk, _: str) -> bool:
    """A new patient in a hurry: seen, and enrolled before anything else."""
    arrive(walk)
    number = walk.numbers()[-1]
    by: Actor = walk.doctor(number)
    consent(walk, walk.patient(number))
    if walk.maybe(0.5):
        assess(walk, walk.patient(number))
    walk.ask(enrolment.EnrolPatient(patient=number, planned_transplant_on=walk.today(number)), by)
    walk.ask(enrolment.AssignDoseLevel(patient=number, level=walk.pick(walk.protocol.levels())), INVESTIGATOR)
    return True
