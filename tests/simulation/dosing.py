"""Infusions: planned, checked, authorised and given; or omitted; and the graft."""

from datetime import timedelta
from typing import get_args

from ledger.decisions import given, infusion, infusion_record, transplant
from ledger.decisions.permits import against_first_infusion
from ledger.decisions.standing import day_zero_on, planned_on
from ledger.patient.infusion_record import InterruptionCause
from ledger.patient.infusions import OmissionReason
from ledger.patient.state import Patient
from ledger.types import exact
from tests import lots
from tests.bench import NURSE
from tests.patients import an_order, ready
from tests.simulation.walk import Walk

WEIGHTS_KG = ("6.4", "8", "11.35", "20", "20.0", "33.7", "61")
PERCENTS = (100, 100, 100, 100, 99, 97, 81)
PATIENCE_DAYS = 40
UNUSUAL_PERCENTS = (130, 112, 110, 79, 66, 50, 20, 0)


def next_ordinal(walk: Walk, patient: Patient) -> int | None:
    """The first infusion that is neither given nor omitted."""
    for ordinal in walk.protocol.ordinals():
        known = patient.infusions.get(ordinal)
        if known is None or (known.given_on is None and known.omitted is None):
            return ordinal
    return None


def infuse_next(walk: Walk, patient: Patient) -> bool:
    """The next infusion on its day; omitted, when the patient may not have it any more or its days are long over."""
    unfinished = [i for i in patient.infusions.values() if i.given_on and i.completed is None and not i.omitted]
    if unfinished and patient.level is not None:
        return finish(walk, patient, unfinished[0].ordinal)
    ordinal = next_ordinal(walk, patient)
    if ordinal is None or patient.level is None:
        return False
    barred = patient.may_have_dlt or patient.withdrawn or patient.death or patient.off_study or patient.screen_failed
    planned, today = planned_on(patient, walk.protocol, ordinal), walk.today(patient.number)
    plan = walk.protocol.infusion(ordinal)
    if patient.dosed and (barred or (planned and today > planned + timedelta(days=plan.window_after_days + 6))):
        return omit(walk, patient.number, ordinal)
    if barred:
        return False
    if planned and today < planned - timedelta(days=plan.window_before_days):
        return False
    docket = walk.bench.docket(walk.doctor(patient.number))
    waits = ordinal == 1 and any(against_first_infusion(docket, patient, walk.protocol))
    if waits and not walk.maybe(0.05):
        return False
    if authorise(walk, patient.number, ordinal):
        return give(walk, patient.number, ordinal)
    given = [each.given_on for each in patient.infusions.values() if each.given_on]
    return bool(given) and today > max(given) + timedelta(days=PATIENCE_DAYS) and omit(walk, patient.number, ordinal)


def omit(walk: Walk, number: str, ordinal: int) -> bool:
    cause = walk.pick(get_args(OmissionReason))
    return walk.done(given.OmitInfusion(patient=number, ordinal=ordinal, cause=cause), walk.doctor(number))


def authorise(walk: Walk, number: str, ordinal: int) -> bool:
    """Weighed, found ready, and authorised."""
    by, today = walk.doctor(number), walk.today(number)
    weight_kg = walk.pick(WEIGHTS_KG)
    plan = infusion.PlanDose(patient=number, ordinal=ordinal, weight_kg=weight_kg, weighed_on=today)
    if not walk.done(plan, by):
        return False
    prepare_lot(walk, number)
    walk.ask(ready(walk.bench, number, ordinal), by)
    if not order(walk, number, ordinal):
        return False
    return walk.done(authorisation(walk, number, ordinal), by)


def order(walk: Walk, number: str, ordinal: int, **other: object) -> bool:
    """The planned dose in mL; the doctor who authorises calculates a second time."""
    if ordinal not in walk.patient(number).doses:
        return False
    return walk.done(an_order(walk.bench, number, ordinal, **other), NURSE)


def prepare_lot(walk: Walk, number: str) -> None:
    """A lot for the patient, where there is none."""
    for command, by in lots.steps(walk.bench, number):
        walk.ask(command, by)


def authorisation(walk: Walk, number: str, ordinal: int, **other: object) -> infusion.AuthoriseInfusion:
    """As it should be, but for what is said."""
    dose, ordered = walk.patient(number).doses.get(ordinal), walk.patient(number).around.orders.get(ordinal)
    content = {
        "patient": number,
        "ordinal": ordinal,
        "product": f"NK-{number}",
        "cells_by_second_calculation": dose.cells if dose else "0",
        "volume_ml_by_second_calculation": ordered.volume_ml if ordered else None,
        "chain_of_identity": f"COI-{number}",
        "checkers": ("boris", "nina"),
        **other,
    }
    return infusion.AuthoriseInfusion.model_validate(content)


def give(walk: Walk, number: str, ordinal: int, percent: int | None = None) -> bool:
    """Begun and ended as reported, at the assigned level."""
    patient = walk.patient(number)
    assert patient.level is not None
    if not begin(walk, number, ordinal, patient.level):
        return False
    if walk.maybe(0.2):
        watch(walk, number, ordinal)
    return finish(walk, patient, ordinal, percent)


def watch(walk: Walk, number: str, ordinal: int) -> None:
    """The infusion is interrupted, perhaps goes on, and the vital signs are taken."""
    about, by = {"patient": number, "ordinal": ordinal}, walk.doctor(number)
    cause = walk.pick(get_args(InterruptionCause))
    stop = {**about, "interrupted_at": walk.here(number) - timedelta(minutes=walk.pick((0, 90))), "cause": cause}
    walk.done(infusion_record.RecordInterruption.model_validate(stop), by)
    walk.wait(minutes=2)
    reading = {"taken_at": walk.here(number), "temperature_celsius": "37.9", "spo2_percent": "95"}
    walk.done(infusion_record.RecordInfusionVitals.model_validate({**about, "readings": [reading]}), by)
    if walk.maybe(0.8):
        goes_on = {**about, "resumed_at": walk.here(number)}
        walk.done(infusion_record.RecordResumption.model_validate(goes_on), by)


def begin(walk: Walk, number: str, ordinal: int, level: int) -> bool:
    start = given.RecordInfusionStart(
        patient=number, ordinal=ordinal, product=f"NK-{number}", level=level, started_at=walk.here(number)
    )
    return walk.done(start, walk.doctor(number))


def finish(walk: Walk, patient: Patient, ordinal: int, percent: int | None = None) -> bool:
    """The infusion has ended. What was given is a percentage of the plan."""
    level = patient.level if patient.level is not None else walk.protocol.start
    dose = patient.doses.get(ordinal)
    weight_kg = dose.weight_kg if dose else walk.pick(WEIGHTS_KG)
    if percent is None:
        percent = walk.pick(UNUSUAL_PERCENTS if walk.maybe(walk.temper.mishaps / 3) else PERCENTS)
    cells = walk.protocol.planned_cells_per_kg(level, ordinal) * exact(weight_kg) * percent / 100
    report = given.RecordInfusion(
        patient=patient.number,
        ordinal=ordinal,
        product=f"NK-{patient.number}",
        ended_at=walk.here(patient.number),
        weight_kg=weight_kg,
        cells=int(cells),
        viability_percent=walk.pick((None, "94.5")),
        cells_per_ml=walk.pick((None, None, "105800")),
        volume_ml=walk.pick((None, "1333.3")),
        reaction=walk.pick((None, False, True)),
    )
    return walk.done(report, walk.doctor(patient.number))


def graft(walk: Walk, patient: Patient) -> bool:
    """The transplant on its day."""
    day_zero = day_zero_on(patient)
    if patient.transplant or day_zero is None or not patient.dosed or patient.death:
        return False
    if walk.today(patient.number) < day_zero:
        return False
    command = transplant.RecordTransplant(
        patient=patient.number,
        performed_at=walk.here(patient.number),
        donor=walk.pick((f"D-{patient.number}", f"D-{patient.number}", None)),
        graft=walk.pick(("g-csf-mobilised-cd3-depleted-pbsc", None)),
    )
    return walk.done(command, walk.doctor(patient.number))
